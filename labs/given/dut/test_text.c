#include "text.h"

#include "seqno.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void numbers_up_to_the_largest_are_read(void **state)
{
    (void)state;
    bool flag = false;
    uint8_t u8;
    uint16_t u16;
    uint32_t u32;
    uint64_t u64;
    struct seqno seqno;

    assert_true(text_to_flag("1", &flag) && flag);
    assert_true(text_to_flag("0", &flag) && !flag);
    assert_true(text_to_u8("255", &u8) && u8 == 255);
    assert_true(text_to_u16("65535", &u16) && u16 == 65535);
    assert_true(text_to_u32("4294967295", &u32) && u32 == UINT32_MAX);
    assert_true(text_to_u64("18446744073709551615", &u64) && u64 == UINT64_MAX);
    assert_true(text_to_u64("0", &u64) && u64 == 0);
    assert_true(text_to_seqno("4294967295", &seqno) && seqno.raw == UINT32_MAX);
}

static void larger_numbers_are_not(void **state)
{
    (void)state;
    bool flag = true;
    uint8_t u8 = 7;
    uint16_t u16 = 7;
    uint32_t u32 = 7;
    uint64_t u64 = 7;

    assert_false(text_to_flag("2", &flag));
    assert_false(text_to_flag("10", &flag));
    assert_false(text_to_u8("256", &u8));
    assert_false(text_to_u16("65536", &u16));
    assert_false(text_to_u32("4294967296", &u32));
    assert_false(text_to_u64("18446744073709551616", &u64));
    assert_false(text_to_u64("99999999999999999999999999", &u64));
    assert_true(flag && u8 == 7 && u16 == 7 && u32 == 7 && u64 == 7);
}

static void words_that_are_no_numbers_are_refused(void **state)
{
    (void)state;
    const char *const words[] = {"",   "-",   "-1",  "+1",  "0x10", "1 ",
                                 " 1", "1.0", "1e3", "one", "1\n"};
    uint64_t u64;
    uint8_t u8;

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        assert_false(text_to_u64(words[i], &u64));
        assert_false(text_to_u8(words[i], &u8));
    }
}

static void addresses_are_dotted_quads(void **state)
{
    (void)state;
    const char *const wrong[] = {"", "10.0.0", "10.0.0.256", "10.0.0.1.2", "10.0.0.1 ", "host"};
    uint32_t address;

    assert_true(text_to_address("10.0.0.1", &address));
    assert_int_equal(address, 0x0a000001);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_false(text_to_address(wrong[i], &address));
    }
}

static void bytes_are_pairs_of_lower_case_digits(void **state)
{
    (void)state;
    const uint8_t expected[] = {0x00, 0x7f, 0x80, 0xff, 0xab};
    struct bytes bytes = {0};

    assert_true(text_to_bytes("007f80ffab", &bytes));
    assert_int_equal(bytes.len, sizeof expected);
    assert_memory_equal(bytes.data, expected, sizeof expected);
    assert_true(text_to_bytes("-", &bytes));
    assert_int_equal(bytes.len, 0);
    assert_null(bytes.data);
}

static void other_text_is_not_bytes(void **state)
{
    (void)state;
    const char *const wrong[] = {"",     "0",  "000", "0g",    "g0", "AB",
                                 "0x00", "--", "-0",  "00 00", "0\n"};
    struct bytes bytes = {0};

    assert_true(text_to_bytes("11", &bytes));
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_false(text_to_bytes(wrong[i], &bytes));
    }
    assert_int_equal(bytes.len, 1);
    assert_int_equal(bytes.data[0], 0x11);
    free(bytes.data);
}

static void bytes_become_text(void **state)
{
    (void)state;
    const uint8_t bytes[] = {0x00, 0x9a, 0xff};
    char text[7] = "......";

    text_from_bytes(text, bytes, 3);
    assert_string_equal(text, "009aff");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_up_to_the_largest_are_read),
        cmocka_unit_test(larger_numbers_are_not),
        cmocka_unit_test(words_that_are_no_numbers_are_refused),
        cmocka_unit_test(addresses_are_dotted_quads),
        cmocka_unit_test(bytes_are_pairs_of_lower_case_digits),
        cmocka_unit_test(other_text_is_not_bytes),
        cmocka_unit_test(bytes_become_text),
    };

    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
