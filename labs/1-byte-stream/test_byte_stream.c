/*
 * Unit tests of checkpoint 1, the byte stream. Each test makes the stream that it needs; teardown
 * frees it.
 */
#include "testing.h"

#include "byte_stream.h"

/* --- words of these tests ------------------------------------------------------------------ */

/* A new stream, kept in *state so that teardown frees it even when the test fails. */
static struct byte_stream *stream_of(void **state, size_t capacity)
{
    struct byte_stream *stream = byte_stream_new(capacity);

    assert_non_null(stream);
    *state = stream;
    end_word();
    return stream;
}

static int free_stream(void **state)
{
    byte_stream_free(*state);
    return 0;
}

static size_t write_text(struct byte_stream *stream, const char *text)
{
    return byte_stream_write(stream, text, strlen(text));
}

/* The bytes from `skip` on, as a string: as many calls of peek as it takes. */
static void peek_all(const struct byte_stream *stream, uint64_t skip, char *text, size_t size)
{
    size_t len = 0;

    for (;;) {
        const uint8_t *data = NULL;
        size_t n = byte_stream_peek(stream, skip + len, &data);

        if (n == 0) {
            break;
        }
        assert_non_null(data);
        assert_true(len + n < size);
        memcpy(text + len, data, n);
        len += n;
    }
    text[len] = '\0';
}

static void expect_buffered(const struct byte_stream *stream, const char *expected)
{
    char text[256];

    peek_all(stream, 0, text, sizeof text);
    assert_string_equal(text, expected);
    assert_number(byte_stream_buffered(stream), strlen(expected));
}

/* Takes `n` bytes out and compares them. */
static void expect_read(struct byte_stream *stream, const char *expected)
{
    char text[256];

    peek_all(stream, 0, text, sizeof text);
    text[strlen(expected)] = '\0';
    assert_string_equal(text, expected);
    byte_stream_pop(stream, strlen(expected));
}

static void expect_peek_finds_nothing(const struct byte_stream *stream, uint64_t skip)
{
    const uint8_t *data = (const uint8_t *)"not touched";

    assert_number(byte_stream_peek(stream, skip, &data), 0);
    assert_null(data);
}

/* --- the same, as tests use them: a failure in them is one of the test's line ---------------- */

#define stream_of(state, capacity) word_giving(stream_of(state, capacity))
#define expect_buffered(stream, expected) word(expect_buffered(stream, expected))
#define expect_read(stream, expected) word(expect_read(stream, expected))
#define expect_peek_finds_nothing(stream, skip) word(expect_peek_finds_nothing(stream, skip))

/* --- a new stream -------------------------------------------------------------------------- */

static void a_new_stream_is_empty_and_open(void **state)
{
    struct byte_stream *stream = stream_of(state, 10);

    assert_number(byte_stream_capacity(stream), 10);
    assert_number(byte_stream_available(stream), 10);
    assert_number(byte_stream_buffered(stream), 0);
    assert_number(byte_stream_total_written(stream), 0);
    assert_number(byte_stream_total_read(stream), 0);
    assert_false(byte_stream_is_closed(stream));
    assert_false(byte_stream_is_finished(stream));
    assert_false(byte_stream_has_error(stream));
    expect_peek_finds_nothing(stream, 0);
}

static void freeing_no_stream_is_harmless(void **state)
{
    byte_stream_free(NULL);
    assert_null(*state);
}

/* --- writing ------------------------------------------------------------------------------- */

static void bytes_come_out_in_the_order_in_which_they_went_in(void **state)
{
    struct byte_stream *stream = stream_of(state, 20);

    write_text(stream, "to be ");
    write_text(stream, "or not");
    expect_read(stream, "to be or not");
}

static void write_says_how_many_bytes_it_took(void **state)
{
    struct byte_stream *stream = stream_of(state, 20);

    assert_number(write_text(stream, "cat"), 3);
    assert_number(byte_stream_buffered(stream), 3);
    assert_number(byte_stream_available(stream), 17);
    assert_number(byte_stream_total_written(stream), 3);
}

static void write_takes_only_what_fits(void **state)
{
    struct byte_stream *stream = stream_of(state, 5);

    assert_number(write_text(stream, "abc"), 3);
    assert_number(write_text(stream, "defgh"), 2);
    assert_number(byte_stream_total_written(stream), 5);
    expect_buffered(stream, "abcde");
}

static void a_full_stream_takes_nothing(void **state)
{
    struct byte_stream *stream = stream_of(state, 3);

    write_text(stream, "abc");
    assert_number(byte_stream_available(stream), 0);
    assert_number(write_text(stream, "d"), 0);
    expect_buffered(stream, "abc");
}

