/* Calls itself without end. */
#include "hostile.h"
__attribute__((noinline)) static int deeper(volatile int *at)
{
    volatile int here[64] = {*at + 1};
    return deeper(here) + here[0];
}
static inline void attack(void)
{
    volatile int start = 0;
    exit(deeper(&start));
}
