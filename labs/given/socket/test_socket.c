/*
 * Two hosts, and a pair of packet sockets between them for a wire. Real threads, real time; but no
 * test depends on how long anything takes.
 */
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

/* --- making and unmaking a network ----------------------------------------------------------- */

static struct tcp_host_config config_for(uint32_t address, int wire)
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

static void start_hosts(struct network *network, const struct lossy_link_config *link)
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

static void connect_sockets(struct network *network)
{
    network->listener = tcp_listen(network->right, PORT, 100);
    assert_non_null(network->listener);
    network->client = tcp_connect(network->left, RIGHT_ADDRESS, PORT);
    assert_non_null(network->client);
    network->server = tcp_accept(network->listener);
    assert_non_null(network->server);
}

static int set_up_hosts(void **state)
{
    struct network *network = calloc(1, sizeof *network);

    assert_non_null(network);
    start_hosts(network, NULL);
    *state = network;
    return 0;
}

static int set_up_connection(void **state)
{
    set_up_hosts(state);
    connect_sockets(*state);
    return 0;
}

static int set_up_connection_over_bad_link(void **state)
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

static void stop_right(struct network *network)
{
    tcp_host_free(network->right);
    network->right = NULL;
    network->listener = NULL;
    network->server = NULL;
}

static int tear_down(void **state)
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

/* --- threads --------------------------------------------------------------------------------- */

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

static void start(struct job *job, void *(*body)(void *))
{
    assert_int_equal(pthread_create(&job->thread, NULL, body, job), 0);
}

static void join(struct job *job)
{
    assert_int_equal(pthread_join(job->thread, NULL), 0);
}

static void finish(struct job *job, ssize_t result)
{
    job->error = result < 0 ? errno : 0;
    job->result = result;
    atomic_store(&job->done, true);
}

static void *read_once(void *argument)
{
    struct job *job = argument;
    uint8_t byte;

    finish(job, tcp_read(job->socket, &byte, 1));
    return NULL;
}

static void *accept_once(void *argument)
{
    struct job *job = argument;

    job->socket = tcp_accept(job->listener);
    finish(job, job->socket == NULL ? -1 : 0);
    return NULL;
}

static void *write_pattern(void *argument)
{
    struct job *job = argument;
    uint8_t *bytes = malloc(job->bytes);

    fill_pattern(bytes, 0, job->bytes);
    finish(job, tcp_write(job->socket, bytes, job->bytes));
    free(bytes);
    return NULL;
}

/* Copies back what arrives, until the end. */
static void *echo(void *argument)
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
static void await_blocked(struct handle *handle)
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
static ssize_t read_pattern(struct tcp_socket *socket, size_t *total)
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

/* --- opening --------------------------------------------------------------------------------- */

static void both_ends_know_each_other(void **state)
{
    struct network *network = *state;

    assert_int_equal(tcp_remote_address(network->client), RIGHT_ADDRESS);
    assert_int_equal(tcp_remote_address(network->server), LEFT_ADDRESS);
    assert_int_equal(tcp_remote_port(network->client), PORT);
    assert_int_equal(tcp_local_port(network->server), PORT);
    assert_int_equal(tcp_remote_port(network->server), tcp_local_port(network->client));
    assert_int_equal(tcp_socket_state(network->client), TCP_ESTABLISHED);
}

static void a_port_without_listener_refuses(void **state)
{
    struct network *network = *state;

    assert_null_with(tcp_connect(network->left, RIGHT_ADDRESS, PORT), ECONNREFUSED);
}

static void a_host_that_is_not_there_times_out(void **state)
{
    struct network *network = *state;
    struct tcp_host_config config = config_for(LEFT_ADDRESS, network->wire[0]);

    stop_right(network);
    tcp_host_free(network->left);
    config.stack.tcp.max_syn_retransmissions = 2;
    network->left = tcp_host_new(&config);
    assert_non_null(network->left);
    assert_null_with(tcp_connect(network->left, RIGHT_ADDRESS, PORT), ETIMEDOUT);
}

static void senseless_arguments_are_refused(void **state)
{
    struct network *network = *state;

    assert_null_with(tcp_listen(network->right, 0, 1), EINVAL);
    assert_null_with(tcp_listen(network->right, PORT, 0), EINVAL);
    assert_null_with(tcp_connect(network->left, RIGHT_ADDRESS, 0), EINVAL);
    assert_null_with(tcp_connect(network->left, 0xe0000001, PORT), EINVAL); /* multicast */
    assert_null_with(tcp_connect(network->left, 0x0a0000ff, PORT), EINVAL); /* broadcast */
    tcp_close(NULL);
    tcp_listener_close(NULL);
    tcp_host_free(NULL);
}

