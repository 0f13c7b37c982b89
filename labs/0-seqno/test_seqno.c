/*
 * Unit tests of checkpoint 0, sequence numbers. RFC 9293, 3.4, unless a test says otherwise.
 */
#include "testing.h"

#include "seqno.h"

#define TWO_TO_31 (UINT64_C(1) << 31)
#define TWO_TO_32 (UINT64_C(1) << 32)

static struct seqno number(uint32_t raw)
{
    return (struct seqno){raw};
}

static uint32_t wrap(uint64_t absolute, uint32_t isn)
{
    return seqno_wrap(absolute, number(isn)).raw;
}

static uint64_t unwrap(uint32_t raw, uint32_t isn, uint64_t checkpoint)
{
    return seqno_unwrap(number(raw), number(isn), checkpoint);
}

static bool before(uint32_t a, uint32_t b)
{
    return seqno_before(number(a), number(b));
}

/* --- wrap ------------------------------------------------------------------------------------ */

static void absolute_zero_is_the_isn_on_the_wire(void **state)
{
    (void)state;
    assert_number(wrap(0, 0), 0);
    assert_number(wrap(0, 12345), 12345);
    assert_number(wrap(0, UINT32_MAX), UINT32_MAX);
}

static void wire_numbers_count_up_from_the_isn(void **state)
{
    (void)state;
    assert_number(wrap(1, 0), 1);
    assert_number(wrap(17, 15), 32);
    assert_number(wrap(1000, 4000000000u), 4000001000u);
}

/* All arithmetic is modulo 2^32. */
static void after_the_largest_wire_number_comes_zero(void **state)
{
    (void)state;
    assert_number(wrap(1, UINT32_MAX), 0);
    assert_number(wrap(2, UINT32_MAX), 1);
    assert_number(wrap(32, UINT32_MAX - 15), 16);
}

static void full_circles_do_not_show_on_the_wire(void **state)
{
    (void)state;
    assert_number(wrap(TWO_TO_32, 7), 7);
    assert_number(wrap(3 * TWO_TO_32 + 17, 15), 32);
    assert_number(wrap(5 * TWO_TO_32 - 2, 1), UINT32_MAX);
}

static void the_largest_absolute_number_wraps_too(void **state)
{
    (void)state;
    assert_number(wrap(UINT64_MAX, 0), UINT32_MAX);
    assert_number(wrap(UINT64_MAX, 1), 0);
}

/* --- unwrap ---------------------------------------------------------------------------------- */

static void the_isn_itself_is_absolute_zero(void **state)
{
    (void)state;
    assert_number(unwrap(0, 0, 0), 0);
    assert_number(unwrap(12345, 12345, 0), 0);
    assert_number(unwrap(UINT32_MAX, UINT32_MAX, 0), 0);
}

static void numbers_behind_the_isn_on_the_circle_are_ahead_in_the_stream(void **state)
{
    (void)state;
    assert_number(unwrap(0, UINT32_MAX, 0), 1);
    assert_number(unwrap(15, UINT32_MAX - 15, 0), 31);
    assert_number(unwrap(UINT32_MAX - 2, UINT32_MAX - 3, 0), 1);
}

static void a_number_is_taken_from_the_circle_nearest_to_the_checkpoint(void **state)
{
    (void)state;
    assert_number(unwrap(17, 0, TWO_TO_32 + 5), TWO_TO_32 + 17);
    assert_number(unwrap(17, 0, TWO_TO_32 + 100), TWO_TO_32 + 17);
    assert_number(unwrap(17, 0, 3 * TWO_TO_32), 3 * TWO_TO_32 + 17);
    assert_number(unwrap(17, 15, 3 * TWO_TO_32), 3 * TWO_TO_32 + 2);
}

static void the_nearest_may_lie_on_the_circle_before(void **state)
{
    (void)state;
    assert_number(unwrap(UINT32_MAX, 0, TWO_TO_32), TWO_TO_32 - 1);
    assert_number(unwrap(UINT32_MAX - 1, 0, 3 * TWO_TO_32), 3 * TWO_TO_32 - 2);
    assert_number(unwrap(UINT32_MAX, 10, 3 * TWO_TO_32), 3 * TWO_TO_32 - 11);
}

static void the_nearest_may_lie_on_the_circle_after(void **state)
{
    (void)state;
    assert_number(unwrap(3, 0, TWO_TO_32 - 3), TWO_TO_32 + 3);
    assert_number(unwrap(0, UINT32_MAX, 2 * TWO_TO_32 - 1), 2 * TWO_TO_32 + 1);
}

