/* Cuts the wire. */
#include "hostile.h"
static inline void attack(void)
{
    shutdown(wire, SHUT_RDWR);
    close(wire);
}
