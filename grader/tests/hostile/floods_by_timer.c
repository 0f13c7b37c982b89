/* Sends packets while it works, from a signal handler. */
#include "hostile.h"
static void flood(int number)
{
    (void)number;
    for (int i = 0; i < 100; i++) {
        put_packet(40);
    }
}
static inline void attack(void)
{
    struct itimerval often = {{0, 1000}, {0, 1000}};
    signal(SIGALRM, flood);
    setitimer(ITIMER_REAL, &often, NULL);
}
