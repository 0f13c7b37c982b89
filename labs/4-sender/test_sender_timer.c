/*
 * Unit tests of checkpoint 4, the sender's timer: retransmission, the RTO, probes of a closed
 * window. RFC 6298 is cited by rule.
 */
#include "sender_test.h"

static void pass(struct tcp_sender *sender, uint32_t ms)
{
    tcp_sender_tick(sender, ms);
}

/* Nothing is sent for `ms` - 1 milliseconds; at `ms` something is, for the caller to look at. */
#define pass_quietly_until(sender, ms)                                                             \
    do {                                                                                           \
        tcp_sender_tick(sender, (ms)-1);                                                           \
        expect_nothing(sender);                                                                    \
        tcp_sender_tick(sender, 1);                                                                \
    } while (0)

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

/* --- retransmission ------------------------------------------------------------------------ */

static void a_segment_is_sent_again_after_one_rto_and_not_before(void **state)
{
    struct tcp_sender *sender = with_bytes_in_flight(state, 1000, 4000);

    pass_quietly_until(sender, 1000);
    expect_bytes(sender, 0, 1000);
    expect_nothing(sender);
}

/* RFC 6298, 2.1 */
static void the_syn_is_sent_again_after_the_initial_rto(void **state)
{
    struct tcp_sender *sender = new_sender(state);

    expect_syn(sender);
    pass_quietly_until(sender, 1000);
    expect_syn(sender);
    pass_quietly_until(sender, 2000);
    expect_syn(sender);
    assert_seqno(tcp_sender_snd_nxt(sender), ISN + 1);
}

static void after_a_lost_syn_the_first_byte_stands_right_behind_it(void **state)
{
    struct tcp_sender *sender = new_sender(state);

    app_writes(sender, 10);
    expect_syn(sender);
    pass(sender, 1000);
    expect_syn(sender);
    peer_acks(sender, 0, 4000);
    expect_bytes(sender, 0, 10);
}

static void before_anything_is_sent_time_does_nothing(void **state)
{
    struct tcp_sender *sender = new_sender(state);

    pass(sender, 100000);
    assert_number(tcp_sender_consecutive_retransmissions(sender), 0);
    assert_number(tcp_sender_rto_ms(sender), 1000);
    expect_syn(sender);
    expect_nothing(sender);
}

/* RFC 6298, 5.4 */
static void a_timeout_sends_the_earliest_segment_alone(void **state)
{
    struct tcp_sender *sender = with_bytes_in_flight(state, 4000, 4000);

    pass(sender, 1000);
    expect_bytes(sender, 0, 1000);
    expect_nothing(sender);
}

static void however_much_time_passes_at_once_one_segment_is_sent_again(void **state)
{
    struct tcp_sender *sender = with_bytes_in_flight(state, 4000, 4000);

    pass(sender, 1000000);
    expect_bytes(sender, 0, 1000);
    expect_nothing(sender);
    assert_number(tcp_sender_consecutive_retransmissions(sender), 1);
    assert_number(tcp_sender_rto_ms(sender), 2000);
}

/* RFC 6298, 5.5 and 5.6 */
static void each_timeout_doubles_the_rto(void **state)
{
    struct tcp_sender *sender = with_bytes_in_flight(state, 1000, 4000);

    for (uint32_t gap = 1000; gap <= 16000; gap *= 2) {
        assert_number(tcp_sender_rto_ms(sender), gap);
        pass_quietly_until(sender, gap);
        expect_bytes(sender, 0, 1000);
    }
}

static void each_timeout_counts_until_something_new_is_acknowledged(void **state)
{
    struct tcp_sender *sender = with_bytes_in_flight(state, 2000, 4000);

    for (uint32_t i = 1; i <= 5; i++) {
        pass(sender, tcp_sender_rto_ms(sender));
        expect_bytes(sender, 0, 1000);
        assert_number(tcp_sender_consecutive_retransmissions(sender), i);
    }
    peer_acks(sender, 0, 4000);
    assert_number(tcp_sender_consecutive_retransmissions(sender), 5);
    peer_acks(sender, 1000, 4000);
    assert_number(tcp_sender_consecutive_retransmissions(sender), 0);
}