static void a_port_has_one_listener(void **state)
{
    struct network *network = *state;
    struct tcp_listener *listener = tcp_listen(network->right, PORT, 1);

    assert_non_null(listener);
    assert_null_with(tcp_listen(network->right, PORT, 1), EADDRINUSE);
    tcp_listener_close(listener);
    assert_non_null(tcp_listen(network->right, PORT, 1));
}

static void listeners_keep_their_connections_apart(void **state)
{
    struct network *network = *state;
    struct tcp_listener *one = tcp_listen(network->right, 1, 5);
    struct tcp_listener *two = tcp_listen(network->right, 2, 5);

    assert_non_null(tcp_connect(network->left, RIGHT_ADDRESS, 2));
    assert_non_null(tcp_connect(network->left, RIGHT_ADDRESS, 1));
    assert_int_equal(tcp_local_port(tcp_accept(one)), 1);
    assert_int_equal(tcp_local_port(tcp_accept(two)), 2);
}

static void accept_waits_for_a_connection(void **state)
{
    struct network *network = *state;
    struct job job = {.listener = tcp_listen(network->right, PORT, 1)};

    start(&job, accept_once);
    await_blocked(&job.listener->handle);
    assert_false(atomic_load(&job.done));
    assert_non_null(tcp_connect(network->left, RIGHT_ADDRESS, PORT));
    join(&job);
    assert_non_null(job.socket);
}

static void accept_gives_up_after_its_timeout(void **state)
{
    struct network *network = *state;
    struct tcp_listener *listener = tcp_listen(network->right, PORT, 1);

    tcp_listener_set_timeout(listener, 10);
    assert_null_with(tcp_accept(listener), EAGAIN);
}

/* --- reading and writing --------------------------------------------------------------------- */

static void read_waits_for_bytes(void **state)
{
    struct network *network = *state;
    struct job job = {.socket = network->server};

    start(&job, read_once);
    await_blocked(&network->server->handle);
    assert_false(atomic_load(&job.done));
    assert_int_equal(tcp_write(network->client, "x", 1), 1);
    join(&job);
    assert_int_equal(job.result, 1);
}

static void write_waits_while_the_buffers_are_full(void **state)
{
    struct network *network = *state;
    struct job job = {.socket = network->client, .bytes = MEGABYTE};
    size_t total;

    start(&job, write_pattern);
    await_blocked(&network->client->handle);
    assert_int_equal(tcp_wait(network->server, TCP_CAN_READ, -1), TCP_CAN_READ);
    assert_false(atomic_load(&job.done)); /* two buffers do not hold a megabyte */
    tcp_set_timeout(network->server, 60000);
    for (size_t left = MEGABYTE; left > 0;) {
        uint8_t bytes[5000];
        ssize_t got = tcp_read(network->server, bytes, sizeof bytes);
        assert_true(got > 0 && is_pattern(bytes, MEGABYTE - left, (size_t)got));
        left -= (size_t)got;
    }
    join(&job);
    assert_int_equal(job.result, MEGABYTE);
    tcp_shutdown(network->client);
    assert_int_equal(read_pattern(network->server, &total), 0);
    assert_int_equal(total, 0);
}

static void read_of_nothing_returns_at_once(void **state)
{
    struct network *network = *state;
    uint8_t byte;

    assert_int_equal(tcp_read(network->server, &byte, 0), 0);
    assert_int_equal(tcp_write(network->server, NULL, 0), 0);
}

static void timeouts_lose_nothing(void **state)
{
    struct network *network = *state;
    uint8_t *bytes = malloc(MEGABYTE);
    size_t total;

    tcp_set_timeout(network->server, 1);
    assert_fails_with(tcp_read(network->server, bytes, 1), EAGAIN);
    tcp_set_timeout(network->server, 0);

    fill_pattern(bytes, 0, MEGABYTE);
    tcp_set_timeout(network->client, 50);
    ssize_t taken = 0, more;
    while ((more = tcp_write(network->client, bytes + taken, (size_t)(MEGABYTE - taken))) > 0) {
        taken += more;
    }
    assert_int_equal(errno, EAGAIN);
    assert_true(taken > 0 && taken < MEGABYTE);
    assert_fails_with(tcp_flush(network->client), EAGAIN);
    tcp_shutdown(network->client);
    assert_int_equal(read_pattern(network->server, &total), 0);
    assert_int_equal(total, taken);
    free(bytes);
}

