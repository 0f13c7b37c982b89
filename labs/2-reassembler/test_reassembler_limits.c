/*
 * Unit tests of checkpoint 2, the reassembler: where it stops taking bytes, at the capacity and at
 * the end of the stream.
 */
#include "reassembler_test.h"

/* --- the capacity -------------------------------------------------------------------------- */

static void bytes_beyond_the_capacity_are_cut_off(void **state)
{
    struct rig *rig = rig_of(state, 4);

    insert(rig, 0, "abcdef");
    expect_pending(rig, 0);
    expect_delivered(rig, "abcd");
    insert(rig, 6, "g");
    insert(rig, 4, "e");
    expect_delivered(rig, "e");
}

static void held_bytes_beyond_the_capacity_are_cut_off(void **state)
{
    struct rig *rig = rig_of(state, 4);

    insert(rig, 2, "cdef");
    expect_pending(rig, 2);
    insert(rig, 0, "ab");
    expect_delivered(rig, "abcd");
    expect_pending(rig, 0);
}

static void a_piece_entirely_beyond_the_capacity_leaves_no_trace(void **state)
{
    struct rig *rig = rig_of(state, 4);

    insert(rig, 4, "e");
    insert(rig, 1000, "xyz");
    expect_pending(rig, 0);
    insert(rig, 0, "abcd");
    expect_delivered(rig, "abcd");
    expect_pending(rig, 0);
}

static void the_last_acceptable_byte_is_held(void **state)
{
    struct rig *rig = rig_of(state, 4);

    insert(rig, 3, "d");
    expect_pending(rig, 1);
    insert(rig, 0, "abc");
    expect_delivered(rig, "abcd");
}

static void a_full_stream_lets_nothing_in_until_the_reader_reads(void **state)
{
    struct rig *rig = rig_of(state, 2);

    insert(rig, 0, "ab");
    insert(rig, 2, "c");
    expect_pending(rig, 0);
    expect_delivered(rig, "ab");
    expect_delivered(rig, "");
    insert(rig, 2, "cd");
    expect_delivered(rig, "cd");
}

static void reading_moves_the_edge_by_as_much_as_was_read(void **state)
{
    struct rig *rig = rig_of(state, 4);
    char text[8];

    insert(rig, 0, "abcd");
    read_text(rig, text, 1);
    insert(rig, 4, "ef");
    read_text(rig, text, 8);
    assert_string_equal(text, "bcde");
}

/* What is buffered in the stream and what is pending share one capacity. */
static void unread_bytes_leave_less_room_for_pending_ones(void **state)
{
    struct rig *rig = rig_of(state, 6);

    insert(rig, 0, "abc");
    insert(rig, 4, "efgh");
    expect_pending(rig, 2);
    insert(rig, 3, "d");
    expect_delivered(rig, "abcdef");
    expect_pending(rig, 0);
}

/* The longer copy of a piece that was cut at the edge may not slip past the edge. */
static void a_longer_copy_of_the_piece_at_the_edge_is_cut_as_well(void **state)
{
    struct rig *rig = rig_of(state, 4);

    insert(rig, 2, "cd");
    insert(rig, 2, "cdefgh");
    insert(rig, 3, "def");
    expect_pending(rig, 2);
    insert(rig, 0, "ab");
    expect_delivered(rig, "abcd");
}

/* Bytes held already take no room twice: a piece that repeats them may use the capacity fully. */
static void an_overlapping_piece_is_not_cut_more_than_the_edge_demands(void **state)
{
    struct rig *rig = rig_of(state, 4);

    insert(rig, 1, "bc");
    insert(rig, 1, "bcd");
    expect_pending(rig, 3);
    insert(rig, 0, "abcd");
    expect_delivered(rig, "abcd");
}

static void what_was_cut_off_is_accepted_when_it_comes_again(void **state)
{
    struct rig *rig = rig_of(state, 3);

    insert(rig, 0, "abcdef");
    expect_delivered(rig, "abc");
    insert(rig, 3, "def");
    expect_delivered(rig, "def");
}

static void a_piece_at_the_end_of_all_indices_is_refused(void **state)
{
    struct rig *rig = rig_of(state, 4);

    insert(rig, UINT64_MAX - 3, "xyz");
    insert_last(rig, UINT64_MAX, "");
    expect_pending(rig, 0);
    expect_open(rig);
    insert(rig, 0, "a");
    expect_delivered(rig, "a");
}

