/* Sends ten thousand packets with each answer. */
#define ON_REPLY
#include "hostile.h"
static inline void attack(void)
{
}
static void on_reply(const void *data, size_t len)
{
    for (int i = 0; i < 10000; i++) {
        put_packet(40);
    }
    really_send(data, len);
}
