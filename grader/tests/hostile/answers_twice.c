/* Says everything twice. */
#define ON_REPLY
#include "hostile.h"
static inline void attack(void)
{
}
static void on_reply(const void *data, size_t len)
{
    really_send(data, len);
    really_send(data, len);
}
