/* Does not end. */
#include "hostile.h"
static void sleep_on(void)
{
    for (;;) {
        pause();
    }
}
static inline void attack(void)
{
    atexit(sleep_on);
}
