/* Sends packets, and nothing else. */
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
        put_packet(40);
    }
}
