#include "test_stack.h"

/* Is there still a connection at the server between these ports? A segment of none is reset. */
static bool server_remembers(struct pair *pair, uint16_t client_port)
{
    struct tcp_segment probe = syn_to(80, client_port);
    uint8_t packet[PACKET_MAX];

    stack_unlisten(pair->server_host, pair->listener);
    probe.flags = TCP_ACK;
    probe.seq.raw = 0; /* far outside of any window here: at most it is acknowledged */
    probe.ack.raw = 0x12345678;
    inject(pair->server_host, CLIENT_ADDRESS, &probe);
    size_t len = stack_transmit(pair->server_host, packet, sizeof packet);
    pair->listener = stack_listen(pair->server_host, 80, 16);
    return len == 0 || (packet[IPV4_HEADER_SIZE + 13] & TCP_RST) == 0;
}

static void an_orderly_close_from_both_ends(void **state)
{
    (void)state;
    struct pair pair = pair_new();
    uint16_t port = tcp_connection_local_port(pair.client);

    pair_write(&pair, pair.client, "last words");
    pair_release(&pair, pair.client);
    assert_reads(pair.server, "last words");
    assert_true(tcp_connection_read_finished(pair.server));
    assert_int_equal(tcp_connection_state(pair.server), TCP_CLOSE_WAIT);
    pair_release(&pair, pair.server);
    assert_false(server_remembers(&pair, port));
    pair_free(&pair);
}

static void what_was_written_is_delivered_after_the_release(void **state)
{
    (void)state;
    enum { SIZE = 60000 };
    static uint8_t data[SIZE], received[SIZE];
    struct pair pair = pair_new();

    memset(data, 'x', sizeof data);
    assert_int_equal(tcp_connection_write(pair.client, data, SIZE), SIZE);
    pair_release(&pair, pair.client);
    pass_time(pair.client_host, pair.server_host, 1000, 10);
    assert_int_equal(tcp_connection_read(pair.server, received, SIZE), SIZE);
    assert_memory_equal(received, data, SIZE);
    assert_true(tcp_connection_read_finished(pair.server));
    pair_free(&pair);
}

static void unread_data_resets_at_the_release(void **state)
{
    (void)state;
    struct pair pair = pair_new();

    pair_write(&pair, pair.client, "nobody reads this");
    pair_release(&pair, pair.server);
    assert_int_equal(tcp_connection_state(pair.client), TCP_CLOSED);
    assert_int_equal(tcp_connection_error(pair.client), TCP_ERROR_RESET);
    pair_free(&pair);
}

static void data_that_comes_after_the_release_is_reset(void **state)
{
    (void)state;
    struct pair pair = pair_new();
    uint16_t port = tcp_connection_local_port(pair.client);

    pair_release(&pair, pair.server);
    assert_int_equal(tcp_connection_state(pair.client), TCP_CLOSE_WAIT);
    pair_write(&pair, pair.client, "too late");
    assert_int_equal(tcp_connection_state(pair.client), TCP_CLOSED);
    assert_int_equal(tcp_connection_error(pair.client), TCP_ERROR_RESET);
    assert_false(server_remembers(&pair, port));
    pair_free(&pair);
}

static void so_is_data_with_a_fin_behind_it(void **state)
{
    (void)state;
    struct pair pair = pair_new();

    pair_release(&pair, pair.server);
    assert_int_equal(tcp_connection_write(pair.client, "bye", 3), 3);
    tcp_connection_shutdown(pair.client);
    stack_poll(pair.client_host, pair.client);
    exchange(pair.client_host, pair.server_host);
    assert_int_equal(tcp_connection_state(pair.client), TCP_CLOSED);
    /* In LAST-ACK a reset is no error to the client (RFC 9293, 3.10.7.4): count it here. */
    assert_int_equal(stack_counters(pair.server_host).resets_sent, 1);
    pair_free(&pair);
}

static void a_half_closed_connection_in_use_takes_data(void **state)
{
    (void)state;
    struct pair pair = pair_new();

    pair_shutdown(&pair, pair.server);
    pair_write(&pair, pair.client, "go on");
    assert_reads(pair.server, "go on");
    pass_time(pair.client_host, pair.server_host, 3600000, 10000);
    pair_write(&pair, pair.client, "still");
    assert_reads(pair.server, "still");
    pair_free(&pair);
}

static void an_orphan_waits_a_minute_for_the_fin(void **state)
{
    (void)state;
    struct pair pair = pair_new();
    uint16_t port = tcp_connection_local_port(pair.client);

    pair_release(&pair, pair.server);
    pass_time(pair.client_host, pair.server_host, 59000, 1000);
    assert_true(server_remembers(&pair, port));
    pass_time(pair.client_host, pair.server_host, 1000, 1000);
    assert_false(server_remembers(&pair, port));
    pair_free(&pair);
}

