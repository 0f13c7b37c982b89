/*
 * Unit tests of checkpoint 5: two connections talk to each other, over networks good and bad.
 */
#include "network_test.h"

static void both_sides_send_everything_over_a_perfect_network(void **state)
{
    struct network *network = network_of(state, 1);

    client_of(network)->length = 100000;
    server_of(network)->length = 80000;
    open_connection(network);
    expect_all_arrives(network);
    assert_true(network->now_ms < 60000);
    assert_true(network->sent < 1000);
}

static void an_empty_conversation_opens_and_closes(void **state)
{
    struct network *network = network_of(state, 2);

    open_connection(network);
    expect_all_arrives(network);
    assert_true(network->sent < 12);
}

static void an_open_connection_without_data_is_silent(void **state)
{
    struct network *network = network_of(state, 3);
    size_t sent;

    client_of(network)->keeps_open = server_of(network)->keeps_open = true;
    open_connection(network);
    live(network, 1000);
    sent = network->sent;
    pass(network, 3600000);
    live(network, 1000);
    assert_number(network->sent, sent);
    assert_number(state_of(client_of(network)), TCP_ESTABLISHED);
    assert_number(state_of(server_of(network)), TCP_ESTABLISHED);
}

/* RFC 9293, 3.6, case 1: one side is done, the other goes on. */
static void after_a_half_close_the_other_side_still_sends_everything(void **state)
{
    struct network *network = network_of(state, 4);

    client_of(network)->length = 10;
    server_of(network)->length = 50000;
    server_of(network)->waits_for_end = true;
    open_connection(network);
    expect_all_arrives(network);
}

/* RFC 9293, 3.6.1, MUST-13 */
static void the_side_that_closes_first_lingers_for_240_seconds(void **state)
{
    struct network *network = network_of(state, 5);
    struct end *client = client_of(network);

    server_of(network)->waits_for_end = true;
    open_connection(network);
    expect_all_arrives(network);
    assert_number(state_of(client), TCP_TIME_WAIT);
    assert_number(state_of(server_of(network)), TCP_CLOSED);
    pass(network, 239000);
    assert_number(state_of(client), TCP_TIME_WAIT);
    pass(network, 1000);
    assert_number(state_of(client), TCP_CLOSED);
    assert_number(network->queued, 0);
}

/* RFC 9293, 3.5, figure 7 */
static void both_sides_may_open_at_once(void **state)
{
    struct network *network = network_of(state, 6);

    client_of(network)->length = server_of(network)->length = 20000;
    open_connection_from_both_sides(network);
    expect_all_arrives(network);
    assert_true((client_of(network)->states & 1u << TCP_SYN_RECEIVED) != 0);
    assert_true((server_of(network)->states & 1u << TCP_SYN_RECEIVED) != 0);
}

/* RFC 9293, 3.6, figure 13 */
static void both_sides_may_close_at_once(void **state)
{
    struct network *network = network_of(state, 7);

    client_of(network)->keeps_open = server_of(network)->keeps_open = true;
    open_connection(network);
    live(network, 100);
    client_of(network)->keeps_open = server_of(network)->keeps_open = false;
    expect_all_arrives(network);
    assert_true((client_of(network)->states & 1u << TCP_CLOSING) != 0);
    assert_true((server_of(network)->states & 1u << TCP_CLOSING) != 0);
    pass(network, 240000);
    assert_number(state_of(client_of(network)), TCP_CLOSED);
    assert_number(state_of(server_of(network)), TCP_CLOSED);
}

static unsigned states_of_a_conversation(void **state, bool at_once)
{
    struct network *network = network_of(state, 8);
    unsigned states;

    client_of(network)->length = 1000;
    client_of(network)->keeps_open = server_of(network)->keeps_open = at_once;
    server_of(network)->waits_for_end = !at_once;
    open_connection(network);
    if (at_once) {
        live(network, 500);
        client_of(network)->keeps_open = server_of(network)->keeps_open = false;
    }
    expect_all_arrives(network);
    states = client_of(network)->states | server_of(network)->states;
    free_network(state);
    end_word();
    return states;
}

