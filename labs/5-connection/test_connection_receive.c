/*
 * Unit tests of checkpoint 5: data that arrives, our window, and acknowledgments. RFC 9293, 3.8.6
 * and 3.10.7.4.
 */
#include "connection_test.h"

/* --- receiving ----------------------------------------------------------------------------- */

static void text_is_delivered_and_acknowledged(void **state)
{
    struct lab *lab = established(state);

    arrives(lab, TCP_ACK, .seq = IRS + 1, .ack = ISS + 1, .text = "hello");
    expect(lab, TCP_ACK, .seq = ISS + 1, .ack = IRS + 6);
    expect_silence(lab);
    expect_text(lab, "hello");
}

static void text_can_be_read_in_pieces(void **state)
{
    struct lab *lab = established(state);
    char text[8] = "";

    arrives(lab, TCP_ACK, .seq = IRS + 1, .ack = ISS + 1, .text = "hello");
    assert_number(tcp_connection_read(lab->tcp, text, 2), 2);
    assert_string_equal(text, "he");
    assert_number(tcp_connection_readable(lab->tcp), 3);
    expect_text(lab, "llo");
    assert_number(tcp_connection_read(lab->tcp, text, sizeof text), 0);
    assert_false(tcp_connection_read_finished(lab->tcp));
}

/* RFC 5681, 4.2: at once, so that the peer learns of the gap. */
static void text_behind_a_gap_is_held_and_the_gap_reported_at_once(void **state)
{
    struct lab *lab = established(state);

    arrives(lab, TCP_ACK, .seq = IRS + 6, .ack = ISS + 1, .text = "world");
    expect(lab, TCP_ACK, .seq = ISS + 1, .ack = IRS + 1);
    assert_number(tcp_connection_readable(lab->tcp), 0);
    arrives(lab, TCP_ACK, .seq = IRS + 1, .ack = ISS + 1, .text = "hello");
    expect(lab, TCP_ACK, .seq = ISS + 1, .ack = IRS + 11);
    expect_text(lab, "helloworld");
}

/* The acknowledgment may have been lost: each copy is answered. */
static void old_text_is_acknowledged_again_and_not_delivered_again(void **state)
{
    struct lab *lab = established(state);

    arrives(lab, TCP_ACK, .seq = IRS + 1, .ack = ISS + 1, .text = "hello");
    expect(lab, TCP_ACK, .seq = ISS + 1, .ack = IRS + 6);
    for (int i = 0; i < 3; i++) {
        arrives(lab, TCP_ACK, .seq = IRS + 1, .ack = ISS + 1, .text = "hello");
        expect(lab, TCP_ACK, .seq = ISS + 1, .ack = IRS + 6);
        expect_silence(lab);
    }
    expect_text(lab, "hello");
}

/* RFC 9293, 3.10.7.4, first check */
static void of_text_half_old_and_half_new_the_new_half_counts(void **state)
{
    struct lab *lab = established(state);

    arrives(lab, TCP_ACK, .seq = IRS + 1, .ack = ISS + 1, .text = "abc");
    expect(lab, TCP_ACK, .seq = ISS + 1, .ack = IRS + 4);
    arrives(lab, TCP_ACK, .seq = IRS + 2, .ack = ISS + 1, .text = "XXde");
    expect(lab, TCP_ACK, .seq = ISS + 1, .ack = IRS + 6);
    expect_text(lab, "abcde");
}

static void text_past_the_window_is_cut_off(void **state)
{
    struct lab *lab = established(state);

    arrives(lab, TCP_ACK | TCP_FIN, .seq = IRS + 1, .ack = ISS + 1, .len = RCV_BUFF + 20);
    expect(lab, TCP_ACK, .seq = ISS + 1, .ack = IRS + 1 + RCV_BUFF);
    expect_window(lab, 0);
    expect_state(lab, TCP_ESTABLISHED);
    app_reads(lab, 0, RCV_BUFF);
    assert_number(tcp_connection_readable(lab->tcp), 0);
    assert_false(tcp_connection_read_finished(lab->tcp));
}

static void text_entirely_past_the_window_is_acknowledged_and_dropped(void **state)
{
    struct lab *lab = established(state);

    arrives(lab, TCP_ACK, .seq = IRS + 1 + RCV_BUFF, .ack = ISS + 1, .text = "x");
    expect(lab, TCP_ACK, .seq = ISS + 1, .ack = IRS + 1);
    expect_silence(lab);
}

