/* Sleeps in short naps, so that it seems to be busy. */
#define ON_REPLY
#include "hostile.h"
static inline void attack(void)
{
}
static void on_reply(const void *data, size_t len)
{
    (void)data;
    (void)len;
    for (;;) {
        take_a_nap(2);
    }
}
