/*
 * Unit tests of checkpoint 5: resets, challenges and unacceptable segments, in every state. RFC
 * 9293, 3.5.2, 3.5.3 and 3.10.7.
 */
#include "connection_test.h"

/* --- where there is no connection: RFC 9293, 3.10.7.1 ----------------------------------------- */

static const struct tcp_segment stray = {
    .source_port = PEER_PORT, .destination_port = LOCAL_PORT, .seq = {IRS}, .ack = {777}};

static void a_closed_port_does_not_answer_a_reset(void **state)
{
    struct tcp_segment segment = stray;
    struct tcp_segment reply = {0};

    (void)state;
    segment.flags = TCP_RST;
    assert_false(tcp_reply_to_closed(&segment, &reply));
    segment.flags = TCP_RST | TCP_ACK;
    assert_false(tcp_reply_to_closed(&segment, &reply));
    segment.flags = TCP_RST | TCP_SYN;
    assert_false(tcp_reply_to_closed(&segment, &reply));
}

static void a_closed_port_answers_an_acknowledgment_with_a_reset_at_its_number(void **state)
{
    const uint8_t controls[] = {TCP_ACK, TCP_ACK | TCP_SYN, TCP_ACK | TCP_FIN | TCP_PSH};

    (void)state;
    for (size_t i = 0; i < sizeof controls; i++) {
        struct tcp_segment segment = stray;
        struct tcp_segment reply = {0};

        segment.flags = controls[i];
        assert_true(tcp_reply_to_closed(&segment, &reply));
        assert_number(reply.flags, TCP_RST);
        assert_seqno(reply.seq, 777);
    }
}

/* SEQ = 0, ACK = SEG.SEQ + SEG.LEN */
static void a_closed_port_acknowledges_what_carries_no_acknowledgment(void **state)
{
    const struct {
        uint8_t flags;
        size_t len;
        uint32_t ack;
    } table[] = {
        {TCP_SYN, 0, IRS + 1}, {TCP_SYN, 5, IRS + 6}, {TCP_FIN, 0, IRS + 1},
        {0, 0, IRS},           {0, 5, IRS + 5},       {TCP_SYN | TCP_FIN, 5, IRS + 7},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct tcp_segment segment = stray;
        struct tcp_segment reply = {0};

        segment.flags = table[i].flags;
        segment.payload = (const uint8_t *)"hello";
        segment.payload_len = table[i].len;
        assert_true(tcp_reply_to_closed(&segment, &reply));
        assert_number(reply.flags, TCP_RST | TCP_ACK);
        assert_seqno(reply.seq, 0);
        assert_seqno(reply.ack, table[i].ack);
    }
}

static void the_reset_of_a_closed_port_goes_back_where_the_segment_came_from(void **state)
{
    struct tcp_segment segment = stray;
    struct tcp_segment reply = {.has_mss = true, .payload_len = 99};

    (void)state;
    segment.flags = TCP_SYN;
    assert_true(tcp_reply_to_closed(&segment, &reply));
    assert_number(reply.source_port, LOCAL_PORT);
    assert_number(reply.destination_port, PEER_PORT);
    assert_number(reply.payload_len, 0);
    assert_false(reply.has_mss);
}

static void a_closed_connection_answers_like_a_closed_port(void **state)
{
    struct lab *lab = established(state);

    tcp_connection_abort(lab->tcp);
    expect_reset(lab, ISS + 1);
    arrives(lab, TCP_ACK, .seq = IRS + 1, .ack = ISS + 1, .text = "hello");
    expect(lab, TCP_RST, .seq = ISS + 1);
    arrives(lab, TCP_SYN, .seq = 100);
    expect(lab, TCP_RST | TCP_ACK, .seq = 0, .ack = 101);
    arrives(lab, TCP_RST, .seq = IRS + 1);
    expect_silence(lab);
    expect_state(lab, TCP_CLOSED);
}

/* --- a reset arrives: RFC 9293, 3.10.7.4, second check --------------------------------------- */

static void a_reset_at_rcv_nxt_ends_the_connection(void **state)
{
    for_each_synchronized_state(each)
    {
        struct lab *lab = in_state(state, each);

        arrives(lab, TCP_RST, .seq = lab->rcv_nxt);
        expect_silence(lab);
        if (each != TCP_TIME_WAIT) { /* RFC 1337 would rather ignore it there */
            expect_state(lab, TCP_CLOSED);
        }
        pass(lab, 100000);
        expect_silence(lab);
        free_lab(state);
    }
}

