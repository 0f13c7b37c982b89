/*
 * Unit tests of checkpoint 5, the segment as bytes: its options, and bytes at random. RFC 9293, 3.1
 * and 3.2.
 */
#include "segment_test.h"

/* --- options: RFC 9293, 3.1 and 3.2 ---------------------------------------------------------- */

static void the_mss_option_is_read(void **state)
{
    (void)state;
    expect_mss(1460, 2, 4, 0x05, 0xb4);
    expect_mss(65535, 2, 4, 0xff, 0xff);
    expect_mss(0, 2, 4, 0, 0);
}

/* MUST-64: options begin at any byte. */
static void the_mss_option_is_read_wherever_it_stands(void **state)
{
    (void)state;
    expect_mss(700, 1, 2, 4, 0x02, 0xbc, 1, 1, 1);
    expect_mss(700, 1, 1, 2, 4, 0x02, 0xbc, 1, 1);
    expect_mss(700, 1, 1, 1, 2, 4, 0x02, 0xbc, 0);
}

/* MUST-6 */
static void unknown_options_are_skipped_by_their_length(void **state)
{
    (void)state;
    expect_mss(700, 253, 6, 9, 9, 9, 9, 2, 4, 0x02, 0xbc);
    expect_mss(700, 253, 3, 2, 2, 4, 0x02, 0xbc, 1);
    expect_mss(700, 4, 2, 2, 4, 0x02, 0xbc, 0, 0);
    expect_mss(700, 8, 10, 2, 4, 5, 6, 7, 8, 9, 10, 2, 4, 0x02, 0xbc, 0, 0);
}

static void the_end_of_the_list_ends_it(void **state)
{
    (void)state;
    expect_no_mss(0, 2, 4, 0x02, 0xbc, 0, 0, 0);
    expect_no_mss(1, 0, 99, 0);
    expect_mss(700, 2, 4, 0x02, 0xbc, 0, 2, 0, 0);
}

static void an_mss_option_of_wrong_length_is_skipped(void **state)
{
    (void)state;
    expect_no_mss(2, 3, 9, 1);
    expect_no_mss(2, 5, 0x02, 0xbc, 9, 1, 1, 1);
    expect_no_mss(2, 2, 1, 1);
    expect_mss(700, 2, 3, 9, 2, 4, 0x02, 0xbc, 1);
}

static void of_several_mss_options_the_last_one_counts(void **state)
{
    (void)state;
    expect_mss(700, 2, 4, 0x01, 0x00, 2, 4, 0x02, 0xbc);
}

static void the_mss_option_counts_only_on_a_syn(void **state)
{
    struct tcp_segment seen = {0};

    (void)state;
    assert_number(parse_with_options(TCP_ACK, OPTIONS(2, 4, 0x02, 0xbc), &seen), TCP_PARSE_OK);
    assert_false(seen.has_mss);
    assert_number(parse_with_options(TCP_SYN | TCP_ACK, OPTIONS(2, 4, 0x02, 0xbc), &seen),
                  TCP_PARSE_OK);
    assert_true(seen.has_mss);
}

/* MUST-5 */
static void options_may_stand_on_any_segment(void **state)
{
    struct tcp_segment seen = {0};

    (void)state;
    assert_number(parse_with_options(TCP_ACK, OPTIONS(1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8), &seen),
                  TCP_PARSE_OK);
    assert_number(parse_with_options(TCP_RST, OPTIONS(254, 4, 1, 2), &seen), TCP_PARSE_OK);
}

static void a_header_full_of_options_is_read(void **state)
{
    uint8_t options[40];
    struct tcp_segment seen = {0};

    (void)state;
    memset(options, 1, sizeof options);
    assert_number(parse_with_options(TCP_SYN, options, sizeof options, &seen), TCP_PARSE_OK);
    assert_false(seen.has_mss);
    memcpy(options + 36, "\x02\x04\x02\xbc", 4);
    assert_number(parse_with_options(TCP_SYN, options, sizeof options, &seen), TCP_PARSE_OK);
    assert_number(seen.mss, 700);
}

/* MUST-7: a length of 0 must not stop the parser, nor one of 1. */
static void an_option_length_below_two_is_refused(void **state)
{
    (void)state;
    expect_bad_option(253, 0, 0, 0);
    expect_bad_option(253, 1, 0, 0);
    expect_bad_option(2, 0, 0, 0);
    expect_bad_option(2, 1, 0, 0);
}

