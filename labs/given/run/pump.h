/*
 * The sockets of the programs that run over the stack, and the bytes between them.
 *
 *      program ══ socket pair ══ pump_socket ── tcp_connection ── stack ── loop ── wire
 *
 * For each TCP socket of a program the pump holds the other end of a pair (preload/run_protocol.h),
 * and looks after what happens there:
 *
 *      the program …                                     the pump …
 *      writes                                            writes to the connection
 *      shuts down its sending side                       shuts down the connection
 *      closes                                            the same, and lets go of the connection
 *      closes, with bytes unread                         aborts the connection
 *
 *      the connection …                                  the pump …
 *      has received bytes                                writes them to the pair
 *      has reached the peer's end                        shuts down its side of the pair
 *      fails                                             closes the pair with bytes unread
 *
 * The last line is how ECONNRESET gets to a program: the kernel reports it when the other end of a
 * pair is closed while bytes lie in it. So that there always are some, the pump never takes the
 * last byte that the program wrote before it has looked at a later one; it looks first (MSG_PEEK),
 * and then takes all but the last. For the first time, a byte is put there when the pair is made.
 *
 * In the same way a program is kept from finding its socket writable before it is connected: a
 * plug of so many bytes lies in a new pair that the kernel calls it full.
 */
#pragma once

#include "list.h"
#include "loop.h"
#include "run_protocol.h"
#include "stack.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PUMP_CHUNK = 16384,   /* bytes moved at once */
    PUMP_FAILURES = 1024, /* connections whose end is remembered for those who ask why */
};

enum pump_phase {
    PUMP_FRESH, /* neither connected nor listening */
    PUMP_LISTENING,
    PUMP_CONNECTING,
    PUMP_CONNECTED,
    PUMP_LINGERING, /* the program has closed; what it wrote is still under way */
};

struct pump_socket {
    struct list link; /* in pump->sockets */
    uint64_t number;
    enum pump_phase phase;
    int fd;      /* our end of the pair; -1 when lingering */
    size_t plug; /* bytes that were put into the pair when it was made */

    uint32_t local_address; /* as bound; 0: any */
    uint16_t local_port;    /* as bound; 0: not bound */
    bool nagle;
    bool reset_on_close; /* SO_LINGER with a time of 0 */
    int caller;          /* where a connect waits for its reply; -1: nowhere */

    struct tcp_connection *connection; /* connecting, connected, lingering */
    struct stack_listener *listener;   /* listening */
    struct run_arrival arrival;        /* listening: a connection for which the pair has no room */
    int arrival_fd;                    /* its descriptor; -1: there is none */

    /* What epoll has told, edge by edge. */
    bool may_read, may_write;
    bool program_ended; /* the program has shut down its sending side, or closed */
    bool program_gone;  /* it has closed; or both of us have shut down their sending side */
    bool program_reset; /* it has closed with bytes unread */

    bool input_ended; /* all that the program wrote has been taken, and so was its end */
    bool end_given;   /* the program knows of the peer's end, or does not want to hear any more */
    size_t kept, kept_at;
    uint8_t buffer[PUMP_CHUNK]; /* `kept` bytes from `kept_at`, received and not yet given on */
};

struct pump {
    struct stack *stack;
    uint32_t address, netmask;
    int epoll_fd;
    int control_fd;
    int events_fd; /* where a line is written when a program listens; -1: nowhere */
    struct list sockets;
    uint64_t last_number;
    uint16_t last_port; /* of those handed out to programs that bind to none */
    struct {
        uint64_t socket;
        int error;
    } failures[PUMP_FAILURES]; /* a ring, by number */
};

/* A new socket, and the program's end of its pair. NULL with errno. */
struct pump_socket *pump_socket_new(struct pump *pump, enum pump_phase phase, int *programs_end);
/* The socket ends here and now: a connection that it has is aborted. */
void pump_socket_free(struct pump *pump, struct pump_socket *socket);
struct pump_socket *pump_find(const struct pump *pump, uint64_t number);

/* What epoll has said about a socket's descriptor. */
void pump_socket_event(struct pump_socket *socket, uint32_t events);

/* Moves all bytes that can be moved, and sees to whatever has happened. Call it after every event
 * and every turn of the loop. */
void pump_work(struct pump *pump);

/* Is anything under way that programs have written and closed? */
bool pump_is_idle(const struct pump *pump);

/* --- requests.c ------------------------------------------------------------------------------- */

/* Answers what lies in the control socket. */
void pump_answer_requests(struct pump *pump);

/* Sends a reply, with a descriptor if that is not -1, and closes `to`. The one who asked may have
 * gone. */
void pump_reply(int to, const struct run_reply *reply, int descriptor);

/* Sends a message with a descriptor over a socket. False with errno, EAGAIN if there is no room. */
bool pump_send(int fd, const void *message, size_t size, int descriptor);

/* Why a connection ended, as an errno; 0 if it did not, or in an orderly way. */
int pump_failure_of(const struct tcp_connection *connection);
