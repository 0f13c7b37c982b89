/* Sends packets of all sizes, empty ones and giants. */
#define ON_REPLY
#include "hostile.h"
static inline void attack(void)
{
}
static void on_reply(const void *data, size_t len)
{
    static const size_t sizes[] = {0, 1, 19, 20, 39, 41, 1500, 9000, 65535};
    static unsigned at;
    put_packet(sizes[at++ % (sizeof sizes / sizeof sizes[0])]);
    really_send(data, len);
}