/* MUST-7 */
static void an_option_that_reaches_past_the_header_is_refused(void **state)
{
    (void)state;
    expect_bad_option(253, 5, 0, 0);
    expect_bad_option(253, 255, 0, 0);
    expect_bad_option(1, 2, 4, 0x02);
    expect_bad_option(1, 1, 2, 4);
}

static void a_kind_without_a_length_is_refused(void **state)
{
    (void)state;
    expect_bad_option(1, 1, 1, 2);
    expect_bad_option(1, 1, 1, 253);
}

/* --- at random ------------------------------------------------------------------------------- */

static void random_segments_survive_the_way_there_and_back(void **state)
{
    struct dice dice = dice_new(1);

    (void)state;
    for (int i = 0; i < 5000; i++) {
        uint8_t payload[100];
        uint8_t bytes[200];
        struct tcp_segment sent = {
            .seq = {(uint32_t)roll(&dice)},
            .ack = {(uint32_t)roll(&dice)},
            .flags = (uint8_t)(roll(&dice) | TCP_SYN),
            .window = (uint16_t)roll(&dice),
            .has_mss = chance(&dice, 50),
            .payload = payload,
            .payload_len = 1 + roll_below(&dice, sizeof payload),
        };
        struct tcp_segment seen = {0};
        size_t len;

        sent.mss = sent.has_mss ? (uint16_t)roll(&dice) : 0;
        fill_pattern(payload, roll(&dice), sizeof payload);
        len = serialize(&sent, bytes, sizeof bytes);
        assert_rolled(&dice, tcp_segment_parse(&seen, bytes, len, SOURCE, DESTINATION),
                      TCP_PARSE_OK);
        assert_rolled(&dice, seen.seq.raw, sent.seq.raw);
        assert_rolled(&dice, seen.ack.raw, sent.ack.raw);
        assert_rolled(&dice, seen.flags, sent.flags);
        assert_rolled(&dice, seen.window, sent.window);
        assert_rolled(&dice, seen.has_mss, sent.has_mss);
        assert_rolled(&dice, seen.has_mss ? seen.mss : 0, sent.mss);
        assert_rolled(&dice, seen.payload_len, sent.payload_len);
        assert_memory_equal(seen.payload, payload, sent.payload_len);
    }
}

/* Whatever stands in a header: no crash, no byte read too many, no payload outside. */
static void random_bytes_do_no_harm(void **state)
{
    struct dice dice = dice_new(2);

    (void)state;
    for (int i = 0; i < 20000; i++) {
        uint8_t bytes[80];
        size_t len = 20 + roll_below(&dice, sizeof bytes - 20);
        struct tcp_segment seen = {0};
        ptrdiff_t payload = 20;

        for (size_t j = 0; j < len; j++) {
            bytes[j] = (uint8_t)(roll(&dice) >> (chance(&dice, 50) ? 60 : 32));
        }
        bytes[12] = (uint8_t)((5 + roll_below(&dice, 11)) << 4);
        put_checksum(bytes, len);
        if (parse(bytes, len, &seen, &payload) == TCP_PARSE_OK && seen.payload_len > 0) {
            assert_rolled(&dice, payload, (bytes[12] >> 4) * 4);
            assert_rolled(&dice, seen.payload_len, len - (size_t)payload);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_mss_option_is_read),
        cmocka_unit_test(the_mss_option_is_read_wherever_it_stands),
        cmocka_unit_test(unknown_options_are_skipped_by_their_length),
        cmocka_unit_test(the_end_of_the_list_ends_it),
        cmocka_unit_test(an_mss_option_of_wrong_length_is_skipped),
        cmocka_unit_test(of_several_mss_options_the_last_one_counts),
        cmocka_unit_test(the_mss_option_counts_only_on_a_syn),
        cmocka_unit_test(options_may_stand_on_any_segment),
        cmocka_unit_test(a_header_full_of_options_is_read),
        cmocka_unit_test(an_option_length_below_two_is_refused),
        cmocka_unit_test(an_option_that_reaches_past_the_header_is_refused),
        cmocka_unit_test(a_kind_without_a_length_is_refused),

        cmocka_unit_test(random_segments_survive_the_way_there_and_back),
        cmocka_unit_test(random_bytes_do_no_harm),
    };

    return run_all("checkpoint 5: options", tests);
}