static void a_bare_acknowledgment_is_not_acknowledged(void **state)
{
    struct lab *lab = established(state);

    for (int i = 0; i < 100; i++) {
        arrives(lab, TCP_ACK, .seq = IRS + 1, .ack = ISS + 1);
        expect_silence(lab);
    }
}

/* RFC 9293, 3.10.7.4, fifth check */
static void text_with_an_acknowledgment_of_what_was_never_sent_is_dropped(void **state)
{
    struct lab *lab = established(state);

    arrives(lab, TCP_ACK, .seq = IRS + 1, .ack = ISS + 2, .text = "hello");
    expect(lab, TCP_ACK, .seq = ISS + 1, .ack = IRS + 1);
    expect_silence(lab);
    assert_number(tcp_connection_readable(lab->tcp), 0);
}

static void text_with_an_old_acknowledgment_is_delivered(void **state)
{
    struct lab *lab = established(state);

    app_writes(lab, 0, 10);
    expect(lab, TCP_ACK, .seq = ISS + 1, .ack = IRS + 1, .len = 10);
    arrives(lab, TCP_ACK, .seq = IRS + 1, .ack = ISS + 11);
    arrives(lab, TCP_ACK, .seq = IRS + 1, .ack = ISS + 1, .text = "hello");
    expect(lab, TCP_ACK, .seq = ISS + 11, .ack = IRS + 6);
    expect_text(lab, "hello");
    assert_number(tcp_connection_unacknowledged(lab->tcp), 0);
}

/* RFC 9293, 3.10.7.4, MUST-58 and MUST-59 */
static void segments_that_arrive_together_are_acknowledged_together(void **state)
{
    struct lab *lab = established(state);

    arrives(lab, TCP_ACK, .seq = IRS + 3, .ack = ISS + 1, .text = "c");
    arrives(lab, TCP_ACK, .seq = IRS + 2, .ack = ISS + 1, .text = "b");
    arrives(lab, TCP_ACK, .seq = IRS + 4, .ack = ISS + 1, .text = "d");
    arrives(lab, TCP_ACK, .seq = IRS + 1, .ack = ISS + 1, .text = "a");
    expect(lab, TCP_ACK, .seq = ISS + 1, .ack = IRS + 5);
    expect_silence(lab);
    expect_text(lab, "abcd");
}

/* RFC 9293, 3.1: control bits are tested one by one. */
static void text_is_delivered_whatever_other_bits_are_set(void **state)
{
    const uint8_t others[] = {0, TCP_PSH, TCP_URG, TCP_ECE, TCP_CWR, TCP_PSH | TCP_ECE | TCP_CWR};
    struct lab *lab = established(state);
    uint32_t seq = IRS + 1;

    for (size_t i = 0; i < sizeof others; i++) {
        arrives(lab, (uint8_t)(TCP_ACK | others[i]), .seq = seq, .ack = ISS + 1, .text = "x");
        seq++;
        expect(lab, TCP_ACK, .seq = ISS + 1, .ack = seq);
    }
    expect_text(lab, "xxxxxx");
}

/* RFC 9293, 3.8.5: urgent bytes stay in the stream; the pointer may say anything. */
static void urgent_text_stays_in_the_stream(void **state)
{
    struct lab *lab = established(state);

    arrives(lab, TCP_ACK | TCP_URG, .seq = IRS + 1, .ack = ISS + 1, .text = "abc", .urgent = 2);
    arrives(lab, TCP_ACK | TCP_URG, .seq = IRS + 4, .ack = ISS + 1, .text = "d", .urgent = 65535);
    arrives(lab, TCP_ACK, .seq = IRS + 5, .ack = ISS + 1, .text = "e", .urgent = 1);
    expect(lab, TCP_ACK, .seq = ISS + 1, .ack = IRS + 6);
    expect_text(lab, "abcde");
}

/* --- our window ---------------------------------------------------------------------------- */

static void the_window_closes_as_the_buffer_fills(void **state)
{
    struct lab *lab = established(state);

    arrives(lab, TCP_ACK, .seq = IRS + 1, .ack = ISS + 1, .len = 1000);
    expect(lab, TCP_ACK, .seq = ISS + 1, .ack = IRS + 1001);
    expect_window(lab, 3000);
    arrives(lab, TCP_ACK, .seq = IRS + 1001, .ack = ISS + 1, .len = 3000);
    expect(lab, TCP_ACK, .seq = ISS + 1, .ack = IRS + 4001);
    expect_window(lab, 0);
}