static void writing_nothing_changes_nothing(void **state)
{
    struct byte_stream *stream = stream_of(state, 3);

    assert_number(byte_stream_write(stream, NULL, 0), 0);
    assert_number(byte_stream_total_written(stream), 0);
    assert_number(write_text(stream, "abc"), 3);
}

static void the_stream_keeps_a_copy_of_what_is_written(void **state)
{
    struct byte_stream *stream = stream_of(state, 10);
    char text[] = "mine";

    write_text(stream, text);
    memset(text, 'x', sizeof text - 1);
    expect_read(stream, "mine");
}

static void a_stream_of_capacity_zero_takes_nothing(void **state)
{
    struct byte_stream *stream = stream_of(state, 0);

    assert_number(byte_stream_capacity(stream), 0);
    assert_number(byte_stream_available(stream), 0);
    assert_number(write_text(stream, "a"), 0);
    byte_stream_pop(stream, 1);
    assert_number(byte_stream_total_read(stream), 0);
    expect_peek_finds_nothing(stream, 0);
}

static void a_stream_of_capacity_one_passes_bytes_one_by_one(void **state)
{
    struct byte_stream *stream = stream_of(state, 1);

    assert_number(write_text(stream, "ab"), 1);
    expect_read(stream, "a");
    assert_number(write_text(stream, "b"), 1);
    expect_read(stream, "b");
    assert_number(byte_stream_total_read(stream), 2);
}

static void every_value_of_a_byte_passes(void **state)
{
    struct byte_stream *stream = stream_of(state, 256);
    uint8_t all[256];

    for (size_t i = 0; i < sizeof all; i++) {
        all[i] = (uint8_t)i;
    }
    assert_number(byte_stream_write(stream, all, sizeof all), 256);
    for (size_t i = 0; i < sizeof all; i++) {
        const uint8_t *data = NULL;

        assert_true(byte_stream_peek(stream, i, &data) >= 1);
        assert_number(*data, i);
    }
}

/* --- reading ------------------------------------------------------------------------------- */

static void peek_leaves_the_bytes_where_they_are(void **state)
{
    struct byte_stream *stream = stream_of(state, 10);

    write_text(stream, "hello");
    expect_buffered(stream, "hello");
    expect_buffered(stream, "hello");
    assert_number(byte_stream_total_read(stream), 0);
}

static void peek_can_skip(void **state)
{
    struct byte_stream *stream = stream_of(state, 10);
    char text[16];

    write_text(stream, "hello");
    peek_all(stream, 2, text, sizeof text);
    assert_string_equal(text, "llo");
    peek_all(stream, 4, text, sizeof text);
    assert_string_equal(text, "o");
}

static void peek_skips_from_the_read_position(void **state)
{
    struct byte_stream *stream = stream_of(state, 10);
    char text[16];

    write_text(stream, "hello");
    byte_stream_pop(stream, 1);
    peek_all(stream, 2, text, sizeof text);
    assert_string_equal(text, "lo");
}

static void peek_at_or_past_the_end_finds_nothing(void **state)
{
    struct byte_stream *stream = stream_of(state, 10);

    write_text(stream, "hello");
    expect_peek_finds_nothing(stream, 5);
    expect_peek_finds_nothing(stream, 6);
    expect_peek_finds_nothing(stream, 1000);
    expect_peek_finds_nothing(stream, UINT64_C(1) << 32);
    expect_peek_finds_nothing(stream, UINT64_MAX);
}

static void pop_removes_bytes_from_the_front(void **state)
{
    struct byte_stream *stream = stream_of(state, 10);

    write_text(stream, "hello");
    byte_stream_pop(stream, 2);
    expect_buffered(stream, "llo");
    assert_number(byte_stream_total_read(stream), 2);
    assert_number(byte_stream_available(stream), 7);
}

static void popping_nothing_changes_nothing(void **state)
{
    struct byte_stream *stream = stream_of(state, 10);

    write_text(stream, "hello");
    byte_stream_pop(stream, 0);
    expect_buffered(stream, "hello");
    assert_number(byte_stream_total_read(stream), 0);
}

static void pop_of_more_than_is_buffered_removes_all_and_counts_no_more(void **state)
{
    struct byte_stream *stream = stream_of(state, 10);

    write_text(stream, "abc");
    byte_stream_pop(stream, 100);
    assert_number(byte_stream_total_read(stream), 3);
    assert_number(byte_stream_buffered(stream), 0);
    assert_number(byte_stream_available(stream), 10);
    byte_stream_pop(stream, SIZE_MAX);
    assert_number(byte_stream_total_read(stream), 3);
}

