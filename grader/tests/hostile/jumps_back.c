/* Returns to a function that has returned. */
#define ON_REPLY
#include "hostile.h"
static jmp_buf place;
__attribute__((noinline)) static int remember(void)
{
    return setjmp(place);
}
static inline void attack(void)
{
    remember();
}
static void on_reply(const void *data, size_t len)
{
    (void)data;
    (void)len;
    longjmp(place, 1);
}
