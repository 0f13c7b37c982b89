/*
 * Unit tests of checkpoint 5: a connection that the peer opens. RFC 9293, 3.5, 3.10.7.2
 * and 3.10.7.4.
 */
#include "connection_test.h"

/* --- CLOSED -------------------------------------------------------------------------------- */

static void a_new_connection_is_closed_and_silent(void **state)
{
    struct lab *lab = new_lab(state);

    expect_closed(lab, TCP_ERROR_NONE);
    pass(lab, 1000000);
    expect_closed(lab, TCP_ERROR_NONE);
    assert_number(tcp_connection_readable(lab->tcp), 0);
    assert_number(tcp_connection_writable(lab->tcp), 0);
    assert_number(tcp_connection_unacknowledged(lab->tcp), 0);
}

static void freeing_no_connection_is_harmless(void **state)
{
    tcp_connection_free(NULL);
    assert_null(*state);
}

static void nothing_can_be_written_before_opening(void **state)
{
    struct lab *lab = new_lab(state);

    assert_number(tcp_connection_write(lab->tcp, "x", 1), 0);
    tcp_connection_open_passive(lab->tcp, LOCAL_PORT);
    assert_number(tcp_connection_write(lab->tcp, "x", 1), 0);
    assert_number(tcp_connection_writable(lab->tcp), 0);
}

static void a_connection_opens_once(void **state)
{
    struct lab *lab = syn_sent(state);

    assert_false(tcp_connection_open_active(lab->tcp, 1, 2));
    assert_false(tcp_connection_open_passive(lab->tcp, 1));
    expect_silence(lab);
    expect_state(lab, TCP_SYN_SENT);
    assert_number(tcp_connection_local_port(lab->tcp), LOCAL_PORT);
}

/* --- LISTEN: RFC 9293, 3.10.7.2 ------------------------------------------------------------ */

static void a_passive_open_listens_in_silence(void **state)
{
    struct lab *lab = listening(state);

    expect_state(lab, TCP_LISTEN);
    assert_number(tcp_connection_local_port(lab->tcp), LOCAL_PORT);
    assert_number(tcp_connection_remote_port(lab->tcp), 0);
    assert_false(tcp_connection_open_active(lab->tcp, LOCAL_PORT, PEER_PORT));
    pass(lab, 1000000);
    expect_silence(lab);
}

static void a_listener_answers_a_syn_with_syn_and_ack(void **state)
{
    struct lab *lab = listening(state);

    arrives(lab, TCP_SYN, .seq = IRS, .mss = 600);
    expect(lab, TCP_SYN | TCP_ACK, .seq = ISS, .ack = IRS + 1);
    assert_number(lab->last.window, RCV_BUFF);
    expect_silence(lab);
    expect_state(lab, TCP_SYN_RECEIVED);
    assert_number(tcp_connection_remote_port(lab->tcp), PEER_PORT);
}

/* RFC 9293, 3.7.1, MUST-14: what our link carries, not an echo of the peer's value */
static void a_syn_announces_our_own_mss(void **state)
{
    struct lab *lab = listening(state);

    arrives(lab, TCP_SYN, .seq = IRS, .mss = 600);
    expect(lab, TCP_SYN | TCP_ACK, .seq = ISS, .ack = IRS + 1);
    assert_number(lab->last.mss, MSS);
}

static void a_listener_ignores_resets(void **state)
{
    const uint8_t resets[] = {TCP_RST, TCP_RST | TCP_ACK, TCP_RST | TCP_SYN};
    struct lab *lab = listening(state);

    for (size_t i = 0; i < sizeof resets; i++) {
        arrives(lab, resets[i], .seq = IRS, .ack = ISS);
        expect_silence(lab);
        expect_state(lab, TCP_LISTEN);
    }
}

static void a_listener_resets_whatever_acknowledges(void **state)
{
    const uint8_t acks[] = {TCP_ACK, TCP_ACK | TCP_PSH, TCP_ACK | TCP_FIN, TCP_ACK | TCP_SYN};
    struct lab *lab = listening(state);

    for (size_t i = 0; i < sizeof acks; i++) {
        arrives(lab, acks[i], .seq = IRS, .ack = 777, .text = "x");
        expect(lab, TCP_RST, .seq = 777);
        expect_silence(lab);
        expect_state(lab, TCP_LISTEN);
    }
}

