/* Sockets: opening connections, reading and writing. */
#include "socket_test.h"

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
    assert_int_equal(more, -1);
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
        with_bad_link(a_bad_link_changes_no_byte),
    };

    return run_all("socket", tests);
}
