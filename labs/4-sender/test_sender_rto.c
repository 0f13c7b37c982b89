/*
 * Unit tests of checkpoint 4, the sender's RTO: the round-trip time and what follows from it. RFC
 * 6298, 2, 3 and 5.7.
 */
#include "sender_test.h"

/* A sender whose RTO shows the estimator bare, after a handshake of `rtt` ms. */
static struct tcp_sender *connected_after(void **state, uint32_t rtt)
{
    struct tcp_config config = sender_config();
    struct tcp_sender *sender;

    config.rto_min_ms = 1;
    config.rto_initial_ms = 20000;
    sender = sender_with(state, &config);
    expect_syn(sender);
    pass(sender, rtt);
    peer_acks(sender, 0, 4000);
    tcp_sender_set_mss(sender, 1000);
    end_word();
    return sender;
}

/* Byte number `index` goes out and is acknowledged `rtt` ms later. */
static void byte_makes_a_round_trip(struct tcp_sender *sender, uint32_t index, uint32_t rtt)
{
    app_writes(sender, 1);
    expect_bytes(sender, index, 1);
    pass(sender, rtt);
    peer_acks(sender, index + 1, 4000);
}

#define connected_after(state, rtt) word_giving(connected_after(state, rtt))
#define byte_makes_a_round_trip(sender, index, rtt)                                                \
    word(byte_makes_a_round_trip(sender, index, rtt))

/* RFC 6298, 2.2: SRTT = 800, RTTVAR = 400 */
static void the_first_sample_sets_the_rto(void **state)
{
    struct tcp_sender *sender = connected_after(state, 800);

    assert_number(tcp_sender_rto_ms(sender), 2400);
}

/* RFC 6298, 2.3: RTTVAR = 3/4 · 400 + 1/4 · |800 - 1600| = 500, then SRTT = 900 */
static void a_later_sample_moves_variance_first_and_then_the_mean(void **state)
{
    struct tcp_sender *sender = connected_after(state, 800);

    byte_makes_a_round_trip(sender, 0, 1600);
    assert_number(tcp_sender_rto_ms(sender), 2900);
}

/* RFC 6298, 2.3: RTTVAR = 3/4 · 400 + 1/4 · |800 - 400| = 400, SRTT = 750 */
static void a_shorter_sample_counts_by_its_distance(void **state)
{
    struct tcp_sender *sender = connected_after(state, 800);

    byte_makes_a_round_trip(sender, 0, 400);
    assert_number(tcp_sender_rto_ms(sender), 2350);
}

static void a_sample_of_five_seconds_is_measured_right(void **state)
{
    struct tcp_sender *sender = connected_after(state, 5000);

    assert_number(tcp_sender_rto_ms(sender), 15000);
}

/* RFC 6298, 2.3: the clock's granularity is the least that is added to SRTT. */
static void with_a_constant_round_trip_the_rto_stays_above_it(void **state)
{
    struct tcp_sender *sender = connected_after(state, 100);

    for (uint32_t i = 0; i < 100; i++) {
        byte_makes_a_round_trip(sender, i, 100);
        assert_true(tcp_sender_rto_ms(sender) > 100);
    }
    assert_true(tcp_sender_rto_ms(sender) < 150);
}

/* RFC 6298, 2.2: without a floor, the granularity of the clock is still left. */
static void an_answer_within_the_same_millisecond_does_not_make_the_rto_zero(void **state)
{
    struct tcp_config config = sender_config();
    struct tcp_sender *sender;

    config.rto_min_ms = 0;
    sender = connected_with(state, &config, 4000);
    assert_true(tcp_sender_rto_ms(sender) >= 1);
}

/* RFC 6298, 2.4 */
static void the_rto_does_not_fall_below_its_floor(void **state)
{
    struct tcp_config config = sender_config();
    struct tcp_sender *sender;

    config.rto_min_ms = 300;
    sender = connected_with(state, &config, 4000);
    byte_makes_a_round_trip(sender, 0, 5);
    assert_number(tcp_sender_rto_ms(sender), 300);
}

/* RFC 6298, 2.5 */
static void the_rto_does_not_rise_above_its_ceiling(void **state)
{
    struct tcp_config config = sender_config();
    struct tcp_sender *sender;

    config.rto_initial_ms = 50000;
    config.rto_max_ms = 60000;
    sender = sender_with(state, &config);
    expect_syn(sender);
    pass(sender, 40000);
    peer_acks(sender, 0, 4000);
    assert_number(tcp_sender_rto_ms(sender), 60000);
}

/* RFC 6298, 3 (Karn): whose acknowledgment it is, nobody knows. */
static void a_segment_sent_twice_gives_no_sample(void **state)
{
    struct tcp_sender *sender = connected_after(state, 800);

    app_writes(sender, 100);
    expect_bytes(sender, 0, 100);
    pass(sender, 2400);
    expect_bytes(sender, 0, 100);
    pass(sender, 10);
    peer_acks(sender, 100, 4000);
    assert_number(tcp_sender_rto_ms(sender), 4800);
}

