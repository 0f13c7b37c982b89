/* Ends well with its third answer. */
#define ON_REPLY
#include "hostile.h"
static inline void attack(void)
{
}
static void on_reply(const void *data, size_t len)
{
    static int count;
    if (++count == 3) {
        exit(0);
    }
    really_send(data, len);
}
