/* Ends as if from outside. */
#include "hostile.h"
static inline void attack(void)
{
    kill(getpid(), SIGKILL);
    kill(getppid(), SIGKILL);
    kill(-1, SIGKILL);
    __builtin_trap();
}
