/* Will hear no more requests. */
#include "hostile.h"
static inline void attack(void)
{
    shutdown(channel, SHUT_RD);
}