static void wait_tells_what_is_possible(void **state)
{
    struct network *network = *state;
    int both = TCP_CAN_READ | TCP_CAN_WRITE;

    assert_int_equal(tcp_wait(network->server, TCP_CAN_READ, 0), 0);
    assert_int_equal(tcp_wait(network->server, both, 0), TCP_CAN_WRITE);
    assert_int_equal(tcp_wait(network->server, TCP_CAN_READ, 1), 0);
    tcp_write(network->client, "x", 1);
    assert_int_equal(tcp_wait(network->server, TCP_CAN_READ, -1), TCP_CAN_READ);
    assert_int_equal(tcp_wait(network->server, both, -1), both);
    assert_fails_with(tcp_wait(network->server, 0, 0), EINVAL);
    assert_fails_with(tcp_wait(network->server, 8, 0), EINVAL);
}

static void flush_waits_until_the_peer_has_it(void **state)
{
    struct network *network = *state;
    uint8_t bytes[30000];

    fill_pattern(bytes, 0, sizeof bytes);
    assert_int_equal(tcp_write(network->client, bytes, sizeof bytes), sizeof bytes);
    assert_int_equal(tcp_flush(network->client), 0);
    for (size_t left = sizeof bytes; left > 0;) { /* it is there: no call waits */
        assert_int_equal(tcp_wait(network->server, TCP_CAN_READ, 0), TCP_CAN_READ);
        left -= (size_t)tcp_read(network->server, bytes, left);
    }
    tcp_shutdown(network->client);
    assert_int_equal(tcp_flush(network->client), 0); /* the end is there, too */
    assert_int_equal(tcp_wait(network->server, TCP_CAN_READ, 0), TCP_CAN_READ);
    assert_int_equal(tcp_read(network->server, bytes, 1), 0);
}

static void both_ways_at_once(void **state)
{
    struct network *network = *state;
    struct job echoing = {.socket = network->server};
    struct job writing = {.socket = network->client, .bytes = MEGABYTE};
    uint8_t bytes[8000];

    start(&echoing, echo);
    start(&writing, write_pattern);
    for (size_t total = 0; total < MEGABYTE;) {
        ssize_t got = tcp_read(network->client, bytes, sizeof bytes);
        assert_true(got > 0 && is_pattern(bytes, total, (size_t)got));
        total += (size_t)got;
    }
    join(&writing);
    assert_int_equal(tcp_shutdown(network->client), 0);
    assert_int_equal(tcp_read(network->client, bytes, sizeof bytes), 0);
    join(&echoing);
    assert_int_equal(echoing.result, 0);
}

static void fifty_connections_at_once(void **state)
{
    enum { CONNECTIONS = 50, BYTES = 20000 };
    struct network *network = *state;
    struct job echoing[CONNECTIONS] = {0}, writing[CONNECTIONS] = {0};
    struct tcp_listener *listener = tcp_listen(network->right, PORT, CONNECTIONS);
    size_t total;

    for (int i = 0; i < CONNECTIONS; i++) {
        writing[i].socket = tcp_connect(network->left, RIGHT_ADDRESS, PORT);
        writing[i].bytes = BYTES;
        echoing[i].socket = tcp_accept(listener);
        assert_non_null(writing[i].socket);
        assert_non_null(echoing[i].socket);
    }
    for (int i = 0; i < CONNECTIONS; i++) {
        start(&echoing[i], echo);
        start(&writing[i], write_pattern);
    }
    for (int i = 0; i < CONNECTIONS; i++) {
        join(&writing[i]);
        tcp_shutdown(writing[i].socket);
        assert_int_equal(read_pattern(writing[i].socket, &total), 0);
        assert_int_equal(total, BYTES);
        join(&echoing[i]);
    }
}

/* --- closing --------------------------------------------------------------------------------- */

static void after_shutdown_the_other_way_stays_open(void **state)
{
    struct network *network = *state;
    struct job writing = {.socket = network->server, .bytes = MEGABYTE};
    uint8_t byte;
    size_t total;

    assert_int_equal(tcp_shutdown(network->client), 0);
    assert_int_equal(tcp_read(network->server, &byte, 1), 0);
    assert_int_equal(tcp_read(network->server, &byte, 1), 0); /* and again */
    start(&writing, write_pattern);
    for (total = 0; total < MEGABYTE;) {
        uint8_t bytes[3000];
        ssize_t got = tcp_read(network->client, bytes, sizeof bytes);
        assert_true(got > 0 && is_pattern(bytes, total, (size_t)got));
        total += (size_t)got;
    }
    join(&writing);
    assert_int_equal(tcp_shutdown(network->server), 0);
    assert_int_equal(tcp_read(network->client, &byte, 1), 0);
    assert_int_equal(tcp_flush(network->server), 0);
}