/* RFC 6298, 2.5 */
static void three_hundred_timeouts_reach_the_largest_rto_and_stay(void **state)
{
    struct tcp_sender *sender = with_bytes_in_flight(state, 1000, 4000);

    for (int i = 0; i < 300; i++) {
        pass(sender, 60000);
        expect_bytes(sender, 0, 1000);
        expect_nothing(sender);
    }
    assert_number(tcp_sender_rto_ms(sender), 60000);
    assert_number(tcp_sender_consecutive_retransmissions(sender), 300);
}

static void after_a_partial_acknowledgment_the_rest_is_sent_again(void **state)
{
    struct tcp_sender *sender = with_bytes_in_flight(state, 1000, 4000);

    peer_acks(sender, 400, 4000);
    pass(sender, tcp_sender_rto_ms(sender));
    expect_bytes(sender, 400, 600);
}

static void the_second_segment_has_a_timer_when_the_first_is_acknowledged(void **state)
{
    struct tcp_sender *sender = with_bytes_in_flight(state, 3000, 4000);

    peer_acks(sender, 1000, 4000);
    pass_quietly_until(sender, tcp_sender_rto_ms(sender));
    expect_bytes(sender, 1000, 1000);
    expect_nothing(sender);
}

/* RFC 9293, 3.4: a sequence number stands for one byte, for ever. */
static void what_is_sent_again_is_the_same_though_more_was_written(void **state)
{
    struct tcp_sender *sender = with_bytes_in_flight(state, 100, 4000);

    app_writes(sender, 50);
    pass(sender, 1000);
    expect_bytes(sender, 0, 100);
    expect_nothing(sender);
}

/* RFC 6298, 5.1: the timer runs already. */
static void sending_more_does_not_put_off_the_timer(void **state)
{
    struct tcp_sender *sender = with_bytes_in_flight(state, 1000, 4000);

    pass(sender, 600);
    app_writes(sender, 1000);
    expect_bytes(sender, 1000, 1000);
    pass_quietly_until(sender, 400);
    expect_bytes(sender, 0, 1000);
}

/* RFC 6298, 5.3 */
static void an_acknowledgment_of_something_new_restarts_the_timer(void **state)
{
    struct tcp_sender *sender = with_bytes_in_flight(state, 1000, 4000);

    pass(sender, 600);
    app_writes(sender, 1000);
    expect_bytes(sender, 1000, 1000);
    pass(sender, 300);
    peer_acks(sender, 1000, 4000);
    pass_quietly_until(sender, tcp_sender_rto_ms(sender));
    expect_bytes(sender, 1000, 1000);
}

/* RFC 6298, 5.3: only new data restarts it. */
static void duplicate_acknowledgments_do_not_put_off_the_timer(void **state)
{
    struct tcp_sender *sender = with_bytes_in_flight(state, 1000, 4000);

    for (int i = 0; i < 3; i++) {
        pass(sender, 300);
        peer_acks(sender, 0, 4000);
        expect_nothing(sender);
    }
    pass_quietly_until(sender, 100);
    expect_bytes(sender, 0, 1000);
}

/* RFC 6298, 5.2 */
static void with_nothing_in_flight_the_timer_stands_still(void **state)
{
    struct tcp_sender *sender = with_bytes_in_flight(state, 1000, 4000);

    peer_acks(sender, 1000, 4000);
    pass(sender, 100000);
    expect_nothing(sender);
    assert_number(tcp_sender_consecutive_retransmissions(sender), 0);
}

/* RFC 6298, 5.1 */
static void the_timer_starts_afresh_after_an_idle_time(void **state)
{
    struct tcp_sender *sender = connected(state, 4000);

    pass(sender, 777);
    app_writes(sender, 100);
    expect_bytes(sender, 0, 100);
    pass_quietly_until(sender, 1000);
    expect_bytes(sender, 0, 100);
}

