/* Computes for ever, also when it is told to stop. */
#include "hostile.h"
static void go_on(int number)
{
    (void)number;
    for (volatile unsigned i = 0;; i++) {
    }
}
static inline void attack(void)
{
    for (int number = 1; number < 32; number++) {
        signal(number, go_on);
    }
    go_on(0);
}