static void writing_after_shutdown_fails(void **state)
{
    struct network *network = *state;

    tcp_shutdown(network->client);
    assert_fails_with(tcp_write(network->client, "x", 1), EPIPE);
    assert_int_equal(tcp_shutdown(network->client), 0); /* harmless */
    assert_int_equal(tcp_wait(network->client, TCP_CAN_WRITE, -1), TCP_CAN_WRITE);
}

static void shutdown_ends_a_write_that_waits(void **state)
{
    struct network *network = *state;
    struct job job = {.socket = network->client, .bytes = MEGABYTE};
    size_t total;

    start(&job, write_pattern);
    await_blocked(&network->client->handle);
    tcp_shutdown(network->client);
    join(&job);
    assert_true(job.result > 0 && job.result < MEGABYTE);
    assert_int_equal(read_pattern(network->server, &total), 0);
    assert_int_equal(total, job.result); /* what it took arrives */
}

static void abort_resets_the_peer(void **state)
{
    struct network *network = *state;
    uint8_t byte;

    tcp_abort(network->client);
    assert_fails_with(tcp_read(network->server, &byte, 1), ECONNRESET);
    assert_fails_with(tcp_read(network->server, &byte, 1), ECONNRESET); /* it stays so */
    assert_fails_with(tcp_write(network->server, &byte, 1), ECONNRESET);
    assert_fails_with(tcp_flush(network->server), ECONNRESET);
    assert_fails_with(tcp_shutdown(network->server), ECONNRESET);
    assert_fails_with(tcp_write(network->client, &byte, 1), ECONNABORTED);
}

static void abort_ends_a_read_that_waits(void **state)
{
    struct network *network = *state;
    struct job job = {.socket = network->client};

    start(&job, read_once);
    await_blocked(&network->client->handle);
    tcp_abort(network->client);
    join(&job);
    assert_int_equal(job.result, -1);
    assert_int_equal(job.error, ECONNABORTED);
}

static void close_ends_a_read_that_waits(void **state)
{
    struct network *network = *state;
    struct job job = {.socket = network->client};

    start(&job, read_once);
    await_blocked(&network->client->handle);
    tcp_close(network->client);
    join(&job);
    assert_int_equal(job.result, -1);
    assert_int_equal(job.error, ECONNABORTED);
}

static void closing_a_listener_ends_an_accept_that_waits(void **state)
{
    struct network *network = *state;
    struct job job = {.listener = tcp_listen(network->right, PORT, 1)};

    start(&job, accept_once);
    await_blocked(&job.listener->handle);
    tcp_listener_close(job.listener);
    join(&job);
    assert_null(job.socket);
    assert_int_equal(job.error, ECONNABORTED);
    assert_null_with(tcp_connect(network->left, RIGHT_ADDRESS, PORT), ECONNREFUSED);
}

static void stopping_a_listener_ends_accept_for_good(void **state)
{
    struct network *network = *state;
    struct job job = {.listener = tcp_listen(network->right, PORT, 1)};

    start(&job, accept_once);
    await_blocked(&job.listener->handle);
    tcp_listener_stop(job.listener);
    join(&job);
    assert_int_equal(job.error, ECONNABORTED);
    assert_null_with(tcp_accept(job.listener), ECONNABORTED);
    tcp_listener_close(job.listener);
}

static void closing_a_listener_resets_who_was_not_accepted(void **state)
{
    struct network *network = *state;
    uint8_t byte;

    assert_non_null(network->client);
    struct tcp_socket *late = tcp_connect(network->left, RIGHT_ADDRESS, PORT);
    assert_non_null(late);
    tcp_write(late, "x", 1); /* its ACK, and so the handshake's, has arrived when this has */
    tcp_flush(late);
    tcp_listener_close(network->listener);
    assert_fails_with(tcp_read(late, &byte, 1), ECONNRESET);
}

static void stopping_the_host_ends_every_call_that_waits(void **state)
{
    struct network *network = *state;
    struct job reading = {.socket = network->server};
    struct job accepting = {.listener = network->listener};

    start(&reading, read_once);
    start(&accepting, accept_once);
    await_blocked(&network->server->handle);
    await_blocked(&network->listener->handle);
    stop_right(network);
    join(&reading);
    join(&accepting);
    assert_int_equal(reading.error, ECONNABORTED);
    assert_int_equal(accepting.error, ECONNABORTED);
}

