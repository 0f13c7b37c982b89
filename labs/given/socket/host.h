/*
 * What tcp_host.c and tcp_socket.c share: the host, its lock, and how a thread waits.
 *
 * One lock guards the stack, the loop and everything below. A thread that has to wait puts a waiter
 * on the host's list: what it waits for, as a question, and a condition variable of its own. The
 * pump asks all these questions after each turn and wakes those threads whose answer is yes, and
 * no others.
 */
#pragma once

#include "list.h"
#include "loop.h"
#include "tcp_socket.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct tcp_host {
    pthread_mutex_t lock;
    pthread_t pump;
    struct stack *stack;
    struct loop *loop;
    struct list waiters; /* struct waiter */
    struct list handles; /* struct handle: sockets and listeners */
    pthread_cond_t no_more_waiters;
    bool stopping;        /* tcp_host_free has been called */
    bool wire_gone;       /* nothing moves any more */
    uint32_t address;     /* of the configuration */
    size_t send_capacity; /* of the configuration */
};

/* What a socket and a listener have in common: threads block in it, and it may be closed under
 * them. The last one to leave frees it. */
struct handle {
    struct list link; /* in host->handles */
    struct tcp_host *host;
    uint32_t timeout_ms; /* of blocking calls; 0: none */
    unsigned blocked;    /* threads that wait in it */
    bool closed;
};

struct tcp_listener {
    struct handle handle; /* first, so that a pointer to one is a pointer to the other */
    struct stack_listener *stack_listener;
    struct tcp_connection *next; /* taken from the stack, not yet handed to a thread; or NULL */
    bool stopped;                /* tcp_listener_stop was called */
};

struct tcp_socket {
    struct handle handle; /* first, as above */
    struct tcp_connection *connection;
    bool shut; /* tcp_shutdown was called */
};

/* A question about a handle that is not closed. */
typedef bool handle_question(struct handle *handle);

/* Takes the lock and brings the stack up to date, so that its timers start from now. */
void host_lock(struct tcp_host *host);

/* Sends what the stack has to send and gives back the lock. */
void host_unlock(struct tcp_host *host);

/* Wakes the threads whose wait is over. */
void host_wake_waiters(struct tcp_host *host);

/* The monotonic time at which a wait of `ms` milliseconds ends. */
struct timespec deadline_after(uint32_t ms);

/* A new handle joins the host. */
void handle_init(struct handle *handle, struct tcp_host *host);

/* Waits until the answer is yes, or there is no sense in waiting. `deadline` may be NULL. Returns
 * 0 if the answer is yes, else ECONNABORTED, ENETDOWN or EAGAIN. The lock is given back meanwhile.
 */
int handle_wait(struct handle *handle, handle_question *question, const struct timespec *deadline);

/* The same, with the handle's own timeout from now on. */
int handle_wait_its_time(struct handle *handle, handle_question *question);

/* Its owner lets go: threads that wait in it come back, and it is freed after the last of them. */
void handle_close(struct handle *handle);

/* A call ends that may have waited: frees the handle if it was closed meanwhile and this was the
 * last thread in it. */
void handle_leave(struct handle *handle);
