#include "test_stack.h"

#include <errno.h>
#include <stdlib.h>

/* --- one connection ------------------------------------------------------------------------- */

static void a_handshake_takes_three_packets(void **state)
{
    (void)state;
    struct stack *client_host = host_new(CLIENT_ADDRESS);
    struct stack *server_host = host_new(SERVER_ADDRESS);
    struct stack_listener *listener = stack_listen(server_host, 80, 1);

    assert_null(stack_accept(listener));
    struct tcp_connection *client = stack_connect(client_host, SERVER_ADDRESS, 80, 0);
    assert_int_equal(tcp_connection_state(client), TCP_SYN_SENT);
    assert_int_equal(exchange(client_host, server_host), 3);

    struct tcp_connection *server = stack_accept(listener);
    assert_non_null(server);
    assert_null(stack_accept(listener));
    assert_int_equal(tcp_connection_state(client), TCP_ESTABLISHED);
    assert_int_equal(tcp_connection_state(server), TCP_ESTABLISHED);
    assert_int_equal(tcp_connection_remote_port(server), tcp_connection_local_port(client));
    assert_int_equal(stack_remote_address(server_host, server), CLIENT_ADDRESS);
    assert_int_equal(stack_remote_address(client_host, client), SERVER_ADDRESS);
    stack_free(client_host);
    stack_free(server_host);
}

static void bytes_go_both_ways(void **state)
{
    (void)state;
    struct pair pair = pair_new();

    pair_write(&pair, pair.client, "question");
    assert_reads(pair.server, "question");
    pair_write(&pair, pair.server, "answer");
    assert_reads(pair.client, "answer");
    pair_free(&pair);
}

static void a_megabyte_arrives_unchanged(void **state)
{
    (void)state;
    enum { SIZE = 1 << 20 };
    struct pair pair = pair_new();
    size_t written = 0, read = 0;

    for (unsigned round = 0; round < ENOUGH_ROUNDS && read < SIZE; round++) {
        uint8_t buffer[5000];
        size_t len = sizeof buffer < SIZE - written ? sizeof buffer : SIZE - written;
        for (size_t i = 0; i < len; i++) {
            buffer[i] = (uint8_t)((written + i) * 7 >> 3);
        }
        written += tcp_connection_write(pair.client, buffer, len);
        stack_poll(pair.client_host, pair.client);
        pass_time(pair.client_host, pair.server_host, 1, 1);
        len = tcp_connection_read(pair.server, buffer, sizeof buffer);
        for (size_t i = 0; i < len; i++) {
            assert_int_equal(buffer[i], (uint8_t)((read + i) * 7 >> 3));
        }
        read += len;
        stack_poll(pair.server_host, pair.server);
    }
    assert_int_equal(read, SIZE);
    pair_free(&pair);
}

static void without_a_poll_the_next_tick_sends_what_was_written(void **state)
{
    (void)state;
    struct pair pair = pair_new();

    assert_int_equal(tcp_connection_write(pair.client, "late", 4), 4);
    pass_time(pair.client_host, pair.server_host, 1, 1);
    assert_reads(pair.server, "late");
    pair_free(&pair);
}

static void connections_take_turns(void **state)
{
    (void)state;
    enum { BYTES = 5000 };
    struct pair pair = pair_new();
    struct tcp_connection *second = stack_connect(pair.client_host, SERVER_ADDRESS, 80, 0);
    static const uint8_t data[BYTES];

    exchange(pair.client_host, pair.server_host);
    assert_int_equal(tcp_connection_write(pair.client, data, BYTES), BYTES);
    assert_int_equal(tcp_connection_write(second, data, BYTES), BYTES);
    stack_poll(pair.client_host, pair.client);
    stack_poll(pair.client_host, second);
    for (unsigned i = 0; i < 3; i++) {
        uint16_t first_port = next_from(pair.client_host).source_port;
        uint16_t second_port = next_from(pair.client_host).source_port;
        assert_int_equal(first_port, tcp_connection_local_port(pair.client));
        assert_int_equal(second_port, tcp_connection_local_port(second));
    }
    pair_free(&pair);
}

/* --- where nobody is ------------------------------------------------------------------------- */

