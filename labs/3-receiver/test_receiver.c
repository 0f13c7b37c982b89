/*
 * Unit tests of checkpoint 3, the receiver: SYN, bytes, FIN, and what is acknowledged.
 */
#include "receiver_test.h"

/* --- before a SYN -------------------------------------------------------------------------- */

static void a_new_receiver_acknowledges_nothing(void **state)
{
    struct tcp_receiver *receiver = receiver_of(state, 4000, 1000);

    assert_false(tcp_receiver_send(receiver).has_ack);
    assert_false(tcp_receiver_is_synchronized(receiver));
    assert_seqno(tcp_receiver_rcv_nxt(receiver), 0);
    assert_number(tcp_receiver_rcv_wnd(receiver), 0);
    assert_number(tcp_receiver_bytes_pending(receiver), 0);
}

static void a_new_receiver_names_the_window_that_it_would_offer(void **state)
{
    struct tcp_receiver *receiver = receiver_of(state, 4000, 1000);

    assert_number(tcp_receiver_send(receiver).window, 4000);
}

static void before_the_syn_everything_else_is_ignored(void **state)
{
    struct tcp_receiver *receiver = receiver_of(state, 4000, 1000);

    text_arrives(receiver, IRS + 1, "early");
    fin_arrives(receiver, IRS + 1, "early");
    fin_arrives(receiver, 0, NULL);
    assert_false(tcp_receiver_is_synchronized(receiver));
    assert_false(tcp_receiver_send(receiver).has_ack);
    assert_number(tcp_receiver_bytes_pending(receiver), 0);
    expect_text(receiver, "");
    expect_open(receiver);
}

static void before_the_syn_nothing_is_acceptable(void **state)
{
    struct tcp_receiver *receiver = receiver_of(state, 4000, 1000);

    assert_false(tcp_receiver_acceptable(receiver, (struct seqno){0}, 0));
    assert_false(tcp_receiver_acceptable(receiver, (struct seqno){0}, 1));
    assert_false(tcp_receiver_window_update_due(receiver));
}

static void freeing_no_receiver_is_harmless(void **state)
{
    tcp_receiver_free(NULL);
    assert_null(*state);
}

/* --- SYN ----------------------------------------------------------------------------------- */

/* RFC 9293, 3.4: SYN takes one sequence number. */
static void the_syn_counts_one(void **state)
{
    struct tcp_receiver *receiver = receiver_of(state, 4000, 1000);

    syn_arrives(receiver, IRS);
    assert_true(tcp_receiver_is_synchronized(receiver));
    expect_ack(receiver, IRS + 1);
    expect_text(receiver, "");
}

static void a_syn_may_carry_text(void **state)
{
    struct tcp_receiver *receiver = receiver_of(state, 4000, 1000);

    arrives(receiver, (struct tcp_sender_message){.seq = {IRS}, .syn = true}, "hello");
    expect_ack(receiver, IRS + 6);
    expect_text(receiver, "hello");
}

static void a_syn_may_carry_text_and_fin(void **state)
{
    struct tcp_receiver *receiver = receiver_of(state, 4000, 1000);

    arrives(receiver, (struct tcp_sender_message){.seq = {IRS}, .syn = true, .fin = true}, "bye");
    expect_ack(receiver, IRS + 5);
    expect_text(receiver, "bye");
    expect_closed(receiver);
}

static void a_syn_may_carry_a_fin_alone(void **state)
{
    struct tcp_receiver *receiver = receiver_of(state, 4000, 1000);

    arrives(receiver, (struct tcp_sender_message){.seq = {IRS}, .syn = true, .fin = true}, NULL);
    expect_ack(receiver, IRS + 2);
    expect_closed(receiver);
}

static void a_repeated_syn_changes_nothing(void **state)
{
    struct tcp_receiver *receiver = synchronized_of(state, 4000, 1000);

    text_arrives(receiver, IRS + 1, "abc");
    syn_arrives(receiver, IRS);
    expect_ack(receiver, IRS + 4);
    expect_text(receiver, "abc");
}

