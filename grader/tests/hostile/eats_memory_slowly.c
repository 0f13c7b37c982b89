/* Takes some memory with each answer. */
#define ON_REPLY
#include "hostile.h"
static inline void attack(void)
{
}
static void on_reply(const void *data, size_t len)
{
    volatile char *piece = malloc(200 << 20);
    for (size_t at = 0; piece != NULL && at < 200 << 20; at += 4096) {
        piece[at] = 1;
    }
    really_send(data, len);
}
