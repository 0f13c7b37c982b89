/*
 * The stack: packets in, packets out, time. The calls of the application are in stack_calls.c, and
 * what it keeps about each connection in endpoint.c.
 *
 *   stack_receive ─▶ IPv4 ─▶ segment ─▶ connection, else listener, else reset
 *                                           │
 *   stack_transmit ◀─ IPv4 ◀─ segment ◀─ the ready list: connections to which something happened
 */
#include "stack.h"

#include "endpoint.h"
#include "ipv4.h"

#include <stdlib.h>
#include <string.h>

/* How long a connection that the application let go of may wait for the peer's FIN. */
#define ORPHAN_FIN_WAIT_MS 60000u

struct stack_config stack_config_default(uint32_t address)
{
    return (struct stack_config){
        .address = address,
        .netmask = 0xffffff00,
        .mtu = 1500,
        .ttl = 64,
        .tcp = tcp_config_default(),
    };
}

struct stack *stack_new(const struct stack_config *config)
{
    struct stack *stack = calloc(1, sizeof *stack);
    if (stack == NULL) {
        return NULL;
    }
    stack->config = *config;
    list_init(&stack->endpoints);
    list_init(&stack->ready);
    list_init(&stack->listeners);
    if (!hash_table_init(&stack->by_ends) || !hash_table_init(&stack->by_connection)) {
        stack_free(stack);
        return NULL;
    }
    return stack;
}

void stack_free(struct stack *stack)
{
    if (stack == NULL) {
        return;
    }
    while (!list_is_empty(&stack->endpoints)) {
        endpoint_free(stack, CONTAINER_OF(stack->endpoints.next, struct endpoint, all));
    }
    while (!list_is_empty(&stack->listeners)) {
        struct list *link = stack->listeners.next;
        list_remove(link);
        free(CONTAINER_OF(link, struct stack_listener, listeners));
    }
    hash_table_destroy(&stack->by_ends);
    hash_table_destroy(&stack->by_connection);
    free(stack);
}

struct stack_counters stack_counters(const struct stack *stack)
{
    return stack->counters;
}

/* --- packets in ------------------------------------------------------------------------------ */

/* A port on which there is nobody answers. */
static void answer_as_closed(struct stack *stack, const struct isn_ends *ends,
                             const struct tcp_segment *segment)
{
    if (stack->reset_count == STACK_RESETS) {
        return;
    }
    unsigned place = (stack->first_reset + stack->reset_count) % STACK_RESETS;
    struct stack_reset *reset = &stack->resets[place];

    memset(reset, 0, sizeof *reset);
    if (tcp_reply_to_closed(segment, &reset->segment)) {
        /* The packet that was answered is gone when this is sent; a payload would be part of it. */
        reset->segment.payload = NULL;
        reset->segment.payload_len = 0;
        reset->destination = ends->remote_address;
        stack->reset_count++;
    }
}

/* A first SYN asks for a new connection; whatever else reaches a listener, the most that it gets is
 * a reset, for which there is always room. */
