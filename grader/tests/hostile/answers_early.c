/* Has answers ready before it is asked. */
#include "hostile.h"
static inline void attack(void)
{
    for (int i = 0; i < 100; i++) {
        say("ok 1");
    }
}
