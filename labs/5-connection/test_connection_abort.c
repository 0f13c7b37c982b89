/*
 * Unit tests of checkpoint 5: the application aborts, or the peer is silent for too long. RFC 9293,
 * 3.8.3, 3.10.5 and 3.10.8.
 */
#include "connection_test.h"

/* --- the application aborts: RFC 9293, 3.10.5 ------------------------------------------------- */

static void an_abort_resets_the_peer_where_it_still_expects_something(void **state)
{
    for_each_synchronized_state(each)
    {
        struct lab *lab = in_state(state, each);
        bool reset = peer_may_send(each) || each == TCP_CLOSE_WAIT;

        tcp_connection_abort(lab->tcp);
        expect_state(lab, TCP_CLOSED);
        assert_number(tcp_connection_error(lab->tcp), TCP_ERROR_ABORTED);
        if (reset) {
            expect_reset(lab, lab->snd_nxt);
        }
        expect_silence(lab);
        pass(lab, 1000000);
        expect_silence(lab);
        free_lab(state);
    }
}

static void an_abort_in_syn_received_resets_the_peer(void **state)
{
    struct lab *lab = syn_received(state);

    tcp_connection_abort(lab->tcp);
    expect_state(lab, TCP_CLOSED);
    expect_reset(lab, ISS + 1);
}

static void an_abort_before_any_answer_is_silent(void **state)
{
    struct lab *lab = syn_sent(state);

    tcp_connection_abort(lab->tcp);
    expect_closed(lab, TCP_ERROR_ABORTED);
    free_lab(state);
    lab = listening(state);
    tcp_connection_abort(lab->tcp);
    expect_closed(lab, TCP_ERROR_ABORTED);
}

static void an_abort_in_closed_does_nothing(void **state)
{
    struct lab *lab = new_lab(state);

    tcp_connection_abort(lab->tcp);
    expect_closed(lab, TCP_ERROR_NONE);
}

static void an_abort_throws_away_what_is_buffered(void **state)
{
    struct lab *lab = established(state);

    arrives(lab, TCP_ACK, .seq = IRS + 1, .ack = ISS + 1, .text = "hello");
    app_writes(lab, 0, 5000);
    tcp_connection_abort(lab->tcp);
    expect_reset(lab, ISS + 1);
    assert_number(tcp_connection_readable(lab->tcp), 0);
    assert_number(tcp_connection_write(lab->tcp, "x", 1), 0);
    pass(lab, 100000);
    expect_silence(lab);
}

/* SND.NXT, not SND.UNA: the peer has seen what is in flight, and expects what comes after. */
static void the_reset_of_an_abort_stands_behind_what_was_sent(void **state)
{
    struct lab *lab = established(state);

    app_writes(lab, 0, 2000);
    expect(lab, TCP_ACK, .seq = ISS + 1, .ack = IRS + 1, .len = 1000);
    expect(lab, TCP_ACK, .seq = ISS + 1001, .ack = IRS + 1, .len = 1000);
    tcp_connection_abort(lab->tcp);
    expect_reset(lab, ISS + 2001);
}

/* --- time-outs: RFC 9293, 3.8.3 and 3.10.8 ---------------------------------------------------- */

/* Lets time pass without an answer; returns how often something was sent. */
static unsigned wait_without_answer(struct lab *lab, uint32_t ms)
{
    struct tcp_segment segment = {0};
    unsigned sent = 0;

    for (uint32_t i = 0; i < ms; i += 100) {
        pass(lab, 100);
        while (tcp_connection_next_segment(lab->tcp, &segment)) {
            assert_true(++sent < 1000);
        }
    }
    end_word();
    return sent;
}

#define wait_without_answer(lab, ms) word_giving(wait_without_answer(lab, ms))

/* R2 = 2: the original, two retransmissions, and the third time-out is the end. */
static void data_that_nobody_acknowledges_ends_the_connection(void **state)
{
    struct tcp_config config = lab_config();
    struct lab *lab;

    config.max_retransmissions = 2;
    lab = established_with(state, &config);
    app_writes(lab, 0, 10);
    expect(lab, TCP_ACK, .seq = ISS + 1, .ack = IRS + 1, .len = 10);
    assert_number(wait_without_answer(lab, 6900), 2);
    expect_state(lab, TCP_ESTABLISHED);
    assert_number(wait_without_answer(lab, 100), 0);
    expect_closed(lab, TCP_ERROR_TIMED_OUT);
    arrives(lab, TCP_ACK, .seq = IRS + 1, .ack = ISS + 11);
    expect(lab, TCP_RST, .seq = ISS + 11);
}