static struct lab *with_a_full_buffer(void **state)
{
    struct lab *lab = established(state);

    arrives(lab, TCP_ACK, .seq = IRS + 1, .ack = ISS + 1, .len = RCV_BUFF);
    expect(lab, TCP_ACK, .seq = ISS + 1, .ack = IRS + 1 + RCV_BUFF);
    expect_silence(lab);
    lab->snd_nxt = ISS + 1;
    lab->rcv_nxt = IRS + 1 + RCV_BUFF;
    end_word();
    return lab;
}

#define with_a_full_buffer(state) word_giving(with_a_full_buffer(state))

/* RFC 9293, 3.8.6.1: the peer probes, and hears that nothing has changed. */
static void a_probe_of_the_closed_window_is_answered(void **state)
{
    struct lab *lab = with_a_full_buffer(state);

    for (int i = 0; i < 5; i++) {
        arrives(lab, TCP_ACK, .seq = lab->rcv_nxt, .ack = ISS + 1, .len = 1);
        expect_plain_ack(lab);
        expect_window(lab, 0);
        expect_silence(lab);
    }
    app_reads(lab, 0, RCV_BUFF);
    assert_number(tcp_connection_readable(lab->tcp), 0);
}

/* A keep-alive, or the probe of a peer that sends an old number (RFC 9293, 3.8.4) */
static void an_empty_segment_before_the_window_is_answered(void **state)
{
    struct lab *lab = with_a_full_buffer(state);

    arrives(lab, TCP_ACK, .seq = lab->rcv_nxt - 1, .ack = ISS + 1);
    expect_plain_ack(lab);
    expect_silence(lab);
}

static void an_empty_segment_at_the_closed_window_is_not_answered(void **state)
{
    struct lab *lab = with_a_full_buffer(state);

    arrives(lab, TCP_ACK, .seq = lab->rcv_nxt, .ack = ISS + 1);
    expect_silence(lab);
}

/* RFC 9293, 3.4, MUST-66 */
static void a_reset_is_heeded_though_the_window_is_closed(void **state)
{
    struct lab *lab = with_a_full_buffer(state);

    arrives(lab, TCP_RST, .seq = lab->rcv_nxt);
    expect_closed(lab, TCP_ERROR_RESET);
    free_lab(state);
    lab = with_a_full_buffer(state);
    arrives(lab, TCP_RST, .seq = lab->rcv_nxt, .text = "why: because");
    expect_closed(lab, TCP_ERROR_RESET);
}

/* RFC 9293, 3.8.6.2.2: the peer must not have to ask. */
static void a_closed_window_that_opens_is_announced(void **state)
{
    struct lab *lab = with_a_full_buffer(state);

    app_reads(lab, 0, RCV_BUFF);
    expect_plain_ack(lab);
    expect_window(lab, RCV_BUFF);
    expect_silence(lab);
}

/* RFC 9293, 3.8.6.2.2, MUST-39 */
static void a_window_that_opens_by_little_is_not_announced(void **state)
{
    struct lab *lab = with_a_full_buffer(state);

    app_reads(lab, 0, 999);
    expect_silence(lab);
    app_reads(lab, 999, 1);
    expect_plain_ack(lab);
    expect_window(lab, 1000);
}

/* --- delayed acknowledgments: RFC 9293, 3.8.6.3 ---------------------------------------------- */

static struct lab *delaying(void **state)
{
    struct tcp_config config = lab_config();
    struct lab *lab;

    config.ack_delay_ms = 200;
    config.recv_capacity = 20000;
    lab = established_with(state, &config);
    end_word();
    return lab;
}

#define delaying(state) word_giving(delaying(state))

/* MUST-40. To acknowledge at once is allowed as well. */
static void text_is_acknowledged_within_the_delay(void **state)
{
    struct lab *lab = delaying(state);
    struct tcp_segment segment = {0};
    bool at_once;

    arrives(lab, TCP_ACK, .seq = IRS + 1, .ack = ISS + 1, .text = "hello");
    at_once = tcp_connection_next_segment(lab->tcp, &segment);
    pass(lab, 200);
    assert_int_not_equal(at_once, tcp_connection_next_segment(lab->tcp, &segment));
    assert_seqno(segment.ack, IRS + 6);
    pass(lab, 10000);
    expect_silence(lab);
}