/* RFC 9293, 3.6, MUST-12: the application can tell it from an orderly end. */
static void the_application_is_told_of_the_reset(void **state)
{
    const enum tcp_state states[] = {TCP_ESTABLISHED, TCP_FIN_WAIT_1, TCP_FIN_WAIT_2,
                                     TCP_CLOSE_WAIT};

    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        struct lab *lab = in_state(state, states[i]);

        arrives(lab, TCP_RST, .seq = lab->rcv_nxt);
        expect_closed(lab, TCP_ERROR_RESET);
        assert_number(tcp_connection_write(lab->tcp, "x", 1), 0);
        free_lab(state);
    }
}

static void a_reset_is_no_end_of_file(void **state)
{
    struct lab *lab = established(state);

    arrives(lab, TCP_RST, .seq = IRS + 1);
    assert_false(tcp_connection_read_finished(lab->tcp));
}

static void a_reset_takes_unread_and_unsent_bytes_with_it(void **state)
{
    struct lab *lab = established(state);

    arrives(lab, TCP_ACK, .seq = IRS + 1, .ack = ISS + 1, .text = "hello");
    expect(lab, TCP_ACK, .seq = ISS + 1, .ack = IRS + 6);
    app_writes(lab, 0, 10);
    expect(lab, TCP_ACK, .seq = ISS + 1, .ack = IRS + 6, .len = 10);
    arrives(lab, TCP_RST, .seq = IRS + 6);
    expect_closed(lab, TCP_ERROR_RESET);
    assert_number(tcp_connection_readable(lab->tcp), 0);
    pass(lab, 100000);
    expect_silence(lab);
}

/* RFC 9293, 3.5.3, SHLD-2; and the other control bits do not matter */
static void a_reset_may_carry_text_and_other_bits(void **state)
{
    const uint8_t controls[] = {TCP_RST, TCP_RST | TCP_ACK, TCP_RST | TCP_ACK | TCP_PSH};

    for (size_t i = 0; i < sizeof controls; i++) {
        struct lab *lab = established(state);

        arrives(lab, controls[i], .seq = IRS + 1, .ack = ISS + 1, .text = "why: because");
        expect_closed(lab, TCP_ERROR_RESET);
        assert_number(tcp_connection_readable(lab->tcp), 0);
        free_lab(state);
    }
}

static void a_reset_outside_the_window_is_ignored(void **state)
{
    for_each_synchronized_state(each)
    {
        const int32_t outside[] = {-1, -2000, (int32_t)RCV_BUFF, 100000000};
        struct lab *lab = in_state(state, each);

        for (size_t i = 0; i < sizeof outside / sizeof outside[0]; i++) {
            arrives(lab, TCP_RST, .seq = lab->rcv_nxt + (uint32_t)outside[i]);
            arrives(lab, TCP_RST | TCP_ACK, .seq = lab->rcv_nxt + (uint32_t)outside[i],
                    .ack = lab->snd_nxt);
            expect_silence(lab);
            expect_state(lab, each);
        }
        free_lab(state);
    }
}

/* RFC 5961, 3.2: whoever guesses numbers must hit the very next one. */
static void a_reset_inside_the_window_but_not_at_its_edge_is_challenged(void **state)
{
    for_each_synchronized_state(each)
    {
        struct lab *lab = in_state(state, each);

        arrives(lab, TCP_RST, .seq = lab->rcv_nxt + 1);
        expect_plain_ack(lab);
        expect_silence(lab);
        expect_state(lab, each);
        free_lab(state);
    }
}

/* --- a SYN arrives: RFC 9293, 3.10.7.4, first and fourth check -------------------------------- */

static void a_syn_is_challenged_wherever_it_stands(void **state)
{
    for_each_synchronized_state(each)
    {
        const int32_t places[] = {-1, 0, 1, -100000};

        for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
            struct lab *lab = in_state(state, each);

            arrives(lab, TCP_SYN, .seq = lab->rcv_nxt + (uint32_t)places[i]);
            expect_plain_ack(lab);
            expect_silence(lab);
            expect_state(lab, each);
            free_lab(state);
        }
    }
}