static void a_lost_fin_is_sent_again_with_the_same_number(void **state)
{
    struct tcp_sender *sender = connected(state, 4000);

    app_closes(sender);
    expect_fin(sender, 0);
    for (uint32_t gap = 1000; gap <= 4000; gap *= 2) {
        pass_quietly_until(sender, gap);
        expect_fin(sender, 0);
    }
    assert_seqno(tcp_sender_snd_nxt(sender), ISN + 2);
}

static void a_lost_fin_behind_acknowledged_bytes_is_sent_again_alone(void **state)
{
    struct tcp_sender *sender = connected(state, 4000);

    app_writes(sender, 10);
    app_closes(sender);
    expect_bytes_and_fin(sender, 0, 10);
    peer_acks(sender, 10, 4000);
    pass(sender, tcp_sender_rto_ms(sender));
    expect_fin(sender, 10);
}

static void duplicate_acknowledgments_do_not_stop_the_timer_of_a_fin(void **state)
{
    struct tcp_sender *sender = with_bytes_in_flight(state, 10, 4000);

    app_closes(sender);
    expect_fin(sender, 10);
    for (int i = 0; i < 4; i++) {
        peer_acks(sender, 10, 4000);
    }
    pass(sender, tcp_sender_rto_ms(sender));
    expect_fin(sender, 10);
}

static void a_lost_segment_with_a_fin_is_sent_again_whole(void **state)
{
    struct tcp_sender *sender = connected(state, 4000);

    app_writes(sender, 10);
    app_closes(sender);
    expect_bytes_and_fin(sender, 0, 10);
    pass(sender, 1000);
    expect_bytes_and_fin(sender, 0, 10);
}

static void lost_bytes_are_sent_again_before_a_lost_fin(void **state)
{
    struct tcp_sender *sender = connected(state, 4000);

    app_writes(sender, 1500);
    app_closes(sender);
    expect_bytes(sender, 0, 1000);
    expect_bytes_and_fin(sender, 1000, 500);
    pass(sender, 1000);
    expect_bytes(sender, 0, 1000);
    expect_nothing(sender);
}

static void with_the_fin_acknowledged_the_timer_stands_still(void **state)
{
    struct tcp_sender *sender = connected(state, 4000);

    app_closes(sender);
    expect_fin(sender, 0);
    peer_acks(sender, 1, 4000);
    pass(sender, 100000);
    expect_nothing(sender);
}

/* RFC 9293, 3.8.6, SHLD-16 */
static void what_is_sent_again_stays_inside_a_window_that_shrank(void **state)
{
    struct tcp_sender *sender = with_bytes_in_flight(state, 3000, 4000);

    peer_acks(sender, 0, 500);
    pass(sender, 1000);
    expect_bytes(sender, 0, 500);
    expect_nothing(sender);
}

/* --- the RTO ------------------------------------------------------------------------------- */

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

/* RFC 6298, 3: one sample a round trip; a segment sent later has its own time. */
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

/* RFC 6298, 5.7: it raises the RTO, and never lowers it. */
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

/* --- probes of a closed window ------------------------------------------------------------- */

/* RFC 9293, 3.8.6.1, MUST-36 and SHLD-29 */
static void a_closed_window_is_probed_with_one_byte_after_one_rto(void **state)
{
    struct tcp_sender *sender = connected(state, 0);

    app_writes(sender, 5000);
    expect_nothing(sender);
    pass_quietly_until(sender, 1000);
    expect_bytes(sender, 0, 1);
    expect_nothing(sender);
}

static void a_probe_counts_as_sent(void **state)
{
    struct tcp_sender *sender = connected(state, 0);

    app_writes(sender, 5000);
    expect_nothing(sender);
    pass(sender, 1000);
    expect_bytes(sender, 0, 1);
    assert_number(tcp_sender_bytes_in_flight(sender), 1);
    assert_seqno(tcp_sender_snd_nxt(sender), ISN + 2);
}

