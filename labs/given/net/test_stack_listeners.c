#include "test_stack.h"

#include <errno.h>

static struct tcp_segment ack_of(const struct tcp_segment *syn, const struct tcp_segment *syn_ack)
{
    struct tcp_segment ack = *syn;

    ack.seq.raw++;
    ack.ack.raw = syn_ack->seq.raw + 1;
    ack.flags = TCP_ACK;
    return ack;
}

static void one_listener_a_port(void **state)
{
    (void)state;
    struct stack *host = host_new(SERVER_ADDRESS);
    struct stack_listener *listener = stack_listen(host, 80, 1);

    errno = 0;
    assert_null(stack_listen(host, 80, 1));
    assert_int_equal(errno, EADDRINUSE);
    assert_non_null(stack_listen(host, 81, 1));
    stack_unlisten(host, listener);
    assert_non_null(stack_listen(host, 80, 1));
    stack_free(host);
}

static void the_backlog_counts_half_open_connections(void **state)
{
    (void)state;
    struct stack *host = host_new(SERVER_ADDRESS);
    struct stack_listener *listener = stack_listen(host, 80, 2);

    for (uint16_t port = 5001; port <= 5003; port++) {
        struct tcp_segment syn = syn_to(80, port);
        inject(host, CLIENT_ADDRESS, &syn);
    }
    struct tcp_segment first_answer = next_from(host);
    assert_int_equal(first_answer.destination_port, 5001);
    assert_int_equal(next_from(host).destination_port, 5002);
    assert_silent(host);
    assert_int_equal(stack_counters(host).dropped_backlog, 1);

    /* Complete and not accepted counts too; accepted does not. */
    struct tcp_segment syn = syn_to(80, 5001), third = syn_to(80, 5003);
    struct tcp_segment ack = ack_of(&syn, &first_answer);
    inject(host, CLIENT_ADDRESS, &ack);
    inject(host, CLIENT_ADDRESS, &third);
    assert_silent(host);
    assert_non_null(stack_accept(listener));
    inject(host, CLIENT_ADDRESS, &third);
    assert_int_equal(next_from(host).flags, TCP_SYN | TCP_ACK);
    stack_free(host);
}

static void a_full_backlog_still_resets_strays(void **state)
{
    (void)state;
    struct stack *host = host_new(SERVER_ADDRESS);
    struct tcp_segment stray = syn_to(80, 5001);

    stack_listen(host, 80, 0);
    inject(host, CLIENT_ADDRESS, &stray);
    assert_silent(host);
    stray.flags = TCP_ACK;
    stray.ack.raw = 77;
    inject(host, CLIENT_ADDRESS, &stray);
    struct tcp_segment reset = next_from(host);
    assert_int_equal(reset.flags & TCP_RST, TCP_RST);
    assert_int_equal(reset.seq.raw, 77);
    assert_silent(host);
    stack_free(host);
}

static void what_opens_nothing_leaves_nothing(void **state)
{
    (void)state;
    struct stack *host = host_new(SERVER_ADDRESS);
    struct stack_listener *listener = stack_listen(host, 80, 1);
    const uint8_t strays[] = {TCP_ACK, TCP_ACK | TCP_SYN, TCP_FIN, TCP_RST, TCP_RST | TCP_SYN, 0};
    const bool is_reset[] = {true, true, false, false, false, false};

    for (size_t i = 0; i < sizeof strays; i++) {
        struct tcp_segment stray = syn_to(80, 5001);
        stray.flags = strays[i];
        inject(host, CLIENT_ADDRESS, &stray);
        if (is_reset[i]) {
            assert_int_equal(next_from(host).flags & TCP_RST, TCP_RST);
        }
        assert_silent(host);
    }
    struct tcp_segment syn = syn_to(80, 5001);
    inject(host, CLIENT_ADDRESS, &syn);
    assert_int_equal(next_from(host).flags, TCP_SYN | TCP_ACK);
    assert_null(stack_accept(listener));
    stack_free(host);
}

static void a_syn_twice_makes_one_connection(void **state)
{
    (void)state;
    struct stack *host = host_new(SERVER_ADDRESS);
    struct stack_listener *listener = stack_listen(host, 80, 5);
    struct tcp_segment syn = syn_to(80, 5001);

    inject(host, CLIENT_ADDRESS, &syn);
    struct tcp_segment syn_ack = next_from(host);
    inject(host, CLIENT_ADDRESS, &syn);
    struct tcp_segment ack = ack_of(&syn, &syn_ack);
    inject(host, CLIENT_ADDRESS, &ack);
    assert_non_null(stack_accept(listener));
    assert_null(stack_accept(listener));
    stack_free(host);
}

static void a_reset_while_half_open_makes_room(void **state)
{
    (void)state;
    struct stack *host = host_new(SERVER_ADDRESS);
    struct stack_listener *listener = stack_listen(host, 80, 1);

    for (unsigned i = 0; i < 3; i++) {
        struct tcp_segment syn = syn_to(80, 5001);
        inject(host, CLIENT_ADDRESS, &syn);
        assert_int_equal(next_from(host).flags, TCP_SYN | TCP_ACK);
        struct tcp_segment reset = syn;
        reset.flags = TCP_RST;
        reset.seq.raw++;
        inject(host, CLIENT_ADDRESS, &reset);
        assert_silent(host);
    }
    assert_null(stack_accept(listener));
    assert_int_equal(stack_counters(host).dropped_backlog, 0);
    stack_free(host);
}