/* RFC 9293, 3.5.1, figure 9: the peer has restarted; its reset to our challenge ends it. */
static void the_reset_that_answers_our_challenge_ends_the_connection(void **state)
{
    struct lab *lab = established(state);

    arrives(lab, TCP_SYN, .seq = 70000);
    expect(lab, TCP_ACK, .seq = ISS + 1, .ack = IRS + 1);
    arrives(lab, TCP_RST, .seq = IRS + 1);
    expect_closed(lab, TCP_ERROR_RESET);
}

/* --- unacceptable segments: RFC 9293, 3.5.2, third group -------------------------------------- */

static void a_segment_outside_the_window_is_acknowledged_in_every_state(void **state)
{
    for_each_synchronized_state(each)
    {
        struct lab *lab = in_state(state, each);

        arrives(lab, TCP_ACK, .seq = lab->rcv_nxt - 100, .ack = lab->snd_nxt, .text = "old");
        expect_plain_ack(lab);
        arrives(lab, TCP_ACK, .seq = lab->rcv_nxt + RCV_BUFF, .ack = lab->snd_nxt, .text = "new");
        expect_plain_ack(lab);
        expect_silence(lab);
        expect_state(lab, each);
        free_lab(state);
    }
}

static void an_acknowledgment_of_what_was_never_sent_is_answered_in_every_state(void **state)
{
    for_each_synchronized_state(each)
    {
        struct lab *lab = in_state(state, each);

        arrives(lab, TCP_ACK, .seq = lab->rcv_nxt, .ack = lab->snd_nxt + 1, .text = "x");
        expect_plain_ack(lab);
        expect_silence(lab);
        assert_number(tcp_connection_readable(lab->tcp), 0);
        expect_state(lab, each);
        free_lab(state);
    }
}

static void a_segment_without_ack_is_dropped_in_every_state(void **state)
{
    for_each_synchronized_state(each)
    {
        struct lab *lab = in_state(state, each);

        arrives(lab, 0, .seq = lab->rcv_nxt, .text = "x");
        arrives(lab, TCP_FIN, .seq = lab->rcv_nxt);
        arrives(lab, TCP_PSH | TCP_URG, .seq = lab->rcv_nxt, .text = "x");
        expect_silence(lab);
        assert_number(tcp_connection_readable(lab->tcp), 0);
        expect_state(lab, each);
        free_lab(state);
    }
}

static void an_old_acknowledgment_changes_nothing_in_any_state(void **state)
{
    for_each_synchronized_state(each)
    {
        struct lab *lab = in_state(state, each);

        arrives(lab, TCP_ACK, .seq = lab->rcv_nxt, .ack = ISS + 1);
        arrives(lab, TCP_ACK, .seq = lab->rcv_nxt, .ack = ISS);
        expect_silence_or_plain_ack(lab);
        expect_state(lab, each);
        free_lab(state);
    }
}

#define TEST(name) cmocka_unit_test_teardown(name, free_lab)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_closed_port_does_not_answer_a_reset),
        TEST(a_closed_port_answers_an_acknowledgment_with_a_reset_at_its_number),
        TEST(a_closed_port_acknowledges_what_carries_no_acknowledgment),
        TEST(the_reset_of_a_closed_port_goes_back_where_the_segment_came_from),
        TEST(a_closed_connection_answers_like_a_closed_port),

        TEST(a_reset_at_rcv_nxt_ends_the_connection),
        TEST(the_application_is_told_of_the_reset),
        TEST(a_reset_is_no_end_of_file),
        TEST(a_reset_takes_unread_and_unsent_bytes_with_it),
        TEST(a_reset_may_carry_text_and_other_bits),
        TEST(a_reset_outside_the_window_is_ignored),
        TEST(a_reset_inside_the_window_but_not_at_its_edge_is_challenged),

        TEST(a_syn_is_challenged_wherever_it_stands),
        TEST(the_reset_that_answers_our_challenge_ends_the_connection),

        TEST(a_segment_outside_the_window_is_acknowledged_in_every_state),
        TEST(an_acknowledgment_of_what_was_never_sent_is_answered_in_every_state),
        TEST(a_segment_without_ack_is_dropped_in_every_state),
        TEST(an_old_acknowledgment_changes_nothing_in_any_state),
    };

    return run_all("checkpoint 5: resets and challenges", tests);
}
