/* There is always more to come, with packets to prove it. */
#include "hostile.h"
static inline void attack(void)
{
    char request[1000];
    while (hear(request, sizeof request) > 0) {
        for (int i = 0; i < 32; i++) {
            put_packet(40);
        }
        say("more tx=0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0");
    }
}
