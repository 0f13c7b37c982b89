/*
 * Unit tests of checkpoint 2, the reassembler. The stream in most of them is the alphabet: index 0
 * is `a`, index 1 is `b`, and so on, so that a piece's text shows where it belongs.
 */
#include "testing.h"

#include "reassembler.h"

#include <time.h>

/* --- words of these tests ------------------------------------------------------------------ */

struct rig {
    struct byte_stream *stream;
    struct reassembler *reassembler;
};

/* A stream of `capacity` bytes with a reassembler that writes to it; teardown frees them. */
static struct rig *rig_of(void **state, size_t capacity)
{
    struct rig *rig = calloc(1, sizeof *rig);

    assert_non_null(rig);
    *state = rig;
    rig->stream = byte_stream_new(capacity);
    assert_non_null(rig->stream);
    rig->reassembler = reassembler_new(rig->stream);
    assert_non_null(rig->reassembler);
    return rig;
}

static int free_rig(void **state)
{
    struct rig *rig = *state;

    if (rig != NULL) {
        reassembler_free(rig->reassembler);
        byte_stream_free(rig->stream);
        free(rig);
    }
    return 0;
}

static void insert(struct rig *rig, uint64_t first_index, const char *text)
{
    reassembler_insert(rig->reassembler, first_index, text, strlen(text), false);
}

static void insert_last(struct rig *rig, uint64_t first_index, const char *text)
{
    reassembler_insert(rig->reassembler, first_index, text, strlen(text), true);
}

/* Reads up to `n` bytes into a string. */
static void read_text(struct rig *rig, char *text, size_t n)
{
    size_t len = 0;

    while (len < n) {
        const uint8_t *data = NULL;
        size_t span = byte_stream_peek(rig->stream, 0, &data);

        if (span == 0) {
            break;
        }
        span = span < n - len ? span : n - len;
        memcpy(text + len, data, span);
        byte_stream_pop(rig->stream, span);
        len += span;
    }
    text[len] = '\0';
}

/* Reads all that was delivered since the last time. */
static void expect_delivered(struct rig *rig, const char *expected)
{
    char text[256];

    read_text(rig, text, sizeof text - 1);
    assert_string_equal(text, expected);
}

static void expect_pending(const struct rig *rig, size_t bytes)
{
    assert_number(reassembler_bytes_pending(rig->reassembler), bytes);
}

static void expect_open(const struct rig *rig)
{
    assert_false(byte_stream_is_closed(rig->stream));
}

static void expect_closed(const struct rig *rig)
{
    assert_true(byte_stream_is_closed(rig->stream));
}

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

/* --- against a model ----------------------------------------------------------------------- */

#define LONGEST 400

/* Which bytes of a stream of `len` bytes have been taken, and how far the reader has got. */
struct model {
    bool taken[LONGEST];
    uint64_t len;
    uint64_t next;
    uint64_t read;
    bool end_known;
};

static void insert_both(struct rig *rig, struct model *model, struct dice *dice)
{
    uint8_t bytes[LONGEST];
    uint64_t first = roll_below(dice, (uint32_t)model->len + 1);
    size_t len = roll_below(dice, (uint32_t)(model->len - first) + 1);
    uint64_t edge = model->read + byte_stream_capacity(rig->stream);
    bool is_last;

    len = len > 30 && chance(dice, 80) ? 30 : len;
    is_last = first + len == model->len;
    fill_pattern(bytes, first, len);
    reassembler_insert(rig->reassembler, first, bytes, len, is_last);
    for (uint64_t i = first; i < first + len && i < edge; i++) {
        model->taken[i] = true;
    }
    model->end_known = model->end_known || (is_last && model->len <= edge);
    while (model->next < model->len && model->taken[model->next]) {
        model->next++;
    }
}

static void read_both(struct rig *rig, struct model *model, struct dice *dice)
{
    const uint8_t *data = NULL;
    size_t span = byte_stream_peek(rig->stream, 0, &data);

    span = span == 0 ? 0 : roll_below(dice, (uint32_t)span + 1);
    assert_rolled(dice, is_pattern(data, model->read, span), true);
    byte_stream_pop(rig->stream, span);
    model->read += span;
}

static void compare(const struct rig *rig, const struct model *model, const struct dice *dice)
{
    size_t pending = 0;

    for (uint64_t i = model->next; i < model->len; i++) {
        pending += model->taken[i] ? 1 : 0;
    }
    assert_rolled(dice, byte_stream_total_written(rig->stream), model->next);
    assert_rolled(dice, reassembler_bytes_pending(rig->reassembler), pending);
    assert_rolled(dice, byte_stream_is_closed(rig->stream),
                  model->end_known && model->next == model->len);
}

static void random_pieces_agree_with_a_model(void **state)
{
    for (uint64_t seed = 0; seed < 200; seed++) {
        struct dice dice = dice_new(seed);
        struct rig *rig = rig_of(state, 1 + roll_below(&dice, 100));
        struct model model = {.len = roll_below(&dice, LONGEST)};

        for (int step = 0; step < 300; step++) {
            insert_both(rig, &model, &dice);
            compare(rig, &model, &dice);
            read_both(rig, &model, &dice);
        }
        free_rig(state);
        *state = NULL;
    }
}

/* --- the cost ------------------------------------------------------------------------------ */

static double seconds_since(clock_t start)
{
    return (double)(clock() - start) / CLOCKS_PER_SEC;
}

/* Half a million pieces, the last one first. A walk through all that is held for each of them would
 * take minutes. */
static void a_piece_costs_no_more_when_many_are_held(void **state)
{
    const size_t capacity = 1 << 20;
    struct rig *rig = rig_of(state, capacity);
    clock_t start = clock();

    for (size_t i = capacity - 1; i > 0; i -= i > 1 ? 2 : 1) {
        insert(rig, i, "x");
        if (i % 4096 == 1) {
            assert_true(seconds_since(start) < 10.0);
        }
    }
    expect_pending(rig, capacity / 2);
    for (size_t i = 0; i < capacity; i += 2) {
        insert(rig, i, "y");
        if (i % 4096 == 0) {
            assert_true(seconds_since(start) < 10.0);
        }
    }
    assert_number(byte_stream_total_written(rig->stream), capacity);
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

        TEST(random_pieces_agree_with_a_model),
        TEST(a_piece_costs_no_more_when_many_are_held),
    };

    return run_all("checkpoint 2: the reassembler", tests);
}
