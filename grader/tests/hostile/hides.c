/* Has a name that is hard to read, may not be looked at, and is the last to be served. */
#include "hostile.h"
static inline void attack(void)
{
    struct sched_param none = {0};
    prctl(PR_SET_NAME, ") Z 1 1 1 (", 0, 0, 0);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    sched_setscheduler(0, SCHED_IDLE, &none);
    for (volatile unsigned i = 0;; i++) {
    }
}
