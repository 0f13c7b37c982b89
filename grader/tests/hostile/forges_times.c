/* Speaks of packets in the far future. */
#define ON_REPLY
#include "hostile.h"
static inline void attack(void)
{
}
static void on_reply(const void *data, size_t len)
{
    char text[2000];
    put_packet(40);
    int length =
        snprintf(text, sizeof text, "%.*s tx=18446744073709551615", (int)len, (const char *)data);
    really_send(text, (size_t)length);
}
