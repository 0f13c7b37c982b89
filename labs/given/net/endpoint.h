/*
 * Inside the stack: a connection with its place among the others. Not for programs that use the
 * stack.
 *
 * Who owns an endpoint decides when it goes:
 *
 *   SYN to a listener ──▶ the listener ──accept──▶ the application ──release──▶ the stack ──▶ freed
 *                             │  reset while half-open                              ▲   when closed
 *                             └─────────────────────────────────────────────────────┘
 *
 * An endpoint is found by the addresses and ports of its segments only while its connection is
 * alive. In CLOSED the same four numbers are free for another one, though the application may
 * still hold this one and read what is left in it.
 */
#pragma once

#include "connection.h"
#include "hash_table.h"
#include "isn.h"
#include "list.h"
#include "stack.h"

#include <stdbool.h>
#include <stdint.h>

enum endpoint_owner {
    OWNED_BY_STACK, /* released by the application, or here only to give an answer */
    OWNED_BY_LISTENER,
    OWNED_BY_APPLICATION,
};

struct endpoint {
    struct tcp_connection *connection;
    struct isn_ends ends;
    enum endpoint_owner owner;
    struct stack_listener *listener; /* the owner, if it is one */
    bool is_half_open;               /* then: in its list of those? */
    bool is_reachable;               /* in stack->by_ends? */
    uint64_t fin_wait_ms;            /* how long it has waited in FIN-WAIT-2 without an owner */

    struct hash_link by_ends;
    struct hash_link by_connection;
    struct list all;     /* in stack->endpoints */
    struct list ready;   /* in stack->ready, or alone */
    struct list waiting; /* in listener->half_open or ->complete, or alone */
};

struct stack_listener {
    uint16_t port;
    unsigned backlog;
    unsigned waiting;      /* connections in the two lists together */
    struct list half_open; /* endpoints in SYN-RECEIVED */
    struct list complete;  /* endpoints to be accepted, in the order in which they got here */
    struct list listeners; /* in stack->listeners */
};

/* A reset that answers a segment of no connection, until stack_transmit fetches it. */
struct stack_reset {
    struct tcp_segment segment;
    uint32_t destination;
};

/* So many of them are kept; what would need more is not answered. */
#define STACK_RESETS 256u

struct stack {
    struct stack_config config;
    uint64_t now_ms;         /* since the stack was made */
    uint16_t identification; /* of the next IPv4 packet */
    uint16_t next_port;      /* counts the ephemeral ports handed out */
    struct stack_counters counters;

    struct hash_table by_ends;       /* the endpoints that segments can reach */
    struct hash_table by_connection; /* all endpoints */
    struct list endpoints;           /* all endpoints */
    struct list ready;               /* those that may have something to send, in turn */
    struct list listeners;

    struct stack_reset resets[STACK_RESETS]; /* a ring */
    unsigned first_reset, reset_count;
};

/* A new endpoint in CLOSED that the stack owns and segments do not reach yet. NULL when there is no
 * memory. */
struct endpoint *endpoint_new(struct stack *stack, const struct isn_ends *ends);
void endpoint_free(struct stack *stack, struct endpoint *endpoint);

/* Segments between the two ends reach this endpoint from now on, as long as it is alive. */
void endpoint_make_reachable(struct stack *stack, struct endpoint *endpoint);

/* Leaves its listener for another owner. */
void endpoint_leave_listener(struct endpoint *endpoint, enum endpoint_owner owner);

/* The endpoint that segments between these ends reach; NULL if there is none. */
struct endpoint *endpoint_find(struct stack *stack, const struct isn_ends *ends);
/* The endpoint around a connection; NULL if it is none of this stack. */
struct endpoint *endpoint_of(const struct stack *stack, const struct tcp_connection *connection);

/* Something has happened to the connection: files the endpoint according to its state, and lets
 * stack_transmit ask it for segments. To be called after whatever may change the state. */
void endpoint_changed(struct stack *stack, struct endpoint *endpoint);

/* Has the connection ended, and is there nobody left who would want to know? */
bool endpoint_is_finished(const struct endpoint *endpoint);

/* The listener on a port; NULL if there is none. */
struct stack_listener *stack_find_listener(struct stack *stack, uint16_t port);
