/* Answers, and then sends packets for ever. */
#define ON_REPLY
#include "hostile.h"
static inline void attack(void)
{
}
static void on_reply(const void *data, size_t len)
{
    really_send(data, len);
    for (;;) {
        put_packet(40);
    }
}
