/*
 * Unit tests of checkpoint 4, the sender: SYN, segments, FIN, and what an acknowledgment does.
 */
#include "sender_test.h"

/* --- the SYN ------------------------------------------------------------------------------- */

static void a_new_sender_has_nothing_in_flight(void **state)
{
    struct tcp_sender *sender = new_sender(state);

    assert_number(tcp_sender_bytes_in_flight(sender), 0);
    assert_seqno(tcp_sender_snd_una(sender), ISN);
    assert_seqno(tcp_sender_snd_nxt(sender), ISN);
    assert_false(tcp_sender_syn_acked(sender));
    assert_false(tcp_sender_fin_acked(sender));
}

static void freeing_no_sender_is_harmless(void **state)
{
    tcp_sender_free(NULL);
    assert_null(*state);
}

static void the_first_segment_is_the_syn_and_carries_the_isn(void **state)
{
    struct tcp_sender *sender = new_sender(state);

    expect_syn(sender);
    expect_nothing(sender);
}

/* RFC 9293, 3.4 */
static void the_syn_takes_one_sequence_number(void **state)
{
    struct tcp_sender *sender = new_sender(state);

    expect_syn(sender);
    assert_number(tcp_sender_bytes_in_flight(sender), 1);
    assert_seqno(tcp_sender_snd_una(sender), ISN);
    assert_seqno(tcp_sender_snd_nxt(sender), ISN + 1);
}

static void nothing_follows_the_syn_until_it_is_acknowledged(void **state)
{
    struct tcp_sender *sender = new_sender(state);

    app_writes(sender, 5000);
    app_closes(sender);
    expect_syn(sender);
    expect_nothing(sender);
}

static void a_message_without_ack_is_ignored(void **state)
{
    struct tcp_sender *sender = new_sender(state);

    app_writes(sender, 10);
    tcp_sender_receive(sender, &(struct tcp_receiver_message){.window = 5000});
    expect_syn(sender);
    tcp_sender_receive(sender, &(struct tcp_receiver_message){.ack = {ISN + 1}, .window = 5000});
    expect_nothing(sender);
    assert_false(tcp_sender_syn_acked(sender));
}

static void the_acknowledged_syn_makes_way_for_data(void **state)
{
    struct tcp_sender *sender = new_sender(state);

    app_writes(sender, 10);
    expect_syn(sender);
    peer_acks(sender, 0, 4000);
    assert_true(tcp_sender_syn_acked(sender));
    assert_number(tcp_sender_bytes_in_flight(sender), 0);
    expect_bytes(sender, 0, 10);
}

/* The SYN is no byte of the stream: to acknowledge it takes nothing out. */
static void the_acknowledged_syn_takes_no_byte_from_the_stream(void **state)
{
    struct tcp_sender *sender = new_sender(state);

    app_writes(sender, 10);
    expect_syn(sender);
    peer_acks(sender, 0, 4000);
    assert_number(byte_stream_buffered(tcp_sender_outbound(sender)), 10);
}

static void an_acknowledgment_of_the_isn_does_not_acknowledge_the_syn(void **state)
{
    struct tcp_sender *sender = new_sender(state);

    expect_syn(sender);
    app_writes(sender, 2000);
    tcp_sender_receive(
        sender, &(struct tcp_receiver_message){.has_ack = true, .ack = {ISN}, .window = 4000});
    assert_false(tcp_sender_syn_acked(sender));
    expect_nothing(sender);
}

/* --- cutting the stream into segments ------------------------------------------------------ */

/* RFC 9293, 3.7.1, MUST-15 */
static void without_an_mss_from_the_peer_segments_carry_536_bytes(void **state)
{
    struct tcp_sender *sender = new_sender(state);

    expect_syn(sender);
    peer_acks(sender, 0, 4000);
    app_writes(sender, 2000);
    expect_bytes(sender, 0, 536);
    expect_bytes(sender, 536, 536);
}

/* RFC 9293, 3.7.1, MUST-16 */
static void our_own_link_may_be_smaller_than_536(void **state)
{
    struct tcp_config config = sender_config();
    struct tcp_sender *sender;

    config.mss = 300;
    sender = sender_with(state, &config);
    expect_syn(sender);
    peer_acks(sender, 0, 4000);
    app_writes(sender, 2000);
    expect_bytes(sender, 0, 300);
}

/* RFC 9293, 3.7.1, MUST-16 */
static void the_mss_of_the_peer_bounds_segments(void **state)
{
    struct tcp_sender *sender = connected(state, 4000);

    tcp_sender_set_mss(sender, 600);
    app_writes(sender, 2000);
    expect_bytes(sender, 0, 600);
    expect_bytes(sender, 600, 600);
}