#define states_of_a_conversation(state, at_once)                                                   \
    word_giving(states_of_a_conversation(state, at_once))

/* RFC 9293, 3.3.2, figure 5 */
static void all_eleven_states_are_reached(void **state)
{
    unsigned seen = states_of_a_conversation(state, false) | states_of_a_conversation(state, true);

    assert_number(seen, (1u << 11) - 1);
}

static void sequence_numbers_wrap_in_both_directions(void **state)
{
    struct network *network = network_of(state, 9);

    client_of(network)->length = server_of(network)->length = 60000;
    client_of(network)->config.isn.raw = UINT32_MAX;
    server_of(network)->config.isn.raw = UINT32_MAX - 30000;
    network->loss = 5;
    network->delay_ms = 100;
    open_connection(network);
    expect_all_arrives(network);
}

/* RFC 9293, 3.8.6.1: ten minutes without a byte read, and nobody loses patience. */
static void a_reader_may_sleep_for_minutes(void **state)
{
    struct network *network = network_of(state, 10);

    client_of(network)->length = 30000;
    server_of(network)->appetite = 0;
    server_of(network)->waits_for_end = true;
    client_of(network)->config.max_retransmissions = 3;
    open_connection(network);
    live(network, 600000);
    assert_number(state_of(client_of(network)), TCP_ESTABLISHED);
    assert_true(network->sent < 100);
    server_of(network)->appetite = 10000;
    expect_all_arrives(network);
}

static void a_reader_may_read_byte_by_byte(void **state)
{
    struct network *network = network_of(state, 11);

    client_of(network)->length = 20000;
    server_of(network)->appetite = 1;
    open_connection(network);
    expect_all_arrives(network);
    assert_true(network->sent < 200);
}

/* One fate for one segment, each in turn; a small conversation each time. */
static void small_conversation(struct network *network)
{
    client_of(network)->length = 4500;
    server_of(network)->length = 2500;
    open_connection(network);
    expect_all_arrives(network);
}

#define small_conversation(network) word(small_conversation(network))

static void whichever_segment_is_lost_everything_arrives(void **state)
{
    for (size_t number = 0; number < rounds(40); number++) {
        struct network *network = network_of(state, number);

        network->lost = number;
        small_conversation(network);
        free_network(state);
    }
}

static void whichever_segment_comes_twice_everything_arrives_once(void **state)
{
    for (size_t number = 0; number < rounds(40); number++) {
        struct network *network = network_of(state, number);

        network->doubled = number;
        small_conversation(network);
        free_network(state);
    }
}

static void whichever_segment_comes_late_everything_arrives(void **state)
{
    for (size_t number = 0; number < rounds(40); number++) {
        struct network *network = network_of(state, number);

        network->late = number;
        small_conversation(network);
        free_network(state);
    }
}

static void bad_network(struct network *network)
{
    struct dice *dice = &network->dice;

    network->loss = roll_below(dice, 20);
    network->duplication = roll_below(dice, 20);
    network->delay_ms = roll_below(dice, 300);
    for (size_t i = 0; i < 2; i++) {
        struct end *end = &network->ends[i];

        end->length = roll_below(dice, 20000);
        end->appetite = 1 + roll_below(dice, 3000);
        end->waits_for_end = i == SERVER && chance(dice, 30);
        end->config.recv_capacity = 200 + roll_below(dice, 10000);
        end->config.mss = (uint16_t)(100 + roll_below(dice, LONGEST_PAYLOAD - 99));
        end->config.ack_delay_ms = chance(dice, 50) ? 40 : 0;
        end->config.nagle = chance(dice, 50);
    }
}