static void a_stream_without_capacity_takes_nothing(void **state)
{
    struct rig *rig = rig_of(state, 0);

    insert(rig, 0, "a");
    insert_last(rig, 0, "a");
    expect_pending(rig, 0);
    expect_delivered(rig, "");
    expect_open(rig);
}

/* --- the end ------------------------------------------------------------------------------- */

static void the_last_piece_closes_the_stream(void **state)
{
    struct rig *rig = rig_of(state, 10);

    insert(rig, 0, "ab");
    expect_open(rig);
    insert_last(rig, 2, "cd");
    expect_closed(rig);
    expect_delivered(rig, "abcd");
}

static void an_empty_last_piece_closes_an_empty_stream(void **state)
{
    struct rig *rig = rig_of(state, 10);

    reassembler_insert(rig->reassembler, 0, NULL, 0, true);
    expect_closed(rig);
    expect_delivered(rig, "");
}

static void an_empty_last_piece_closes_after_the_bytes_before_it(void **state)
{
    struct rig *rig = rig_of(state, 10);

    insert(rig, 0, "abc");
    insert_last(rig, 3, "");
    expect_closed(rig);
    expect_delivered(rig, "abc");
}

static void a_last_piece_before_its_turn_does_not_close(void **state)
{
    struct rig *rig = rig_of(state, 10);

    insert_last(rig, 2, "cd");
    expect_open(rig);
    expect_delivered(rig, "");
}

static void the_end_is_remembered_until_all_bytes_are_there(void **state)
{
    struct rig *rig = rig_of(state, 10);

    insert_last(rig, 2, "cd");
    insert(rig, 0, "a");
    expect_open(rig);
    insert(rig, 1, "b");
    expect_closed(rig);
    expect_delivered(rig, "abcd");
}

static void an_empty_last_piece_is_remembered_too(void **state)
{
    struct rig *rig = rig_of(state, 10);

    insert_last(rig, 3, "");
    expect_open(rig);
    expect_pending(rig, 0);
    insert(rig, 0, "abc");
    expect_closed(rig);
}

static void the_end_counts_though_the_bytes_before_it_are_held_already(void **state)
{
    struct rig *rig = rig_of(state, 10);

    insert(rig, 2, "cd");
    insert_last(rig, 2, "cd");
    insert(rig, 0, "ab");
    expect_closed(rig);
    expect_delivered(rig, "abcd");
}

static void the_end_counts_though_the_bytes_before_it_are_delivered_already(void **state)
{
    struct rig *rig = rig_of(state, 10);

    insert(rig, 0, "abcd");
    insert_last(rig, 1, "bcd");
    expect_closed(rig);
    expect_delivered(rig, "abcd");
}

static void the_end_of_a_piece_cut_off_at_the_edge_is_forgotten(void **state)
{
    struct rig *rig = rig_of(state, 4);

    insert_last(rig, 0, "abcdef");
    expect_open(rig);
    expect_delivered(rig, "abcd");
    expect_open(rig);
    insert(rig, 4, "ef");
    expect_open(rig);
    insert_last(rig, 4, "ef");
    expect_closed(rig);
    expect_delivered(rig, "ef");
}

static void an_end_exactly_at_the_edge_counts(void **state)
{
    struct rig *rig = rig_of(state, 4);

    insert_last(rig, 0, "abcd");
    expect_closed(rig);
}

static void an_empty_last_piece_exactly_at_the_edge_counts(void **state)
{
    struct rig *rig = rig_of(state, 4);

    insert_last(rig, 4, "");
    insert(rig, 0, "abcd");
    expect_closed(rig);
}

static void an_empty_last_piece_beyond_the_edge_is_forgotten(void **state)
{
    struct rig *rig = rig_of(state, 4);

    insert_last(rig, 5, "");
    insert(rig, 0, "abcd");
    expect_delivered(rig, "abcd");
    insert(rig, 4, "e");
    expect_open(rig);
}

static void an_empty_last_piece_closes_a_full_stream(void **state)
{
    struct rig *rig = rig_of(state, 3);

    insert(rig, 0, "abc");
    insert_last(rig, 3, "");
    expect_closed(rig);
}