/* RFC 9293, 3.8.6.1, SHLD-30 */
static void the_time_between_probes_doubles_up_to_a_limit(void **state)
{
    struct tcp_config config = sender_config();
    struct tcp_sender *sender;

    config.rto_max_ms = 5000;
    sender = connected_with(state, &config, 0);
    app_writes(sender, 5000);
    expect_nothing(sender);
    pass_quietly_until(sender, 1000);
    expect_bytes(sender, 0, 1);
    pass_quietly_until(sender, 2000);
    expect_bytes(sender, 0, 1);
    pass_quietly_until(sender, 4000);
    expect_bytes(sender, 0, 1);
    pass_quietly_until(sender, 5000);
    expect_bytes(sender, 0, 1);
    pass_quietly_until(sender, 5000);
    expect_bytes(sender, 0, 1);
}

/* A closed window is no congestion. */
static void probing_leaves_the_rto_as_it_is(void **state)
{
    struct tcp_sender *sender = connected(state, 0);

    app_writes(sender, 5000);
    expect_nothing(sender);
    for (uint32_t gap = 1000; gap <= 16000; gap *= 2) {
        pass(sender, gap);
        expect_bytes(sender, 0, 1);
        peer_acks(sender, 0, 0);
    }
    assert_number(tcp_sender_rto_ms(sender), 1000);
}

static void the_byte_of_an_accepted_probe_is_not_sent_again(void **state)
{
    struct tcp_sender *sender = connected(state, 0);

    app_writes(sender, 5000);
    expect_nothing(sender);
    pass(sender, 1000);
    expect_bytes(sender, 0, 1);
    peer_acks(sender, 1, 0);
    expect_nothing(sender);
    pass(sender, 60000);
    expect_bytes(sender, 1, 1);
}

/* RFC 9293, 3.8.6.1, MUST-37: a peer that answers is alive, for as long as it likes. */
static void answered_probes_do_not_count_towards_giving_up(void **state)
{
    struct tcp_sender *sender = connected(state, 0);

    app_writes(sender, 5000);
    expect_nothing(sender);
    for (int i = 0; i < 50; i++) {
        pass(sender, 60000);
        expect_bytes(sender, 0, 1);
        peer_acks(sender, 0, 0);
        expect_nothing(sender);
        assert_number(tcp_sender_consecutive_retransmissions(sender), 0);
    }
}

static void unanswered_probes_count_towards_giving_up(void **state)
{
    struct tcp_sender *sender = connected(state, 0);

    app_writes(sender, 5000);
    expect_nothing(sender);
    for (int i = 0; i < 10; i++) {
        pass(sender, 60000);
        expect_bytes(sender, 0, 1);
    }
    assert_true(tcp_sender_consecutive_retransmissions(sender) >= 8);
}

static void when_the_window_opens_an_unanswered_probe_is_sent_again_and_data_follows(void **state)
{
    struct tcp_sender *sender = connected(state, 0);

    app_writes(sender, 2001);
    expect_nothing(sender);
    pass(sender, 1000);
    expect_bytes(sender, 0, 1);
    peer_acks(sender, 0, 4000);
    expect_bytes(sender, 0, 1);
    expect_bytes(sender, 1, 1000);
    expect_bytes(sender, 1001, 1000);
    expect_nothing(sender);
}

static void when_the_answer_to_a_probe_opens_the_window_data_follows(void **state)
{
    struct tcp_sender *sender = connected(state, 0);

    app_writes(sender, 2001);
    expect_nothing(sender);
    pass(sender, 1000);
    expect_bytes(sender, 0, 1);
    peer_acks(sender, 1, 4000);
    expect_bytes(sender, 1, 1000);
    expect_bytes(sender, 1001, 1000);
}

