/*
 * Unit tests of checkpoint 5: a connection that we open, or both sides at once. RFC 9293, 3.5 and
 * 3.10.7.3.
 */
#include "connection_test.h"

/* --- SYN-SENT: RFC 9293, 3.10.7.3 ---------------------------------------------------------- */

static void an_active_open_sends_a_syn(void **state)
{
    struct lab *lab = new_lab(state);

    assert_true(tcp_connection_open_active(lab->tcp, LOCAL_PORT, PEER_PORT));
    expect_state(lab, TCP_SYN_SENT);
    expect(lab, TCP_SYN, .seq = ISS);
    assert_number(lab->last.mss, MSS);
    expect_silence(lab);
}

static void syn_and_ack_establish_and_are_acknowledged(void **state)
{
    struct lab *lab = syn_sent(state);

    arrives(lab, TCP_SYN | TCP_ACK, .seq = IRS, .ack = ISS + 1, .mss = MSS);
    expect(lab, TCP_ACK, .seq = ISS + 1, .ack = IRS + 1);
    expect_silence(lab);
    expect_state(lab, TCP_ESTABLISHED);
}

static void bytes_written_early_wait_for_the_handshake(void **state)
{
    struct lab *lab = syn_sent(state);
    struct drained drained;

    app_writes(lab, 0, 1500);
    tcp_connection_set_nagle(lab->tcp, false);
    expect_silence(lab);
    arrives(lab, TCP_SYN | TCP_ACK, .seq = IRS, .ack = ISS + 1, .mss = MSS);
    drained = drain(lab);
    assert_number(drained.bytes, 1500);
    assert_number(drained.ack, IRS + 1);
}

static void text_on_syn_and_ack_is_delivered_or_left_unacknowledged(void **state)
{
    struct lab *lab = syn_sent(state);
    uint32_t kept;

    arrives(lab, TCP_SYN | TCP_ACK, .seq = IRS, .ack = ISS + 1, .text = "hello");
    kept = drain(lab).ack - (IRS + 1);
    assert_true(kept == 0 || kept == 5);
    expect_state(lab, TCP_ESTABLISHED);
    assert_number(tcp_connection_readable(lab->tcp), kept);
}

/* RFC 9293, 3.10.7.3, first check */
static void a_wrong_acknowledgment_is_reset_and_the_syn_goes_on(void **state)
{
    const uint32_t wrong[] = {ISS, ISS + 2, ISS - 10};
    const uint8_t controls[] = {TCP_ACK, TCP_SYN | TCP_ACK, TCP_FIN | TCP_ACK};
    struct lab *lab = syn_sent(state);

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        for (size_t j = 0; j < sizeof controls; j++) {
            arrives(lab, controls[j], .seq = IRS, .ack = wrong[i]);
            expect(lab, TCP_RST, .seq = wrong[i]);
            expect_silence(lab);
            expect_state(lab, TCP_SYN_SENT);
        }
    }
    pass(lab, 1000);
    expect(lab, TCP_SYN, .seq = ISS);
    arrives(lab, TCP_SYN | TCP_ACK, .seq = IRS, .ack = ISS + 1);
    expect_state(lab, TCP_ESTABLISHED);
}

static void a_reset_with_a_wrong_acknowledgment_is_ignored(void **state)
{
    struct lab *lab = syn_sent(state);

    arrives(lab, TCP_RST | TCP_ACK, .seq = 0, .ack = ISS);
    arrives(lab, TCP_RST | TCP_ACK, .seq = 0, .ack = ISS + 2);
    expect_silence(lab);
    expect_state(lab, TCP_SYN_SENT);
}

static void a_reset_without_acknowledgment_is_ignored(void **state)
{
    struct lab *lab = syn_sent(state);

    arrives(lab, TCP_RST, .seq = 0);
    arrives(lab, TCP_RST | TCP_SYN, .seq = IRS);
    expect_silence(lab);
    expect_state(lab, TCP_SYN_SENT);
    pass(lab, 1000);
    expect(lab, TCP_SYN, .seq = ISS);
}

