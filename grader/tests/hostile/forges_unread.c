/* Answers without ever reading what it was asked. */
#include "hostile.h"
#include <poll.h>
static inline void attack(void)
{
    for (;;) {
        struct pollfd request = {.fd = channel, .events = POLLIN};
        poll(&request, 1, -1);
        take_a_nap(5);
        say("ok 0");
    }
}