/* SHLD-19: counted over ten full segments, five acknowledgments at least */
static void at_least_every_second_full_segment_is_acknowledged_at_once(void **state)
{
    struct lab *lab = delaying(state);
    struct tcp_segment segment = {0};
    uint32_t acknowledged = IRS + 1;

    for (uint32_t i = 0; i < 10; i++) {
        arrives(lab, TCP_ACK, .seq = IRS + 1 + i * MSS, .ack = ISS + 1, .len = MSS);
        if (tcp_connection_next_segment(lab->tcp, &segment)) {
            acknowledged = segment.ack.raw;
            expect_silence(lab);
        }
        assert_true(IRS + 1 + (i + 1) * MSS - acknowledged < 2 * MSS);
    }
}

/* RFC 5681, 4.2 */
static void a_gap_is_never_reported_with_delay(void **state)
{
    struct lab *lab = delaying(state);

    arrives(lab, TCP_ACK, .seq = IRS + 6, .ack = ISS + 1, .text = "world");
    expect(lab, TCP_ACK, .seq = ISS + 1, .ack = IRS + 1);
    arrives(lab, TCP_ACK, .seq = IRS + 1, .ack = ISS + 1, .text = "hello");
    expect(lab, TCP_ACK, .seq = ISS + 1, .ack = IRS + 11);
    expect_silence(lab);
}

static void a_repeated_segment_is_acknowledged_without_delay(void **state)
{
    struct lab *lab = delaying(state);

    arrives(lab, TCP_ACK, .seq = IRS + 1, .ack = ISS + 1, .text = "hello");
    arrives(lab, TCP_ACK, .seq = IRS + 1, .ack = ISS + 1, .text = "hello");
    expect(lab, TCP_ACK, .seq = ISS + 1, .ack = IRS + 6);
    expect_silence(lab);
}

/* RFC 9293, 3.10.7.4, seventh step */
static void data_carries_the_acknowledgment_that_waits(void **state)
{
    struct lab *lab = delaying(state);

    arrives(lab, TCP_ACK, .seq = IRS + 1, .ack = ISS + 1, .text = "hello");
    app_writes(lab, 0, 10);
    expect(lab, TCP_ACK, .seq = ISS + 1, .ack = IRS + 6, .len = 10);
    pass(lab, 500);
    expect_silence(lab);
}

#define TEST(name) cmocka_unit_test_teardown(name, free_lab)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(text_is_delivered_and_acknowledged),
        TEST(text_can_be_read_in_pieces),
        TEST(text_behind_a_gap_is_held_and_the_gap_reported_at_once),
        TEST(old_text_is_acknowledged_again_and_not_delivered_again),
        TEST(of_text_half_old_and_half_new_the_new_half_counts),
        TEST(text_past_the_window_is_cut_off),
        TEST(text_entirely_past_the_window_is_acknowledged_and_dropped),
        TEST(a_bare_acknowledgment_is_not_acknowledged),
        TEST(text_with_an_acknowledgment_of_what_was_never_sent_is_dropped),
        TEST(text_with_an_old_acknowledgment_is_delivered),
        TEST(segments_that_arrive_together_are_acknowledged_together),
        TEST(text_is_delivered_whatever_other_bits_are_set),
        TEST(urgent_text_stays_in_the_stream),

        TEST(the_window_closes_as_the_buffer_fills),
        TEST(a_probe_of_the_closed_window_is_answered),
        TEST(an_empty_segment_before_the_window_is_answered),
        TEST(an_empty_segment_at_the_closed_window_is_not_answered),
        TEST(a_reset_is_heeded_though_the_window_is_closed),
        TEST(a_closed_window_that_opens_is_announced),
        TEST(a_window_that_opens_by_little_is_not_announced),

        TEST(text_is_acknowledged_within_the_delay),
        TEST(at_least_every_second_full_segment_is_acknowledged_at_once),
        TEST(a_gap_is_never_reported_with_delay),
        TEST(a_repeated_segment_is_acknowledged_without_delay),
        TEST(data_carries_the_acknowledgment_that_waits),
    };

    return run_all("checkpoint 5: data arrives", tests);
}
