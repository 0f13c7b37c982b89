/*
 * Unit tests of checkpoint 2, the reassembler: against a model, and against the clock.
 */
#include "reassembler_test.h"

#include <time.h>

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
    for (uint64_t seed = 0; seed < rounds(200); seed++) {
        struct dice dice = dice_new(seed);
        struct rig *rig = rig_of(state, 1 + roll_below(&dice, 100));
        struct model model = {.len = roll_below(&dice, LONGEST)};

        for (int step = 0; step < 300; step++) {
            insert_both(rig, &model, &dice);
            word(compare(rig, &model, &dice));
            word(read_both(rig, &model, &dice));
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
        TEST(random_pieces_agree_with_a_model),

        TEST(a_piece_costs_no_more_when_many_are_held),
    };

    return run_all("checkpoint 2: a model, and the cost", tests);
}
