/*
 * Unit tests of checkpoint 4, the sender: how it finds out that a closed window has opened. RFC
 * 9293, 3.8.6.1, and 3.8.6.2.1, rule 4.
 */
#include "sender_test.h"

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

    return run_all("checkpoint 4: probes", tests);
}