/* RFC 6298, 5, closing note */
static void a_backed_off_rto_stays_until_a_clean_sample(void **state)
{
    struct tcp_sender *sender = connected_after(state, 800);

    app_writes(sender, 100);
    expect_bytes(sender, 0, 100);
    pass(sender, 2400);
    expect_bytes(sender, 0, 100);
    peer_acks(sender, 100, 4000);
    app_writes(sender, 100);
    expect_bytes(sender, 100, 100);
    pass_quietly_until(sender, 4800);
    expect_bytes(sender, 100, 100);
}

/* RTTVAR = 3/4 · 400 + 0 = 300, SRTT = 800 */
static void a_clean_sample_ends_the_backoff(void **state)
{
    struct tcp_sender *sender = connected_after(state, 800);

    app_writes(sender, 100);
    expect_bytes(sender, 0, 100);
    pass(sender, 2400);
    expect_bytes(sender, 0, 100);
    peer_acks(sender, 100, 4000);
    app_writes(sender, 1);
    expect_bytes(sender, 100, 1);
    pass(sender, 800);
    peer_acks(sender, 101, 4000);
    assert_number(tcp_sender_rto_ms(sender), 2000);
}

/* RFC 6298, 3: one sample a round trip is enough; a segment sent later has its own time. */
static void the_sample_is_the_time_of_the_segment_that_was_timed(void **state)
{
    struct tcp_sender *sender = connected_after(state, 800);

    app_writes(sender, 2000);
    expect_bytes(sender, 0, 1000);
    expect_bytes(sender, 1000, 1000);
    pass(sender, 1600);
    peer_acks(sender, 1000, 4000);
    assert_number(tcp_sender_rto_ms(sender), 2900);
}

static void a_part_of_a_segment_gives_no_sample(void **state)
{
    struct tcp_sender *sender = connected_after(state, 800);

    app_writes(sender, 1000);
    expect_bytes(sender, 0, 1000);
    pass(sender, 100);
    peer_acks(sender, 400, 4000);
    assert_number(tcp_sender_rto_ms(sender), 2400);
    pass(sender, 1500);
    peer_acks(sender, 1000, 4000);
    assert_number(tcp_sender_rto_ms(sender), 2900);
}

static void a_duplicate_acknowledgment_gives_no_sample(void **state)
{
    struct tcp_sender *sender = connected_after(state, 800);

    app_writes(sender, 1000);
    expect_bytes(sender, 0, 1000);
    pass(sender, 100);
    peer_acks(sender, 0, 4000);
    assert_number(tcp_sender_rto_ms(sender), 2400);
}

/* RFC 6298, 5.7 */
static void after_a_lost_syn_data_begins_with_three_seconds(void **state)
{
    struct tcp_sender *sender = new_sender(state);

    expect_syn(sender);
    pass(sender, 1000);
    expect_syn(sender);
    peer_acks(sender, 0, 4000);
    assert_number(tcp_sender_rto_ms(sender), 3000);
    app_writes(sender, 10);
    expect_bytes(sender, 0, 10);
    pass_quietly_until(sender, 3000);
    expect_bytes(sender, 0, 10);
}

/* RFC 6298, 5.7 speaks of an RTO below three seconds; a longer one stays (sender.h). */
static void after_two_lost_syns_the_longer_rto_stays(void **state)
{
    struct tcp_sender *sender = new_sender(state);

    expect_syn(sender);
    pass(sender, 1000);
    expect_syn(sender);
    pass(sender, 2000);
    expect_syn(sender);
    peer_acks(sender, 0, 4000);
    assert_number(tcp_sender_rto_ms(sender), 4000);
}

#define TEST(name) cmocka_unit_test_teardown(name, free_sender)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_first_sample_sets_the_rto),
        TEST(a_later_sample_moves_variance_first_and_then_the_mean),
        TEST(a_shorter_sample_counts_by_its_distance),
        TEST(a_sample_of_five_seconds_is_measured_right),
        TEST(with_a_constant_round_trip_the_rto_stays_above_it),
        TEST(an_answer_within_the_same_millisecond_does_not_make_the_rto_zero),
        TEST(the_rto_does_not_fall_below_its_floor),
        TEST(the_rto_does_not_rise_above_its_ceiling),
        TEST(a_segment_sent_twice_gives_no_sample),
        TEST(a_backed_off_rto_stays_until_a_clean_sample),
        TEST(a_clean_sample_ends_the_backoff),
        TEST(the_sample_is_the_time_of_the_segment_that_was_timed),
        TEST(a_part_of_a_segment_gives_no_sample),
        TEST(a_duplicate_acknowledgment_gives_no_sample),
        TEST(after_a_lost_syn_data_begins_with_three_seconds),
        TEST(after_two_lost_syns_the_longer_rto_stays),
    };

    return run_all("checkpoint 4: the retransmission timeout", tests);
}
