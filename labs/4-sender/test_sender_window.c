/*
 * Unit tests of checkpoint 4, the sender: the peer's window, silly windows, and Nagle's algorithm.
 */
#include "sender_test.h"

/* --- the window ---------------------------------------------------------------------------- */

static void nothing_new_goes_beyond_the_window(void **state)
{
    struct tcp_sender *sender = connected(state, 3000);

    app_writes(sender, 5000);
    expect_bytes(sender, 0, 1000);
    expect_bytes(sender, 1000, 1000);
    expect_bytes(sender, 2000, 1000);
    expect_nothing(sender);
}

static void the_window_counts_from_the_acknowledged_byte(void **state)
{
    struct tcp_sender *sender = with_bytes_in_flight(state, 3000, 3000);

    app_writes(sender, 5000);
    peer_acks(sender, 1000, 3000);
    expect_bytes(sender, 3000, 1000);
    expect_nothing(sender);
}

static void a_closed_window_lets_nothing_out(void **state)
{
    struct tcp_sender *sender = connected(state, 0);

    app_writes(sender, 5000);
    expect_nothing(sender);
}

static void a_window_that_opens_lets_data_go(void **state)
{
    struct tcp_sender *sender = connected(state, 0);

    app_writes(sender, 1000);
    peer_acks(sender, 0, 4000);
    expect_bytes(sender, 0, 1000);
}

/* RFC 9293, 3.1, MUST-1: a sender that reads 40,000 as a negative number would be silent. */
static void a_large_window_is_not_negative(void **state)
{
    struct tcp_sender *sender = connected(state, 65535);

    app_writes(sender, 70000);
    for (uint32_t i = 0; i < 65; i++) {
        expect_bytes(sender, i * 1000, 1000);
    }
    expect_nothing(sender);
    peer_acks(sender, 65000, 40000);
    expect_bytes(sender, 65000, 1000);
}

/* A peer whose buffer is small: half of its largest window is always worth a segment. */
static void a_window_that_is_always_below_a_segment_is_used(void **state)
{
    struct tcp_sender *sender = connected(state, 300);

    app_writes(sender, 1000);
    expect_bytes(sender, 0, 300);
    expect_nothing(sender);
    peer_acks(sender, 300, 300);
    expect_bytes(sender, 300, 300);
}

static void a_window_of_one_byte_is_used(void **state)
{
    struct tcp_sender *sender = connected(state, 1);

    app_writes(sender, 3);
    expect_bytes(sender, 0, 1);
    expect_nothing(sender);
    peer_acks(sender, 1, 1);
    expect_bytes(sender, 1, 1);
}

/* RFC 9293, 3.10.7.4, fifth check: SND.WL1 */
static void the_window_of_an_older_segment_is_not_taken(void **state)
{
    struct tcp_sender *sender = with_bytes_in_flight(state, 1000, 1000);

    app_writes(sender, 4000);
    peer_acks_at(sender, PEER_SEQ + 100, 0, 1000);
    peer_acks_at(sender, PEER_SEQ + 50, 0, 4000);
    expect_nothing(sender);
}

/* The acknowledgment is news, the window is not: what the peer has allowed so far still holds. */
static void the_acknowledgment_of_an_older_segment_leaves_the_right_edge(void **state)
{
    struct tcp_sender *sender = with_bytes_in_flight(state, 1000, 1000);

    app_writes(sender, 4000);
    peer_acks_at(sender, PEER_SEQ + 100, 0, 3000);
    expect_bytes(sender, 1000, 1000);
    expect_bytes(sender, 2000, 1000);
    peer_acks_at(sender, PEER_SEQ + 50, 1000, 0);
    assert_number(tcp_sender_bytes_in_flight(sender), 2000);
    expect_nothing(sender);
    peer_acks_at(sender, PEER_SEQ + 101, 1000, 3000);
    expect_bytes(sender, 3000, 1000);
    expect_nothing(sender);
}

static void the_window_of_a_newer_segment_is_taken_though_it_acknowledges_nothing_new(void **state)
{
    struct tcp_sender *sender = with_bytes_in_flight(state, 1000, 1000);

    app_writes(sender, 4000);
    peer_acks_at(sender, PEER_SEQ + 100, 0, 3000);
    expect_bytes(sender, 1000, 1000);
    expect_bytes(sender, 2000, 1000);
    expect_nothing(sender);
}

static void the_window_of_a_segment_at_the_same_place_is_taken(void **state)
{
    struct tcp_sender *sender = with_bytes_in_flight(state, 1000, 1000);

    app_writes(sender, 4000);
    peer_acks(sender, 0, 3000);
    expect_bytes(sender, 1000, 1000);
}

static void newer_and_older_hold_across_the_wrap(void **state)
{
    struct tcp_sender *sender = new_sender(state);

    expect_syn(sender);
    tcp_sender_set_mss(sender, 1000);
    peer_acks_at(sender, 0xfffffff0u, 0, 1000);
    app_writes(sender, 5000);
    expect_bytes(sender, 0, 1000);
    expect_nothing(sender);
    peer_acks_at(sender, 0x10u, 0, 2000);
    expect_bytes(sender, 1000, 1000);
    peer_acks_at(sender, 0xfffffff8u, 0, 4000);
    expect_nothing(sender);
}

/* Wherever the peer's numbers stand: they have nothing to do with ours. */
static void the_first_window_is_always_taken(void **state)
{
    const uint32_t places[] = {0, 1, ISN, ISN + 0x7fffffffu, ISN + 0x80000001u, UINT32_MAX};

    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        struct tcp_sender *sender = new_sender(state);

        expect_syn(sender);
        app_writes(sender, 10);
        peer_acks_at(sender, places[i], 0, 4000);
        expect_bytes(sender, 0, 10);
        free_sender(state);
        *state = NULL;
    }
}