static void a_closed_port_refuses(void **state)
{
    (void)state;
    struct stack *client_host = host_new(CLIENT_ADDRESS);
    struct stack *server_host = host_new(SERVER_ADDRESS);
    struct tcp_connection *client = stack_connect(client_host, SERVER_ADDRESS, 81, 0);

    assert_int_equal(exchange(client_host, server_host), 2);
    assert_int_equal(tcp_connection_state(client), TCP_CLOSED);
    assert_int_equal(tcp_connection_error(client), TCP_ERROR_REFUSED);
    assert_int_equal(stack_counters(server_host).resets_sent, 1);
    stack_free(client_host);
    stack_free(server_host);
}

static void a_closed_port_is_silent_about_a_reset(void **state)
{
    (void)state;
    struct stack *host = host_new(SERVER_ADDRESS);
    struct tcp_segment reset = syn_to(81, 5000);

    reset.flags = TCP_RST | TCP_ACK;
    inject(host, CLIENT_ADDRESS, &reset);
    assert_silent(host);
    stack_free(host);
}

static void a_flood_of_strays_is_answered_up_to_a_limit(void **state)
{
    (void)state;
    struct stack *host = host_new(SERVER_ADDRESS);
    struct tcp_segment syn = syn_to(81, 5000);
    unsigned answers = 0;
    uint8_t packet[PACKET_MAX];

    for (unsigned i = 0; i < 10000; i++) {
        inject(host, CLIENT_ADDRESS, &syn);
    }
    while (stack_transmit(host, packet, sizeof packet) > 0) {
        answers++;
    }
    assert_int_equal(answers, 256);
    inject(host, CLIENT_ADDRESS, &syn);
    assert_int_equal(next_from(host).flags, TCP_RST | TCP_ACK);
    stack_free(host);
}

static void bad_addresses_and_ports_cannot_be_connected_to(void **state)
{
    (void)state;
    const uint32_t bad[] = {0, 0xffffffff, 0xe0000001, 0x0a0000ff};
    struct stack *host = host_new(CLIENT_ADDRESS);

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        errno = 0;
        assert_null(stack_connect(host, bad[i], 80, 0));
        assert_int_equal(errno, EINVAL);
    }
    errno = 0;
    assert_null(stack_connect(host, SERVER_ADDRESS, 0, 0));
    assert_int_equal(errno, EINVAL);
    assert_silent(host);
    stack_free(host);
}

/* --- ports ----------------------------------------------------------------------------------- */

static void the_same_four_numbers_serve_one_connection_at_a_time(void **state)
{
    (void)state;
    struct stack *host = host_new(CLIENT_ADDRESS);
    struct tcp_connection *first = stack_connect(host, SERVER_ADDRESS, 80, 2000);

    assert_int_equal(tcp_connection_local_port(first), 2000);
    errno = 0;
    assert_null(stack_connect(host, SERVER_ADDRESS, 80, 2000));
    assert_int_equal(errno, EADDRNOTAVAIL);
    assert_non_null(stack_connect(host, SERVER_ADDRESS, 81, 2000));

    tcp_connection_abort(first);
    assert_non_null(stack_connect(host, SERVER_ADDRESS, 80, 2000));
    stack_free(host);
}

static void ephemeral_ports_are_used_up_one_by_one(void **state)
{
    (void)state;
    enum { PORTS = 65536 - 49152 };
    struct stack_config config = stack_config_default(CLIENT_ADDRESS);
    config.tcp.send_capacity = config.tcp.recv_capacity = 1;
    struct stack *host = stack_new(&config);
    static bool taken[65536];

    for (unsigned i = 0; i < PORTS; i++) {
        struct tcp_connection *connection = stack_connect(host, SERVER_ADDRESS, 80, 0);
        assert_non_null(connection);
        uint16_t port = tcp_connection_local_port(connection);
        assert_in_range(port, 49152, 65535);
        assert_false(taken[port]);
        taken[port] = true;
    }
    errno = 0;
    assert_null(stack_connect(host, SERVER_ADDRESS, 80, 0));
    assert_int_equal(errno, EADDRNOTAVAIL);
    assert_non_null(stack_connect(host, SERVER_ADDRESS, 81, 0));
    stack_free(host);
}