static void a_listener_drops_what_is_neither_syn_nor_ack(void **state)
{
    struct lab *lab = listening(state);

    arrives(lab, TCP_FIN, .seq = IRS);
    arrives(lab, 0, .seq = IRS, .text = "x");
    arrives(lab, 0, .seq = IRS);
    expect_silence(lab);
    expect_state(lab, TCP_LISTEN);
}

/* RFC 9293, 3.5: data on a SYN waits for the handshake. To leave it to be sent again is allowed. */
static void text_on_a_syn_is_not_delivered_before_the_handshake_is_complete(void **state)
{
    struct lab *lab = listening(state);
    uint32_t kept;

    arrives(lab, TCP_SYN, .seq = IRS, .text = "hello");
    assert_number(tcp_connection_readable(lab->tcp), 0);
    kept = drain(lab).ack - (IRS + 1);
    assert_true(kept == 0 || kept == 5);
    arrives(lab, TCP_ACK, .seq = IRS + 1 + kept, .ack = ISS + 1);
    expect_state(lab, TCP_ESTABLISHED);
    assert_number(tcp_connection_readable(lab->tcp), kept);
}

/* RFC 9293, 3.10.4 */
static void a_listener_that_is_shut_down_is_gone(void **state)
{
    struct lab *lab = listening(state);

    tcp_connection_shutdown(lab->tcp);
    expect_closed(lab, TCP_ERROR_NONE);
    arrives(lab, TCP_SYN, .seq = IRS);
    expect(lab, TCP_RST | TCP_ACK, .seq = 0, .ack = IRS + 1);
}

/* --- SYN-RECEIVED: RFC 9293, 3.10.7.4 ------------------------------------------------------ */

static void the_acknowledgment_of_our_syn_establishes(void **state)
{
    struct lab *lab = syn_received(state);

    arrives(lab, TCP_ACK, .seq = IRS + 1, .ack = ISS + 1);
    expect_silence(lab);
    expect_state(lab, TCP_ESTABLISHED);
}

/* RFC 9293, 3.10.7.4, fifth check: go on with the same segment. */
static void text_with_the_last_acknowledgment_is_delivered(void **state)
{
    struct lab *lab = syn_received(state);

    arrives(lab, TCP_ACK, .seq = IRS + 1, .ack = ISS + 1, .text = "hello");
    expect(lab, TCP_ACK, .seq = ISS + 1, .ack = IRS + 6);
    expect_state(lab, TCP_ESTABLISHED);
    expect_text(lab, "hello");
}

static void text_and_fin_with_the_last_acknowledgment_count(void **state)
{
    struct lab *lab = syn_received(state);

    arrives(lab, TCP_ACK | TCP_FIN, .seq = IRS + 1, .ack = ISS + 1, .text = "hello");
    expect(lab, TCP_ACK, .seq = ISS + 1, .ack = IRS + 7);
    expect_state(lab, TCP_CLOSE_WAIT);
    expect_text(lab, "hello");
    assert_true(tcp_connection_read_finished(lab->tcp));
}

/* RFC 9293, 3.10.7.4, fifth check: SND.UNA < SEG.ACK =< SND.NXT, or a reset */
static void a_wrong_acknowledgment_of_our_syn_is_reset(void **state)
{
    const uint32_t wrong[] = {ISS, ISS + 2, ISS - 1, ISS + 1000};
    struct lab *lab = syn_received(state);

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        arrives(lab, TCP_ACK, .seq = IRS + 1, .ack = wrong[i]);
        expect(lab, TCP_RST, .seq = wrong[i]);
        expect_silence(lab);
        expect_state(lab, TCP_SYN_RECEIVED);
    }
    arrives(lab, TCP_ACK, .seq = IRS + 1, .ack = ISS + 1);
    expect_state(lab, TCP_ESTABLISHED);
}

static void text_with_a_wrong_acknowledgment_is_not_delivered(void **state)
{
    struct lab *lab = syn_received(state);

    arrives(lab, TCP_ACK, .seq = IRS + 1, .ack = ISS + 2, .text = "evil!");
    expect(lab, TCP_RST, .seq = ISS + 2);
    arrives(lab, TCP_ACK, .seq = IRS + 1, .ack = ISS + 1, .text = "hello");
    expect_text(lab, "hello");
}

