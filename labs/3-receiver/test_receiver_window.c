/*
 * Unit tests of checkpoint 3, the receiver: the window that it offers, and what it accepts by it.
 */
#include "receiver_test.h"

/* --- the window ---------------------------------------------------------------------------- */

static void the_first_window_is_the_whole_buffer(void **state)
{
    struct tcp_receiver *receiver = receiver_of(state, 4000, 1000);

    syn_arrives(receiver, IRS);
    assert_number(tcp_receiver_rcv_wnd(receiver), 4000);
    expect_window(receiver, 4000);
}

static void the_window_shrinks_by_what_arrives(void **state)
{
    struct tcp_receiver *receiver = synchronized_of(state, 4000, 1000);

    bytes_arrive(receiver, IRS + 1, 100);
    expect_window(receiver, 3900);
    bytes_arrive(receiver, IRS + 101, 3900);
    expect_window(receiver, 0);
}

static void bytes_that_wait_for_a_gap_do_not_shrink_the_window(void **state)
{
    struct tcp_receiver *receiver = synchronized_of(state, 4000, 1000);

    bytes_arrive(receiver, IRS + 101, 100);
    expect_window(receiver, 4000);
    bytes_arrive(receiver, IRS + 1, 100);
    expect_window(receiver, 3800);
}

/* RFC 9293, 3.1: the field has 16 bits; 65,536 in it would read as 0. */
static void a_window_too_large_for_its_field_is_the_largest_that_fits(void **state)
{
    struct tcp_receiver *receiver = receiver_of(state, 65536, 1000);

    assert_number(tcp_receiver_send(receiver).window, 65535);
    syn_arrives(receiver, IRS);
    expect_window(receiver, 65535);
}

static void a_buffer_above_the_limit_offers_no_more_than_the_limit(void **state)
{
    struct tcp_receiver *receiver = synchronized_of(state, 70000, 1000);

    expect_window(receiver, 65535);
    bytes_arrive(receiver, IRS + 1, 1000);
    expect_window(receiver, 65535);
    bytes_arrive(receiver, IRS + 1001, 60000);
    expect_window(receiver, 9000);
}

/* RFC 9293, 3.8.6.2.2, MUST-39 */
static void reading_a_little_does_not_move_the_right_edge(void **state)
{
    struct tcp_receiver *receiver = synchronized_of(state, 4000, 1000);

    bytes_arrive(receiver, IRS + 1, 4000);
    expect_window(receiver, 0);
    reader_reads(receiver, 1);
    expect_window(receiver, 0);
    reader_reads(receiver, 998);
    expect_window(receiver, 0);
}

/* RFC 9293, 3.8.6.2.2 */
static void reading_a_segments_worth_moves_the_right_edge(void **state)
{
    struct tcp_receiver *receiver = synchronized_of(state, 4000, 1000);

    bytes_arrive(receiver, IRS + 1, 4000);
    expect_window(receiver, 0);
    reader_reads(receiver, 1000);
    expect_window(receiver, 1000);
    reader_reads(receiver, 999);
    expect_window(receiver, 1000);
    reader_reads(receiver, 1);
    expect_window(receiver, 2000);
}

/* RFC 9293, 3.8.6.2.2: half a buffer that is smaller than two segments */
static void in_a_small_buffer_half_of_it_moves_the_right_edge(void **state)
{
    struct tcp_receiver *receiver = synchronized_of(state, 100, 1000);

    bytes_arrive(receiver, IRS + 1, 100);
    expect_window(receiver, 0);
    reader_reads(receiver, 49);
    expect_window(receiver, 0);
    reader_reads(receiver, 1);
    expect_window(receiver, 50);
}

/* RFC 9293, 3.8.6.2.2 */
static void a_partly_used_window_keeps_its_edge_while_little_is_read(void **state)
{
    struct tcp_receiver *receiver = synchronized_of(state, 4000, 1000);

    bytes_arrive(receiver, IRS + 1, 600);
    reader_reads(receiver, 600);
    expect_window(receiver, 3400);
    bytes_arrive(receiver, IRS + 601, 400);
    reader_reads(receiver, 400);
    expect_window(receiver, 4000);
}

/* One byte was free but not on offer, and the peer's probe filled it. */
static void a_byte_beyond_the_offered_window_does_not_make_it_negative(void **state)
{
    struct tcp_receiver *receiver = synchronized_of(state, 4, 1000);

    text_arrives(receiver, IRS + 1, "abcd");
    expect_window(receiver, 0);
    reader_reads(receiver, 1);
    expect_window(receiver, 0);
    text_arrives(receiver, IRS + 5, "e");
    expect_ack(receiver, IRS + 6);
    expect_window(receiver, 0);
    expect_text(receiver, "bcde");
    expect_window(receiver, 4);
}

