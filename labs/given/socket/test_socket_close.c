/* Sockets: how connections end, in order and otherwise. */
#include "socket_test.h"

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
    assert_int_equal(job.error, EPIPE);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
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
    };

    return run_all("socket, closing", tests);
}
