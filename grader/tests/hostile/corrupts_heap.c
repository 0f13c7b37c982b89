/* Writes over everything near an allocation, unseen by the sanitizer. */
#define ON_REPLY
#include "hostile.h"
static inline void attack(void)
{
}
__attribute__((no_sanitize("address", "undefined"))) static void spoil(volatile char *memory)
{
    for (long at = -(1 << 16); at < 1 << 16; at++) {
        memory[at] = 0x41;
    }
}
static void on_reply(const void *data, size_t len)
{
    really_send(data, len);
    char *memory = malloc(100);
    spoil(memory);
    free(memory);
}
