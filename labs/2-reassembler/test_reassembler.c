/*
 * Unit tests of checkpoint 2, the reassembler: pieces in order, out of order, and overlapping.
 */
#include "reassembler_test.h"

/* --- in order ------------------------------------------------------------------------------ */

static void nothing_is_pending_at_first(void **state)
{
    struct rig *rig = rig_of(state, 10);

    expect_pending(rig, 0);
    expect_delivered(rig, "");
    expect_open(rig);
}

static void freeing_no_reassembler_is_harmless(void **state)
{
    reassembler_free(NULL);
    assert_null(*state);
}

static void bytes_in_order_are_delivered_at_once(void **state)
{
    struct rig *rig = rig_of(state, 10);

    insert(rig, 0, "abc");
    expect_pending(rig, 0);
    expect_delivered(rig, "abc");
    insert(rig, 3, "de");
    expect_delivered(rig, "de");
}

static void an_empty_piece_changes_nothing(void **state)
{
    struct rig *rig = rig_of(state, 10);

    reassembler_insert(rig->reassembler, 0, NULL, 0, false);
    reassembler_insert(rig->reassembler, 5, NULL, 0, false);
    expect_pending(rig, 0);
    expect_delivered(rig, "");
    expect_open(rig);
}

static void the_reassembler_keeps_a_copy_of_what_it_holds(void **state)
{
    struct rig *rig = rig_of(state, 10);
    char text[] = "bc";

    reassembler_insert(rig->reassembler, 1, text, 2, false);
    memset(text, 'x', 2);
    insert(rig, 0, "a");
    expect_delivered(rig, "abc");
}

/* --- holes --------------------------------------------------------------------------------- */

/* RFC 9293, 3.10.7.4, SHLD-31 */
static void a_piece_behind_a_hole_waits(void **state)
{
    struct rig *rig = rig_of(state, 10);

    insert(rig, 2, "cd");
    expect_pending(rig, 2);
    expect_delivered(rig, "");
}

static void filling_the_hole_delivers_what_waited(void **state)
{
    struct rig *rig = rig_of(state, 10);

    insert(rig, 2, "cd");
    insert(rig, 0, "ab");
    expect_pending(rig, 0);
    expect_delivered(rig, "abcd");
}

static void filling_a_part_of_the_hole_delivers_only_that_part(void **state)
{
    struct rig *rig = rig_of(state, 10);

    insert(rig, 3, "de");
    insert(rig, 0, "ab");
    expect_pending(rig, 2);
    expect_delivered(rig, "ab");
    insert(rig, 2, "c");
    expect_delivered(rig, "cde");
}

static void pieces_in_reverse_order_come_out_right(void **state)
{
    struct rig *rig = rig_of(state, 10);

    insert(rig, 6, "gh");
    insert(rig, 4, "ef");
    insert(rig, 2, "cd");
    expect_pending(rig, 6);
    insert(rig, 0, "ab");
    expect_delivered(rig, "abcdefgh");
}

static void filling_the_first_of_two_holes_leaves_the_second(void **state)
{
    struct rig *rig = rig_of(state, 10);

    insert(rig, 1, "b");
    insert(rig, 3, "d");
    insert(rig, 0, "a");
    expect_pending(rig, 1);
    expect_delivered(rig, "ab");
}

static void filling_the_second_of_two_holes_delivers_nothing_yet(void **state)
{
    struct rig *rig = rig_of(state, 10);

    insert(rig, 1, "b");
    insert(rig, 3, "d");
    insert(rig, 2, "c");
    expect_pending(rig, 3);
    expect_delivered(rig, "");
    insert(rig, 0, "a");
    expect_delivered(rig, "abcd");
}

static void one_piece_can_join_many(void **state)
{
    struct rig *rig = rig_of(state, 20);

    insert(rig, 2, "c");
    insert(rig, 4, "e");
    insert(rig, 6, "g");
    insert(rig, 10, "k");
    insert(rig, 1, "bcdefgh");
    expect_pending(rig, 8);
    insert(rig, 0, "a");
    expect_delivered(rig, "abcdefgh");
    expect_pending(rig, 1);
    insert(rig, 8, "ij");
    expect_delivered(rig, "ijk");
}

/* However many holes there are, the byte that everybody waits for finds its place. */
static void as_many_holes_as_fit_do_not_shut_out_the_first_byte(void **state)
{
    struct rig *rig = rig_of(state, 100);

    for (size_t i = 1; i < 100; i += 2) {
        insert(rig, i, "b");
    }
    expect_pending(rig, 50);
    for (size_t i = 0; i < 100; i += 2) {
        insert(rig, i, "a");
        expect_delivered(rig, "ab");
    }
    expect_pending(rig, 0);
}

/* --- duplicates and overlaps --------------------------------------------------------------- */

static void a_piece_that_was_delivered_is_not_delivered_again(void **state)
{
    struct rig *rig = rig_of(state, 10);

    insert(rig, 0, "abc");
    insert(rig, 0, "abc");
    insert(rig, 1, "b");
    expect_delivered(rig, "abc");
    expect_pending(rig, 0);
    assert_number(byte_stream_total_written(rig->stream), 3);
}

