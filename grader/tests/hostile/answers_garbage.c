/* Answers bytes that are no text. */
#include "hostile.h"
static inline void attack(void)
{
    char request[1000];
    while (hear(request, sizeof request) > 0) {
        really_send("\xff\xfe\0ok 1\n", 8);
    }
}