/* RFC 9293, 3.7.1, MUST-16 */
static void our_own_mss_bounds_segments_too(void **state)
{
    struct tcp_sender *sender = connected(state, 4000);

    tcp_sender_set_mss(sender, 9000);
    app_writes(sender, 2000);
    expect_bytes(sender, 0, 1000);
}

static void an_absurd_mss_is_taken_as_the_least_that_a_link_carries(void **state)
{
    struct tcp_sender *sender = connected(state, 4000);

    tcp_sender_set_mss(sender, 0);
    app_writes(sender, 2000);
    expect_bytes(sender, 0, TCP_MIN_MSS);
    tcp_sender_set_mss(sender, 1);
    expect_bytes(sender, TCP_MIN_MSS, TCP_MIN_MSS);
}

static void consecutive_segments_have_consecutive_numbers(void **state)
{
    struct tcp_sender *sender = connected(state, 4000);

    app_writes(sender, 3000);
    expect_bytes(sender, 0, 1000);
    expect_bytes(sender, 1000, 1000);
    expect_bytes(sender, 2000, 1000);
    expect_nothing(sender);
    assert_number(tcp_sender_bytes_in_flight(sender), 3000);
    assert_seqno(tcp_sender_snd_nxt(sender), ISN + 3001);
}

/* RFC 9293, 3.9.1.2, SHLD-27 and SHLD-28 */
static void many_small_writes_become_one_segment(void **state)
{
    struct tcp_sender *sender = new_sender(state);

    expect_syn(sender);
    for (int i = 0; i < 100; i++) {
        app_writes(sender, 10);
    }
    tcp_sender_set_mss(sender, 1000);
    peer_acks(sender, 0, 4000);
    expect_bytes(sender, 0, 1000);
    expect_nothing(sender);
}

/* RFC 9293, 3.9.1.2, MUST-61 */
static void the_segment_with_the_last_byte_queued_is_pushed(void **state)
{
    struct tcp_sender *sender = connected(state, 4000);

    app_writes(sender, 2000);
    expect_bytes(sender, 0, 1000);
    assert_true(expect_bytes(sender, 1000, 1000).psh);
}

/* Bytes stay in the stream, as the retransmission queue, until they are acknowledged. */
static void sent_bytes_stay_in_the_stream(void **state)
{
    struct tcp_sender *sender = with_bytes_in_flight(state, 2000, 4000);

    assert_number(byte_stream_buffered(tcp_sender_outbound(sender)), 2000);
}

static void the_stream_crosses_the_wrap_of_sequence_numbers(void **state)
{
    struct tcp_config config = sender_config();
    struct tcp_sender *sender;
    struct tcp_sender_message message = {0};

    config.isn = (struct seqno){UINT32_MAX - 999};
    sender = sender_with(state, &config);
    assert_true(tcp_sender_next(sender, &message));
    tcp_sender_set_mss(sender, 1000);
    tcp_sender_receive(sender, &(struct tcp_receiver_message){
                                   .has_ack = true, .ack = {UINT32_MAX - 998}, .window = 4000});
    app_writes(sender, 2000);
    assert_true(tcp_sender_next(sender, &message));
    assert_seqno(message.seq, UINT32_MAX - 998);
    assert_true(tcp_sender_next(sender, &message));
    assert_seqno(message.seq, 1);
    assert_seqno(tcp_sender_snd_nxt(sender), 1001);
    tcp_sender_receive(
        sender, &(struct tcp_receiver_message){.has_ack = true, .ack = {1001}, .window = 4000});
    assert_number(tcp_sender_bytes_in_flight(sender), 0);
    assert_seqno(tcp_sender_snd_una(sender), 1001);
}

/* --- acknowledgments ----------------------------------------------------------------------- */

static void acknowledged_bytes_leave_flight_and_stream(void **state)
{
    struct tcp_sender *sender = with_bytes_in_flight(state, 3000, 4000);

    peer_acks(sender, 1000, 4000);
    assert_number(tcp_sender_bytes_in_flight(sender), 2000);
    assert_number(byte_stream_buffered(tcp_sender_outbound(sender)), 2000);
    assert_seqno(tcp_sender_snd_una(sender), ISN + 1001);
    peer_acks(sender, 3000, 4000);
    assert_number(tcp_sender_bytes_in_flight(sender), 0);
    assert_number(byte_stream_buffered(tcp_sender_outbound(sender)), 0);
}

static void an_acknowledgment_inside_a_segment_counts_to_the_byte(void **state)
{
    struct tcp_sender *sender = with_bytes_in_flight(state, 3000, 4000);

    peer_acks(sender, 1234, 4000);
    assert_number(tcp_sender_bytes_in_flight(sender), 1766);
    assert_number(byte_stream_buffered(tcp_sender_outbound(sender)), 1766);
    assert_seqno(tcp_sender_snd_nxt(sender), ISN + 3001);
}

