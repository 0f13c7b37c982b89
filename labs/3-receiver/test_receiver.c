/*
 * Unit tests of checkpoint 3, the receiver. The peer's initial sequence number is IRS, so the first
 * byte of its stream stands at IRS + 1.
 */
#include "testing.h"

#include "receiver.h"

#define IRS 5000u

/* --- words of these tests ------------------------------------------------------------------ */

static struct tcp_receiver *receiver_of(void **state, size_t recv_capacity, uint16_t mss)
{
    struct tcp_config config = tcp_config_default();
    struct tcp_receiver *receiver;

    config.recv_capacity = recv_capacity;
    config.mss = mss;
    receiver = tcp_receiver_new(&config);
    assert_non_null(receiver);
    assert_non_null(tcp_receiver_inbound(receiver));
    *state = receiver;
    return receiver;
}

static int free_receiver(void **state)
{
    tcp_receiver_free(*state);
    return 0;
}

static void arrives(struct tcp_receiver *receiver, struct tcp_sender_message message,
                    const char *text)
{
    if (text != NULL) {
        message.payload = (const uint8_t *)text;
        message.payload_len = strlen(text);
    }
    tcp_receiver_receive(receiver, &message);
}

static void syn_arrives(struct tcp_receiver *receiver, uint32_t seq)
{
    arrives(receiver, (struct tcp_sender_message){.seq = {seq}, .syn = true}, NULL);
}

static void text_arrives(struct tcp_receiver *receiver, uint32_t seq, const char *text)
{
    arrives(receiver, (struct tcp_sender_message){.seq = {seq}}, text);
}

static void fin_arrives(struct tcp_receiver *receiver, uint32_t seq, const char *text)
{
    arrives(receiver, (struct tcp_sender_message){.seq = {seq}, .fin = true}, text);
}

/* `n` bytes of the pattern, which begins at IRS + 1, arrive in one piece. */
static void bytes_arrive(struct tcp_receiver *receiver, uint32_t seq, size_t n)
{
    uint8_t *bytes = malloc(n);

    assert_non_null(bytes);
    fill_pattern(bytes, seq - (IRS + 1), n);
    tcp_receiver_receive(
        receiver, &(struct tcp_sender_message){.seq = {seq}, .payload = bytes, .payload_len = n});
    free(bytes);
}

/* A receiver that has seen a SYN and has offered its first window. */
static struct tcp_receiver *synchronized_of(void **state, size_t recv_capacity, uint16_t mss)
{
    struct tcp_receiver *receiver = receiver_of(state, recv_capacity, mss);

    syn_arrives(receiver, IRS);
    tcp_receiver_send(receiver);
    return receiver;
}

static void expect_ack(struct tcp_receiver *receiver, uint32_t ack)
{
    struct tcp_receiver_message message = tcp_receiver_send(receiver);

    assert_true(message.has_ack);
    assert_seqno(message.ack, ack);
    assert_seqno(tcp_receiver_rcv_nxt(receiver), ack);
}

static void expect_window(struct tcp_receiver *receiver, size_t window)
{
    assert_number(tcp_receiver_send(receiver).window, window);
    assert_number(tcp_receiver_rcv_wnd(receiver), window);
}

static void reader_reads(struct tcp_receiver *receiver, size_t n)
{
    byte_stream_pop(tcp_receiver_inbound(receiver), n);
}

static void expect_text(struct tcp_receiver *receiver, const char *expected)
{
    struct byte_stream *inbound = tcp_receiver_inbound(receiver);

    assert_number(byte_stream_buffered(inbound), strlen(expected));
    for (size_t i = 0; expected[i] != '\0'; i++) {
        const uint8_t *data = NULL;

        assert_true(byte_stream_peek(inbound, 0, &data) > 0);
        assert_number(*data, (uint8_t)expected[i]);
        byte_stream_pop(inbound, 1);
    }
}

static void expect_open(const struct tcp_receiver *receiver)
{
    assert_false(byte_stream_is_closed(tcp_receiver_inbound(receiver)));
}

static void expect_closed(const struct tcp_receiver *receiver)
{
    assert_true(byte_stream_is_closed(tcp_receiver_inbound(receiver)));
}

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

    return run_all("checkpoint 3: the receiver", tests);
}
