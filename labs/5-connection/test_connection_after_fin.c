/*
 * Unit tests of checkpoint 5: after the peer's FIN, and in TIME-WAIT. RFC 9293, 3.6.1 and 3.10.7.4.
 */
#include "connection_test.h"

/* --- after the peer's FIN ------------------------------------------------------------------- */

static void each_copy_of_the_fin_is_acknowledged(void **state)
{
    for_each_synchronized_state(each)
    {
        if (!peer_may_send(each)) {
            struct lab *lab = in_state(state, each);

            for (int i = 0; i < 3; i++) {
                arrives(lab, TCP_FIN | TCP_ACK, .seq = IRS + 1, .ack = ISS + 1);
                expect_plain_ack(lab);
                expect_silence(lab);
                expect_state(lab, each);
            }
            free_lab(state);
        }
    }
}

/* RFC 9293, 3.10.7.4, seventh step: ignore it. An acknowledgment of the old number is allowed. */
static void text_after_the_fin_is_ignored(void **state)
{
    for_each_synchronized_state(each)
    {
        if (!peer_may_send(each)) {
            struct lab *lab = in_state(state, each);

            arrives(lab, TCP_ACK, .seq = lab->rcv_nxt, .ack = ISS + 1, .text = "too late");
            expect_silence_or_plain_ack(lab);
            assert_number(tcp_connection_readable(lab->tcp), 0);
            assert_true(tcp_connection_read_finished(lab->tcp));
            expect_state(lab, each);
            free_lab(state);
        }
    }
}

static void after_the_fin_reading_announces_no_window(void **state)
{
    struct lab *lab = established(state);

    arrives(lab, TCP_ACK, .seq = IRS + 1, .ack = ISS + 1, .len = RCV_BUFF - 1);
    expect(lab, TCP_ACK, .seq = ISS + 1, .ack = IRS + RCV_BUFF);
    arrives(lab, TCP_FIN | TCP_ACK, .seq = IRS + RCV_BUFF, .ack = ISS + 1);
    expect(lab, TCP_ACK, .seq = ISS + 1, .ack = IRS + RCV_BUFF + 1);
    app_reads(lab, 0, RCV_BUFF - 1);
    expect_silence(lab);
}

static void what_arrived_can_be_read_in_time_wait_and_after_it(void **state)
{
    struct lab *lab = in_state(state, TCP_FIN_WAIT_2);

    arrives(lab, TCP_FIN | TCP_ACK, .seq = IRS + 1, .ack = ISS + 2, .text = "last words");
    expect(lab, TCP_ACK, .seq = ISS + 2, .ack = IRS + 12);
    expect_state(lab, TCP_TIME_WAIT);
    pass(lab, 240000);
    expect_state(lab, TCP_CLOSED);
    expect_text(lab, "last words");
    assert_true(tcp_connection_read_finished(lab->tcp));
}

static void what_arrived_can_be_read_after_last_ack(void **state)
{
    struct lab *lab = established(state);

    arrives(lab, TCP_FIN | TCP_ACK, .seq = IRS + 1, .ack = ISS + 1, .text = "last words");
    expect(lab, TCP_ACK, .seq = ISS + 1, .ack = IRS + 12);
    tcp_connection_shutdown(lab->tcp);
    expect(lab, TCP_FIN | TCP_ACK, .seq = ISS + 1, .ack = IRS + 12);
    arrives(lab, TCP_ACK, .seq = IRS + 12, .ack = ISS + 2);
    expect_closed(lab, TCP_ERROR_NONE);
    expect_text(lab, "last words");
}

/* --- TIME-WAIT ------------------------------------------------------------------------------ */

/* RFC 9293, 3.6.1, MUST-13 */
static void time_wait_lasts_two_segment_lifetimes(void **state)
{
    struct lab *lab = in_state(state, TCP_TIME_WAIT);

    pass(lab, 239999);
    expect_silence(lab);
    expect_state(lab, TCP_TIME_WAIT);
    pass(lab, 1);
    expect_closed(lab, TCP_ERROR_NONE);
}

static void the_segment_lifetime_is_a_knob(void **state)
{
    struct tcp_config config = lab_config();
    struct lab *lab;

    config.msl_ms = 10;
    lab = established_with(state, &config);
    app_shuts_down(lab);
    arrives(lab, TCP_FIN | TCP_ACK, .seq = IRS + 1, .ack = ISS + 2);
    expect(lab, TCP_ACK, .seq = ISS + 2, .ack = IRS + 2);
    pass(lab, 19);
    expect_state(lab, TCP_TIME_WAIT);
    pass(lab, 1);
    expect_closed(lab, TCP_ERROR_NONE);
}

static void after_closing_time_wait_lasts_as_long(void **state)
{
    struct lab *lab = in_state(state, TCP_CLOSING);

    pass(lab, 500);
    arrives(lab, TCP_ACK, .seq = IRS + 2, .ack = ISS + 2);
    pass(lab, 239999);
    expect_state(lab, TCP_TIME_WAIT);
    pass(lab, 1);
    expect_closed(lab, TCP_ERROR_NONE);
}

/* The peer missed our last acknowledgment. */
static void in_time_wait_a_late_copy_of_the_fin_is_acknowledged(void **state)
{
    struct lab *lab = in_state(state, TCP_TIME_WAIT);

    pass(lab, 120000);
    arrives(lab, TCP_FIN | TCP_ACK, .seq = IRS + 1, .ack = ISS + 2);
    expect_plain_ack(lab);
    pass(lab, 110000);
    arrives(lab, TCP_FIN | TCP_ACK, .seq = IRS + 1, .ack = ISS + 2);
    expect_plain_ack(lab);
    expect_silence(lab);
}

static void in_time_wait_a_bare_acknowledgment_is_not_answered(void **state)
{
    struct lab *lab = in_state(state, TCP_TIME_WAIT);

    arrives(lab, TCP_ACK, .seq = IRS + 2, .ack = ISS + 2);
    expect_silence(lab);
    expect_state(lab, TCP_TIME_WAIT);
}

static void after_time_wait_a_late_fin_is_reset(void **state)
{
    struct lab *lab = in_state(state, TCP_TIME_WAIT);

    pass(lab, 240000);
    arrives(lab, TCP_FIN | TCP_ACK, .seq = IRS + 1, .ack = ISS + 2);
    expect(lab, TCP_RST, .seq = ISS + 2);
    expect_silence(lab);
}

#define TEST(name) cmocka_unit_test_teardown(name, free_lab)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_copy_of_the_fin_is_acknowledged),
        TEST(text_after_the_fin_is_ignored),
        TEST(after_the_fin_reading_announces_no_window),
        TEST(what_arrived_can_be_read_in_time_wait_and_after_it),
        TEST(what_arrived_can_be_read_after_last_ack),

        TEST(time_wait_lasts_two_segment_lifetimes),
        TEST(the_segment_lifetime_is_a_knob),
        TEST(after_closing_time_wait_lasts_as_long),
        TEST(in_time_wait_a_late_copy_of_the_fin_is_acknowledged),
        TEST(in_time_wait_a_bare_acknowledgment_is_not_answered),
        TEST(after_time_wait_a_late_fin_is_reset),
    };

    return run_all("checkpoint 5: after the peer's FIN", tests);
}
