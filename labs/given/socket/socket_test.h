/*
 * What the tests of the sockets share: two hosts, and a pair of packet sockets between them for a
 * wire. Real threads, real time; but no test depends on how long anything takes.
 */
#pragma once

#include "testing.h"

#include "host.h"
#include "tcp_socket.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/socket.h>

enum { LEFT_ADDRESS = 0x0a000001, RIGHT_ADDRESS = 0x0a000002, PORT = 80, MEGABYTE = 1 << 20 };

struct network {
    int wire[2];
    struct tcp_host *left, *right;
    struct tcp_listener *listener; /* on the right */
    struct tcp_socket *client;     /* of the left, connected to … */
    struct tcp_socket *server;     /* … this one on the right */
};

/* --- making and unmaking a network ------------------------------------------------------------ */

static inline struct tcp_host_config config_for(uint32_t address, int wire)
{
    struct tcp_host_config config = tcp_host_config_default(address);

    config.wire_fd = wire;
    config.stack.tcp.rto_initial_ms = 20;
    config.stack.tcp.rto_min_ms = 20;
    config.stack.tcp.rto_max_ms = 40;
    config.stack.tcp.max_retransmissions = 50;
    config.stack.tcp.ack_delay_ms = 5;
    config.stack.tcp.msl_ms = 10;
    return config;
}

static inline void start_hosts(struct network *network, const struct lossy_link_config *link)
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, network->wire), 0);
    struct tcp_host_config left = config_for(LEFT_ADDRESS, network->wire[0]);
    struct tcp_host_config right = config_for(RIGHT_ADDRESS, network->wire[1]);
    left.outbound = link;
    left.inbound = link;
    network->left = tcp_host_new(&left);
    network->right = tcp_host_new(&right);
    assert_non_null(network->left);
    assert_non_null(network->right);
}

static inline void connect_sockets(struct network *network)
{
    network->listener = tcp_listen(network->right, PORT, 100);
    assert_non_null(network->listener);
    network->client = tcp_connect(network->left, RIGHT_ADDRESS, PORT);
    assert_non_null(network->client);
    network->server = tcp_accept(network->listener);
    assert_non_null(network->server);
}

static inline int set_up_hosts(void **state)
{
    struct network *network = calloc(1, sizeof *network);

    assert_non_null(network);
    start_hosts(network, NULL);
    *state = network;
    return 0;
}

static inline int set_up_connection(void **state)
{
    set_up_hosts(state);
    connect_sockets(*state);
    return 0;
}

static inline int set_up_connection_over_bad_link(void **state)
{
    struct lossy_link_config link = lossy_link_config_default();
    struct network *network = calloc(1, sizeof *network);

    assert_non_null(network);
    link.loss = 0.03;
    link.duplicate = 0.02;
    link.reorder = 0.05;
    link.corrupt = 0.01;
    link.seed = 7;
    start_hosts(network, &link);
    connect_sockets(network);
    *state = network;
    return 0;
}

static inline void stop_right(struct network *network)
{
    tcp_host_free(network->right);
    network->right = NULL;
    network->listener = NULL;
    network->server = NULL;
}

static inline int tear_down(void **state)
{
    struct network *network = *state;

    tcp_host_free(network->left); /* with all its sockets */
    tcp_host_free(network->right);
    for (int end = 0; end < 2; end++) {
        if (network->wire[end] >= 0) {
            close(network->wire[end]);
        }
    }
    free(network);
    return 0;
}

/* --- threads ---------------------------------------------------------------------------------- */

struct job {
    pthread_t thread;
    struct tcp_socket *socket;
    struct tcp_listener *listener;
    struct tcp_host *host;
    size_t bytes;
    ssize_t result;
    int error;
    atomic_bool done;
};

static inline void start(struct job *job, void *(*body)(void *))
{
    assert_int_equal(pthread_create(&job->thread, NULL, body, job), 0);
}

static inline void join(struct job *job)
{
    assert_int_equal(pthread_join(job->thread, NULL), 0);
}

static inline void finish(struct job *job, ssize_t result)
{
    job->error = errno;
    job->result = result;
    atomic_store(&job->done, true);
}

static inline void *read_once(void *argument)
{
    struct job *job = argument;
    uint8_t byte;

    finish(job, tcp_read(job->socket, &byte, 1));
    return NULL;
}

static inline void *accept_once(void *argument)
{
    struct job *job = argument;

    job->socket = tcp_accept(job->listener);
    finish(job, job->socket == NULL ? -1 : 0);
    return NULL;
}

static inline void *write_pattern(void *argument)
{
    struct job *job = argument;
    uint8_t *bytes = malloc(job->bytes);

    fill_pattern(bytes, 0, job->bytes);
    finish(job, tcp_write(job->socket, bytes, job->bytes));
    free(bytes);
    return NULL;
}

/* Copies back what arrives, until the end. */
static inline void *echo(void *argument)
{
    struct job *job = argument;
    uint8_t bytes[4000];
    ssize_t got;

    while ((got = tcp_read(job->socket, bytes, sizeof bytes)) > 0) {
        if (tcp_write(job->socket, bytes, (size_t)got) != got) {
            break;
        }
    }
    tcp_shutdown(job->socket);
    finish(job, got);
    return NULL;
}

/* Waits until a thread is blocked in a call of this handle. */
static inline void await_blocked(struct handle *handle)
{
    struct tcp_host *host = handle->host;

    pthread_mutex_lock(&host->lock);
    while (handle->blocked == 0) {
        pthread_mutex_unlock(&host->lock);
        sched_yield();
        pthread_mutex_lock(&host->lock);
    }
    pthread_mutex_unlock(&host->lock);
}

/* Reads until the end or an error; what comes must be the pattern. Returns the last result. */
static inline ssize_t read_pattern(struct tcp_socket *socket, size_t *total)
{
    uint8_t bytes[10000];
    ssize_t got;

    *total = 0;
    while ((got = tcp_read(socket, bytes, sizeof bytes)) > 0) {
        assert_true(is_pattern(bytes, *total, (size_t)got));
        *total += (size_t)got;
    }
    return got;
}

#define assert_fails_with(call, reason)                                                            \
    do {                                                                                           \
        errno = 0;                                                                                 \
        assert_int_equal(call, -1);                                                                \
        assert_int_equal(errno, reason);                                                           \
    } while (false)

#define assert_null_with(call, reason)                                                             \
    do {                                                                                           \
        errno = 0;                                                                                 \
        assert_null(call);                                                                         \
        assert_int_equal(errno, reason);                                                           \
    } while (false)

#define with_hosts(test) cmocka_unit_test_setup_teardown(test, set_up_hosts, tear_down)
#define with_connection(test) cmocka_unit_test_setup_teardown(test, set_up_connection, tear_down)
#define with_bad_link(test)                                                                        \
    cmocka_unit_test_setup_teardown(test, set_up_connection_over_bad_link, tear_down)