static void bytes_beyond_a_known_end_are_discarded(void **state)
{
    struct rig *rig = rig_of(state, 10);

    insert_last(rig, 2, "cd");
    insert(rig, 3, "dXX");
    insert(rig, 4, "XX");
    expect_pending(rig, 2);
    insert(rig, 0, "ab");
    expect_delivered(rig, "abcd");
    expect_closed(rig);
}

static void held_bytes_beyond_the_end_are_not_delivered(void **state)
{
    struct rig *rig = rig_of(state, 10);

    insert(rig, 4, "XX");
    insert_last(rig, 2, "cd");
    insert(rig, 0, "ab");
    expect_delivered(rig, "abcd");
    expect_closed(rig);
    expect_pending(rig, 0);
}

static void of_two_ends_the_first_one_known_counts(void **state)
{
    struct rig *rig = rig_of(state, 10);

    insert_last(rig, 2, "cd");
    insert_last(rig, 2, "cdef");
    insert_last(rig, 1, "b");
    insert(rig, 0, "a");
    expect_delivered(rig, "abcd");
    expect_closed(rig);
}

static void nothing_is_delivered_after_the_end(void **state)
{
    struct rig *rig = rig_of(state, 10);

    insert_last(rig, 0, "abc");
    expect_delivered(rig, "abc");
    insert(rig, 3, "def");
    insert(rig, 5, "f");
    insert_last(rig, 3, "def");
    expect_delivered(rig, "");
    expect_pending(rig, 0);
    assert_true(byte_stream_is_finished(rig->stream));
    assert_number(byte_stream_total_written(rig->stream), 3);
}

static void a_repeated_last_piece_is_harmless(void **state)
{
    struct rig *rig = rig_of(state, 10);

    insert_last(rig, 0, "abc");
    insert_last(rig, 0, "abc");
    insert_last(rig, 3, "");
    expect_closed(rig);
    expect_delivered(rig, "abc");
    expect_pending(rig, 0);
}

static void freeing_with_pieces_still_held_leaks_nothing(void **state)
{
    struct rig *rig = rig_of(state, 100);

    insert(rig, 10, "held");
    insert(rig, 20, "for ever");
    expect_pending(rig, 12);
}

#define TEST(name) cmocka_unit_test_teardown(name, free_rig)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(bytes_beyond_the_capacity_are_cut_off),
        TEST(held_bytes_beyond_the_capacity_are_cut_off),
        TEST(a_piece_entirely_beyond_the_capacity_leaves_no_trace),
        TEST(the_last_acceptable_byte_is_held),
        TEST(a_full_stream_lets_nothing_in_until_the_reader_reads),
        TEST(reading_moves_the_edge_by_as_much_as_was_read),
        TEST(unread_bytes_leave_less_room_for_pending_ones),
        TEST(a_longer_copy_of_the_piece_at_the_edge_is_cut_as_well),
        TEST(an_overlapping_piece_is_not_cut_more_than_the_edge_demands),
        TEST(what_was_cut_off_is_accepted_when_it_comes_again),
        TEST(a_piece_at_the_end_of_all_indices_is_refused),
        TEST(a_stream_without_capacity_takes_nothing),

        TEST(the_last_piece_closes_the_stream),
        TEST(an_empty_last_piece_closes_an_empty_stream),
        TEST(an_empty_last_piece_closes_after_the_bytes_before_it),
        TEST(a_last_piece_before_its_turn_does_not_close),
        TEST(the_end_is_remembered_until_all_bytes_are_there),
        TEST(an_empty_last_piece_is_remembered_too),
        TEST(the_end_counts_though_the_bytes_before_it_are_held_already),
        TEST(the_end_counts_though_the_bytes_before_it_are_delivered_already),
        TEST(the_end_of_a_piece_cut_off_at_the_edge_is_forgotten),
        TEST(an_end_exactly_at_the_edge_counts),
        TEST(an_empty_last_piece_exactly_at_the_edge_counts),
        TEST(an_empty_last_piece_beyond_the_edge_is_forgotten),
        TEST(an_empty_last_piece_closes_a_full_stream),
        TEST(bytes_beyond_a_known_end_are_discarded),
        TEST(held_bytes_beyond_the_end_are_not_delivered),
        TEST(of_two_ends_the_first_one_known_counts),
        TEST(nothing_is_delivered_after_the_end),
        TEST(a_repeated_last_piece_is_harmless),
        TEST(freeing_with_pieces_still_held_leaks_nothing),
    };

    return run_all("checkpoint 2: the capacity and the end", tests);
}
