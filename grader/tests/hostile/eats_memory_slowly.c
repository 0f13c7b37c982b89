/* Takes some memory with each answer. */
#define ON_REPLY
#include "hostile.h"
static inline void attack(void)
{
}
static void on_reply(const void *data, size_t len)
{
    char *volatile piece = malloc(200 << 20);
    if (piece != NULL) {
        memset(piece, 1, 200 << 20);
    }
    really_send(data, len);
}