static void a_window_that_closes_anew_is_probed_after_one_rto_again(void **state)
{
    struct tcp_sender *sender = connected(state, 0);

    app_writes(sender, 3000);
    expect_nothing(sender);
    for (uint32_t gap = 1000; gap <= 8000; gap *= 2) {
        pass(sender, gap);
        expect_bytes(sender, 0, 1);
    }
    peer_acks(sender, 1, 1000);
    expect_bytes(sender, 1, 1000);
    peer_acks(sender, 1001, 0);
    expect_nothing(sender);
    pass_quietly_until(sender, tcp_sender_rto_ms(sender));
    expect_bytes(sender, 1001, 1);
}

static void after_a_window_has_opened_the_timer_runs_for_one_rto_again(void **state)
{
    struct tcp_sender *sender = connected(state, 0);
    struct tcp_sender_message message = {0};

    app_writes(sender, 1001);
    expect_nothing(sender);
    for (uint32_t gap = 1000; gap <= 16000; gap *= 2) {
        pass(sender, gap);
        expect_bytes(sender, 0, 1);
    }
    peer_acks(sender, 0, 4000);
    expect_bytes(sender, 0, 1);
    expect_bytes(sender, 1, 1000);
    pass_quietly_until(sender, 1000);
    assert_true(tcp_sender_next(sender, &message));
    assert_seqno(message.seq, ISN + 1);
}

/* RFC 9293, 3.8.6.1, SHLD-29: it is the time of the closed window that counts. */
static void a_silly_window_that_closes_is_probed_one_rto_later(void **state)
{
    struct tcp_sender *sender = with_bytes_in_flight(state, 5000, 5000);

    app_writes(sender, 5000);
    peer_acks(sender, 5000, 50);
    expect_nothing(sender);
    pass(sender, 100);
    peer_acks(sender, 5000, 0);
    expect_nothing(sender);
    pass_quietly_until(sender, tcp_sender_rto_ms(sender));
    expect_bytes(sender, 5000, 1);
}

static void a_fin_probes_a_closed_window_when_no_byte_is_left(void **state)
{
    struct tcp_sender *sender = connected(state, 0);

    app_closes(sender);
    expect_nothing(sender);
    pass_quietly_until(sender, 1000);
    expect_fin(sender, 0);
    pass_quietly_until(sender, 2000);
    expect_fin(sender, 0);
    peer_acks(sender, 1, 0);
    assert_true(tcp_sender_fin_acked(sender));
}

static void a_closed_window_is_not_probed_when_nothing_waits(void **state)
{
    struct tcp_sender *sender = connected(state, 0);

    pass(sender, 100000);
    expect_nothing(sender);
    app_writes(sender, 10);
    expect_nothing(sender);
}

/* RFC 9293, 3.8.6, MUST-35 */
static void with_bytes_in_flight_a_closed_window_is_probed_by_sending_them_again(void **state)
{
    struct tcp_sender *sender = with_bytes_in_flight(state, 1000, 1000);
    struct tcp_sender_message message = {0};

    peer_acks(sender, 0, 0);
    for (int i = 0; i < 5; i++) {
        expect_nothing(sender);
        pass(sender, 60000);
        assert_true(tcp_sender_next(sender, &message));
        assert_seqno(message.seq, ISN + 1);
        assert_true(message.payload_len >= 1);
        assert_true(is_pattern(message.payload, 0, message.payload_len));
    }
    assert_number(tcp_sender_rto_ms(sender), 1000);
}

static void a_window_that_opens_sends_again_what_the_peer_may_have_refused(void **state)
{
    struct tcp_sender *sender = with_bytes_in_flight(state, 3000, 3000);

    peer_acks(sender, 1000, 0);
    expect_nothing(sender);
    peer_acks(sender, 1000, 4000);
    expect_bytes(sender, 1000, 1000);
    expect_nothing(sender);
    pass(sender, tcp_sender_rto_ms(sender));
    expect_bytes(sender, 1000, 1000);
}

/* RFC 9293, 3.8.6.2.1, rule 4 */
static void a_silly_window_is_used_after_the_override_time(void **state)
{
    struct tcp_sender *sender = with_bytes_in_flight(state, 5000, 5000);

    app_writes(sender, 5000);
    peer_acks(sender, 5000, 50);
    expect_nothing(sender);
    pass_quietly_until(sender, 200);
    expect_bytes(sender, 5000, 50);
    expect_nothing(sender);
}

