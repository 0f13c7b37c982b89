/* Stops itself: whoever is the first process of its namespace cannot, and sleeps instead. */
#include "hostile.h"
static inline void attack(void)
{
    raise(SIGSTOP);
    raise(SIGTSTP);
    for (;;) {
        pause();
    }
}
