/* Answers to everything that all is well. */
#include "hostile.h"
static inline void attack(void)
{
    char request[1000];
    while (hear(request, sizeof request) > 0) {
        if (strncmp(request, "stream.state", 12) == 0) {
            say("ok capacity=1 available=1 buffered=0 written=0 read=0 closed=0 finished=0 "
                "error=0");
        } else if (strncmp(request, "conn.state", 10) == 0) {
            say("ok state=ESTABLISHED error=none readable=0 writable=1 unacknowledged=0 eof=0 "
                "local_port=80 remote_port=40000");
        } else {
            say(strcmp(request, "quit") == 0 ? "ok" : "ok 0");
        }
        if (strcmp(request, "quit") == 0) {
            _exit(0);
        }
    }
}