/* RFC 9293, 3.8.6, SHLD-14 */
static void the_right_edge_never_moves_left(void **state)
{
    for (uint64_t seed = 0; seed < 50; seed++) {
        struct dice dice = dice_new(seed);
        struct tcp_receiver *receiver = synchronized_of(state, 1 + roll_below(&dice, 9000), 1000);
        uint32_t edge = 0;

        for (int step = 0; step < 500; step++) {
            struct tcp_receiver_message message = tcp_receiver_send(receiver);
            uint32_t offered = message.ack.raw - IRS + message.window;

            assert_rolled(&dice, offered >= edge, true);
            edge = offered;
            bytes_arrive(receiver, message.ack.raw + roll_below(&dice, 300),
                         1 + roll_below(&dice, 300));
            reader_reads(receiver, roll_below(&dice, 400));
        }
        free_receiver(state);
        *state = NULL;
    }
}

/* --- window updates ------------------------------------------------------------------------ */

static void no_update_is_due_at_first(void **state)
{
    struct tcp_receiver *receiver = synchronized_of(state, 4000, 1000);

    assert_false(tcp_receiver_window_update_due(receiver));
    bytes_arrive(receiver, IRS + 1, 1000);
    assert_false(tcp_receiver_window_update_due(receiver));
}

/* RFC 9293, 3.8.6.2.2 */
static void a_closed_window_that_opens_by_a_segment_is_worth_an_update(void **state)
{
    struct tcp_receiver *receiver = synchronized_of(state, 4000, 1000);

    bytes_arrive(receiver, IRS + 1, 4000);
    tcp_receiver_send(receiver);
    reader_reads(receiver, 999);
    assert_false(tcp_receiver_window_update_due(receiver));
    reader_reads(receiver, 1);
    assert_true(tcp_receiver_window_update_due(receiver));
}

static void an_update_is_due_only_until_it_is_sent(void **state)
{
    struct tcp_receiver *receiver = synchronized_of(state, 4000, 1000);

    bytes_arrive(receiver, IRS + 1, 4000);
    tcp_receiver_send(receiver);
    reader_reads(receiver, 4000);
    assert_true(tcp_receiver_window_update_due(receiver));
    expect_window(receiver, 4000);
    assert_false(tcp_receiver_window_update_due(receiver));
}

static void a_window_of_a_segment_or_more_wants_two_segments_for_an_update(void **state)
{
    struct tcp_receiver *receiver = synchronized_of(state, 8000, 1000);

    bytes_arrive(receiver, IRS + 1, 7000);
    expect_window(receiver, 1000);
    reader_reads(receiver, 1999);
    assert_false(tcp_receiver_window_update_due(receiver));
    reader_reads(receiver, 1);
    assert_true(tcp_receiver_window_update_due(receiver));
}

static void a_window_below_a_segment_wants_one_segment_for_an_update(void **state)
{
    struct tcp_receiver *receiver = synchronized_of(state, 8000, 1000);

    bytes_arrive(receiver, IRS + 1, 7001);
    expect_window(receiver, 999);
    reader_reads(receiver, 999);
    assert_false(tcp_receiver_window_update_due(receiver));
    reader_reads(receiver, 1);
    assert_true(tcp_receiver_window_update_due(receiver));
}

static void in_a_small_buffer_half_of_it_is_worth_an_update(void **state)
{
    struct tcp_receiver *receiver = synchronized_of(state, 100, 1000);

    bytes_arrive(receiver, IRS + 1, 100);
    tcp_receiver_send(receiver);
    reader_reads(receiver, 49);
    assert_false(tcp_receiver_window_update_due(receiver));
    reader_reads(receiver, 1);
    assert_true(tcp_receiver_window_update_due(receiver));
}

static void after_the_fin_no_update_is_due(void **state)
{
    struct tcp_receiver *receiver = synchronized_of(state, 4000, 1000);

    bytes_arrive(receiver, IRS + 1, 3999);
    fin_arrives(receiver, IRS + 4000, NULL);
    tcp_receiver_send(receiver);
    reader_reads(receiver, 3999);
    assert_false(tcp_receiver_window_update_due(receiver));
}

/* --- acceptability: RFC 9293, 3.10.7.4, table 6 ---------------------------------------------- */

struct acceptability {
    int32_t from_rcv_nxt;
    size_t seg_len;
    bool acceptable;
};

static void expect_acceptability(const struct tcp_receiver *receiver,
                                 const struct acceptability *table, size_t rows)
{
    for (size_t i = 0; i < rows; i++) {
        uint32_t seq = tcp_receiver_rcv_nxt(receiver).raw + (uint32_t)table[i].from_rcv_nxt;

        if (tcp_receiver_acceptable(receiver, (struct seqno){seq}, table[i].seg_len) !=
            table[i].acceptable) {
            fail_msg("a segment of %zu sequence numbers at RCV.NXT %+d should be %s",
                     table[i].seg_len, table[i].from_rcv_nxt,
                     table[i].acceptable ? "acceptable" : "refused");
        }
    }
}

