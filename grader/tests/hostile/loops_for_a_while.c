/* Takes its time, again and again, but answers. */
#define ON_REPLY
#include "hostile.h"
static inline void attack(void)
{
}
static void on_reply(const void *data, size_t len)
{
    for (volatile unsigned i = 0; i < 300000000; i++) {
    }
    really_send(data, len);
}
