/* Sleeps for a while before each answer. */
#define ON_REPLY
#include "hostile.h"
static inline void attack(void)
{
}
static void on_reply(const void *data, size_t len)
{
    take_a_nap(300);
    really_send(data, len);
}
