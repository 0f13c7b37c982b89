/* Sleeps in everything that it does. */
#define ON_REPLY
#include "hostile.h"
static inline void attack(void)
{
}
static void on_reply(const void *data, size_t len)
{
    take_a_nap(1000000);
    really_send(data, len);
}