static void close_still_delivers_what_was_written(void **state)
{
    struct network *network = *state;
    uint8_t bytes[50000];
    size_t total;

    fill_pattern(bytes, 0, sizeof bytes);
    assert_int_equal(tcp_write(network->client, bytes, sizeof bytes), sizeof bytes);
    tcp_close(network->client);
    assert_int_equal(read_pattern(network->server, &total), 0);
    assert_int_equal(total, sizeof bytes);
}

static void close_with_unread_bytes_resets_the_peer(void **state)
{
    struct network *network = *state;
    uint8_t byte;

    tcp_write(network->client, "unread", 6);
    tcp_flush(network->client);
    tcp_close(network->server);
    assert_fails_with(tcp_read(network->client, &byte, 1), ECONNRESET);
}

/* --- failure --------------------------------------------------------------------------------- */

static void a_peer_that_vanishes_times_out(void **state)
{
    struct network *network = *state;
    uint8_t byte;

    stop_right(network);
    tcp_set_max_retransmissions(network->client, 2);
    assert_int_equal(tcp_write(network->client, "x", 1), 1);
    assert_fails_with(tcp_flush(network->client), ETIMEDOUT);
    assert_fails_with(tcp_read(network->client, &byte, 1), ETIMEDOUT);
}

static void a_wire_that_is_cut_ends_every_call(void **state)
{
    struct network *network = *state;
    struct job job = {.socket = network->client};
    uint8_t byte;

    start(&job, read_once);
    await_blocked(&network->client->handle);
    stop_right(network);
    close(network->wire[1]);
    network->wire[1] = -1;
    join(&job);
    assert_int_equal(job.error, ENETDOWN);
    assert_fails_with(tcp_read(network->client, &byte, 1), ENETDOWN);
    assert_null_with(tcp_connect(network->left, RIGHT_ADDRESS, PORT), ENETDOWN);
}

static void a_bad_link_changes_no_byte(void **state)
{
    struct network *network = *state;
    struct job writing = {.socket = network->client, .bytes = MEGABYTE};
    size_t total;

    start(&writing, write_pattern);
    for (total = 0; total < MEGABYTE;) {
        uint8_t bytes[10000];
        ssize_t got = tcp_read(network->server, bytes, sizeof bytes);
        assert_true(got > 0 && is_pattern(bytes, total, (size_t)got));
        total += (size_t)got;
    }
    join(&writing);
    assert_int_equal(tcp_shutdown(network->client), 0);
    assert_int_equal(read_pattern(network->server, &total), 0);
    assert_int_equal(tcp_flush(network->client), 0);
}

#define with_hosts(test) cmocka_unit_test_setup_teardown(test, set_up_hosts, tear_down)
#define with_connection(test) cmocka_unit_test_setup_teardown(test, set_up_connection, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_connection(both_ends_know_each_other),
        with_hosts(a_port_without_listener_refuses),
        with_hosts(a_host_that_is_not_there_times_out),
        with_hosts(senseless_arguments_are_refused),
        with_hosts(a_port_has_one_listener),
        with_hosts(listeners_keep_their_connections_apart),
        with_hosts(accept_waits_for_a_connection),
        with_hosts(accept_gives_up_after_its_timeout),
        with_connection(read_waits_for_bytes),
        with_connection(write_waits_while_the_buffers_are_full),
        with_connection(read_of_nothing_returns_at_once),
        with_connection(timeouts_lose_nothing),
        with_connection(wait_tells_what_is_possible),
        with_connection(flush_waits_until_the_peer_has_it),
        with_connection(both_ways_at_once),
        with_hosts(fifty_connections_at_once),
        with_connection(after_shutdown_the_other_way_stays_open),
        with_connection(writing_after_shutdown_fails),
        with_connection(shutdown_ends_a_write_that_waits),
        with_connection(abort_resets_the_peer),
        with_connection(abort_ends_a_read_that_waits),
        with_connection(close_ends_a_read_that_waits),
        with_hosts(closing_a_listener_ends_an_accept_that_waits),
        with_hosts(stopping_a_listener_ends_accept_for_good),
        with_connection(closing_a_listener_resets_who_was_not_accepted),
        with_connection(stopping_the_host_ends_every_call_that_waits),
        with_connection(close_still_delivers_what_was_written),
        with_connection(close_with_unread_bytes_resets_the_peer),
        with_connection(a_peer_that_vanishes_times_out),
        with_connection(a_wire_that_is_cut_ends_every_call),
        cmocka_unit_test_setup_teardown(a_bad_link_changes_no_byte, set_up_connection_over_bad_link,
                                        tear_down),
    };

    return run_all("socket", tests);
}
