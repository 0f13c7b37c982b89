/*
 * Unit tests of checkpoint 5: how a connection closes. RFC 9293, 3.6, 3.10.4 and 3.10.7.4.
 */
#include "connection_test.h"

/* --- the active side: FIN-WAIT-1, FIN-WAIT-2, TIME-WAIT (RFC 9293, 3.6, figure 12) ------------ */

static void a_shutdown_sends_a_fin(void **state)
{
    struct lab *lab = established(state);

    tcp_connection_shutdown(lab->tcp);
    expect(lab, TCP_FIN | TCP_ACK, .seq = ISS + 1, .ack = IRS + 1);
    expect_silence(lab);
    expect_state(lab, TCP_FIN_WAIT_1);
}

static void the_acknowledgment_of_our_fin_leads_to_fin_wait_2(void **state)
{
    struct lab *lab = in_state(state, TCP_FIN_WAIT_1);

    arrives(lab, TCP_ACK, .seq = IRS + 1, .ack = ISS + 2);
    expect_silence(lab);
    expect_state(lab, TCP_FIN_WAIT_2);
}

static void the_peers_fin_then_leads_to_time_wait(void **state)
{
    struct lab *lab = in_state(state, TCP_FIN_WAIT_2);

    arrives(lab, TCP_FIN | TCP_ACK, .seq = IRS + 1, .ack = ISS + 2);
    expect(lab, TCP_ACK, .seq = ISS + 2, .ack = IRS + 2);
    expect_silence(lab);
    expect_state(lab, TCP_TIME_WAIT);
}

static void a_fin_that_acknowledges_ours_leads_to_time_wait_directly(void **state)
{
    struct lab *lab = in_state(state, TCP_FIN_WAIT_1);

    arrives(lab, TCP_FIN | TCP_ACK, .seq = IRS + 1, .ack = ISS + 2);
    expect(lab, TCP_ACK, .seq = ISS + 2, .ack = IRS + 2);
    expect_silence(lab);
    expect_state(lab, TCP_TIME_WAIT);
}

static void a_fin_with_text_that_acknowledges_ours_delivers_the_text(void **state)
{
    struct lab *lab = in_state(state, TCP_FIN_WAIT_1);

    arrives(lab, TCP_FIN | TCP_ACK, .seq = IRS + 1, .ack = ISS + 2, .text = "bye");
    expect(lab, TCP_ACK, .seq = ISS + 2, .ack = IRS + 5);
    expect_state(lab, TCP_TIME_WAIT);
    expect_text(lab, "bye");
}

/* RFC 9293, 3.10.4 */
static void the_fin_follows_everything_that_was_written(void **state)
{
    struct lab *lab = established(state);

    lab->peer_window = 1000;
    arrives(lab, TCP_ACK, .seq = IRS + 1, .ack = ISS + 1);
    app_writes(lab, 0, 1500);
    tcp_connection_shutdown(lab->tcp);
    expect(lab, TCP_ACK, .seq = ISS + 1, .ack = IRS + 1, .len = 1000);
    expect_silence(lab);
    expect_state(lab, TCP_FIN_WAIT_1);
    arrives(lab, TCP_ACK, .seq = IRS + 1, .ack = ISS + 1001);
    expect(lab, TCP_FIN | TCP_ACK, .seq = ISS + 1001, .ack = IRS + 1, .len = 500);
}

static void an_acknowledgment_of_the_data_is_not_one_of_the_fin(void **state)
{
    struct lab *lab = established(state);

    app_writes(lab, 0, 10);
    tcp_connection_shutdown(lab->tcp);
    expect(lab, TCP_FIN | TCP_ACK, .seq = ISS + 1, .ack = IRS + 1, .len = 10);
    arrives(lab, TCP_ACK, .seq = IRS + 1, .ack = ISS + 11);
    expect_state(lab, TCP_FIN_WAIT_1);
    pass(lab, 1000);
    expect(lab, TCP_FIN | TCP_ACK, .seq = ISS + 11, .ack = IRS + 1);
    arrives(lab, TCP_ACK, .seq = IRS + 1, .ack = ISS + 12);
    expect_state(lab, TCP_FIN_WAIT_2);
}