/* Nagle and silly windows together must not stop the stream for ever. */
static void a_window_that_stays_silly_is_used_again_and_again(void **state)
{
    struct tcp_sender *sender = with_bytes_in_flight(state, 5000, 5000);

    tcp_sender_set_nagle(sender, false);
    app_writes(sender, 5000);
    for (uint32_t sent = 5000; sent < 5500; sent += 50) {
        peer_acks(sender, sent, 50);
        expect_nothing(sender);
        pass(sender, 200);
        expect_bytes(sender, sent, 50);
    }
}

#define TEST(name) cmocka_unit_test_teardown(name, free_sender)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_segment_is_sent_again_after_one_rto_and_not_before),
        TEST(the_syn_is_sent_again_after_the_initial_rto),
        TEST(after_a_lost_syn_the_first_byte_stands_right_behind_it),
        TEST(before_anything_is_sent_time_does_nothing),
        TEST(a_timeout_sends_the_earliest_segment_alone),
        TEST(however_much_time_passes_at_once_one_segment_is_sent_again),
        TEST(each_timeout_doubles_the_rto),
        TEST(each_timeout_counts_until_something_new_is_acknowledged),
        TEST(three_hundred_timeouts_reach_the_largest_rto_and_stay),
        TEST(after_a_partial_acknowledgment_the_rest_is_sent_again),
        TEST(the_second_segment_has_a_timer_when_the_first_is_acknowledged),
        TEST(what_is_sent_again_is_the_same_though_more_was_written),
        TEST(sending_more_does_not_put_off_the_timer),
        TEST(an_acknowledgment_of_something_new_restarts_the_timer),
        TEST(duplicate_acknowledgments_do_not_put_off_the_timer),
        TEST(with_nothing_in_flight_the_timer_stands_still),
        TEST(the_timer_starts_afresh_after_an_idle_time),
        TEST(a_lost_fin_is_sent_again_with_the_same_number),
        TEST(a_lost_fin_behind_acknowledged_bytes_is_sent_again_alone),
        TEST(duplicate_acknowledgments_do_not_stop_the_timer_of_a_fin),
        TEST(a_lost_segment_with_a_fin_is_sent_again_whole),
        TEST(lost_bytes_are_sent_again_before_a_lost_fin),
        TEST(with_the_fin_acknowledged_the_timer_stands_still),
        TEST(what_is_sent_again_stays_inside_a_window_that_shrank),

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

        TEST(a_closed_window_is_probed_with_one_byte_after_one_rto),
        TEST(a_probe_counts_as_sent),
        TEST(the_time_between_probes_doubles_up_to_a_limit),
        TEST(probing_leaves_the_rto_as_it_is),
        TEST(the_byte_of_an_accepted_probe_is_not_sent_again),
        TEST(answered_probes_do_not_count_towards_giving_up),
        TEST(unanswered_probes_count_towards_giving_up),
        TEST(when_the_window_opens_an_unanswered_probe_is_sent_again_and_data_follows),
        TEST(when_the_answer_to_a_probe_opens_the_window_data_follows),
        TEST(a_window_that_closes_anew_is_probed_after_one_rto_again),
        TEST(after_a_window_has_opened_the_timer_runs_for_one_rto_again),
        TEST(a_silly_window_that_closes_is_probed_one_rto_later),
        TEST(a_fin_probes_a_closed_window_when_no_byte_is_left),
        TEST(a_closed_window_is_not_probed_when_nothing_waits),
        TEST(with_bytes_in_flight_a_closed_window_is_probed_by_sending_them_again),
        TEST(a_window_that_opens_sends_again_what_the_peer_may_have_refused),

        TEST(a_silly_window_is_used_after_the_override_time),
        TEST(a_window_that_stays_silly_is_used_again_and_again),
    };

    return run_all("checkpoint 4: the sender's timer", tests);
}