static bool asks_for_connection(const struct tcp_segment *segment)
{
    return (segment->flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN;
}

/* A connection in LISTEN takes the segment. If that opens it, the listener keeps it; if not, it is
 * gone as soon as its answer has left. */
static void arrives_for_listener(struct stack *stack, struct stack_listener *listener,
                                 const struct isn_ends *ends, const struct tcp_segment *segment)
{
    if (asks_for_connection(segment) && listener->waiting >= listener->backlog) {
        stack->counters.dropped_backlog++;
        return;
    }
    struct endpoint *endpoint = endpoint_new(stack, ends);
    if (endpoint == NULL) {
        return;
    }
    tcp_connection_open_passive(endpoint->connection, ends->local_port);
    tcp_connection_segment_arrives(endpoint->connection, segment);
    if (tcp_connection_state(endpoint->connection) != TCP_LISTEN) {
        endpoint->owner = OWNED_BY_LISTENER;
        endpoint->listener = listener;
        endpoint->is_half_open = true;
        list_append(&listener->half_open, &endpoint->waiting);
        listener->waiting++;
        endpoint_make_reachable(stack, endpoint);
    }
    endpoint_changed(stack, endpoint);
}

/* Does ABORT send a reset in this state? (RFC 9293, 3.10.5) */
static bool abort_sends_reset(enum tcp_state state)
{
    return state == TCP_SYN_RECEIVED || state == TCP_ESTABLISHED || state == TCP_FIN_WAIT_1 ||
           state == TCP_FIN_WAIT_2 || state == TCP_CLOSE_WAIT;
}

/* The segment brought bytes that no application will ever read: the peer is to know that they are
 * lost (RFC 9293, 3.6.1). With a FIN behind them, the connection may have come so far that an abort
 * would be silent; then the segment is answered as if the connection were gone, and it is. */
static void refuse_data(struct stack *stack, struct endpoint *endpoint,
                        const struct tcp_segment *segment)
{
    if (abort_sends_reset(tcp_connection_state(endpoint->connection))) {
        tcp_connection_abort(endpoint->connection);
        endpoint_changed(stack, endpoint);
    } else {
        answer_as_closed(stack, &endpoint->ends, segment);
        endpoint_free(stack, endpoint);
    }
}

static void arrives_for_connection(struct stack *stack, struct endpoint *endpoint,
                                   const struct tcp_segment *segment)
{
    size_t unread = tcp_connection_readable(endpoint->connection);

    tcp_connection_segment_arrives(endpoint->connection, segment);
    if (endpoint->owner == OWNED_BY_STACK &&
        tcp_connection_readable(endpoint->connection) > unread) {
        refuse_data(stack, endpoint, segment);
    } else {
        endpoint_changed(stack, endpoint);
    }
}

static void demultiplex(struct stack *stack, const struct isn_ends *ends,
                        const struct tcp_segment *segment)
{
    struct endpoint *endpoint = endpoint_find(stack, ends);
    if (endpoint != NULL) {
        arrives_for_connection(stack, endpoint, segment);
        return;
    }
    struct stack_listener *listener = stack_find_listener(stack, ends->local_port);
    if (listener != NULL) {
        arrives_for_listener(stack, listener, ends, segment);
    } else {
        answer_as_closed(stack, ends, segment);
    }
}

/* A packet from our own address is forged: what we send ourselves never comes back on the wire. An
 * answer would be addressed to us again, and so on. */
static bool is_for_us(const struct stack *stack, const struct ipv4_packet *packet)
{
    return packet->destination == stack->config.address &&
           packet->source != stack->config.address &&
           ipv4_is_unicast(packet->source, stack->config.address, stack->config.netmask);
}

void stack_receive(struct stack *stack, const uint8_t *packet, size_t len)
{
    struct stack_counters *counters = &stack->counters;
    struct ipv4_packet ip;
    struct tcp_segment segment;

    counters->packets_in++;
    if (!ipv4_parse(&ip, packet, len) || !is_for_us(stack, &ip)) {
        counters->dropped_ip++;
        return;
    }
    if (ip.protocol != IPV4_PROTOCOL_TCP) {
        counters->dropped_protocol++;
        return;
    }
    switch (tcp_segment_parse(&segment, ip.payload, ip.payload_len, ip.source, ip.destination)) {
    case TCP_PARSE_OK:
        break;
    case TCP_PARSE_BAD_CHECKSUM:
        counters->dropped_checksum++;
        return;
    default:
        counters->dropped_segment++;
        return;
    }
    struct isn_ends ends = {
        .local_address = ip.destination,
        .remote_address = ip.source,
        .local_port = segment.destination_port,
        .remote_port = segment.source_port,
    };
    demultiplex(stack, &ends, &segment);
}

/* --- packets out ----------------------------------------------------------------------------- */

/* Returns the packet's length; 0 if the segment could not be written. */
static size_t write_packet(struct stack *stack, const struct tcp_segment *segment,
                           uint32_t destination, uint8_t *bytes, size_t capacity)
{
    uint8_t *payload = bytes + IPV4_HEADER_SIZE;
    size_t payload_len = tcp_segment_serialize(segment, stack->config.address, destination, payload,
                                               capacity - IPV4_HEADER_SIZE);
    if (payload_len == 0) {
        return 0;
    }
    struct ipv4_packet packet = {
        .source = stack->config.address,
        .destination = destination,
        .protocol = IPV4_PROTOCOL_TCP,
        .ttl = stack->config.ttl,
        .identification = stack->identification++,
        .payload_len = payload_len,
    };
    ipv4_write_header(&packet, bytes);
    stack->counters.packets_out++;
    return IPV4_HEADER_SIZE + payload_len;
}

static size_t transmit_reset(struct stack *stack, uint8_t *bytes, size_t capacity)
{
    const struct stack_reset *reset = &stack->resets[stack->first_reset];

    stack->first_reset = (stack->first_reset + 1) % STACK_RESETS;
    stack->reset_count--;
    stack->counters.resets_sent++;
    return write_packet(stack, &reset->segment, reset->destination, bytes, capacity);
}

/* The connection at the head of the ready list has its turn. If it had something to send, it goes
 * to the end of the list, since it may have more. */
static size_t transmit_from_connection(struct stack *stack, uint8_t *bytes, size_t capacity)
{
    struct endpoint *endpoint = CONTAINER_OF(stack->ready.next, struct endpoint, ready);
    struct tcp_segment segment;

    list_remove(&endpoint->ready);
    if (!tcp_connection_next_segment(endpoint->connection, &segment)) {
        if (endpoint_is_finished(endpoint)) {
            endpoint_free(stack, endpoint);
        }
        return 0;
    }
    size_t len = write_packet(stack, &segment, endpoint->ends.remote_address, bytes, capacity);
    if (len > 0) {
        endpoint_changed(stack, endpoint);
    }
    return len;
}

size_t stack_transmit(struct stack *stack, uint8_t *packet, size_t capacity)
{
    size_t len = 0;

    while (len == 0 && stack->reset_count > 0) {
        len = transmit_reset(stack, packet, capacity);
    }
    while (len == 0 && !list_is_empty(&stack->ready)) {
        len = transmit_from_connection(stack, packet, capacity);
    }
    return len;
}

/* --- time ------------------------------------------------------------------------------------ */

/* TCP knows no timeout for FIN-WAIT-2, and the peer may be gone for good. Where an application
 * still reads, that is its own business; where none is left, the memory is ours. */
static bool orphan_has_waited_enough(struct endpoint *endpoint, uint32_t ms)
{
    if (endpoint->owner != OWNED_BY_STACK ||
        tcp_connection_state(endpoint->connection) != TCP_FIN_WAIT_2) {
        return false;
    }
    endpoint->fin_wait_ms += ms;
    return endpoint->fin_wait_ms >= ORPHAN_FIN_WAIT_MS;
}

void stack_tick(struct stack *stack, uint32_t ms)
{
    struct list *link = stack->endpoints.next;

    stack->now_ms += ms;
    while (link != &stack->endpoints) {
        struct endpoint *endpoint = CONTAINER_OF(link, struct endpoint, all);
        link = link->next;
        tcp_connection_tick(endpoint->connection, ms);
        if (orphan_has_waited_enough(endpoint, ms)) {
            endpoint_free(stack, endpoint);
        } else {
            endpoint_changed(stack, endpoint);
        }
    }
}
