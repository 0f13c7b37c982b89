/* Computes for ever, and hears no signal. */
#include "hostile.h"
static inline void attack(void)
{
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    for (volatile unsigned i = 0;; i++) {
    }
}
