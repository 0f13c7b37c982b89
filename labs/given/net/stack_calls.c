/*
 * What the application asks of the stack: listen, accept, connect, release. Reading and writing it
 * does with the connection itself.
 */
#include "endpoint.h"
#include "ipv4.h"

#include <errno.h>
#include <stdlib.h>

/* --- listening ------------------------------------------------------------------------------- */

struct stack_listener *stack_find_listener(struct stack *stack, uint16_t port)
{
    struct list *link = stack->listeners.next;

    for (; link != &stack->listeners; link = link->next) {
        struct stack_listener *listener = CONTAINER_OF(link, struct stack_listener, listeners);
        if (listener->port == port) {
            return listener;
        }
    }
    return NULL;
}

struct stack_listener *stack_listen(struct stack *stack, uint16_t port, unsigned backlog)
{
    if (stack_find_listener(stack, port) != NULL) {
        errno = EADDRINUSE;
        return NULL;
    }
    struct stack_listener *listener = calloc(1, sizeof *listener);
    if (listener == NULL) {
        errno = ENOMEM;
        return NULL;
    }
    listener->port = port;
    listener->backlog = backlog;
    list_init(&listener->half_open);
    list_init(&listener->complete);
    list_append(&stack->listeners, &listener->listeners);
    return listener;
}

static void abort_waiting(struct stack *stack, struct list *waiting)
{
    while (!list_is_empty(waiting)) {
        struct endpoint *endpoint = CONTAINER_OF(waiting->next, struct endpoint, waiting);
        endpoint_leave_listener(endpoint, OWNED_BY_STACK);
        tcp_connection_abort(endpoint->connection);
        endpoint_changed(stack, endpoint);
    }
}

void stack_unlisten(struct stack *stack, struct stack_listener *listener)
{
    abort_waiting(stack, &listener->half_open);
    abort_waiting(stack, &listener->complete);
    list_remove(&listener->listeners);
    free(listener);
}

struct tcp_connection *stack_accept(struct stack_listener *listener)
{
    if (list_is_empty(&listener->complete)) {
        return NULL;
    }
    struct endpoint *endpoint = CONTAINER_OF(listener->complete.next, struct endpoint, waiting);
    endpoint_leave_listener(endpoint, OWNED_BY_APPLICATION);
    return endpoint->connection;
}

/* --- connecting ------------------------------------------------------------------------------ */

#define EPHEMERAL_PORT_FIRST 49152u
#define EPHEMERAL_PORT_COUNT 16384u

/* Keeps this hash apart from the ISNs and the demultiplexing, which use the same secret. */
#define PURPOSE_PORT 2u

static bool port_is_free(struct stack *stack, const struct isn_ends *ends)
{
    return endpoint_find(stack, ends) == NULL &&
           stack_find_listener(stack, ends->local_port) == NULL;
}

/*
 * RFC 6056, 3.3.3: one counter for all, and for each remote end a place to count from that only the
 * secret knows. Towards one end the ports rise, with steps that connections to others have taken.
 * So a port rests for long before it is used again, and whoever sees the ports towards one end
 * cannot tell those towards another. False if all are in use.
 */
static bool choose_local_port(struct stack *stack, struct isn_ends *ends)
{
    ends->local_port = 0;
    uint64_t offset = isn_hash_ends(stack->config.isn_secret, ends, PURPOSE_PORT);

    for (unsigned tries = 0; tries < EPHEMERAL_PORT_COUNT; tries++) {
        uint64_t place = (offset + stack->next_port++) % EPHEMERAL_PORT_COUNT;
        ends->local_port = (uint16_t)(EPHEMERAL_PORT_FIRST + place);
        if (port_is_free(stack, ends)) {
            return true;
        }
    }
    return false;
}

/* Gives `ends` a local port. */
static bool take_local_port(struct stack *stack, struct isn_ends *ends, uint16_t wanted)
{
    if (wanted == 0) {
        return choose_local_port(stack, ends);
    }
    ends->local_port = wanted;
    return endpoint_find(stack, ends) == NULL;
}

struct tcp_connection *stack_connect(struct stack *stack, uint32_t address, uint16_t port,
                                     uint16_t local_port)
{
    struct isn_ends ends = {
        .local_address = stack->config.address,
        .remote_address = address,
        .remote_port = port,
    };
    if (port == 0 || !ipv4_is_unicast(address, stack->config.address, stack->config.netmask)) {
        errno = EINVAL;
        return NULL;
    }
    if (!take_local_port(stack, &ends, local_port)) {
        errno = EADDRNOTAVAIL;
        return NULL;
    }
    struct endpoint *endpoint = endpoint_new(stack, &ends);
    if (endpoint == NULL) {
        errno = ENOMEM;
        return NULL;
    }
    endpoint->owner = OWNED_BY_APPLICATION;
    tcp_connection_open_active(endpoint->connection, ends.local_port, ends.remote_port);
    endpoint_make_reachable(stack, endpoint);
    endpoint_changed(stack, endpoint);
    return endpoint->connection;
}

/* --- connections in use ---------------------------------------------------------------------- */

void stack_poll(struct stack *stack, struct tcp_connection *connection)
{
    struct endpoint *endpoint = endpoint_of(stack, connection);

    if (endpoint != NULL) {
        endpoint_changed(stack, endpoint);
    }
}

/* Past these the peer has sent its FIN, and ours is on its way or there: all the same to the peer
 * whether the last bytes were read. */
static bool both_sides_have_closed(enum tcp_state state)
{
    return state == TCP_CLOSING || state == TCP_LAST_ACK || state == TCP_TIME_WAIT;
}

void stack_release(struct stack *stack, struct tcp_connection *connection)
{
    struct endpoint *endpoint = endpoint_of(stack, connection);
    if (endpoint == NULL) {
        return;
    }
    bool has_unread_data = tcp_connection_readable(connection) > 0;

    endpoint->owner = OWNED_BY_STACK;
    if (has_unread_data && !both_sides_have_closed(tcp_connection_state(connection))) {
        tcp_connection_abort(connection);
    } else {
        tcp_connection_shutdown(connection);
    }
    endpoint_changed(stack, endpoint);
}

uint32_t stack_remote_address(const struct stack *stack, const struct tcp_connection *connection)
{
    const struct endpoint *endpoint = endpoint_of(stack, connection);

    return endpoint == NULL ? 0 : endpoint->ends.remote_address;
}
