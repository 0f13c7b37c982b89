/* Answers text that nobody can make sense of. */
#include "hostile.h"
static inline void attack(void)
{
    static const char *const words[] = {"",
                                        "yes",
                                        "ok ok=ok = == tx=,",
                                        "ok 99999999999999999999",
                                        "ok -1 -1 -1",
                                        "more",
                                        "error",
                                        "ok tx=99999999999999999999",
                                        "more tx=0,0,0"};
    char request[1000];
    for (unsigned i = 0; hear(request, sizeof request) > 0; i++) {
        say(words[i % (sizeof words / sizeof words[0])]);
    }
}
