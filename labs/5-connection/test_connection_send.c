/*
 * Unit tests of checkpoint 5: data that leaves, and the peer's window. RFC 9293, 3.8.
 */
#include "connection_test.h"

/* --- sending ------------------------------------------------------------------------------- */

static void what_is_written_goes_out_with_the_present_acknowledgment(void **state)
{
    struct lab *lab = established(state);

    app_writes(lab, 0, 2000);
    expect(lab, TCP_ACK, .seq = ISS + 1, .ack = IRS + 1, .len = 1000);
    expect(lab, TCP_ACK, .seq = ISS + 1001, .ack = IRS + 1, .len = 1000);
    expect_silence(lab);
}

/* RFC 9293, 3.9.1.2, MUST-61 */
static void the_last_segment_of_what_was_written_is_pushed(void **state)
{
    struct lab *lab = established(state);
    struct tcp_segment segment = {0};

    app_writes(lab, 0, 2000);
    expect(lab, TCP_ACK, .seq = ISS + 1, .ack = IRS + 1, .len = 1000);
    assert_true(tcp_connection_next_segment(lab->tcp, &segment));
    assert_number(segment.flags & TCP_PSH, TCP_PSH);
}

static void write_takes_what_the_send_buffer_has_room_for(void **state)
{
    struct lab *lab = established(state);
    uint8_t bytes[9000] = {0};

    assert_number(tcp_connection_writable(lab->tcp), 8000);
    assert_number(tcp_connection_write(lab->tcp, bytes, sizeof bytes), 8000);
    assert_number(tcp_connection_writable(lab->tcp), 0);
    assert_number(tcp_connection_write(lab->tcp, bytes, 1), 0);
    assert_number(tcp_connection_unacknowledged(lab->tcp), 8000);
}

static void acknowledged_bytes_make_room_for_more(void **state)
{
    struct lab *lab = established(state);

    app_writes(lab, 0, 8000);
    for (uint32_t i = 0; i < 4; i++) {
        expect(lab, TCP_ACK, .seq = ISS + 1 + i * 1000, .ack = IRS + 1, .len = 1000);
    }
    arrives(lab, TCP_ACK, .seq = IRS + 1, .ack = ISS + 2501);
    assert_number(tcp_connection_writable(lab->tcp), 2500);
    assert_number(tcp_connection_unacknowledged(lab->tcp), 5500);
}

/* RFC 9293, 3.10.7.4, fifth check */
static void an_acknowledgment_of_what_was_never_sent_frees_nothing(void **state)
{
    struct lab *lab = established(state);

    lab->peer_window = 3;
    arrives(lab, TCP_ACK, .seq = IRS + 1, .ack = ISS + 1);
    app_writes(lab, 0, 6);
    expect_silence(lab);
    pass(lab, 200);
    expect(lab, TCP_ACK, .seq = ISS + 1, .ack = IRS + 1, .len = 3);
    arrives(lab, TCP_ACK, .seq = IRS + 1, .ack = ISS + 7);
    expect(lab, TCP_ACK, .seq = ISS + 4, .ack = IRS + 1);
    assert_number(tcp_connection_unacknowledged(lab->tcp), 6);
}

static void a_lost_segment_is_sent_again_with_the_acknowledgment_of_the_day(void **state)
{
    struct lab *lab = established(state);

    app_writes(lab, 0, 10);
    expect(lab, TCP_ACK, .seq = ISS + 1, .ack = IRS + 1, .len = 10);
    arrives(lab, TCP_ACK, .seq = IRS + 1, .ack = ISS + 1, .text = "hello");
    expect(lab, TCP_ACK, .seq = ISS + 11, .ack = IRS + 6);
    pass(lab, 1000);
    expect(lab, TCP_ACK, .seq = ISS + 1, .ack = IRS + 6, .len = 10);
    expect_window(lab, RCV_BUFF - 5);
}

/* An ACK between two copies of a segment stands at SND.NXT, or the peer would refuse it. */
static void acknowledgments_stand_at_snd_nxt_also_after_a_timeout(void **state)
{
    struct lab *lab = established(state);

    app_writes(lab, 0, 2000);
    expect(lab, TCP_ACK, .seq = ISS + 1, .ack = IRS + 1, .len = 1000);
    expect(lab, TCP_ACK, .seq = ISS + 1001, .ack = IRS + 1, .len = 1000);
    pass(lab, 1000);
    expect(lab, TCP_ACK, .seq = ISS + 1, .ack = IRS + 1, .len = 1000);
    arrives(lab, TCP_ACK, .seq = IRS + 1, .ack = ISS + 1, .text = "hello");
    expect(lab, TCP_ACK, .seq = ISS + 2001, .ack = IRS + 6);
}

static void an_acknowledgment_that_is_lost_is_not_sent_again_by_itself(void **state)
{
    struct lab *lab = established(state);

    arrives(lab, TCP_ACK, .seq = IRS + 1, .ack = ISS + 1, .text = "hello");
    expect(lab, TCP_ACK, .seq = ISS + 1, .ack = IRS + 6);
    pass(lab, 1000000);
    expect_silence(lab);
}

/* RFC 9293, 3.8.4, MUST-25: keep-alives are off. */
static void an_idle_connection_is_silent_for_ever(void **state)
{
    struct lab *lab = established(state);

    for (int hour = 0; hour < 24; hour++) {
        pass(lab, 3600000);
        expect_silence(lab);
    }
    expect_state(lab, TCP_ESTABLISHED);
}