/* RFC 9293, 3.10.7.4, fifth check */
static void an_acknowledgment_of_what_was_never_sent_is_ignored(void **state)
{
    struct tcp_sender *sender = connected(state, 3);

    app_writes(sender, 6);
    expect_bytes(sender, 0, 3);
    peer_acks(sender, 6, 4000);
    peer_acks(sender, 4, 4000);
    assert_number(tcp_sender_bytes_in_flight(sender), 3);
    assert_number(byte_stream_buffered(tcp_sender_outbound(sender)), 6);
    expect_nothing(sender);
    peer_acks(sender, 3, 3);
    expect_bytes(sender, 3, 3);
}

static void an_old_acknowledgment_is_ignored_window_and_all(void **state)
{
    struct tcp_sender *sender = with_bytes_in_flight(state, 2000, 2000);

    app_writes(sender, 2000);
    peer_acks(sender, 2000, 0);
    peer_acks_at(sender, PEER_SEQ + 1, 1000, 4000);
    assert_seqno(tcp_sender_snd_una(sender), ISN + 2001);
    expect_nothing(sender);
}

static void only_numbers_up_to_snd_nxt_acknowledge(void **state)
{
    const struct {
        uint32_t ack;
        uint64_t in_flight;
    } table[] = {
        {ISN, 2000},     {ISN + 1, 2000},          {ISN + 2, 1999},
        {ISN + 2000, 1}, {ISN + 2001, 0},          {ISN + 2002, 2000},
        {0, 2000},       {ISN + 0x7fffffff, 2000}, {ISN - 5000, 2000},
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct tcp_sender *sender = with_bytes_in_flight(state, 2000, 4000);

        tcp_sender_receive(
            sender, &(struct tcp_receiver_message){
                        .has_ack = true, .ack = {table[i].ack}, .window = 4000, .seq = {PEER_SEQ}});
        assert_number(tcp_sender_bytes_in_flight(sender), table[i].in_flight);
        free_sender(state);
        *state = NULL;
    }
}

static void a_duplicate_acknowledgment_changes_nothing(void **state)
{
    struct tcp_sender *sender = with_bytes_in_flight(state, 2000, 4000);

    peer_acks(sender, 0, 4000);
    peer_acks(sender, 0, 4000);
    assert_number(tcp_sender_bytes_in_flight(sender), 2000);
    expect_nothing(sender);
}

/* --- the FIN ------------------------------------------------------------------------------- */

static void a_closed_stream_without_bytes_sends_a_fin(void **state)
{
    struct tcp_sender *sender = connected(state, 4000);

    app_closes(sender);
    expect_fin(sender, 0);
    expect_nothing(sender);
    assert_number(tcp_sender_bytes_in_flight(sender), 1);
    assert_seqno(tcp_sender_snd_nxt(sender), ISN + 2);
}

static void the_fin_goes_with_the_last_bytes(void **state)
{
    struct tcp_sender *sender = connected(state, 4000);

    app_writes(sender, 1500);
    app_closes(sender);
    expect_bytes(sender, 0, 1000);
    expect_bytes_and_fin(sender, 1000, 500);
    expect_nothing(sender);
    assert_number(tcp_sender_bytes_in_flight(sender), 1501);
}

static void a_fin_after_bytes_that_were_sent_goes_alone(void **state)
{
    struct tcp_sender *sender = with_bytes_in_flight(state, 10, 4000);

    app_closes(sender);
    expect_fin(sender, 10);
    expect_nothing(sender);
}

/* RFC 9293, 3.6: closing still delivers what was written before. */
static void the_fin_waits_for_the_last_byte(void **state)
{
    struct tcp_sender *sender = connected(state, 1000);

    app_writes(sender, 1500);
    app_closes(sender);
    expect_bytes(sender, 0, 1000);
    expect_nothing(sender);
    assert_false(tcp_sender_fin_acked(sender));
    peer_acks(sender, 1000, 1000);
    assert_false(tcp_sender_fin_acked(sender));
    expect_bytes_and_fin(sender, 1000, 500);
}

/* RFC 9293, 3.4: the FIN takes a sequence number, and so a number of the window. */
static void the_fin_needs_a_window_of_one(void **state)
{
    struct tcp_sender *sender = connected(state, 500);

    app_writes(sender, 500);
    app_closes(sender);
    expect_bytes(sender, 0, 500);
    expect_nothing(sender);
    peer_acks(sender, 500, 1);
    expect_fin(sender, 500);
}

static void the_fin_is_sent_once(void **state)
{
    struct tcp_sender *sender = connected(state, 4000);

    app_closes(sender);
    expect_fin(sender, 0);
    app_closes(sender);
    peer_acks(sender, 0, 4000);
    expect_nothing(sender);
}