/* The RFC's first check asks for an ACK; many stacks repeat their SYN and ACK. Either will do. */
static void a_repeated_syn_does_not_disturb_the_handshake(void **state)
{
    struct lab *lab = syn_received(state);
    struct tcp_segment segment = {0};

    arrives(lab, TCP_SYN, .seq = IRS, .mss = MSS);
    assert_true(tcp_connection_next_segment(lab->tcp, &segment));
    assert_number(segment.flags & (TCP_RST | TCP_ACK), TCP_ACK);
    assert_seqno(segment.ack, IRS + 1);
    assert_seqno(segment.seq, (segment.flags & TCP_SYN) != 0 ? ISS : ISS + 1);
    expect_silence(lab);
    expect_state(lab, TCP_SYN_RECEIVED);
    arrives(lab, TCP_ACK, .seq = IRS + 1, .ack = ISS + 1);
    expect_state(lab, TCP_ESTABLISHED);
}

/* RFC 9293, 3.10.7.4, first check */
static void a_segment_outside_the_window_is_acknowledged_and_dropped(void **state)
{
    struct lab *lab = syn_received(state);

    arrives(lab, TCP_ACK, .seq = IRS + 1 + RCV_BUFF, .ack = ISS + 1, .text = "x");
    expect(lab, TCP_ACK, .seq = ISS + 1, .ack = IRS + 1);
    expect_state(lab, TCP_SYN_RECEIVED);
}

/* RFC 9293, 3.10.7.4, fifth check */
static void a_segment_without_ack_does_not_complete_the_handshake(void **state)
{
    struct lab *lab = syn_received(state);

    arrives(lab, 0, .seq = IRS + 1, .text = "hello");
    expect_silence(lab);
    expect_state(lab, TCP_SYN_RECEIVED);
    arrives(lab, TCP_ACK, .seq = IRS + 1, .ack = ISS + 1);
    assert_number(tcp_connection_readable(lab->tcp), 0);
}

/* RFC 9293, 3.10.7.4, second check; MUST-11 */
static void a_reset_returns_a_passive_open_to_listen(void **state)
{
    struct lab *lab = syn_received(state);

    arrives(lab, TCP_RST, .seq = IRS + 1);
    expect_silence(lab);
    expect_state(lab, TCP_LISTEN);
    assert_number(tcp_connection_error(lab->tcp), TCP_ERROR_NONE);
    assert_number(tcp_connection_remote_port(lab->tcp), 0);
    pass(lab, 100000);
    expect_silence(lab);
}

/* RFC 9293, 3.5, figure 8: recovery from an old duplicate SYN */
static void a_listener_that_was_reset_takes_the_next_syn(void **state)
{
    struct lab *lab = syn_received(state);

    arrives(lab, TCP_RST, .seq = IRS + 1);
    arrives(lab, TCP_SYN, .seq = IRS + 70000);
    expect(lab, TCP_SYN | TCP_ACK, .seq = ISS, .ack = IRS + 70001);
    arrives(lab, TCP_ACK, .seq = IRS + 70001, .ack = ISS + 1);
    expect_state(lab, TCP_ESTABLISHED);
}

/* RFC 9293, 3.10.7.4, fourth check */
static void a_syn_in_the_window_returns_a_passive_open_to_listen(void **state)
{
    struct lab *lab = syn_received(state);

    arrives(lab, TCP_SYN, .seq = IRS + 100);
    drain(lab);
    expect_state(lab, TCP_LISTEN);
    arrives(lab, TCP_SYN, .seq = IRS + 70000);
    expect(lab, TCP_SYN | TCP_ACK, .seq = ISS, .ack = IRS + 70001);
}

/* RFC 9293, 3.10.7.4, second check */
static void a_reset_outside_the_window_does_not_end_the_handshake(void **state)
{
    struct lab *lab = syn_received(state);

    arrives(lab, TCP_RST, .seq = IRS);
    arrives(lab, TCP_RST, .seq = IRS + 1 + RCV_BUFF);
    expect_silence(lab);
    expect_state(lab, TCP_SYN_RECEIVED);
}