static void the_first_port_depends_on_the_secret(void **state)
{
    (void)state;
    uint16_t ports[2];

    for (uint8_t i = 0; i < 2; i++) {
        struct stack_config config = stack_config_default(CLIENT_ADDRESS);
        config.isn_secret[5] = i;
        struct stack *host = stack_new(&config);
        ports[i] = tcp_connection_local_port(stack_connect(host, SERVER_ADDRESS, 80, 0));
        stack_free(host);
    }
    assert_int_not_equal(ports[0], ports[1]);
}

static void initial_sequence_numbers_are_chosen_unless_fixed(void **state)
{
    (void)state;
    struct stack_config config = stack_config_default(CLIENT_ADDRESS);
    config.tcp.isn.raw = 7;

    for (unsigned fixed = 0; fixed < 2; fixed++) {
        config.fixed_isn = fixed == 1;
        struct stack *host = stack_new(&config);
        stack_connect(host, SERVER_ADDRESS, 80, 0);
        uint32_t first = next_from(host).seq.raw;
        stack_connect(host, SERVER_ADDRESS, 80, 0);
        uint32_t second = next_from(host).seq.raw;
        assert_int_equal(first == second, fixed);
        assert_int_equal(first == 7, fixed);
        stack_free(host);
    }
}

/* --- many ------------------------------------------------------------------------------------ */

static void two_hundred_connections_live_side_by_side(void **state)
{
    (void)state;
    enum { MANY = 200 };
    struct stack *client_host = host_new(CLIENT_ADDRESS);
    struct stack *server_host = host_new(SERVER_ADDRESS);
    struct stack_listener *listener = stack_listen(server_host, 80, MANY);
    struct tcp_connection *clients[MANY], *servers[MANY];

    for (unsigned i = 0; i < MANY; i++) {
        clients[i] = stack_connect(client_host, SERVER_ADDRESS, 80, 0);
    }
    exchange(client_host, server_host);
    for (unsigned i = 0; i < MANY; i++) {
        uint16_t port = tcp_connection_local_port(clients[i]);
        assert_int_equal(tcp_connection_write(clients[i], &port, sizeof port), sizeof port);
        stack_poll(client_host, clients[i]);
    }
    exchange(client_host, server_host);
    for (unsigned i = 0; i < MANY; i++) {
        uint16_t port = 0;
        servers[i] = stack_accept(listener);
        assert_non_null(servers[i]);
        assert_int_equal(tcp_connection_read(servers[i], &port, sizeof port), sizeof port);
        assert_int_equal(port, tcp_connection_remote_port(servers[i]));
        stack_release(server_host, servers[i]);
    }
    exchange(client_host, server_host);
    for (unsigned i = 0; i < MANY; i++) {
        assert_true(tcp_connection_read_finished(clients[i]));
        stack_release(client_host, clients[i]);
    }
    exchange(client_host, server_host);
    stack_free(client_host);
    stack_free(server_host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_handshake_takes_three_packets),
        cmocka_unit_test(bytes_go_both_ways),
        cmocka_unit_test(a_megabyte_arrives_unchanged),
        cmocka_unit_test(without_a_poll_the_next_tick_sends_what_was_written),
        cmocka_unit_test(connections_take_turns),
        cmocka_unit_test(a_closed_port_refuses),
        cmocka_unit_test(a_closed_port_is_silent_about_a_reset),
        cmocka_unit_test(a_flood_of_strays_is_answered_up_to_a_limit),
        cmocka_unit_test(bad_addresses_and_ports_cannot_be_connected_to),
        cmocka_unit_test(the_same_four_numbers_serve_one_connection_at_a_time),
        cmocka_unit_test(ephemeral_ports_are_used_up_one_by_one),
        cmocka_unit_test(the_first_port_depends_on_the_secret),
        cmocka_unit_test(initial_sequence_numbers_are_chosen_unless_fixed),
        cmocka_unit_test(two_hundred_connections_live_side_by_side),
    };

    return cmocka_run_group_tests_name("stack", tests, NULL, NULL);
}