/* RFC 9293, 3.8.6, MUST-34 and SHLD-15 */
static void a_window_that_shrinks_below_the_flight_lets_nothing_new_out(void **state)
{
    struct tcp_sender *sender = with_bytes_in_flight(state, 4000, 4000);

    app_writes(sender, 4000);
    peer_acks(sender, 1000, 500);
    expect_nothing(sender);
    peer_acks(sender, 1000, 4000);
    expect_bytes(sender, 4000, 1000);
    expect_nothing(sender);
}

/* --- silly windows and Nagle ---------------------------------------------------------------- */

/* RFC 9293, 3.8.6.2.1, MUST-38 */
static void a_silly_window_is_not_filled(void **state)
{
    struct tcp_sender *sender = with_bytes_in_flight(state, 5000, 5000);

    app_writes(sender, 5000);
    peer_acks(sender, 5000, 50);
    expect_nothing(sender);
    peer_acks(sender, 5000, 999);
    expect_nothing(sender);
    peer_acks(sender, 5000, 1000);
    expect_bytes(sender, 5000, 1000);
}

/* RFC 9293, 3.8.6.2.1, rule 3 */
static void half_of_the_largest_window_is_not_silly(void **state)
{
    struct tcp_sender *sender = with_bytes_in_flight(state, 1000, 1000);

    app_writes(sender, 5000);
    peer_acks(sender, 1000, 499);
    expect_nothing(sender);
    peer_acks(sender, 1000, 500);
    expect_bytes(sender, 1000, 500);
}

/* RFC 9293, 3.8.6.2.1, rule 2 */
static void all_that_is_queued_goes_if_it_fits(void **state)
{
    struct tcp_sender *sender = with_bytes_in_flight(state, 5000, 5000);

    app_writes(sender, 50);
    peer_acks(sender, 5000, 50);
    expect_bytes(sender, 5000, 50);
}

/* RFC 9293, 3.7.4, SHLD-7 */
static void a_small_segment_waits_while_another_is_in_flight(void **state)
{
    struct tcp_sender *sender = with_bytes_in_flight(state, 1, 4000);

    app_writes(sender, 1);
    app_writes(sender, 4);
    expect_nothing(sender);
    peer_acks(sender, 1, 4000);
    expect_bytes(sender, 1, 5);
}

static void a_full_segment_does_not_wait(void **state)
{
    struct tcp_sender *sender = with_bytes_in_flight(state, 1, 4000);

    app_writes(sender, 1500);
    expect_bytes(sender, 1, 1000);
    expect_nothing(sender);
}

/* RFC 9293, 3.7.4, MUST-17 */
static void without_nagle_small_segments_go_at_once(void **state)
{
    struct tcp_config config = sender_config();
    struct tcp_sender *sender;

    config.nagle = false;
    sender = connected_with(state, &config, 4000);
    app_writes(sender, 1);
    expect_bytes(sender, 0, 1);
    app_writes(sender, 2);
    expect_bytes(sender, 1, 2);
}

static void nagle_can_be_switched_off_and_on(void **state)
{
    struct tcp_sender *sender = with_bytes_in_flight(state, 1, 4000);

    app_writes(sender, 2);
    tcp_sender_set_nagle(sender, false);
    expect_bytes(sender, 1, 2);
    tcp_sender_set_nagle(sender, true);
    app_writes(sender, 3);
    expect_nothing(sender);
}

/* RFC 9293, 3.8.6.2.1: without Nagle, silly windows are still avoided. */
static void without_nagle_a_silly_window_is_still_not_filled(void **state)
{
    struct tcp_config config = sender_config();
    struct tcp_sender *sender;

    config.nagle = false;
    sender = connected_with(state, &config, 1500);
    app_writes(sender, 3000);
    expect_bytes(sender, 0, 1000);
    expect_nothing(sender);
}

#define TEST(name) cmocka_unit_test_teardown(name, free_sender)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_new_goes_beyond_the_window),
        TEST(the_window_counts_from_the_acknowledged_byte),
        TEST(a_closed_window_lets_nothing_out),
        TEST(a_window_that_opens_lets_data_go),
        TEST(a_large_window_is_not_negative),
        TEST(a_window_that_is_always_below_a_segment_is_used),
        TEST(a_window_of_one_byte_is_used),
        TEST(the_window_of_an_older_segment_is_not_taken),
        TEST(the_acknowledgment_of_an_older_segment_leaves_the_right_edge),
        TEST(the_window_of_a_newer_segment_is_taken_though_it_acknowledges_nothing_new),
        TEST(the_window_of_a_segment_at_the_same_place_is_taken),
        TEST(newer_and_older_hold_across_the_wrap),
        TEST(the_first_window_is_always_taken),
        TEST(a_window_that_shrinks_below_the_flight_lets_nothing_new_out),

        TEST(a_silly_window_is_not_filled),
        TEST(half_of_the_largest_window_is_not_silly),
        TEST(all_that_is_queued_goes_if_it_fits),
        TEST(a_small_segment_waits_while_another_is_in_flight),
        TEST(a_full_segment_does_not_wait),
        TEST(without_nagle_small_segments_go_at_once),
        TEST(nagle_can_be_switched_off_and_on),
        TEST(without_nagle_a_silly_window_is_still_not_filled),
    };

    return run_all("checkpoint 4: the window", tests);
}