/* MUST-21 */
static void the_application_sets_how_often_data_is_sent_again(void **state)
{
    struct lab *lab = established(state);

    tcp_connection_set_max_retransmissions(lab->tcp, 1);
    app_writes(lab, 0, 10);
    expect(lab, TCP_ACK, .seq = ISS + 1, .ack = IRS + 1, .len = 10);
    assert_number(wait_without_answer(lab, 3000), 1);
    expect_closed(lab, TCP_ERROR_TIMED_OUT);
}

/* SHLD-10 and SHLD-11: three times at least, and 100 seconds */
static void by_default_the_connection_is_not_given_up_early(void **state)
{
    struct lab *lab = established(state);

    app_writes(lab, 0, 10);
    expect(lab, TCP_ACK, .seq = ISS + 1, .ack = IRS + 1, .len = 10);
    assert_true(wait_without_answer(lab, 100000) >= 3);
    expect_state(lab, TCP_ESTABLISHED);
    wait_without_answer(lab, 500000);
    expect_closed(lab, TCP_ERROR_TIMED_OUT);
}

static void an_acknowledgment_of_something_new_starts_the_count_again(void **state)
{
    struct tcp_config config = lab_config();
    struct lab *lab;

    config.max_retransmissions = 2;
    config.user_timeout_ms = 0;
    lab = established_with(state, &config);
    for (uint32_t i = 0; i < 10; i++) {
        app_writes(lab, i, 1);
        expect(lab, TCP_ACK, .seq = ISS + 1 + i, .ack = IRS + 1, .len = 1);
        for (int again = 0; again < 2; again++) {
            pass(lab, 60000);
            expect(lab, TCP_ACK, .seq = ISS + 1 + i, .ack = IRS + 1, .len = 1);
        }
        arrives(lab, TCP_ACK, .seq = IRS + 1, .ack = ISS + 2 + i);
    }
    expect_state(lab, TCP_ESTABLISHED);
}

/* MUST-20 for a FIN, and the same knob for a SYN */
static void a_syn_has_a_limit_of_its_own(void **state)
{
    struct tcp_config config = lab_config();
    struct lab *lab;

    config.max_syn_retransmissions = 1;
    lab = syn_sent_with(state, &config);
    assert_number(wait_without_answer(lab, 2900), 1);
    expect_state(lab, TCP_SYN_SENT);
    assert_number(wait_without_answer(lab, 100), 0);
    expect_closed(lab, TCP_ERROR_TIMED_OUT);
}

/* RFC 9293, 3.10.8, USER TIMEOUT */
static void data_not_acknowledged_for_the_user_timeout_ends_the_connection(void **state)
{
    struct tcp_config config = lab_config();
    struct lab *lab;

    config.user_timeout_ms = 5000;
    lab = established_with(state, &config);
    pass(lab, 60000);
    app_writes(lab, 0, 10);
    expect(lab, TCP_ACK, .seq = ISS + 1, .ack = IRS + 1, .len = 10);
    wait_without_answer(lab, 4900);
    expect_state(lab, TCP_ESTABLISHED);
    wait_without_answer(lab, 200);
    expect_closed(lab, TCP_ERROR_TIMED_OUT);
}

static void an_idle_connection_has_no_user_timeout(void **state)
{
    struct tcp_config config = lab_config();
    struct lab *lab;

    config.user_timeout_ms = 5000;
    lab = established_with(state, &config);
    app_writes(lab, 0, 10);
    expect(lab, TCP_ACK, .seq = ISS + 1, .ack = IRS + 1, .len = 10);
    arrives(lab, TCP_ACK, .seq = IRS + 1, .ack = ISS + 11);
    assert_number(wait_without_answer(lab, 100000), 0);
    expect_state(lab, TCP_ESTABLISHED);
}

#define TEST(name) cmocka_unit_test_teardown(name, free_lab)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_abort_resets_the_peer_where_it_still_expects_something),
        TEST(an_abort_in_syn_received_resets_the_peer),
        TEST(an_abort_before_any_answer_is_silent),
        TEST(an_abort_in_closed_does_nothing),
        TEST(an_abort_throws_away_what_is_buffered),
        TEST(the_reset_of_an_abort_stands_behind_what_was_sent),

        TEST(data_that_nobody_acknowledges_ends_the_connection),
        TEST(the_application_sets_how_often_data_is_sent_again),
        TEST(by_default_the_connection_is_not_given_up_early),
        TEST(an_acknowledgment_of_something_new_starts_the_count_again),
        TEST(a_syn_has_a_limit_of_its_own),
        TEST(data_not_acknowledged_for_the_user_timeout_ends_the_connection),
        TEST(an_idle_connection_has_no_user_timeout),
    };

    return run_all("checkpoint 5: aborts and time-outs", tests);
}