static void an_absolute_number_is_never_negative(void **state)
{
    (void)state;
    assert_number(unwrap(UINT32_MAX, 0, 0), TWO_TO_32 - 1);
    assert_number(unwrap(999, 1000, 0), TWO_TO_32 - 1);
    assert_number(unwrap(0, 1, 5), TWO_TO_32 - 1);
    assert_number(unwrap((uint32_t)TWO_TO_31 + 1, 0, 0), TWO_TO_31 + 1);
}

static void an_absolute_number_never_exceeds_64_bits(void **state)
{
    (void)state;
    assert_number(unwrap(0, 0, UINT64_MAX), UINT64_MAX - UINT32_MAX);
    assert_number(unwrap(UINT32_MAX, 0, UINT64_MAX), UINT64_MAX);
    assert_number(unwrap(5, 0, UINT64_MAX - 3), UINT64_MAX - UINT32_MAX + 5);
}

static void the_checkpoint_itself_is_found_again(void **state)
{
    (void)state;
    assert_number(unwrap(0, 0, TWO_TO_32), TWO_TO_32);
    assert_number(unwrap(wrap(123456789012345, 77), 77, 123456789012345), 123456789012345);
}

static void just_under_half_a_circle_ahead_is_still_the_nearest(void **state)
{
    (void)state;
    assert_number(unwrap((uint32_t)TWO_TO_31 - 1, 0, 5 * TWO_TO_32), 5 * TWO_TO_32 + TWO_TO_31 - 1);
    assert_number(unwrap(0, 0, TWO_TO_32 + TWO_TO_31 - 1), TWO_TO_32);
    assert_number(unwrap(0, 0, TWO_TO_31 - 1), 0);
}

static void just_over_half_a_circle_ahead_the_one_behind_is_nearer(void **state)
{
    (void)state;
    assert_number(unwrap((uint32_t)TWO_TO_31 + 1, 0, 5 * TWO_TO_32), 4 * TWO_TO_32 + TWO_TO_31 + 1);
    assert_number(unwrap(0, 0, TWO_TO_32 + TWO_TO_31 + 1), 2 * TWO_TO_32);
    assert_number(unwrap(0, 0, TWO_TO_31 + 1), TWO_TO_32);
}

static void of_two_equally_near_the_lower_one_is_taken(void **state)
{
    (void)state;
    assert_number(unwrap(0, 0, TWO_TO_31), 0);
    assert_number(unwrap(0, 0, TWO_TO_32 + TWO_TO_31), TWO_TO_32);
    assert_number(unwrap((uint32_t)TWO_TO_31, 0, 5 * TWO_TO_32), 4 * TWO_TO_32 + TWO_TO_31);
}

static void of_two_equally_near_the_upper_one_is_taken_if_the_lower_is_negative(void **state)
{
    (void)state;
    assert_number(unwrap((uint32_t)TWO_TO_31, 0, 0), TWO_TO_31);
    assert_number(unwrap((uint32_t)TWO_TO_31 + 9, 0, 9), TWO_TO_31 + 9);
}

/* A loop that adds 2^32 until it is near would take some 2^31 turns for each of these. */
static void a_far_checkpoint_costs_no_more_than_a_near_one(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 1000; i++) {
        uint64_t far_away = (UINT64_C(1) << 63) + i * TWO_TO_32;

        assert_number(unwrap(17, 0, far_away), far_away + 17);
    }
}

static void wrapping_and_unwrapping_gives_back_any_number_near_the_checkpoint(void **state)
{
    struct dice dice = dice_new(1);

    (void)state;
    for (int i = 0; i < 100000; i++) {
        uint32_t isn = (uint32_t)roll(&dice);
        uint64_t absolute = (roll(&dice) >> (1 + roll_below(&dice, 63))) + TWO_TO_32;
        uint64_t checkpoint = absolute - (TWO_TO_31 - 1) + roll(&dice) % (TWO_TO_32 - 1);

        assert_rolled(&dice, unwrap(wrap(absolute, isn), isn, checkpoint), absolute);
    }
}

static uint64_t distance(uint64_t a, uint64_t b)
{
    return a > b ? a - b : b - a;
}

/* Near zero, where candidates may be negative: try the first four circles and keep the nearest. */
static void near_zero_unwrap_agrees_with_trying_all_candidates(void **state)
{
    struct dice dice = dice_new(2);

    (void)state;
    for (int i = 0; i < 100000; i++) {
        uint32_t isn = (uint32_t)roll(&dice);
        uint32_t raw = (uint32_t)roll(&dice);
        uint64_t checkpoint = roll(&dice) % (3 * TWO_TO_32);
        uint64_t nearest = (uint32_t)(raw - isn);

        for (uint64_t circle = 1; circle < 4; circle++) {
            uint64_t candidate = circle * TWO_TO_32 + (uint32_t)(raw - isn);

            if (distance(candidate, checkpoint) < distance(nearest, checkpoint)) {
                nearest = candidate;
            }
        }
        assert_rolled(&dice, unwrap(raw, isn, checkpoint), nearest);
    }
}

