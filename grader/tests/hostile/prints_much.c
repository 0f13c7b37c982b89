/* Prints a lot, and does its work. */
#define ON_REPLY
#include "hostile.h"
static inline void attack(void)
{
}
static void on_reply(const void *data, size_t len)
{
    for (int i = 0; i < 2000; i++) {
        puts("a line of text");
        fputs("another one\n", stderr);
    }
    really_send(data, len);
}