/* RFC 9293, 3.9.1.4 */
static void closing_lets_nothing_wait_for_nagle(void **state)
{
    struct tcp_sender *sender = with_bytes_in_flight(state, 1000, 4000);

    app_writes(sender, 10);
    expect_nothing(sender);
    app_closes(sender);
    expect_bytes_and_fin(sender, 1000, 10);
}

static void an_acknowledgment_up_to_the_fin_does_not_acknowledge_it(void **state)
{
    struct tcp_sender *sender = connected(state, 4000);

    app_writes(sender, 10);
    app_closes(sender);
    expect_bytes_and_fin(sender, 0, 10);
    peer_acks(sender, 10, 4000);
    assert_false(tcp_sender_fin_acked(sender));
    assert_number(tcp_sender_bytes_in_flight(sender), 1);
    peer_acks(sender, 11, 4000);
    assert_true(tcp_sender_fin_acked(sender));
    assert_number(tcp_sender_bytes_in_flight(sender), 0);
}

/* The FIN is no byte of the stream. */
static void an_acknowledgment_of_bytes_and_fin_takes_only_the_bytes_from_the_stream(void **state)
{
    struct tcp_sender *sender = connected(state, 4000);

    app_writes(sender, 10);
    app_closes(sender);
    expect_bytes_and_fin(sender, 0, 10);
    peer_acks(sender, 11, 4000);
    assert_number(byte_stream_total_read(tcp_sender_outbound(sender)), 10);
    assert_true(byte_stream_is_finished(tcp_sender_outbound(sender)));
    assert_seqno(tcp_sender_snd_una(sender), ISN + 12);
    expect_nothing(sender);
}

static void an_empty_stream_closed_before_the_handshake_sends_syn_then_fin(void **state)
{
    struct tcp_sender *sender = new_sender(state);

    app_closes(sender);
    expect_syn(sender);
    expect_nothing(sender);
    peer_acks(sender, 0, 4000);
    assert_false(tcp_sender_fin_acked(sender));
    expect_fin(sender, 0);
}

#define TEST(name) cmocka_unit_test_teardown(name, free_sender)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_new_sender_has_nothing_in_flight),
        TEST(freeing_no_sender_is_harmless),
        TEST(the_first_segment_is_the_syn_and_carries_the_isn),
        TEST(the_syn_takes_one_sequence_number),
        TEST(nothing_follows_the_syn_until_it_is_acknowledged),
        TEST(a_message_without_ack_is_ignored),
        TEST(the_acknowledged_syn_makes_way_for_data),
        TEST(the_acknowledged_syn_takes_no_byte_from_the_stream),
        TEST(an_acknowledgment_of_the_isn_does_not_acknowledge_the_syn),

        TEST(without_an_mss_from_the_peer_segments_carry_536_bytes),
        TEST(our_own_link_may_be_smaller_than_536),
        TEST(the_mss_of_the_peer_bounds_segments),
        TEST(our_own_mss_bounds_segments_too),
        TEST(an_absurd_mss_is_taken_as_the_least_that_a_link_carries),
        TEST(consecutive_segments_have_consecutive_numbers),
        TEST(many_small_writes_become_one_segment),
        TEST(the_segment_with_the_last_byte_queued_is_pushed),
        TEST(sent_bytes_stay_in_the_stream),
        TEST(the_stream_crosses_the_wrap_of_sequence_numbers),

        TEST(acknowledged_bytes_leave_flight_and_stream),
        TEST(an_acknowledgment_inside_a_segment_counts_to_the_byte),
        TEST(an_acknowledgment_of_what_was_never_sent_is_ignored),
        TEST(an_old_acknowledgment_is_ignored_window_and_all),
        TEST(only_numbers_up_to_snd_nxt_acknowledge),
        TEST(a_duplicate_acknowledgment_changes_nothing),

        TEST(a_closed_stream_without_bytes_sends_a_fin),
        TEST(the_fin_goes_with_the_last_bytes),
        TEST(a_fin_after_bytes_that_were_sent_goes_alone),
        TEST(the_fin_waits_for_the_last_byte),
        TEST(the_fin_needs_a_window_of_one),
        TEST(the_fin_is_sent_once),
        TEST(closing_lets_nothing_wait_for_nagle),
        TEST(an_acknowledgment_up_to_the_fin_does_not_acknowledge_it),
        TEST(an_acknowledgment_of_bytes_and_fin_takes_only_the_bytes_from_the_stream),
        TEST(an_empty_stream_closed_before_the_handshake_sends_syn_then_fin),
    };

    return run_all("checkpoint 4: the sender", tests);
}