static void a_different_syn_does_not_start_the_stream_anew(void **state)
{
    struct tcp_receiver *receiver = synchronized_of(state, 4000, 1000);

    syn_arrives(receiver, IRS + 100);
    expect_ack(receiver, IRS + 1);
    text_arrives(receiver, IRS + 1, "abc");
    expect_ack(receiver, IRS + 4);
}

static void the_text_of_a_repeated_syn_counts(void **state)
{
    struct tcp_receiver *receiver = synchronized_of(state, 4000, 1000);

    arrives(receiver, (struct tcp_sender_message){.seq = {IRS}, .syn = true}, "abc");
    expect_ack(receiver, IRS + 4);
    expect_text(receiver, "abc");
}

/* --- bytes --------------------------------------------------------------------------------- */

static void text_in_order_is_delivered_and_acknowledged(void **state)
{
    struct tcp_receiver *receiver = synchronized_of(state, 4000, 1000);

    text_arrives(receiver, IRS + 1, "ab");
    expect_ack(receiver, IRS + 3);
    text_arrives(receiver, IRS + 3, "cd");
    expect_ack(receiver, IRS + 5);
    expect_text(receiver, "abcd");
}

static void text_behind_a_gap_is_held_and_not_acknowledged(void **state)
{
    struct tcp_receiver *receiver = synchronized_of(state, 4000, 1000);

    text_arrives(receiver, IRS + 3, "cd");
    expect_ack(receiver, IRS + 1);
    assert_number(tcp_receiver_bytes_pending(receiver), 2);
    expect_text(receiver, "");
}

static void filling_a_gap_acknowledges_all_that_was_held(void **state)
{
    struct tcp_receiver *receiver = synchronized_of(state, 4000, 1000);

    text_arrives(receiver, IRS + 3, "cd");
    text_arrives(receiver, IRS + 1, "ab");
    expect_ack(receiver, IRS + 5);
    assert_number(tcp_receiver_bytes_pending(receiver), 0);
    expect_text(receiver, "abcd");
}

static void old_text_is_not_delivered_again(void **state)
{
    struct tcp_receiver *receiver = synchronized_of(state, 4000, 1000);

    text_arrives(receiver, IRS + 1, "abc");
    text_arrives(receiver, IRS + 1, "abc");
    text_arrives(receiver, IRS + 2, "XXd");
    expect_ack(receiver, IRS + 5);
    expect_text(receiver, "abcd");
}

static void a_byte_in_the_place_of_the_syn_leaves_no_trace(void **state)
{
    struct tcp_receiver *receiver = synchronized_of(state, 4000, 1000);

    text_arrives(receiver, IRS, "x");
    expect_ack(receiver, IRS + 1);
    expect_text(receiver, "");
    assert_number(tcp_receiver_bytes_pending(receiver), 0);
}

static void bytes_before_the_syn_leave_no_trace(void **state)
{
    struct tcp_receiver *receiver = synchronized_of(state, 4000, 1000);

    text_arrives(receiver, IRS - 1, "x");
    text_arrives(receiver, IRS - 3000, "xyz");
    fin_arrives(receiver, IRS - 1, NULL);
    expect_ack(receiver, IRS + 1);
    expect_text(receiver, "");
    expect_open(receiver);
    assert_number(tcp_receiver_bytes_pending(receiver), 0);
}

static void of_text_that_begins_at_the_syn_the_rest_counts(void **state)
{
    struct tcp_receiver *receiver = synchronized_of(state, 4000, 1000);

    text_arrives(receiver, IRS, "xab");
    expect_ack(receiver, IRS + 3);
    expect_text(receiver, "ab");
}

