#include "isn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const struct isn_ends ENDS = {
    .local_address = 0x0a000002,
    .remote_address = 0x0a000001,
    .local_port = 80,
    .remote_port = 40000,
};
static const uint8_t SECRET[ISN_SECRET_SIZE] = {1, 2, 3};

/* The key 00 01 … 0f over the bytes 00 01 …: from the list that the authors of SipHash publish. The
 * last one is the example that their paper works through (appendix A). */
static void siphash_gives_the_published_values(void **state)
{
    (void)state;
    const struct {
        size_t len;
        uint64_t hash;
    } vectors[] = {
        {0, UINT64_C(0x726fdb47dd0e0e31)},  {1, UINT64_C(0x74f839c593dc67fd)},
        {7, UINT64_C(0xab0200f58b01d137)},  {8, UINT64_C(0x93f5f5799a932462)},
        {15, UINT64_C(0xa129ca6149be45e5)},
    };
    uint8_t key[16], bytes[16];

    for (uint8_t i = 0; i < 16; i++) {
        key[i] = bytes[i] = i;
    }
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        assert_true(isn_siphash(key, bytes, vectors[i].len) == vectors[i].hash);
    }
}

static void the_clock_ticks_every_four_microseconds(void **state)
{
    (void)state;
    uint32_t start = isn_choose(SECRET, &ENDS, 0).raw;

    assert_int_equal(isn_choose(SECRET, &ENDS, 1).raw, start + 250);
    assert_int_equal(isn_choose(SECRET, &ENDS, 50).raw, start + 12500);
    /* 4.77 hours go once around the circle, and the clock goes on. */
    assert_int_equal(isn_choose(SECRET, &ENDS, UINT64_C(17179870)).raw,
                     (uint32_t)(start + UINT64_C(17179870) * 250));
}

static void another_end_gets_another_number(void **state)
{
    (void)state;
    uint32_t here = isn_choose(SECRET, &ENDS, 0).raw;
    struct isn_ends other[] = {ENDS, ENDS, ENDS, ENDS};

    other[0].local_address++;
    other[1].remote_address++;
    other[2].local_port++;
    other[3].remote_port++;
    for (size_t i = 0; i < 4; i++) {
        assert_int_not_equal(isn_choose(SECRET, &other[i], 0).raw, here);
    }
}

static void another_secret_gives_another_number(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ISN_SECRET_SIZE; i++) {
        uint8_t secret[ISN_SECRET_SIZE];

        memcpy(secret, SECRET, sizeof secret);
        secret[i] ^= 0x80;
        assert_int_not_equal(isn_choose(secret, &ENDS, 0).raw, isn_choose(SECRET, &ENDS, 0).raw);
    }
}

static void purposes_do_not_share_their_numbers(void **state)
{
    (void)state;
    uint64_t one = isn_hash_ends(SECRET, &ENDS, 1);
    uint64_t two = isn_hash_ends(SECRET, &ENDS, 2);

    assert_true(one != two);
    assert_int_not_equal((uint32_t)one, isn_choose(SECRET, &ENDS, 0).raw);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(siphash_gives_the_published_values),
        cmocka_unit_test(the_clock_ticks_every_four_microseconds),
        cmocka_unit_test(another_end_gets_another_number),
        cmocka_unit_test(another_secret_gives_another_number),
        cmocka_unit_test(purposes_do_not_share_their_numbers),
    };

    return cmocka_run_group_tests_name("isn", tests, NULL, NULL);
}