static void a_piece_that_is_held_counts_once(void **state)
{
    struct rig *rig = rig_of(state, 10);

    insert(rig, 2, "cde");
    insert(rig, 2, "cde");
    insert(rig, 3, "d");
    expect_pending(rig, 3);
    insert(rig, 0, "ab");
    expect_delivered(rig, "abcde");
}

/* RFC 9293, 3.10.7.4, first check: of a segment that straddles old and new, the new part counts. */
static void only_the_new_part_of_a_piece_is_delivered(void **state)
{
    struct rig *rig = rig_of(state, 10);

    insert(rig, 0, "abc");
    insert(rig, 1, "XXde");
    expect_delivered(rig, "abcde");
}

static void bytes_delivered_and_read_do_not_come_back(void **state)
{
    struct rig *rig = rig_of(state, 10);

    insert(rig, 0, "abc");
    expect_delivered(rig, "abc");
    insert(rig, 0, "abcd");
    expect_delivered(rig, "d");
}

static void a_piece_that_overlaps_the_left_of_a_held_one_adds_its_new_bytes(void **state)
{
    struct rig *rig = rig_of(state, 10);

    insert(rig, 3, "def");
    insert(rig, 2, "cd");
    expect_pending(rig, 4);
    insert(rig, 0, "ab");
    expect_delivered(rig, "abcdef");
}

static void a_piece_that_overlaps_the_right_of_a_held_one_adds_its_new_bytes(void **state)
{
    struct rig *rig = rig_of(state, 10);

    insert(rig, 2, "cde");
    insert(rig, 4, "efg");
    expect_pending(rig, 5);
    insert(rig, 0, "ab");
    expect_delivered(rig, "abcdefg");
}

static void a_piece_that_covers_held_ones_replaces_them(void **state)
{
    struct rig *rig = rig_of(state, 10);

    insert(rig, 3, "d");
    insert(rig, 5, "f");
    insert(rig, 2, "cdefg");
    expect_pending(rig, 5);
    insert(rig, 0, "ab");
    expect_delivered(rig, "abcdefg");
}

static void a_piece_from_the_next_byte_on_swallows_held_ones(void **state)
{
    struct rig *rig = rig_of(state, 10);

    insert(rig, 1, "b");
    insert(rig, 3, "de");
    insert(rig, 0, "abcd");
    expect_pending(rig, 0);
    expect_delivered(rig, "abcde");
}

static void a_piece_that_bridges_two_held_ones_counts_its_new_bytes(void **state)
{
    struct rig *rig = rig_of(state, 12);

    insert(rig, 2, "cd");
    insert(rig, 6, "gh");
    insert(rig, 3, "defg");
    expect_pending(rig, 6);
    insert(rig, 0, "ab");
    expect_delivered(rig, "abcdefgh");
}

static void an_old_and_long_piece_delivers_its_tail_and_what_waited(void **state)
{
    struct rig *rig = rig_of(state, 12);

    insert(rig, 0, "ab");
    insert(rig, 5, "f");
    insert(rig, 0, "abcde");
    expect_delivered(rig, "abcdef");
}

#define TEST(name) cmocka_unit_test_teardown(name, free_rig)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_is_pending_at_first),
        TEST(freeing_no_reassembler_is_harmless),
        TEST(bytes_in_order_are_delivered_at_once),
        TEST(an_empty_piece_changes_nothing),
        TEST(the_reassembler_keeps_a_copy_of_what_it_holds),

        TEST(a_piece_behind_a_hole_waits),
        TEST(filling_the_hole_delivers_what_waited),
        TEST(filling_a_part_of_the_hole_delivers_only_that_part),
        TEST(pieces_in_reverse_order_come_out_right),
        TEST(filling_the_first_of_two_holes_leaves_the_second),
        TEST(filling_the_second_of_two_holes_delivers_nothing_yet),
        TEST(one_piece_can_join_many),
        TEST(as_many_holes_as_fit_do_not_shut_out_the_first_byte),

        TEST(a_piece_that_was_delivered_is_not_delivered_again),
        TEST(a_piece_that_is_held_counts_once),
        TEST(only_the_new_part_of_a_piece_is_delivered),
        TEST(bytes_delivered_and_read_do_not_come_back),
        TEST(a_piece_that_overlaps_the_left_of_a_held_one_adds_its_new_bytes),
        TEST(a_piece_that_overlaps_the_right_of_a_held_one_adds_its_new_bytes),
        TEST(a_piece_that_covers_held_ones_replaces_them),
        TEST(a_piece_from_the_next_byte_on_swallows_held_ones),
        TEST(a_piece_that_bridges_two_held_ones_counts_its_new_bytes),
        TEST(an_old_and_long_piece_delivers_its_tail_and_what_waited),
    };

    return run_all("checkpoint 2: the reassembler", tests);
}