static void a_reset_inside_the_window_but_not_at_its_edge_is_challenged(void **state)
{
    struct lab *lab = syn_received(state);

    arrives(lab, TCP_RST, .seq = IRS + 2);
    expect(lab, TCP_ACK, .seq = ISS + 1, .ack = IRS + 1);
    expect_state(lab, TCP_SYN_RECEIVED);
}

static void a_lost_syn_and_ack_is_sent_again_with_the_same_isn(void **state)
{
    struct lab *lab = syn_received(state);

    for (uint32_t gap = 1000; gap <= 4000; gap *= 2) {
        pass(lab, gap - 1);
        expect_silence(lab);
        pass(lab, 1);
        expect(lab, TCP_SYN | TCP_ACK, .seq = ISS, .ack = IRS + 1);
    }
    arrives(lab, TCP_ACK, .seq = IRS + 1, .ack = ISS + 1);
    expect_state(lab, TCP_ESTABLISHED);
}

/* RFC 9293, 3.10.4: the FIN waits, and the acknowledgment of the SYN is not one of the FIN. */
static void a_shutdown_before_the_handshake_is_complete_sends_its_fin_afterwards(void **state)
{
    struct lab *lab = syn_received(state);

    tcp_connection_shutdown(lab->tcp);
    drain(lab);
    arrives(lab, TCP_ACK, .seq = IRS + 1, .ack = ISS + 1);
    expect(lab, TCP_FIN | TCP_ACK, .seq = ISS + 1, .ack = IRS + 1);
    expect_silence(lab);
    expect_state(lab, TCP_FIN_WAIT_1);
    arrives(lab, TCP_ACK, .seq = IRS + 1, .ack = ISS + 2);
    expect_state(lab, TCP_FIN_WAIT_2);
}

static void bytes_written_before_the_handshake_is_complete_go_out_afterwards(void **state)
{
    struct lab *lab = syn_received(state);

    app_writes(lab, 0, 10);
    expect_silence(lab);
    assert_number(tcp_connection_unacknowledged(lab->tcp), 10);
    arrives(lab, TCP_ACK, .seq = IRS + 1, .ack = ISS + 1);
    expect(lab, TCP_ACK, .seq = ISS + 1, .ack = IRS + 1, .len = 10);
}

#define TEST(name) cmocka_unit_test_teardown(name, free_lab)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_new_connection_is_closed_and_silent),
        TEST(freeing_no_connection_is_harmless),
        TEST(nothing_can_be_written_before_opening),
        TEST(a_connection_opens_once),

        TEST(a_passive_open_listens_in_silence),
        TEST(a_listener_answers_a_syn_with_syn_and_ack),
        TEST(a_syn_announces_our_own_mss),
        TEST(a_listener_ignores_resets),
        TEST(a_listener_resets_whatever_acknowledges),
        TEST(a_listener_drops_what_is_neither_syn_nor_ack),
        TEST(text_on_a_syn_is_not_delivered_before_the_handshake_is_complete),
        TEST(a_listener_that_is_shut_down_is_gone),

        TEST(the_acknowledgment_of_our_syn_establishes),
        TEST(text_with_the_last_acknowledgment_is_delivered),
        TEST(text_and_fin_with_the_last_acknowledgment_count),
        TEST(a_wrong_acknowledgment_of_our_syn_is_reset),
        TEST(text_with_a_wrong_acknowledgment_is_not_delivered),
        TEST(a_repeated_syn_does_not_disturb_the_handshake),
        TEST(a_segment_outside_the_window_is_acknowledged_and_dropped),
        TEST(a_segment_without_ack_does_not_complete_the_handshake),
        TEST(a_reset_returns_a_passive_open_to_listen),
        TEST(a_listener_that_was_reset_takes_the_next_syn),
        TEST(a_syn_in_the_window_returns_a_passive_open_to_listen),
        TEST(a_reset_outside_the_window_does_not_end_the_handshake),
        TEST(a_reset_inside_the_window_but_not_at_its_edge_is_challenged),
        TEST(a_lost_syn_and_ack_is_sent_again_with_the_same_isn),
        TEST(a_shutdown_before_the_handshake_is_complete_sends_its_fin_afterwards),
        TEST(bytes_written_before_the_handshake_is_complete_go_out_afterwards),
    };

    return run_all("checkpoint 5: the peer opens", tests);
}