static void whatever_the_network_does_everything_arrives(void **state)
{
    for (uint64_t seed = 0; seed < rounds(40); seed++) {
        struct network *network = network_of(state, seed);

        bad_network(network);
        open_connection(network);
        expect_all_arrives(network);
        free_network(state);
    }
}

static void whatever_the_network_does_both_sides_may_open_at_once(void **state)
{
    for (uint64_t seed = 100; seed < 100 + rounds(20); seed++) {
        struct network *network = network_of(state, seed);

        bad_network(network);
        open_connection_from_both_sides(network);
        expect_all_arrives(network);
        free_network(state);
    }
}

/* RFC 9293, 3.8.3 */
static void a_peer_that_vanishes_is_given_up(void **state)
{
    struct network *network = network_of(state, 12);
    struct end *client = client_of(network);

    client->config.max_retransmissions = 3;
    client->keeps_open = server_of(network)->keeps_open = true;
    open_connection(network);
    live(network, 100);
    network->loss = 100;
    client->length = 100;
    live(network, 60000);
    assert_number(state_of(client), TCP_CLOSED);
    assert_number(tcp_connection_error(client->tcp), TCP_ERROR_TIMED_OUT);
}

/* RFC 9293, 3.10.5 */
static void an_abort_ends_both_sides(void **state)
{
    struct network *network = network_of(state, 13);

    client_of(network)->keeps_open = server_of(network)->keeps_open = true;
    network->resets_allowed = true;
    open_connection(network);
    live(network, 100);
    tcp_connection_abort(client_of(network)->tcp);
    live(network, 100);
    assert_number(state_of(server_of(network)), TCP_CLOSED);
    assert_number(tcp_connection_error(server_of(network)->tcp), TCP_ERROR_RESET);
    assert_number(tcp_connection_error(client_of(network)->tcp), TCP_ERROR_ABORTED);
    assert_number(network->queued, 0);
}

/* RFC 9293, 3.5.1, figure 10: data arrives where the connection is no longer known. */
static void a_server_that_restarted_resets_the_old_connection(void **state)
{
    struct network *network = network_of(state, 14);
    struct end *server = server_of(network);

    client_of(network)->keeps_open = server->keeps_open = true;
    network->resets_allowed = true;
    open_connection(network);
    live(network, 100);
    tcp_connection_free(server->tcp);
    server->tcp = tcp_connection_new(&server->config);
    assert_non_null(server->tcp);
    assert_true(tcp_connection_open_passive(server->tcp, 80));
    client_of(network)->length = 10;
    live(network, 100);
    assert_number(tcp_connection_error(client_of(network)->tcp), TCP_ERROR_RESET);
    assert_number(state_of(server), TCP_LISTEN);
}

#define TEST(name) cmocka_unit_test_teardown(name, free_network)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(both_sides_send_everything_over_a_perfect_network),
        TEST(an_empty_conversation_opens_and_closes),
        TEST(an_open_connection_without_data_is_silent),
        TEST(after_a_half_close_the_other_side_still_sends_everything),
        TEST(the_side_that_closes_first_lingers_for_240_seconds),
        TEST(both_sides_may_open_at_once),
        TEST(both_sides_may_close_at_once),
        TEST(all_eleven_states_are_reached),
        TEST(sequence_numbers_wrap_in_both_directions),
        TEST(a_reader_may_sleep_for_minutes),
        TEST(a_reader_may_read_byte_by_byte),
        TEST(whichever_segment_is_lost_everything_arrives),
        TEST(whichever_segment_comes_twice_everything_arrives_once),
        TEST(whichever_segment_comes_late_everything_arrives),
        TEST(whatever_the_network_does_everything_arrives),
        TEST(whatever_the_network_does_both_sides_may_open_at_once),
        TEST(a_peer_that_vanishes_is_given_up),
        TEST(an_abort_ends_both_sides),
        TEST(a_server_that_restarted_resets_the_old_connection),
    };

    return run_all("checkpoint 5: two connections", tests);
}