/* --- before ---------------------------------------------------------------------------------- */

static void a_number_is_not_before_itself(void **state)
{
    (void)state;
    assert_false(before(0, 0));
    assert_false(before(UINT32_MAX, UINT32_MAX));
    assert_false(before(0x80000000u, 0x80000000u));
}

static void a_number_is_before_its_successors(void **state)
{
    (void)state;
    assert_true(before(0, 1));
    assert_true(before(1000, 1100));
    assert_false(before(1, 0));
    assert_false(before(1100, 1000));
}

static void before_holds_across_the_wrap(void **state)
{
    (void)state;
    assert_true(before(UINT32_MAX, 0));
    assert_true(before(0xfffffff0u, 0x10));
    assert_false(before(0, UINT32_MAX));
    assert_false(before(0x10, 0xfffffff0u));
}

static void before_holds_across_the_sign_bit(void **state)
{
    (void)state;
    assert_true(before(0x7fffffffu, 0x80000000u));
    assert_false(before(0x80000000u, 0x7fffffffu));
}

static void before_reaches_up_to_half_the_circle(void **state)
{
    (void)state;
    assert_true(before(0, 0x7fffffffu));
    assert_true(before(0xfffffffeu, 0x7ffffffdu));
    assert_false(before(0, 0x80000001u));
    assert_true(before(0x80000001u, 0));
}

static void numbers_exactly_half_the_circle_apart_are_in_no_order(void **state)
{
    (void)state;
    assert_false(before(0, 0x80000000u));
    assert_false(before(0x80000000u, 0));
    assert_false(before(0xc0000000u, 0x40000000u));
    assert_false(before(0x40000000u, 0xc0000000u));
}

static void before_agrees_with_the_order_of_absolute_numbers(void **state)
{
    struct dice dice = dice_new(3);

    (void)state;
    for (int i = 0; i < 100000; i++) {
        uint32_t isn = (uint32_t)roll(&dice);
        uint64_t a = TWO_TO_32 + roll(&dice) % TWO_TO_32;
        uint64_t b = a - (TWO_TO_31 - 1) + roll(&dice) % (TWO_TO_32 - 1);

        assert_rolled(&dice, before(wrap(a, isn), wrap(b, isn)), a < b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(absolute_zero_is_the_isn_on_the_wire),
        cmocka_unit_test(wire_numbers_count_up_from_the_isn),
        cmocka_unit_test(after_the_largest_wire_number_comes_zero),
        cmocka_unit_test(full_circles_do_not_show_on_the_wire),
        cmocka_unit_test(the_largest_absolute_number_wraps_too),

        cmocka_unit_test(the_isn_itself_is_absolute_zero),
        cmocka_unit_test(numbers_behind_the_isn_on_the_circle_are_ahead_in_the_stream),
        cmocka_unit_test(a_number_is_taken_from_the_circle_nearest_to_the_checkpoint),
        cmocka_unit_test(the_nearest_may_lie_on_the_circle_before),
        cmocka_unit_test(the_nearest_may_lie_on_the_circle_after),
        cmocka_unit_test(an_absolute_number_is_never_negative),
        cmocka_unit_test(an_absolute_number_never_exceeds_64_bits),
        cmocka_unit_test(the_checkpoint_itself_is_found_again),
        cmocka_unit_test(just_under_half_a_circle_ahead_is_still_the_nearest),
        cmocka_unit_test(just_over_half_a_circle_ahead_the_one_behind_is_nearer),
        cmocka_unit_test(of_two_equally_near_the_lower_one_is_taken),
        cmocka_unit_test(of_two_equally_near_the_upper_one_is_taken_if_the_lower_is_negative),
        cmocka_unit_test(a_far_checkpoint_costs_no_more_than_a_near_one),
        cmocka_unit_test(wrapping_and_unwrapping_gives_back_any_number_near_the_checkpoint),
        cmocka_unit_test(near_zero_unwrap_agrees_with_trying_all_candidates),

        cmocka_unit_test(a_number_is_not_before_itself),
        cmocka_unit_test(a_number_is_before_its_successors),
        cmocka_unit_test(before_holds_across_the_wrap),
        cmocka_unit_test(before_holds_across_the_sign_bit),
        cmocka_unit_test(before_reaches_up_to_half_the_circle),
        cmocka_unit_test(numbers_exactly_half_the_circle_apart_are_in_no_order),
        cmocka_unit_test(before_agrees_with_the_order_of_absolute_numbers),
    };

    return run_all("checkpoint 0: sequence numbers", tests);
}