static void bytes_beyond_the_capacity_are_not_acknowledged(void **state)
{
    struct tcp_receiver *receiver = synchronized_of(state, 4, 1000);

    text_arrives(receiver, IRS + 1, "abcdef");
    expect_ack(receiver, IRS + 5);
    expect_text(receiver, "abcd");
    text_arrives(receiver, IRS + 10, "x");
    assert_number(tcp_receiver_bytes_pending(receiver), 0);
}

static void the_receiver_keeps_a_copy_of_the_payload(void **state)
{
    struct tcp_receiver *receiver = synchronized_of(state, 4000, 1000);
    char text[] = "bc";

    text_arrives(receiver, IRS + 2, text);
    memset(text, 'X', 2);
    text_arrives(receiver, IRS + 1, "a");
    expect_text(receiver, "abc");
}

/* --- FIN ----------------------------------------------------------------------------------- */

/* RFC 9293, 3.4: FIN takes one sequence number. */
static void the_fin_counts_one_and_closes(void **state)
{
    struct tcp_receiver *receiver = synchronized_of(state, 4000, 1000);

    fin_arrives(receiver, IRS + 1, NULL);
    expect_ack(receiver, IRS + 2);
    expect_closed(receiver);
}

static void a_fin_may_come_with_text(void **state)
{
    struct tcp_receiver *receiver = synchronized_of(state, 4000, 1000);

    fin_arrives(receiver, IRS + 1, "bye");
    expect_ack(receiver, IRS + 5);
    expect_text(receiver, "bye");
    expect_closed(receiver);
}

static void a_fin_before_its_data_does_not_close(void **state)
{
    struct tcp_receiver *receiver = synchronized_of(state, 4000, 1000);

    fin_arrives(receiver, IRS + 4, NULL);
    expect_ack(receiver, IRS + 1);
    expect_open(receiver);
}

static void a_fin_before_its_data_is_remembered(void **state)
{
    struct tcp_receiver *receiver = synchronized_of(state, 4000, 1000);

    fin_arrives(receiver, IRS + 3, "c");
    expect_ack(receiver, IRS + 1);
    text_arrives(receiver, IRS + 1, "ab");
    expect_ack(receiver, IRS + 5);
    expect_closed(receiver);
}

static void a_fin_after_old_text_counts(void **state)
{
    struct tcp_receiver *receiver = synchronized_of(state, 4000, 1000);

    text_arrives(receiver, IRS + 1, "abc");
    fin_arrives(receiver, IRS + 1, "abc");
    expect_ack(receiver, IRS + 5);
    expect_closed(receiver);
}

static void a_repeated_fin_counts_once(void **state)
{
    struct tcp_receiver *receiver = synchronized_of(state, 4000, 1000);

    fin_arrives(receiver, IRS + 1, "abc");
    fin_arrives(receiver, IRS + 1, "abc");
    fin_arrives(receiver, IRS + 4, NULL);
    expect_ack(receiver, IRS + 5);
    expect_text(receiver, "abc");
}

static void nothing_is_taken_after_the_fin(void **state)
{
    struct tcp_receiver *receiver = synchronized_of(state, 4000, 1000);

    fin_arrives(receiver, IRS + 1, "abc");
    text_arrives(receiver, IRS + 4, "def");
    text_arrives(receiver, IRS + 5, "ef");
    expect_ack(receiver, IRS + 5);
    expect_text(receiver, "abc");
    assert_number(tcp_receiver_bytes_pending(receiver), 0);
}

/* The bytes before the FIN did not fit: to close now would cut the stream short. */
static void the_fin_of_a_segment_that_does_not_fit_does_not_close(void **state)
{
    struct tcp_receiver *receiver = synchronized_of(state, 4, 1000);

    fin_arrives(receiver, IRS + 1, "abcdef");
    expect_ack(receiver, IRS + 5);
    expect_open(receiver);
    expect_text(receiver, "abcd");
    fin_arrives(receiver, IRS + 5, "ef");
    expect_ack(receiver, IRS + 8);
    expect_closed(receiver);
}