static void popping_makes_room_for_writing(void **state)
{
    struct byte_stream *stream = stream_of(state, 4);

    write_text(stream, "abcd");
    byte_stream_pop(stream, 2);
    assert_number(write_text(stream, "efg"), 2);
    expect_buffered(stream, "cdef");
}

static void bytes_that_go_around_the_end_of_the_buffer_stay_in_order(void **state)
{
    struct byte_stream *stream = stream_of(state, 7);

    write_text(stream, "abcde");
    byte_stream_pop(stream, 5);
    assert_number(write_text(stream, "fghijkl"), 7);
    expect_buffered(stream, "fghijkl");
    expect_read(stream, "fgh");
    expect_buffered(stream, "ijkl");
}

static void the_capacity_bounds_what_is_buffered_never_the_total(void **state)
{
    struct byte_stream *stream = stream_of(state, 3);

    for (int i = 0; i < 100; i++) {
        assert_number(write_text(stream, "xyz"), 3);
        expect_read(stream, "xyz");
    }
    assert_number(byte_stream_total_written(stream), 300);
    assert_number(byte_stream_total_read(stream), 300);
    assert_number(byte_stream_available(stream), 3);
}

/* --- closing ------------------------------------------------------------------------------- */

static void a_closed_stream_takes_nothing_more(void **state)
{
    struct byte_stream *stream = stream_of(state, 10);

    write_text(stream, "abc");
    byte_stream_close(stream);
    assert_true(byte_stream_is_closed(stream));
    assert_number(write_text(stream, "d"), 0);
    assert_number(byte_stream_total_written(stream), 3);
}

static void what_was_written_before_the_close_can_still_be_read(void **state)
{
    struct byte_stream *stream = stream_of(state, 10);

    write_text(stream, "abc");
    byte_stream_close(stream);
    expect_read(stream, "abc");
}

static void a_stream_is_not_finished_while_bytes_remain(void **state)
{
    struct byte_stream *stream = stream_of(state, 10);

    write_text(stream, "abc");
    byte_stream_close(stream);
    assert_false(byte_stream_is_finished(stream));
    byte_stream_pop(stream, 2);
    assert_false(byte_stream_is_finished(stream));
    byte_stream_pop(stream, 1);
    assert_true(byte_stream_is_finished(stream));
}

static void an_open_stream_is_not_finished_though_it_is_empty(void **state)
{
    struct byte_stream *stream = stream_of(state, 10);

    write_text(stream, "abc");
    byte_stream_pop(stream, 3);
    assert_false(byte_stream_is_finished(stream));
}

static void closing_an_empty_stream_finishes_it(void **state)
{
    struct byte_stream *stream = stream_of(state, 10);

    byte_stream_close(stream);
    assert_true(byte_stream_is_closed(stream));
    assert_true(byte_stream_is_finished(stream));
}

static void closing_twice_is_harmless(void **state)
{
    struct byte_stream *stream = stream_of(state, 10);

    write_text(stream, "abc");
    byte_stream_close(stream);
    byte_stream_close(stream);
    assert_true(byte_stream_is_closed(stream));
    expect_read(stream, "abc");
    assert_true(byte_stream_is_finished(stream));
}

/* --- errors -------------------------------------------------------------------------------- */

static void a_failed_stream_takes_nothing_more(void **state)
{
    struct byte_stream *stream = stream_of(state, 10);

    write_text(stream, "abc");
    byte_stream_set_error(stream);
    assert_true(byte_stream_has_error(stream));
    assert_number(write_text(stream, "d"), 0);
}

static void what_was_written_before_the_error_can_still_be_read(void **state)
{
    struct byte_stream *stream = stream_of(state, 10);

    write_text(stream, "abc");
    byte_stream_set_error(stream);
    expect_read(stream, "abc");
}

static void an_error_is_not_an_end(void **state)
{
    struct byte_stream *stream = stream_of(state, 10);

    byte_stream_set_error(stream);
    assert_false(byte_stream_is_closed(stream));
    assert_false(byte_stream_is_finished(stream));
}

static void a_close_is_not_an_error(void **state)
{
    struct byte_stream *stream = stream_of(state, 10);

    byte_stream_close(stream);
    assert_false(byte_stream_has_error(stream));
}

/* --- against a model ----------------------------------------------------------------------- */

/* The model is two counts: the stream carries pattern_byte(0), pattern_byte(1), … */
struct counts {
    uint64_t written;
    uint64_t read;
};