/* The peer's window holds back the rest: that all sent so far is acknowledged means nothing. */
static void an_acknowledgment_of_all_sent_so_far_is_not_one_of_the_fin(void **state)
{
    struct lab *lab = established(state);

    lab->peer_window = 1000;
    arrives(lab, TCP_ACK, .seq = IRS + 1, .ack = ISS + 1);
    app_writes(lab, 0, 2500);
    tcp_connection_shutdown(lab->tcp);
    expect(lab, TCP_ACK, .seq = ISS + 1, .ack = IRS + 1, .len = 1000);
    lab->peer_window = 0;
    arrives(lab, TCP_ACK, .seq = IRS + 1, .ack = ISS + 1001);
    expect_silence(lab);
    expect_state(lab, TCP_FIN_WAIT_1);
}

static void a_lost_fin_is_sent_again_with_the_same_number(void **state)
{
    struct lab *lab = in_state(state, TCP_FIN_WAIT_1);

    for (uint32_t gap = 1000; gap <= 4000; gap *= 2) {
        pass(lab, gap - 1);
        expect_silence(lab);
        pass(lab, 1);
        expect(lab, TCP_FIN | TCP_ACK, .seq = ISS + 1, .ack = IRS + 1);
    }
}

static void a_second_shutdown_sends_no_second_fin(void **state)
{
    for_each_synchronized_state(each)
    {
        struct lab *lab = in_state(state, each);

        if (each != TCP_ESTABLISHED && each != TCP_CLOSE_WAIT) {
            tcp_connection_shutdown(lab->tcp);
            expect_silence(lab);
            expect_state(lab, each);
        }
        free_lab(state);
    }
}

static void nothing_can_be_written_after_a_shutdown(void **state)
{
    struct lab *lab = in_state(state, TCP_FIN_WAIT_1);

    assert_number(tcp_connection_write(lab->tcp, "x", 1), 0);
    assert_number(tcp_connection_writable(lab->tcp), 0);
    expect_silence(lab);
}

static void the_fin_counts_as_unacknowledged(void **state)
{
    struct lab *lab = established(state);

    app_writes(lab, 0, 10);
    assert_number(tcp_connection_unacknowledged(lab->tcp), 10);
    tcp_connection_shutdown(lab->tcp);
    assert_number(tcp_connection_unacknowledged(lab->tcp), 11);
    expect(lab, TCP_FIN | TCP_ACK, .seq = ISS + 1, .ack = IRS + 1, .len = 10);
    arrives(lab, TCP_ACK, .seq = IRS + 1, .ack = ISS + 11);
    assert_number(tcp_connection_unacknowledged(lab->tcp), 1);
    arrives(lab, TCP_ACK, .seq = IRS + 1, .ack = ISS + 12);
    assert_number(tcp_connection_unacknowledged(lab->tcp), 0);
}

/* RFC 9293, 3.6, case 1: receiving goes on until the peer closes too. */
static void after_our_fin_the_peer_may_still_send(void **state)
{
    const enum tcp_state states[] = {TCP_FIN_WAIT_1, TCP_FIN_WAIT_2};

    for (size_t i = 0; i < 2; i++) {
        struct lab *lab = in_state(state, states[i]);

        arrives(lab, TCP_ACK, .seq = IRS + 1, .ack = ISS + 1, .text = "still ");
        expect(lab, TCP_ACK, .seq = ISS + 2, .ack = IRS + 7);
        arrives(lab, TCP_ACK, .seq = IRS + 7, .ack = ISS + 1, .text = "here");
        expect(lab, TCP_ACK, .seq = ISS + 2, .ack = IRS + 11);
        expect_state(lab, states[i]);
        expect_text(lab, "still here");
        free_lab(state);
    }
}

