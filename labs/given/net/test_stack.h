/*
 * For the tests of the stack: two hosts on a wire in memory, and a way to send one host whatever
 * packet one likes.
 */
#pragma once

#include "ipv4.h"
#include "stack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define CLIENT_ADDRESS 0x0a000001u
#define SERVER_ADDRESS 0x0a000002u

enum { PACKET_MAX = 2000, ENOUGH_ROUNDS = 10000 };

static inline struct stack *host_new(uint32_t address)
{
    struct stack_config config = stack_config_default(address);
    config.isn_secret[0] = (uint8_t)address;
    struct stack *stack = stack_new(&config);

    assert_non_null(stack);
    return stack;
}

/* Carries packets to and fro until both hosts are silent; returns how many. */
static inline unsigned exchange(struct stack *a, struct stack *b)
{
    uint8_t packet[PACKET_MAX];
    unsigned count = 0;

    for (unsigned round = 0; round < ENOUGH_ROUNDS; round++) {
        size_t len = stack_transmit(a, packet, sizeof packet);
        struct stack *to = b;
        if (len == 0) {
            len = stack_transmit(b, packet, sizeof packet);
            to = a;
        }
        if (len == 0) {
            return count;
        }
        stack_receive(to, packet, len);
        count++;
    }
    fail_msg("two hosts send each other packets without end");
    return count;
}

/* `ms` milliseconds pass for both, in steps of at most `step`. */
static inline void pass_time(struct stack *a, struct stack *b, uint32_t ms, uint32_t step)
{
    while (ms > 0) {
        uint32_t now = ms < step ? ms : step;
        stack_tick(a, now);
        stack_tick(b, now);
        exchange(a, b);
        ms -= now;
    }
}

/* A client's and a server's end of a connection to port 80. */
struct pair {
    struct stack *client_host, *server_host;
    struct stack_listener *listener;
    struct tcp_connection *client, *server;
};

static inline struct pair pair_new(void)
{
    struct pair pair = {
        .client_host = host_new(CLIENT_ADDRESS),
        .server_host = host_new(SERVER_ADDRESS),
    };

    pair.listener = stack_listen(pair.server_host, 80, 16);
    pair.client = stack_connect(pair.client_host, SERVER_ADDRESS, 80, 0);
    assert_non_null(pair.listener);
    assert_non_null(pair.client);
    exchange(pair.client_host, pair.server_host);
    pair.server = stack_accept(pair.listener);
    assert_non_null(pair.server);
    return pair;
}

static inline void pair_free(struct pair *pair)
{
    stack_free(pair->client_host);
    stack_free(pair->server_host);
}

/* The application writes, and the wire carries what comes of it. */
static inline void pair_write(struct pair *pair, struct tcp_connection *connection,
                              const char *text)
{
    assert_int_equal(tcp_connection_write(connection, text, strlen(text)), strlen(text));
    stack_poll(connection == pair->client ? pair->client_host : pair->server_host, connection);
    exchange(pair->client_host, pair->server_host);
}

static inline void pair_shutdown(struct pair *pair, struct tcp_connection *connection)
{
    tcp_connection_shutdown(connection);
    stack_poll(connection == pair->client ? pair->client_host : pair->server_host, connection);
    exchange(pair->client_host, pair->server_host);
}

static inline void pair_release(struct pair *pair, struct tcp_connection *connection)
{
    stack_release(connection == pair->client ? pair->client_host : pair->server_host, connection);
    exchange(pair->client_host, pair->server_host);
}

static inline void assert_reads(struct tcp_connection *connection, const char *text)
{
    char buffer[100];
    size_t len = tcp_connection_read(connection, buffer, sizeof buffer);

    assert_int_equal(len, strlen(text));
    assert_memory_equal(buffer, text, len);
}

/* Builds the packet that carries the segment; returns its length. */
static inline size_t packet_of(uint8_t packet[PACKET_MAX], uint32_t source, uint32_t destination,
                               const struct tcp_segment *segment)
{
    size_t len = tcp_segment_serialize(segment, source, destination, packet + IPV4_HEADER_SIZE,
                                       PACKET_MAX - IPV4_HEADER_SIZE);
    struct ipv4_packet ip = {
        .source = source,
        .destination = destination,
        .protocol = IPV4_PROTOCOL_TCP,
        .ttl = 64,
        .payload_len = len,
    };

    assert_true(len > 0);
    ipv4_write_header(&ip, packet);
    return IPV4_HEADER_SIZE + len;
}

/* The segment arrives at the host as if sent by `source`. */
static inline void inject(struct stack *host, uint32_t source, const struct tcp_segment *segment)
{
    uint8_t packet[PACKET_MAX];
    size_t len = packet_of(packet, source, SERVER_ADDRESS, segment);

    stack_receive(host, packet, len);
}

static inline struct tcp_segment syn_to(uint16_t port, uint16_t from_port)
{
    return (struct tcp_segment){
        .source_port = from_port,
        .destination_port = port,
        .seq = {1000},
        .flags = TCP_SYN,
        .window = 65535,
    };
}

static inline void assert_silent(struct stack *host)
{
    uint8_t packet[PACKET_MAX];

    assert_int_equal(stack_transmit(host, packet, sizeof packet), 0);
}

/* The segment that the host sends next; it must send one. Without its payload. */
static inline struct tcp_segment next_from(struct stack *host)
{
    uint8_t packet[PACKET_MAX];
    struct ipv4_packet ip;
    struct tcp_segment segment;
    size_t len = stack_transmit(host, packet, sizeof packet);

    assert_true(len > 0);
    assert_true(ipv4_parse(&ip, packet, len));
    assert_int_equal(
        tcp_segment_parse(&segment, ip.payload, ip.payload_len, ip.source, ip.destination),
        TCP_PARSE_OK);
    segment.payload = NULL;
    return segment;
}