#define expect_acceptability(receiver, ...) word(expect_acceptability(receiver, __VA_ARGS__))

#define ROWS(table) (table), sizeof(table) / sizeof((table)[0])

static void with_an_open_window_an_empty_segment_must_stand_in_it(void **state)
{
    const struct acceptability table[] = {
        {-1, 0, false}, {0, 0, true}, {999, 0, true}, {1000, 0, false}, {-5000, 0, false},
    };

    struct tcp_receiver *receiver = synchronized_of(state, 1000, 500);

    expect_acceptability(receiver, ROWS(table));
}

static void with_an_open_window_the_first_or_last_number_must_stand_in_it(void **state)
{
    const struct acceptability table[] = {
        {0, 1, true},      {0, 1000, true},  {999, 1, true},       {999, 500, true},
        {1000, 1, false},  {5000, 5, false}, {1000000, 1, false},  {500, 600, true},
        {-1, 1, false},    {-1, 2, true},    {-10, 10, false},     {-10, 11, true},
        {-10, 1010, true}, {-50, 5, false},  {-1000000, 1, false},
    };
    struct tcp_receiver *receiver = synchronized_of(state, 1000, 500);

    bytes_arrive(receiver, IRS + 1, 600);
    reader_reads(receiver, 600);
    expect_window(receiver, 1000);
    expect_acceptability(receiver, ROWS(table));
}

static void with_a_closed_window_only_an_empty_segment_at_rcv_nxt_is_acceptable(void **state)
{
    const struct acceptability table[] = {
        {0, 0, true}, {-1, 0, false}, {1, 0, false}, {0, 1, false}, {-1, 2, false}, {-1, 1, false},
    };
    struct tcp_receiver *receiver = synchronized_of(state, 1000, 500);

    bytes_arrive(receiver, IRS + 1, 1000);
    expect_window(receiver, 0);
    expect_acceptability(receiver, ROWS(table));
}

/* What the peer was told counts, not what is free by now. */
static void the_window_that_counts_is_the_one_offered_last(void **state)
{
    const struct acceptability before[] = {{0, 1, false}, {0, 0, true}};
    const struct acceptability after[] = {{0, 1, true}, {999, 1, true}, {1000, 1, false}};
    struct tcp_receiver *receiver = synchronized_of(state, 1000, 500);

    bytes_arrive(receiver, IRS + 1, 1000);
    tcp_receiver_send(receiver);
    reader_reads(receiver, 1000);
    expect_acceptability(receiver, ROWS(before));
    tcp_receiver_send(receiver);
    expect_acceptability(receiver, ROWS(after));
}

static void what_arrived_is_no_longer_in_the_window(void **state)
{
    const struct acceptability table[] = {
        {-1, 0, false}, {-100, 100, false}, {0, 1, true}, {899, 1, true}, {900, 1, false},
    };
    struct tcp_receiver *receiver = synchronized_of(state, 1000, 500);

    bytes_arrive(receiver, IRS + 1, 100);
    expect_acceptability(receiver, ROWS(table));
}

#define TEST(name) cmocka_unit_test_teardown(name, free_receiver)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_first_window_is_the_whole_buffer),
        TEST(the_window_shrinks_by_what_arrives),
        TEST(bytes_that_wait_for_a_gap_do_not_shrink_the_window),
        TEST(a_window_too_large_for_its_field_is_the_largest_that_fits),
        TEST(a_buffer_above_the_limit_offers_no_more_than_the_limit),
        TEST(reading_a_little_does_not_move_the_right_edge),
        TEST(reading_a_segments_worth_moves_the_right_edge),
        TEST(in_a_small_buffer_half_of_it_moves_the_right_edge),
        TEST(a_partly_used_window_keeps_its_edge_while_little_is_read),
        TEST(a_byte_beyond_the_offered_window_does_not_make_it_negative),
        TEST(the_right_edge_never_moves_left),

        TEST(no_update_is_due_at_first),
        TEST(a_closed_window_that_opens_by_a_segment_is_worth_an_update),
        TEST(an_update_is_due_only_until_it_is_sent),
        TEST(a_window_of_a_segment_or_more_wants_two_segments_for_an_update),
        TEST(a_window_below_a_segment_wants_one_segment_for_an_update),
        TEST(in_a_small_buffer_half_of_it_is_worth_an_update),
        TEST(after_the_fin_no_update_is_due),

        TEST(with_an_open_window_an_empty_segment_must_stand_in_it),
        TEST(with_an_open_window_the_first_or_last_number_must_stand_in_it),
        TEST(with_a_closed_window_only_an_empty_segment_at_rcv_nxt_is_acceptable),
        TEST(the_window_that_counts_is_the_one_offered_last),
        TEST(what_arrived_is_no_longer_in_the_window),
    };

    return run_all("checkpoint 3: the window", tests);
}