static void fin_wait_2_waits_as_long_as_the_peer_likes(void **state)
{
    struct lab *lab = in_state(state, TCP_FIN_WAIT_2);

    for (uint32_t i = 0; i < 100; i++) {
        pass(lab, 60000);
        arrives(lab, TCP_ACK, .seq = IRS + 1 + i, .ack = ISS + 2, .len = 1);
        expect(lab, TCP_ACK, .seq = ISS + 2, .ack = IRS + 2 + i);
        app_reads(lab, i, 1);
    }
    expect_state(lab, TCP_FIN_WAIT_2);
}

/* --- the passive side: CLOSE-WAIT, LAST-ACK -------------------------------------------------- */

static void the_peers_fin_leads_to_close_wait(void **state)
{
    struct lab *lab = established(state);

    arrives(lab, TCP_FIN | TCP_ACK, .seq = IRS + 1, .ack = ISS + 1);
    expect(lab, TCP_ACK, .seq = ISS + 1, .ack = IRS + 2);
    expect_silence(lab);
    expect_state(lab, TCP_CLOSE_WAIT);
    assert_true(tcp_connection_read_finished(lab->tcp));
    assert_number(tcp_connection_error(lab->tcp), TCP_ERROR_NONE);
}

static void the_end_comes_after_the_last_byte(void **state)
{
    struct lab *lab = established(state);

    arrives(lab, TCP_FIN | TCP_ACK, .seq = IRS + 1, .ack = ISS + 1, .text = "bye");
    expect(lab, TCP_ACK, .seq = ISS + 1, .ack = IRS + 5);
    assert_false(tcp_connection_read_finished(lab->tcp));
    expect_text(lab, "bye");
    assert_true(tcp_connection_read_finished(lab->tcp));
}

static void a_fin_is_never_acknowledged_with_delay(void **state)
{
    struct tcp_config config = lab_config();
    struct lab *lab;

    config.ack_delay_ms = 200;
    lab = established_with(state, &config);
    arrives(lab, TCP_FIN | TCP_ACK, .seq = IRS + 1, .ack = ISS + 1, .text = "bye");
    expect(lab, TCP_ACK, .seq = ISS + 1, .ack = IRS + 5);
}

static void a_fin_before_its_data_does_not_close(void **state)
{
    struct lab *lab = established(state);

    arrives(lab, TCP_FIN | TCP_ACK, .seq = IRS + 4, .ack = ISS + 1);
    expect(lab, TCP_ACK, .seq = ISS + 1, .ack = IRS + 1);
    expect_state(lab, TCP_ESTABLISHED);
    assert_false(tcp_connection_read_finished(lab->tcp));
}

static void a_fin_before_its_data_closes_when_the_data_is_there(void **state)
{
    struct lab *lab = established(state);

    arrives(lab, TCP_FIN | TCP_ACK, .seq = IRS + 3, .ack = ISS + 1, .text = "c");
    expect(lab, TCP_ACK, .seq = ISS + 1, .ack = IRS + 1);
    arrives(lab, TCP_ACK, .seq = IRS + 1, .ack = ISS + 1, .text = "ab");
    expect(lab, TCP_ACK, .seq = ISS + 1, .ack = IRS + 5);
    expect_state(lab, TCP_CLOSE_WAIT);
    expect_text(lab, "abc");
}

/* The data was acknowledged, its copy comes again and brings the FIN along. */
static void a_fin_behind_old_data_closes(void **state)
{
    struct lab *lab = established(state);

    arrives(lab, TCP_ACK, .seq = IRS + 1, .ack = ISS + 1, .text = "abc");
    expect(lab, TCP_ACK, .seq = ISS + 1, .ack = IRS + 4);
    arrives(lab, TCP_FIN | TCP_ACK, .seq = IRS + 1, .ack = ISS + 1, .text = "abc");
    expect(lab, TCP_ACK, .seq = ISS + 1, .ack = IRS + 5);
    expect_state(lab, TCP_CLOSE_WAIT);
    expect_text(lab, "abc");
}

