/* Becomes itself, for ever. */
#include "hostile.h"
static inline void attack(void)
{
    char first[12], second[12];
    snprintf(first, sizeof first, "%d", channel);
    snprintf(second, sizeof second, "%d", wire);
    execl("/dut", "/dut", "--command-fd", first, "--wire-fd", second, (char *)NULL);
    execl("/proc/self/exe", "/dut", "--command-fd", first, "--wire-fd", second, (char *)NULL);
}