static void a_reset_that_acknowledges_our_syn_means_refused(void **state)
{
    struct lab *lab = syn_sent(state);

    arrives(lab, TCP_RST | TCP_ACK, .seq = 0, .ack = ISS + 1);
    expect_closed(lab, TCP_ERROR_REFUSED);
    pass(lab, 10000);
    expect_silence(lab);
}

/* RFC 9293, 3.10.7.3, fifth check */
static void an_acknowledgment_without_syn_does_not_establish(void **state)
{
    struct lab *lab = syn_sent(state);

    arrives(lab, TCP_ACK, .seq = IRS + 1, .ack = ISS + 1, .text = "hello");
    expect_silence(lab);
    expect_state(lab, TCP_SYN_SENT);
    pass(lab, 1000);
    expect(lab, TCP_SYN, .seq = ISS);
}

static void neither_fin_nor_text_means_anything_before_a_syn(void **state)
{
    struct lab *lab = syn_sent(state);

    arrives(lab, TCP_FIN, .seq = IRS);
    arrives(lab, 0, .seq = IRS, .text = "hello");
    expect_silence(lab);
    expect_state(lab, TCP_SYN_SENT);
    assert_number(tcp_connection_readable(lab->tcp), 0);
}

/* RFC 9293, 3.5.1, figure 9: the peer still believes in an old connection. */
static void a_half_open_connection_is_reset_and_the_new_one_succeeds(void **state)
{
    struct lab *lab = syn_sent(state);

    arrives(lab, TCP_ACK, .seq = 300, .ack = 100);
    expect(lab, TCP_RST, .seq = 100);
    pass(lab, 1000);
    expect(lab, TCP_SYN, .seq = ISS);
    arrives(lab, TCP_SYN | TCP_ACK, .seq = IRS, .ack = ISS + 1);
    expect(lab, TCP_ACK, .seq = ISS + 1, .ack = IRS + 1);
    expect_state(lab, TCP_ESTABLISHED);
}

/* RFC 9293, 3.8.3, MUST-23: for three minutes at least; RFC 6298, 5.5: at growing intervals */
static void an_unanswered_syn_is_repeated_for_three_minutes_and_then_given_up(void **state)
{
    struct lab *lab = syn_sent(state);
    uint32_t last_syn_ms = 0;
    uint32_t now_ms = 0;
    struct tcp_segment segment = {0};

    while (tcp_connection_state(lab->tcp) == TCP_SYN_SENT && now_ms < 1000000) {
        pass(lab, 100);
        now_ms += 100;
        if (tcp_connection_next_segment(lab->tcp, &segment)) {
            assert_number(wording_of(&segment).flags, TCP_SYN);
            assert_seqno(segment.seq, ISS);
            last_syn_ms = now_ms;
        }
    }
    assert_number(last_syn_ms, 183000); /* 1 + 2 + 4 + 8 + 16 + 32 + 60 + 60 s */
    expect_closed(lab, TCP_ERROR_TIMED_OUT);
}

/* RFC 9293, 3.10.4 */
static void a_shutdown_before_any_answer_ends_the_attempt(void **state)
{
    struct lab *lab = syn_sent(state);

    app_writes(lab, 0, 10);
    tcp_connection_shutdown(lab->tcp);
    expect_closed(lab, TCP_ERROR_NONE);
    pass(lab, 10000);
    expect_silence(lab);
    arrives(lab, TCP_SYN | TCP_ACK, .seq = IRS, .ack = ISS + 1);
    expect(lab, TCP_RST, .seq = ISS + 1);
}

/* --- the peer's MSS and window ------------------------------------------------------------- */