static void a_handshake_that_never_completes_makes_room(void **state)
{
    (void)state;
    struct stack *host = host_new(SERVER_ADDRESS);
    struct stack_listener *listener = stack_listen(host, 80, 1);
    struct tcp_segment syn = syn_to(80, 5001);
    uint8_t packet[PACKET_MAX];

    inject(host, CLIENT_ADDRESS, &syn);
    for (unsigned seconds = 0; seconds < 600; seconds++) {
        stack_tick(host, 1000);
        while (stack_transmit(host, packet, sizeof packet) > 0) {
        }
    }
    assert_null(stack_accept(listener));
    syn = syn_to(80, 5002);
    inject(host, CLIENT_ADDRESS, &syn);
    assert_int_equal(next_from(host).flags, TCP_SYN | TCP_ACK);
    stack_free(host);
}

static void connections_are_accepted_in_the_order_of_their_handshakes(void **state)
{
    (void)state;
    struct stack *host = host_new(SERVER_ADDRESS);
    struct stack_listener *listener = stack_listen(host, 80, 2);
    struct tcp_segment syn_1 = syn_to(80, 5001), syn_2 = syn_to(80, 5002);

    inject(host, CLIENT_ADDRESS, &syn_1);
    inject(host, CLIENT_ADDRESS, &syn_2);
    struct tcp_segment answer_1 = next_from(host), answer_2 = next_from(host);
    struct tcp_segment ack_1 = ack_of(&syn_1, &answer_1), ack_2 = ack_of(&syn_2, &answer_2);
    inject(host, CLIENT_ADDRESS, &ack_2);
    inject(host, CLIENT_ADDRESS, &ack_1);
    assert_int_equal(tcp_connection_remote_port(stack_accept(listener)), 5002);
    assert_int_equal(tcp_connection_remote_port(stack_accept(listener)), 5001);
    stack_free(host);
}

static void what_was_reset_before_it_was_accepted_can_still_be_accepted(void **state)
{
    (void)state;
    struct stack *client_host = host_new(CLIENT_ADDRESS);
    struct stack *server_host = host_new(SERVER_ADDRESS);
    struct stack_listener *listener = stack_listen(server_host, 80, 1);
    struct tcp_connection *client = stack_connect(client_host, SERVER_ADDRESS, 80, 0);

    exchange(client_host, server_host);
    tcp_connection_abort(client);
    stack_poll(client_host, client);
    exchange(client_host, server_host);
    struct tcp_connection *server = stack_accept(listener);
    assert_non_null(server);
    assert_int_equal(tcp_connection_state(server), TCP_CLOSED);
    assert_int_equal(tcp_connection_error(server), TCP_ERROR_RESET);
    stack_release(server_host, server);
    stack_free(client_host);
    stack_free(server_host);
}

static void unlisten_aborts_whom_nobody_accepted(void **state)
{
    (void)state;
    struct stack *client_host = host_new(CLIENT_ADDRESS);
    struct stack *server_host = host_new(SERVER_ADDRESS);
    struct stack_listener *listener = stack_listen(server_host, 80, 3);
    struct tcp_connection *accepted = stack_connect(client_host, SERVER_ADDRESS, 80, 0);

    exchange(client_host, server_host);
    assert_non_null(stack_accept(listener));
    struct tcp_connection *complete = stack_connect(client_host, SERVER_ADDRESS, 80, 0);
    exchange(client_host, server_host);
    struct tcp_segment syn = syn_to(80, 5001); /* its SYN-ACK will find nobody at the client */
    inject(server_host, CLIENT_ADDRESS, &syn);

    stack_unlisten(server_host, listener);
    exchange(client_host, server_host);
    assert_int_equal(tcp_connection_error(complete), TCP_ERROR_RESET);
    assert_int_equal(tcp_connection_state(accepted), TCP_ESTABLISHED);
    inject(server_host, CLIENT_ADDRESS, &syn);
    assert_int_equal(next_from(server_host).flags, TCP_RST | TCP_ACK);
    stack_free(client_host);
    stack_free(server_host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_listener_a_port),
        cmocka_unit_test(the_backlog_counts_half_open_connections),
        cmocka_unit_test(a_full_backlog_still_resets_strays),
        cmocka_unit_test(what_opens_nothing_leaves_nothing),
        cmocka_unit_test(a_syn_twice_makes_one_connection),
        cmocka_unit_test(a_reset_while_half_open_makes_room),
        cmocka_unit_test(a_handshake_that_never_completes_makes_room),
        cmocka_unit_test(connections_are_accepted_in_the_order_of_their_handshakes),
        cmocka_unit_test(what_was_reset_before_it_was_accepted_can_still_be_accepted),
        cmocka_unit_test(unlisten_aborts_whom_nobody_accepted),
    };

    return cmocka_run_group_tests_name("stack listeners", tests, NULL, NULL);
}