/* --- numbers that wrap --------------------------------------------------------------------- */

/* RFC 9293, 3.4: all of it is modulo 2^32. */
static void the_stream_crosses_the_wrap(void **state)
{
    struct tcp_receiver *receiver = receiver_of(state, 4000, 1000);

    syn_arrives(receiver, 0xfffffffdu);
    expect_ack(receiver, 0xfffffffeu);
    text_arrives(receiver, 0, "cd");
    text_arrives(receiver, 0xfffffffeu, "ab");
    expect_ack(receiver, 2);
    fin_arrives(receiver, 2, "e");
    expect_ack(receiver, 4);
    expect_text(receiver, "abcde");
}

static void a_syn_may_stand_right_before_the_wrap(void **state)
{
    struct tcp_receiver *receiver = receiver_of(state, 4000, 1000);

    syn_arrives(receiver, UINT32_MAX);
    expect_ack(receiver, 0);
    text_arrives(receiver, UINT32_MAX, "xa");
    expect_ack(receiver, 1);
    expect_text(receiver, "a");
}

static void acceptable_holds_across_the_wrap(void **state)
{
    struct tcp_receiver *receiver = receiver_of(state, 1000, 1000);

    syn_arrives(receiver, 0xfffffffdu);
    expect_window(receiver, 1000);
    assert_false(tcp_receiver_acceptable(receiver, (struct seqno){0xfffffffdu}, 0));
    assert_true(tcp_receiver_acceptable(receiver, (struct seqno){0xfffffffeu}, 0));
    assert_true(tcp_receiver_acceptable(receiver, (struct seqno){5}, 10));
    assert_true(tcp_receiver_acceptable(receiver, (struct seqno){997}, 1));
    assert_false(tcp_receiver_acceptable(receiver, (struct seqno){998}, 1));
}

#define TEST(name) cmocka_unit_test_teardown(name, free_receiver)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_new_receiver_acknowledges_nothing),
        TEST(a_new_receiver_names_the_window_that_it_would_offer),
        TEST(before_the_syn_everything_else_is_ignored),
        TEST(before_the_syn_nothing_is_acceptable),
        TEST(freeing_no_receiver_is_harmless),

        TEST(the_syn_counts_one),
        TEST(a_syn_may_carry_text),
        TEST(a_syn_may_carry_text_and_fin),
        TEST(a_syn_may_carry_a_fin_alone),
        TEST(a_repeated_syn_changes_nothing),
        TEST(a_different_syn_does_not_start_the_stream_anew),
        TEST(the_text_of_a_repeated_syn_counts),

        TEST(text_in_order_is_delivered_and_acknowledged),
        TEST(text_behind_a_gap_is_held_and_not_acknowledged),
        TEST(filling_a_gap_acknowledges_all_that_was_held),
        TEST(old_text_is_not_delivered_again),
        TEST(a_byte_in_the_place_of_the_syn_leaves_no_trace),
        TEST(bytes_before_the_syn_leave_no_trace),
        TEST(of_text_that_begins_at_the_syn_the_rest_counts),
        TEST(bytes_beyond_the_capacity_are_not_acknowledged),
        TEST(the_receiver_keeps_a_copy_of_the_payload),

        TEST(the_fin_counts_one_and_closes),
        TEST(a_fin_may_come_with_text),
        TEST(a_fin_before_its_data_does_not_close),
        TEST(a_fin_before_its_data_is_remembered),
        TEST(a_fin_after_old_text_counts),
        TEST(a_repeated_fin_counts_once),
        TEST(nothing_is_taken_after_the_fin),
        TEST(the_fin_of_a_segment_that_does_not_fit_does_not_close),

        TEST(the_stream_crosses_the_wrap),
        TEST(a_syn_may_stand_right_before_the_wrap),
        TEST(acceptable_holds_across_the_wrap),
    };

    return run_all("checkpoint 3: the receiver", tests);
}