static void time_wait_outlives_the_release(void **state)
{
    (void)state;
    struct pair pair = pair_new();
    uint16_t port = tcp_connection_local_port(pair.client);
    uint32_t two_msl = 2 * tcp_config_default().msl_ms;

    pair_release(&pair, pair.server);
    pair_release(&pair, pair.client);
    assert_true(server_remembers(&pair, port));
    pass_time(pair.client_host, pair.server_host, two_msl - 1000, 1000);
    assert_true(server_remembers(&pair, port));
    pass_time(pair.client_host, pair.server_host, 2000, 1000);
    assert_false(server_remembers(&pair, port));
    pair_free(&pair);
}

static void unread_data_does_not_cut_time_wait_short(void **state)
{
    (void)state;
    struct pair pair = pair_new();
    uint16_t port = tcp_connection_local_port(pair.client);

    pair_shutdown(&pair, pair.server);
    pair_write(&pair, pair.client, "unread");
    pair_shutdown(&pair, pair.client);
    assert_int_equal(tcp_connection_state(pair.server), TCP_TIME_WAIT);
    pair_release(&pair, pair.server);
    assert_true(server_remembers(&pair, port));
    pair_free(&pair);
}

static void an_aborted_connection_is_reset_although_released_at_once(void **state)
{
    (void)state;
    struct pair pair = pair_new();

    tcp_connection_abort(pair.server);
    stack_release(pair.server_host, pair.server);
    exchange(pair.client_host, pair.server_host);
    assert_int_equal(tcp_connection_error(pair.client), TCP_ERROR_RESET);
    pair_free(&pair);
}

static void a_closed_connection_stays_until_it_is_released(void **state)
{
    (void)state;
    struct pair pair = pair_new();
    uint16_t port = tcp_connection_local_port(pair.client);

    tcp_connection_abort(pair.client);
    stack_poll(pair.client_host, pair.client);
    exchange(pair.client_host, pair.server_host);
    pass_time(pair.client_host, pair.server_host, 1000000, 100000);
    assert_int_equal(tcp_connection_error(pair.client), TCP_ERROR_ABORTED);
    assert_int_equal(tcp_connection_error(pair.server), TCP_ERROR_RESET);
    assert_int_equal(stack_remote_address(pair.server_host, pair.server), CLIENT_ADDRESS);

    /* Meanwhile its numbers serve another connection, and its segments find nobody. */
    assert_false(server_remembers(&pair, port));
    struct tcp_connection *second = stack_connect(pair.client_host, SERVER_ADDRESS, 80, port);
    exchange(pair.client_host, pair.server_host);
    assert_int_equal(tcp_connection_state(second), TCP_ESTABLISHED);
    stack_release(pair.server_host, pair.server);
    stack_release(pair.client_host, pair.client);
    exchange(pair.client_host, pair.server_host);
    assert_int_equal(tcp_connection_state(second), TCP_ESTABLISHED);
    pair_free(&pair);
}

static void a_connection_released_in_syn_sent_is_gone(void **state)
{
    (void)state;
    struct stack *host = host_new(CLIENT_ADDRESS);
    struct tcp_connection *connection = stack_connect(host, SERVER_ADDRESS, 80, 2000);

    next_from(host);
    stack_release(host, connection);
    assert_silent(host);
    stack_tick(host, 10000);
    assert_silent(host);
    assert_non_null(stack_connect(host, SERVER_ADDRESS, 80, 2000));
    stack_free(host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_orderly_close_from_both_ends),
        cmocka_unit_test(what_was_written_is_delivered_after_the_release),
        cmocka_unit_test(unread_data_resets_at_the_release),
        cmocka_unit_test(data_that_comes_after_the_release_is_reset),
        cmocka_unit_test(so_is_data_with_a_fin_behind_it),
        cmocka_unit_test(a_half_closed_connection_in_use_takes_data),
        cmocka_unit_test(an_orphan_waits_a_minute_for_the_fin),
        cmocka_unit_test(time_wait_outlives_the_release),
        cmocka_unit_test(unread_data_does_not_cut_time_wait_short),
        cmocka_unit_test(an_aborted_connection_is_reset_although_released_at_once),
        cmocka_unit_test(a_closed_connection_stays_until_it_is_released),
        cmocka_unit_test(a_connection_released_in_syn_sent_is_gone),
    };

    return cmocka_run_group_tests_name("stack release", tests, NULL, NULL);
}
