/* Prints for ever. */
#include "hostile.h"
static inline void attack(void)
{
    for (;;) {
        fputs("a line of text, and more, for ever\n", stderr);
    }
}