/* RFC 9293, 3.7.1, MUST-14 to MUST-16 */
static void segments_are_as_long_as_the_peers_mss_says(void **state)
{
    const struct {
        uint16_t announced;
        size_t longest;
    } table[] = {{600, 600}, {0, 536}, {9000, MSS}, {1, TCP_MIN_MSS}};

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct lab *lab = syn_sent(state);

        arrives(lab, TCP_SYN | TCP_ACK, .seq = IRS, .ack = ISS + 1, .mss = table[i].announced);
        drain(lab);
        app_writes(lab, 0, 2000);
        assert_number(drain(lab).longest, table[i].longest);
        free_lab(state);
    }
}

static void a_passive_open_heeds_the_peers_mss_too(void **state)
{
    struct lab *lab = listening(state);

    arrives(lab, TCP_SYN, .seq = IRS, .mss = 600);
    arrives(lab, TCP_ACK, .seq = IRS + 1, .ack = ISS + 1);
    drain(lab);
    arrives(lab, TCP_ACK, .seq = IRS + 1, .ack = ISS + 1);
    app_writes(lab, 0, 2000);
    assert_number(drain(lab).longest, 600);
}

/* An MSS option of 0 must not stop the connection, nor make it divide by it. */
static void an_mss_of_zero_does_no_harm(void **state)
{
    struct lab *lab = syn_sent(state);

    tcp_connection_segment_arrives(lab->tcp, &(struct tcp_segment){.source_port = PEER_PORT,
                                                                   .destination_port = LOCAL_PORT,
                                                                   .seq = {IRS},
                                                                   .ack = {ISS + 1},
                                                                   .flags = TCP_SYN | TCP_ACK,
                                                                   .window = 4000,
                                                                   .has_mss = true,
                                                                   .mss = 0});
    drain(lab);
    app_writes(lab, 0, 2000);
    assert_number(drain(lab).longest, TCP_MIN_MSS);
}

static void the_window_of_syn_and_ack_counts(void **state)
{
    struct lab *lab = syn_sent(state);

    lab->peer_window = 0;
    arrives(lab, TCP_SYN | TCP_ACK, .seq = IRS, .ack = ISS + 1, .mss = MSS);
    expect(lab, TCP_ACK, .seq = ISS + 1, .ack = IRS + 1);
    app_writes(lab, 0, 10);
    expect_silence(lab);
}

/* --- simultaneous open: RFC 9293, 3.5, figure 7 (MUST-10) ---------------------------------- */

static void a_syn_that_crosses_ours_is_answered_with_syn_and_ack(void **state)
{
    struct lab *lab = syn_sent(state);

    arrives(lab, TCP_SYN, .seq = IRS, .mss = MSS);
    expect(lab, TCP_SYN | TCP_ACK, .seq = ISS, .ack = IRS + 1);
    expect_silence(lab);
    expect_state(lab, TCP_SYN_RECEIVED);
}

static void after_syns_that_crossed_an_acknowledgment_establishes(void **state)
{
    struct lab *lab = syn_received_from_syn_sent(state);

    arrives(lab, TCP_ACK, .seq = IRS + 1, .ack = ISS + 1);
    expect_silence(lab);
    expect_state(lab, TCP_ESTABLISHED);
    app_writes(lab, 0, 10);
    expect(lab, TCP_ACK, .seq = ISS + 1, .ack = IRS + 1, .len = 10);
}

/* The peer's SYN and ACK stands at IRS, before the window; figure 7 lets it establish all the same,
 * the first check asks for an ACK (RFC 9293, A.2). Either way the peer's next ACK establishes. */
static void after_syns_that_crossed_syn_and_ack_do_no_harm(void **state)
{
    struct lab *lab = syn_received_from_syn_sent(state);

    lab->snd_nxt = ISS + 1;
    lab->rcv_nxt = IRS + 1;
    arrives(lab, TCP_SYN | TCP_ACK, .seq = IRS, .ack = ISS + 1, .mss = MSS);
    expect_silence_or_plain_ack(lab);
    arrives(lab, TCP_ACK, .seq = IRS + 1, .ack = ISS + 1);
    expect_silence(lab);
    expect_state(lab, TCP_ESTABLISHED);
}

