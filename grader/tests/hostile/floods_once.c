/* Sends a million packets at the beginning. */
#include "hostile.h"
static inline void attack(void)
{
    fcntl(wire, F_SETFL, fcntl(wire, F_GETFL) | O_NONBLOCK);
    for (int i = 0; i < 1000000; i++) {
        put_packet(40);
    }
}
