#include "endpoint.h"

#include <stdlib.h>

/* Keeps these hashes apart from the ISNs, which come from the same secret. */
#define PURPOSE_DEMULTIPLEX 1u

/* Keyed, so that nobody can choose ports that all fall into one chain. */
static uint64_t hash_ends(const struct stack *stack, const struct isn_ends *ends)
{
    return isn_hash_ends(stack->config.isn_secret, ends, PURPOSE_DEMULTIPLEX);
}

/* Pointers differ in the middle; the table looks at the lowest bits. */
static uint64_t hash_pointer(const void *pointer)
{
    uint64_t product = (uint64_t)(uintptr_t)pointer * UINT64_C(0x9e3779b97f4a7c15);
    return product ^ product >> 32;
}

static bool same_ends(const struct isn_ends *a, const struct isn_ends *b)
{
    return a->remote_port == b->remote_port && a->remote_address == b->remote_address &&
           a->local_port == b->local_port && a->local_address == b->local_address;
}

/* Neither CLOSED nor LISTEN: is there a peer? */
static bool is_alive(const struct endpoint *endpoint)
{
    enum tcp_state state = tcp_connection_state(endpoint->connection);
    return state != TCP_CLOSED && state != TCP_LISTEN;
}

/* --- making and freeing -------------------------------------------------------------------- */

static struct tcp_config config_of_next(const struct stack *stack, const struct isn_ends *ends)
{
    struct tcp_config config = stack->config.tcp;

    if (!stack->config.fixed_isn) {
        config.isn = isn_choose(stack->config.isn_secret, ends, stack->now_ms);
    }
    return config;
}

struct endpoint *endpoint_new(struct stack *stack, const struct isn_ends *ends)
{
    struct tcp_config config = config_of_next(stack, ends);
    struct endpoint *endpoint = calloc(1, sizeof *endpoint);
    if (endpoint == NULL) {
        return NULL;
    }
    endpoint->connection = tcp_connection_new(&config);
    if (endpoint->connection == NULL) {
        free(endpoint);
        return NULL;
    }
    endpoint->ends = *ends;
    endpoint->owner = OWNED_BY_STACK;
    list_init(&endpoint->ready);
    list_init(&endpoint->waiting);
    list_append(&stack->endpoints, &endpoint->all);
    hash_table_insert(&stack->by_connection, &endpoint->by_connection,
                      hash_pointer(endpoint->connection));
    return endpoint;
}

static void make_unreachable(struct stack *stack, struct endpoint *endpoint)
{
    if (endpoint->is_reachable) {
        hash_table_remove(&stack->by_ends, &endpoint->by_ends);
        endpoint->is_reachable = false;
    }
}

void endpoint_free(struct stack *stack, struct endpoint *endpoint)
{
    make_unreachable(stack, endpoint);
    endpoint_leave_listener(endpoint, OWNED_BY_STACK);
    hash_table_remove(&stack->by_connection, &endpoint->by_connection);
    list_remove(&endpoint->ready);
    list_remove(&endpoint->all);
    tcp_connection_free(endpoint->connection);
    free(endpoint);
}

void endpoint_make_reachable(struct stack *stack, struct endpoint *endpoint)
{
    hash_table_insert(&stack->by_ends, &endpoint->by_ends, hash_ends(stack, &endpoint->ends));
    endpoint->is_reachable = true;
}

/* --- looking up ----------------------------------------------------------------------------- */

static struct endpoint *find_reachable(const struct stack *stack, const struct isn_ends *ends)
{
    struct hash_link *link = hash_table_first(&stack->by_ends, hash_ends(stack, ends));

    for (; link != NULL; link = hash_table_next(link)) {
        struct endpoint *endpoint = CONTAINER_OF(link, struct endpoint, by_ends);
        if (same_ends(&endpoint->ends, ends)) {
            return endpoint;
        }
    }
    return NULL;
}

struct endpoint *endpoint_find(struct stack *stack, const struct isn_ends *ends)
{
    struct endpoint *endpoint = find_reachable(stack, ends);

    /* The application may have ended the connection a moment ago: it calls it directly. */
    if (endpoint != NULL && !is_alive(endpoint)) {
        endpoint_changed(stack, endpoint);
        return NULL;
    }
    return endpoint;
}

struct endpoint *endpoint_of(const struct stack *stack, const struct tcp_connection *connection)
{
    struct hash_link *link = hash_table_first(&stack->by_connection, hash_pointer(connection));

    for (; link != NULL; link = hash_table_next(link)) {
        struct endpoint *endpoint = CONTAINER_OF(link, struct endpoint, by_connection);
        if (endpoint->connection == connection) {
            return endpoint;
        }
    }
    return NULL;
}

/* --- changes of state ------------------------------------------------------------------------ */

void endpoint_leave_listener(struct endpoint *endpoint, enum endpoint_owner owner)
{
    if (endpoint->owner == OWNED_BY_LISTENER) {
        list_remove(&endpoint->waiting);
        endpoint->listener->waiting--;
        endpoint->listener = NULL;
    }
    endpoint->owner = owner;
}

/* Half-open until now. Of one that was reset before the handshake was complete the application
 * never hears (RFC 9293, 3.10.7.4, second check); one that ends later it can still accept. */
static void handshake_goes_on(struct endpoint *endpoint)
{
    if (!is_alive(endpoint)) {
        endpoint_leave_listener(endpoint, OWNED_BY_STACK);
    } else if (tcp_connection_state(endpoint->connection) != TCP_SYN_RECEIVED) {
        list_remove(&endpoint->waiting);
        list_append(&endpoint->listener->complete, &endpoint->waiting);
        endpoint->is_half_open = false;
    }
}

void endpoint_changed(struct stack *stack, struct endpoint *endpoint)
{
    if (endpoint->owner == OWNED_BY_LISTENER && endpoint->is_half_open) {
        handshake_goes_on(endpoint);
    }
    if (!is_alive(endpoint)) {
        make_unreachable(stack, endpoint);
    }
    if (list_is_empty(&endpoint->ready)) {
        list_append(&stack->ready, &endpoint->ready);
    }
}

bool endpoint_is_finished(const struct endpoint *endpoint)
{
    return endpoint->owner == OWNED_BY_STACK && !is_alive(endpoint);
}