static void write_at_random(struct byte_stream *stream, struct counts *model, struct dice *dice)
{
    uint8_t bytes[64];
    size_t len = roll_below(dice, sizeof bytes);
    size_t room = byte_stream_capacity(stream) - (size_t)(model->written - model->read);
    size_t fits = len < room ? len : room;

    fill_pattern(bytes, model->written, len);
    assert_rolled(dice, byte_stream_write(stream, bytes, len), fits);
    model->written += fits;
}

static void pop_at_random(struct byte_stream *stream, struct counts *model, struct dice *dice)
{
    size_t n = roll_below(dice, 64);
    size_t buffered = (size_t)(model->written - model->read);

    byte_stream_pop(stream, n);
    model->read += n < buffered ? n : buffered;
}

/* Every place in the buffer is looked at, and each span that peek returns ends where it says. */
static void compare(const struct byte_stream *stream, const struct counts *model, struct dice *dice)
{
    uint64_t buffered = model->written - model->read;
    const uint8_t *data = NULL;

    assert_rolled(dice, byte_stream_total_written(stream), model->written);
    assert_rolled(dice, byte_stream_total_read(stream), model->read);
    assert_rolled(dice, byte_stream_buffered(stream), buffered);
    assert_rolled(dice, byte_stream_available(stream), byte_stream_capacity(stream) - buffered);
    for (uint64_t skip = 0; skip < buffered; skip++) {
        size_t span = byte_stream_peek(stream, skip, &data);

        assert_rolled(dice, span >= 1 && span <= buffered - skip, true);
        assert_rolled(dice, is_pattern(data, model->read + skip, span), true);
    }
    assert_rolled(dice, byte_stream_peek(stream, buffered, &data), 0);
}

static void live_at_random(struct byte_stream *stream, uint64_t seed)
{
    struct dice dice = dice_new(seed);
    struct counts model = {0};

    for (int step = 0; step < 2000; step++) {
        if (chance(&dice, 50)) {
            write_at_random(stream, &model, &dice);
        } else {
            pop_at_random(stream, &model, &dice);
        }
        compare(stream, &model, &dice);
    }
}

#define live_at_random(stream, seed) word(live_at_random(stream, seed))

static void a_tiny_stream_agrees_with_a_model(void **state)
{
    live_at_random(stream_of(state, 1), 1);
}

static void a_stream_of_odd_capacity_agrees_with_a_model(void **state)
{
    live_at_random(stream_of(state, 7), 7);
}

static void a_larger_stream_agrees_with_a_model(void **state)
{
    live_at_random(stream_of(state, 100), 100);
}

#define TEST(name) cmocka_unit_test_teardown(name, free_stream)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_new_stream_is_empty_and_open),
        TEST(freeing_no_stream_is_harmless),

        TEST(bytes_come_out_in_the_order_in_which_they_went_in),
        TEST(write_says_how_many_bytes_it_took),
        TEST(write_takes_only_what_fits),
        TEST(a_full_stream_takes_nothing),
        TEST(writing_nothing_changes_nothing),
        TEST(the_stream_keeps_a_copy_of_what_is_written),
        TEST(a_stream_of_capacity_zero_takes_nothing),
        TEST(a_stream_of_capacity_one_passes_bytes_one_by_one),
        TEST(every_value_of_a_byte_passes),

        TEST(peek_leaves_the_bytes_where_they_are),
        TEST(peek_can_skip),
        TEST(peek_skips_from_the_read_position),
        TEST(peek_at_or_past_the_end_finds_nothing),
        TEST(pop_removes_bytes_from_the_front),
        TEST(popping_nothing_changes_nothing),
        TEST(pop_of_more_than_is_buffered_removes_all_and_counts_no_more),
        TEST(popping_makes_room_for_writing),
        TEST(bytes_that_go_around_the_end_of_the_buffer_stay_in_order),
        TEST(the_capacity_bounds_what_is_buffered_never_the_total),

        TEST(a_closed_stream_takes_nothing_more),
        TEST(what_was_written_before_the_close_can_still_be_read),
        TEST(a_stream_is_not_finished_while_bytes_remain),
        TEST(an_open_stream_is_not_finished_though_it_is_empty),
        TEST(closing_an_empty_stream_finishes_it),
        TEST(closing_twice_is_harmless),

        TEST(a_failed_stream_takes_nothing_more),
        TEST(what_was_written_before_the_error_can_still_be_read),
        TEST(an_error_is_not_an_end),
        TEST(a_close_is_not_an_error),

        TEST(a_tiny_stream_agrees_with_a_model),
        TEST(a_stream_of_odd_capacity_agrees_with_a_model),
        TEST(a_larger_stream_agrees_with_a_model),
    };

    return run_all("checkpoint 1: the byte stream", tests);
}