static void in_close_wait_we_may_still_send(void **state)
{
    struct lab *lab = in_state(state, TCP_CLOSE_WAIT);

    app_writes(lab, 0, 1000);
    expect(lab, TCP_ACK, .seq = ISS + 1, .ack = IRS + 2, .len = 1000);
    arrives(lab, TCP_ACK, .seq = IRS + 2, .ack = ISS + 1001);
    assert_number(tcp_connection_unacknowledged(lab->tcp), 0);
    expect_silence(lab);
    expect_state(lab, TCP_CLOSE_WAIT);
}

static void in_close_wait_lost_data_is_sent_again(void **state)
{
    struct lab *lab = in_state(state, TCP_CLOSE_WAIT);

    app_writes(lab, 0, 10);
    expect(lab, TCP_ACK, .seq = ISS + 1, .ack = IRS + 2, .len = 10);
    pass(lab, 1000);
    expect(lab, TCP_ACK, .seq = ISS + 1, .ack = IRS + 2, .len = 10);
}

static void a_shutdown_in_close_wait_leads_to_last_ack(void **state)
{
    struct lab *lab = in_state(state, TCP_CLOSE_WAIT);

    app_writes(lab, 0, 10);
    tcp_connection_shutdown(lab->tcp);
    expect(lab, TCP_FIN | TCP_ACK, .seq = ISS + 1, .ack = IRS + 2, .len = 10);
    expect_silence(lab);
    expect_state(lab, TCP_LAST_ACK);
}

static void the_last_acknowledgment_closes(void **state)
{
    struct lab *lab = in_state(state, TCP_LAST_ACK);

    arrives(lab, TCP_ACK, .seq = IRS + 2, .ack = ISS + 2);
    expect_closed(lab, TCP_ERROR_NONE);
    arrives(lab, TCP_ACK, .seq = IRS + 2, .ack = ISS + 2);
    expect(lab, TCP_RST, .seq = ISS + 2);
}

/* RFC 9293, 3.10.7.4, fifth check: only an acknowledgment of the FIN closes. */
static void in_last_ack_an_acknowledgment_of_the_data_does_not_close(void **state)
{
    struct lab *lab = in_state(state, TCP_CLOSE_WAIT);

    app_writes(lab, 0, 10);
    tcp_connection_shutdown(lab->tcp);
    expect(lab, TCP_FIN | TCP_ACK, .seq = ISS + 1, .ack = IRS + 2, .len = 10);
    arrives(lab, TCP_ACK, .seq = IRS + 2, .ack = ISS + 6);
    expect_state(lab, TCP_LAST_ACK);
    pass(lab, 1000);
    expect(lab, TCP_FIN | TCP_ACK, .seq = ISS + 6, .ack = IRS + 2, .len = 5);
}

static void in_last_ack_a_lost_fin_is_sent_again(void **state)
{
    struct lab *lab = in_state(state, TCP_LAST_ACK);

    pass(lab, 1000);
    expect(lab, TCP_FIN | TCP_ACK, .seq = ISS + 1, .ack = IRS + 2);
    pass(lab, 2000);
    expect(lab, TCP_FIN | TCP_ACK, .seq = ISS + 1, .ack = IRS + 2);
}

/* RFC 9293, 3.8.3: nothing lives for ever. */
static void a_last_ack_that_never_comes_is_given_up(void **state)
{
    struct lab *lab = in_state(state, TCP_LAST_ACK);
    struct tcp_segment segment = {0};

    for (int i = 0; i < 100; i++) {
        pass(lab, 60000);
        tcp_connection_next_segment(lab->tcp, &segment);
    }
    expect_closed(lab, TCP_ERROR_TIMED_OUT);
}

/* --- both at once: CLOSING (RFC 9293, 3.6, figure 13) ---------------------------------------- */

