/* Becomes the stage on which it is a device. */
#include "hostile.h"
static inline void attack(void)
{
    char number[12];
    snprintf(number, sizeof number, "%d", channel);
    execl("/dut", "/dut", number, "/device.so", (char *)NULL);
    execl("/proc/self/exe", "/dut", number, "/device.so", (char *)NULL);
}
