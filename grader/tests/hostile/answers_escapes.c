/* Means to rule the terminal. */
#include "hostile.h"
static inline void attack(void)
{
    char request[1000];
    fprintf(stderr, "\033[2J\033]0;owned\007\xe2\x80\xae and text\n");
    while (hear(request, sizeof request) > 0) {
        say("ok \033[31m[red]red[/red]");
    }
}
