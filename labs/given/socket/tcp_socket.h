/*
 * Sockets over our own TCP, in the shape that people know from the kernel's.
 *
 *      struct tcp_host_config config = tcp_host_config_default(0x0a000002);     10.0.0.2
 *      config.wire_fd = tun_open("tun0");
 *      struct tcp_host *host = tcp_host_new(&config);
 *
 *      server                                         client
 *      listener = tcp_listen(host, 80, 16);
 *      socket = tcp_accept(listener);                 socket = tcp_connect(host, 0x0a000001, 80);
 *      n = tcp_read(socket, buffer, sizeof buffer);   tcp_write(socket, request, length);
 *      tcp_write(socket, answer, length);             tcp_shutdown(socket);
 *      tcp_close(socket);                             while ((n = tcp_read(socket, …)) > 0) …
 *
 * Threads: a host runs one thread of its own, which moves packets. Every function may be called
 * from any thread at any time; calls that block do so alone. Two threads may read and write one
 * socket at once. Only after tcp_close (or tcp_host_free) has returned is the pointer dead.
 *
 * Errors: -1 or NULL, and errno. A connection that has failed keeps its error: every later call
 * gives it again.
 *
 *      ECONNREFUSED  nobody listens at the peer's port
 *      ECONNRESET    the peer reset the connection; what was not read is gone
 *      ETIMEDOUT     the peer did not answer for as long as the configuration allows
 *      ECONNABORTED  tcp_abort was called, or the socket, listener or host was closed meanwhile
 *      EPIPE         writing after tcp_shutdown
 *      EAGAIN        the call had to wait longer than tcp_set_timeout allows; nothing is lost
 *      EADDRINUSE    somebody listens on this port already
 *      EADDRNOTAVAIL no local port is free
 *      EINVAL        an argument that makes no sense
 *      ENETDOWN      the wire is gone
 *      ENOMEM        no memory
 *
 * Addresses and ports are numbers in host byte order: 10.0.0.1 is 0x0a000001.
 */
#pragma once

#include "lossy_link.h"
#include "pcap_writer.h"
#include "stack.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct tcp_host;     /* one stack with one address on one wire */
struct tcp_listener; /* a port on which connections are taken */
struct tcp_socket;   /* one end of one connection */

/* --- the host --------------------------------------------------------------------------------- */

struct tcp_host_config {
    struct stack_config stack; /* address, MTU, and all knobs of TCP (tcp_config.h) */
    int wire_fd;               /* a TUN device or one end of a SOCK_SEQPACKET pair; borrowed: the
                                  caller closes it after tcp_host_free */
    const struct lossy_link_config *outbound; /* make the wire a bad one; NULL: leave it be */
    const struct lossy_link_config *inbound;  /* the same for what comes in */
    struct pcap_writer *capture;              /* borrowed; NULL: none (loop.h says what it gets) */
};

/* A /24 host at `address` on no wire yet (-1), as in stack_config_default, with a random secret for
 * its sequence numbers. */
struct tcp_host_config tcp_host_config_default(uint32_t address);

/* Starts a host. NULL with errno: EINVAL, ENOMEM, EBADF, EAGAIN (no thread to be had). */
struct tcp_host *tcp_host_new(const struct tcp_host_config *config);

/* Stops the host and frees it with all its sockets and listeners; calls that are blocked return
 * ECONNABORTED first. The peers hear nothing: flush before, if they should. NULL is ignored. */
void tcp_host_free(struct tcp_host *host);

uint32_t tcp_host_address(const struct tcp_host *host);
struct stack_counters tcp_host_counters(struct tcp_host *host);

/* --- opening ---------------------------------------------------------------------------------- */

/* Takes connections on `port` (not 0) from now on. At most `backlog` (at least 1) of them wait to
 * be accepted. Errors: EADDRINUSE, EINVAL, ENOMEM. */
struct tcp_listener *tcp_listen(struct tcp_host *host, uint16_t port, unsigned backlog);

/* Waits for the next connection. Errors: ECONNABORTED, EAGAIN, ENETDOWN, ENOMEM. */
struct tcp_socket *tcp_accept(struct tcp_listener *listener);

/* From now on tcp_accept fails with ECONNABORTED, in threads that wait in it, too. So another
 * thread can be told to stop accepting before the listener is closed. */
void tcp_listener_stop(struct tcp_listener *listener);

/* Ends the listener; connections that were not accepted are reset. NULL is ignored. */
void tcp_listener_close(struct tcp_listener *listener);

/* Opens a connection and waits until it is established. Errors: ECONNREFUSED, ECONNRESET,
 * ETIMEDOUT, EADDRNOTAVAIL, EINVAL (port 0, or an address nobody can have), ENETDOWN, ENOMEM. */
struct tcp_socket *tcp_connect(struct tcp_host *host, uint32_t address, uint16_t port);

/* --- using ------------------------------------------------------------------------------------ */

/* Waits until bytes have arrived and copies up to `size` of them. Returns how many; 0 when the peer
 * has ended its side and everything was read (or when `size` is 0). */
ssize_t tcp_read(struct tcp_socket *socket, void *buffer, size_t size);

/* Takes all `size` bytes, waiting for room in the send buffer as often as is needed. Returns
 * `size`; less only if an error or the timeout came after that many bytes. That bytes were taken
 * does not mean that the peer has them: tcp_flush does. */
ssize_t tcp_write(struct tcp_socket *socket, const void *data, size_t size);

/* Waits until the peer's TCP has acknowledged everything written, and the end too after
 * tcp_shutdown. Returns 0. */
int tcp_flush(struct tcp_socket *socket);

/* Ends our side: the peer reads end of file after what was written. Reading goes on. Returns 0;
 * calling it again is harmless. */
int tcp_shutdown(struct tcp_socket *socket);

/* Throws the connection away, and tells the peer by a reset. The socket is still to be closed. */
void tcp_abort(struct tcp_socket *socket);

/* Lets go of the socket at once, without waiting. What was written is still delivered as long as
 * the host lives. If received bytes were left unread, the peer is reset. NULL is ignored. */
void tcp_close(struct tcp_socket *socket);

/* What a socket can do without waiting. */
enum {
    TCP_CAN_READ = 1,  /* tcp_read returns at once: with bytes, the end, or an error */
    TCP_CAN_WRITE = 2, /* tcp_write takes at least one byte, or fails at once */
};

/* Waits until any of the `wanted` is possible; at most `timeout_ms` milliseconds (0: only look;
 * negative: for ever). Returns those that are; 0 when time ran out. */
int tcp_wait(struct tcp_socket *socket, int wanted, int timeout_ms);

/* --- settings and questions ------------------------------------------------------------------- */

/* How long a blocking call may wait, in milliseconds; 0 means for ever, as it is at first. */
void tcp_set_timeout(struct tcp_socket *socket, uint32_t ms);
void tcp_listener_set_timeout(struct tcp_listener *listener, uint32_t ms);

/* true sends small pieces at once; false, as at first, lets Nagle's algorithm gather them. */
void tcp_set_nodelay(struct tcp_socket *socket, bool on);

/* R2: after so many retransmissions without an answer the connection ends with ETIMEDOUT. */
void tcp_set_max_retransmissions(struct tcp_socket *socket, uint32_t count);

uint32_t tcp_remote_address(struct tcp_socket *socket);
uint16_t tcp_remote_port(struct tcp_socket *socket);
uint16_t tcp_local_port(struct tcp_socket *socket);
enum tcp_state tcp_socket_state(struct tcp_socket *socket);
