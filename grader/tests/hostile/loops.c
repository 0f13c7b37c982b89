/* Computes for ever instead of answering. */
#define ON_REPLY
#include "hostile.h"
static inline void attack(void)
{
}
static void on_reply(const void *data, size_t len)
{
    (void)data;
    (void)len;
    for (volatile unsigned i = 0;; i++) {
    }
}