/* RFC 9293, 3.7.4, MUST-17 */
static void the_application_can_switch_nagle_off(void **state)
{
    struct lab *lab = established(state);

    app_writes(lab, 0, 1);
    expect(lab, TCP_ACK, .seq = ISS + 1, .ack = IRS + 1, .len = 1);
    app_writes(lab, 1, 1);
    expect_silence(lab);
    tcp_connection_set_nagle(lab->tcp, false);
    expect(lab, TCP_ACK, .seq = ISS + 2, .ack = IRS + 1, .len = 1);
}

/* --- the peer's window --------------------------------------------------------------------- */

static void nothing_is_sent_into_a_closed_window(void **state)
{
    struct lab *lab = established(state);

    lab->peer_window = 0;
    arrives(lab, TCP_ACK, .seq = IRS + 1, .ack = ISS + 1);
    app_writes(lab, 0, 3000);
    expect_silence(lab);
    lab->peer_window = 1000;
    arrives(lab, TCP_ACK, .seq = IRS + 1, .ack = ISS + 1);
    expect(lab, TCP_ACK, .seq = ISS + 1, .ack = IRS + 1, .len = 1000);
    expect_silence(lab);
}

/* RFC 9293, 3.8.6.1, MUST-36 */
static void a_closed_window_is_probed(void **state)
{
    struct lab *lab = established(state);

    lab->peer_window = 0;
    arrives(lab, TCP_ACK, .seq = IRS + 1, .ack = ISS + 1);
    app_writes(lab, 0, 3000);
    expect_silence(lab);
    pass(lab, 1000);
    expect(lab, TCP_ACK, .seq = ISS + 1, .ack = IRS + 1, .len = 1);
    expect_silence(lab);
}

/* RFC 9293, 3.8.6.1, MUST-37: far beyond R2, and beyond the user timeout of five minutes */
static void probes_that_are_answered_keep_the_connection_open(void **state)
{
    struct lab *lab = established(state);
    struct tcp_segment segment = {0};

    lab->peer_window = 0;
    arrives(lab, TCP_ACK, .seq = IRS + 1, .ack = ISS + 1);
    app_writes(lab, 0, 3000);
    expect_silence(lab);
    for (int minute = 0; minute < 60; minute++) {
        pass(lab, 60000);
        assert_true(tcp_connection_next_segment(lab->tcp, &segment));
        arrives(lab, TCP_ACK, .seq = IRS + 1, .ack = ISS + 1);
        expect_silence(lab);
    }
    expect_state(lab, TCP_ESTABLISHED);
}

/* RFC 9293, A.2: at the number of the probe, where the peer stands, or at SND.NXT */
static void behind_a_refused_probe_the_peer_still_hears_what_we_have_received(void **state)
{
    struct lab *lab = established(state);
    struct tcp_segment segment = {0};

    lab->peer_window = 0;
    arrives(lab, TCP_ACK, .seq = IRS + 1, .ack = ISS + 1);
    app_writes(lab, 0, 3000);
    expect_silence(lab);
    pass(lab, 1000);
    expect(lab, TCP_ACK, .seq = ISS + 1, .ack = IRS + 1, .len = 1);
    arrives(lab, TCP_ACK, .seq = IRS + 1, .ack = ISS + 1);
    expect_silence(lab);
    arrives(lab, TCP_ACK, .seq = IRS + 1, .ack = ISS + 1, .text = "hello");
    assert_true(tcp_connection_next_segment(lab->tcp, &segment));
    assert_true(segment.seq.raw == ISS + 1 || segment.seq.raw == ISS + 2);
    assert_number(segment.payload_len, 0);
    assert_number(segment.ack.raw, IRS + 6);
    expect_silence(lab);
}

/* A SYN in ESTABLISHED: RFC 9293, 3.10.7.4, fourth check */
static void the_stream_goes_on_after_a_stray_syn(void **state)
{
    struct lab *lab = established(state);

    arrives(lab, TCP_SYN, .seq = IRS + 1);
    expect(lab, TCP_ACK, .seq = ISS + 1, .ack = IRS + 1);
    arrives(lab, TCP_ACK, .seq = IRS + 1, .ack = ISS + 1, .text = "hello");
    expect(lab, TCP_ACK, .seq = ISS + 1, .ack = IRS + 6);
    expect_text(lab, "hello");
}

#define TEST(name) cmocka_unit_test_teardown(name, free_lab)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_written_goes_out_with_the_present_acknowledgment),
        TEST(the_last_segment_of_what_was_written_is_pushed),
        TEST(write_takes_what_the_send_buffer_has_room_for),
        TEST(acknowledged_bytes_make_room_for_more),
        TEST(an_acknowledgment_of_what_was_never_sent_frees_nothing),
        TEST(a_lost_segment_is_sent_again_with_the_acknowledgment_of_the_day),
        TEST(acknowledgments_stand_at_snd_nxt_also_after_a_timeout),
        TEST(an_acknowledgment_that_is_lost_is_not_sent_again_by_itself),
        TEST(an_idle_connection_is_silent_for_ever),
        TEST(the_application_can_switch_nagle_off),

        TEST(nothing_is_sent_into_a_closed_window),
        TEST(a_closed_window_is_probed),
        TEST(probes_that_are_answered_keep_the_connection_open),
        TEST(behind_a_refused_probe_the_peer_still_hears_what_we_have_received),
        TEST(the_stream_goes_on_after_a_stray_syn),
    };

    return run_all("checkpoint 5: data leaves", tests);
}