/* RFC 9293, 3.10.7.4, second check; MUST-11 */
static void after_syns_that_crossed_a_reset_means_refused(void **state)
{
    struct lab *lab = syn_received_from_syn_sent(state);

    arrives(lab, TCP_RST, .seq = IRS + 1);
    expect_closed(lab, TCP_ERROR_REFUSED);
}

/* RFC 9293, 3.10.7.4, fourth check */
static void after_syns_that_crossed_another_syn_is_challenged(void **state)
{
    struct lab *lab = syn_received_from_syn_sent(state);

    arrives(lab, TCP_SYN, .seq = IRS + 100);
    expect(lab, TCP_ACK, .seq = ISS + 1, .ack = IRS + 1);
    expect_state(lab, TCP_SYN_RECEIVED);
}

/* --- initial sequence numbers -------------------------------------------------------------- */

/* RFC 9293, 3.4: any ISN will do. `wanted` is both ours and the peer's. */
static void handshake_with_isn(void **state, uint32_t wanted)
{
    struct tcp_config config = lab_config();
    struct lab *lab;
    struct tcp_segment segment = {0};

    config.isn = (struct seqno){wanted};
    lab = listening_with(state, &config);
    arrives(lab, TCP_SYN, .seq = wanted, .mss = MSS);
    assert_true(tcp_connection_next_segment(lab->tcp, &segment));
    assert_seqno(segment.seq, wanted);
    assert_seqno(segment.ack, wanted + 1);
    arrives(lab, TCP_ACK, .seq = wanted + 1, .ack = wanted + 1, .text = "hello");
    expect_state(lab, TCP_ESTABLISHED);
    assert_number(drain(lab).ack, wanted + 6);
    app_writes(lab, 0, 1);
    assert_number(drain(lab).bytes, 1);
    arrives(lab, TCP_ACK, .seq = wanted + 6, .ack = wanted + 2);
    assert_number(tcp_connection_unacknowledged(lab->tcp), 0);
    expect_text(lab, "hello");
}

static void any_initial_sequence_number_will_do(void **state)
{
    const uint32_t numbers[] = {0,           1,           0x7fffffffu, 0x80000000u,
                                0xfffffff0u, 0xfffffffeu, 0xffffffffu};

    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        word(handshake_with_isn(state, numbers[i]));
        free_lab(state);
    }
}

#define TEST(name) cmocka_unit_test_teardown(name, free_lab)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_active_open_sends_a_syn),
        TEST(syn_and_ack_establish_and_are_acknowledged),
        TEST(bytes_written_early_wait_for_the_handshake),
        TEST(text_on_syn_and_ack_is_delivered_or_left_unacknowledged),
        TEST(a_wrong_acknowledgment_is_reset_and_the_syn_goes_on),
        TEST(a_reset_with_a_wrong_acknowledgment_is_ignored),
        TEST(a_reset_without_acknowledgment_is_ignored),
        TEST(a_reset_that_acknowledges_our_syn_means_refused),
        TEST(an_acknowledgment_without_syn_does_not_establish),
        TEST(neither_fin_nor_text_means_anything_before_a_syn),
        TEST(a_half_open_connection_is_reset_and_the_new_one_succeeds),
        TEST(an_unanswered_syn_is_repeated_for_three_minutes_and_then_given_up),
        TEST(a_shutdown_before_any_answer_ends_the_attempt),

        TEST(segments_are_as_long_as_the_peers_mss_says),
        TEST(a_passive_open_heeds_the_peers_mss_too),
        TEST(an_mss_of_zero_does_no_harm),
        TEST(the_window_of_syn_and_ack_counts),

        TEST(a_syn_that_crosses_ours_is_answered_with_syn_and_ack),
        TEST(after_syns_that_crossed_an_acknowledgment_establishes),
        TEST(after_syns_that_crossed_syn_and_ack_do_no_harm),
        TEST(after_syns_that_crossed_a_reset_means_refused),
        TEST(after_syns_that_crossed_another_syn_is_challenged),

        TEST(any_initial_sequence_number_will_do),
    };

    return run_all("checkpoint 5: we open", tests);
}
