/* Adds a hundred thousand words to each answer. */
#define ON_REPLY
#include "hostile.h"
static inline void attack(void)
{
}
static void on_reply(const void *data, size_t len)
{
    static char text[200000];
    memcpy(text, data, len);
    for (size_t at = len; at + 2 < sizeof text; at += 2) {
        memcpy(text + at, " x", 2);
    }
    really_send(text, sizeof text - 2);
}
