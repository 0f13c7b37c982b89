/* Hangs up, and stays. */
#include "hostile.h"
static inline void attack(void)
{
    close(channel);
    for (;;) {
        pause();
    }
}
