/*
 * A host with one IPv4 address: many connections, several listeners, one wire.
 *
 * The stack finds the connection to which a packet belongs, lets it work, and collects what it has
 * to say. Like the connection it does no I/O and reads no clock: packets go in by stack_receive and
 * come out by stack_transmit, time comes by stack_tick. So the same stack runs under a virtual
 * clock (dut/), in real time over a TUN device (loop.h), and over the lossy link.
 *
 * Addresses and ports are in host byte order. Not thread-safe: the owner takes turns.
 */
#pragma once

#include "connection.h"
#include "tcp_config.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct stack_config {
    uint32_t address;       /* of this host */
    uint32_t netmask;       /* of its link, for the broadcast address */
    uint16_t mtu;           /* bytes; tcp.mss is to be mtu - 40 */
    uint8_t ttl;            /* of packets sent */
    uint8_t isn_secret[16]; /* the key of RFC 6528; random in real use */
    bool fixed_isn;         /* take tcp.isn for every connection instead of RFC 6528 (tests) */
    struct tcp_config tcp;  /* of every connection made from now on */
};

/* A /24 host at `address` with an MTU of 1500, TTL 64, a zero secret and tcp_config_default(). */
struct stack_config stack_config_default(uint32_t address);

struct stack;
struct stack_listener;

/* NULL when there is no memory. */
struct stack *stack_new(const struct stack_config *config);
/* Frees the stack with all listeners and connections, those too that the application still holds.
 */
void stack_free(struct stack *stack);

/* --- the wire --------------------------------------------------------------------------------- */

/* An IPv4 packet has arrived: it is checked, given to its connection or listener, or answered with
 * a reset. A packet that is malformed, a fragment, not for us, not TCP, or from or to a broadcast
 * or multicast address is counted and dropped (RFC 9293, MUST-57, MUST-63). */
void stack_receive(struct stack *stack, const uint8_t *packet, size_t len);

/* The next packet to send: writes it to `packet` and returns its length; 0 if there is none.
 * `capacity` is at least the MTU. Connections take turns, one packet each. */
size_t stack_transmit(struct stack *stack, uint8_t *packet, size_t capacity);

/* `ms` milliseconds have passed for everyone. */
void stack_tick(struct stack *stack, uint32_t ms);

/* --- the application -------------------------------------------------------------------------- */

/* Listens on a port. At most `backlog` connections wait to be accepted, half-open ones included; a
 * SYN beyond that is dropped. NULL with errno EADDRINUSE or ENOMEM. */
struct stack_listener *stack_listen(struct stack *stack, uint16_t port, unsigned backlog);
/* Ends the listener; connections that nobody has accepted are aborted. */
void stack_unlisten(struct stack *stack, struct stack_listener *listener);
/* The oldest connection whose handshake is complete; NULL if there is none. */
struct tcp_connection *stack_accept(struct stack_listener *listener);

/* Opens a connection to address:port from an ephemeral port (or from `local_port` if not 0). NULL
 * with errno EADDRNOTAVAIL (no port free, or the 4-tuple is in use), EINVAL (broadcast, multicast
 * or zero address: MUST-46) or ENOMEM. The connection is in SYN-SENT then. */
struct tcp_connection *stack_connect(struct stack *stack, uint32_t address, uint16_t port,
                                     uint16_t local_port);

/* The application has called a tcp_connection_… function that may leave something to be sent, or
 * change the state: write, read, shutdown, abort. stack_transmit then asks this connection; without
 * the call it would do so after the next segment or tick. Constant time. */
void stack_poll(struct stack *stack, struct tcp_connection *connection);

/* The application lets go of a connection: it will not use the pointer again. The stack keeps the
 * connection until it is closed in an orderly way, and frees it. Data that arrives meanwhile is
 * answered with a reset, and so is unread data at this moment (RFC 9293, 3.6.1, half-duplex close).
 * An orphan that waits for a FIN that never comes is dropped after 60 s. */
void stack_release(struct stack *stack, struct tcp_connection *connection);

/* The peer's address. */
uint32_t stack_remote_address(const struct stack *stack, const struct tcp_connection *connection);

struct stack_counters {
    uint64_t packets_in, packets_out;
    uint64_t dropped_ip;       /* not a whole, plain, correct IPv4 packet for us */
    uint64_t dropped_protocol; /* not TCP */
    uint64_t dropped_checksum; /* TCP checksum wrong */
    uint64_t dropped_segment;  /* otherwise not a segment */
    uint64_t dropped_backlog;  /* SYN with no room in the backlog */
    uint64_t resets_sent;      /* for segments that belong to no connection */
};
struct stack_counters stack_counters(const struct stack *stack);