static void fins_that_cross_lead_to_closing(void **state)
{
    struct lab *lab = in_state(state, TCP_FIN_WAIT_1);

    arrives(lab, TCP_FIN | TCP_ACK, .seq = IRS + 1, .ack = ISS + 1);
    expect(lab, TCP_ACK, .seq = ISS + 2, .ack = IRS + 2);
    expect_silence(lab);
    expect_state(lab, TCP_CLOSING);
}

static void in_closing_the_acknowledgment_of_our_fin_leads_to_time_wait(void **state)
{
    struct lab *lab = in_state(state, TCP_CLOSING);

    arrives(lab, TCP_ACK, .seq = IRS + 2, .ack = ISS + 2);
    expect_silence(lab);
    expect_state(lab, TCP_TIME_WAIT);
}

static void in_closing_a_lost_fin_is_sent_again(void **state)
{
    struct lab *lab = in_state(state, TCP_CLOSING);

    pass(lab, 1000);
    expect(lab, TCP_FIN | TCP_ACK, .seq = ISS + 1, .ack = IRS + 2);
    expect_state(lab, TCP_CLOSING);
}

static void in_closing_an_acknowledgment_of_the_data_is_not_enough(void **state)
{
    struct lab *lab = established(state);

    app_writes(lab, 0, 10);
    tcp_connection_shutdown(lab->tcp);
    expect(lab, TCP_FIN | TCP_ACK, .seq = ISS + 1, .ack = IRS + 1, .len = 10);
    arrives(lab, TCP_FIN | TCP_ACK, .seq = IRS + 1, .ack = ISS + 1);
    expect(lab, TCP_ACK, .seq = ISS + 12, .ack = IRS + 2);
    arrives(lab, TCP_ACK, .seq = IRS + 2, .ack = ISS + 11);
    expect_state(lab, TCP_CLOSING);
}

#define TEST(name) cmocka_unit_test_teardown(name, free_lab)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_shutdown_sends_a_fin),
        TEST(the_acknowledgment_of_our_fin_leads_to_fin_wait_2),
        TEST(the_peers_fin_then_leads_to_time_wait),
        TEST(a_fin_that_acknowledges_ours_leads_to_time_wait_directly),
        TEST(a_fin_with_text_that_acknowledges_ours_delivers_the_text),
        TEST(the_fin_follows_everything_that_was_written),
        TEST(an_acknowledgment_of_the_data_is_not_one_of_the_fin),
        TEST(an_acknowledgment_of_all_sent_so_far_is_not_one_of_the_fin),
        TEST(a_lost_fin_is_sent_again_with_the_same_number),
        TEST(a_second_shutdown_sends_no_second_fin),
        TEST(nothing_can_be_written_after_a_shutdown),
        TEST(the_fin_counts_as_unacknowledged),
        TEST(after_our_fin_the_peer_may_still_send),
        TEST(fin_wait_2_waits_as_long_as_the_peer_likes),

        TEST(the_peers_fin_leads_to_close_wait),
        TEST(the_end_comes_after_the_last_byte),
        TEST(a_fin_is_never_acknowledged_with_delay),
        TEST(a_fin_before_its_data_does_not_close),
        TEST(a_fin_before_its_data_closes_when_the_data_is_there),
        TEST(a_fin_behind_old_data_closes),
        TEST(in_close_wait_we_may_still_send),
        TEST(in_close_wait_lost_data_is_sent_again),
        TEST(a_shutdown_in_close_wait_leads_to_last_ack),
        TEST(the_last_acknowledgment_closes),
        TEST(in_last_ack_an_acknowledgment_of_the_data_does_not_close),
        TEST(in_last_ack_a_lost_fin_is_sent_again),
        TEST(a_last_ack_that_never_comes_is_given_up),

        TEST(fins_that_cross_lead_to_closing),
        TEST(in_closing_the_acknowledgment_of_our_fin_leads_to_time_wait),
        TEST(in_closing_a_lost_fin_is_sent_again),
        TEST(in_closing_an_acknowledgment_of_the_data_is_not_enough),
    };

    return run_all("checkpoint 5: a connection closes", tests);
}
