/*
 * Unit tests of checkpoint 4, the sender's timer: what is sent again, and when. RFC 6298, 5.
 */
#include "sender_test.h"

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
    };

    return run_all("checkpoint 4: retransmission", tests);
}
