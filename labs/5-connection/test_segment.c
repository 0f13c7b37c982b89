/*
 * Unit tests of checkpoint 5, the segment as bytes. RFC 9293, 3.1 and 3.2; RFC 1071 for the sum.
 * The tests lay bytes out by hand and add them up on their own.
 */
#include "testing.h"

#include "segment.h"

#define SOURCE 0x0a000001u      /* 10.0.0.1 */
#define DESTINATION 0xc0a80702u /* 192.168.7.2 */

/* --- words of these tests ------------------------------------------------------------------ */

/* The one's complement sum of pseudo-header and segment: 0xffff if the checksum is right. */
static uint16_t sum_of(const uint8_t *bytes, size_t len)
{
    uint64_t sum =
        (SOURCE >> 16) + (SOURCE & 0xffff) + (DESTINATION >> 16) + (DESTINATION & 0xffff) + 6 + len;

    for (size_t i = 0; i < len; i++) {
        sum += (uint64_t)bytes[i] << (i % 2 == 0 ? 8 : 0);
    }
    while (sum > 0xffff) {
        sum = (sum >> 16) + (sum & 0xffff);
    }
    return (uint16_t)sum;
}

static void put_checksum(uint8_t *bytes, size_t len)
{
    uint16_t checksum;

    bytes[16] = bytes[17] = 0;
    checksum = (uint16_t)~sum_of(bytes, len);
    bytes[16] = (uint8_t)(checksum >> 8);
    bytes[17] = (uint8_t)checksum;
}

/* Parses a copy that ends exactly where its memory ends, so that a sanitizer sees each byte read
 * too many. Only the payload's place is lost: it is given as an offset. */
static enum tcp_parse_result parse(const uint8_t *bytes, size_t len, struct tcp_segment *out,
                                   ptrdiff_t *payload_offset)
{
    uint8_t *copy = malloc(len > 0 ? len : 1);
    enum tcp_parse_result result;

    assert_non_null(copy);
    memcpy(copy, bytes, len);
    result = tcp_segment_parse(out, copy, len, SOURCE, DESTINATION);
    if (result == TCP_PARSE_OK && out->payload_len > 0) {
        *payload_offset = out->payload - copy;
    }
    free(copy);
    return result;
}

/* A header of `control` bits with these options, padded to words, and a two-byte payload. */
static enum tcp_parse_result parse_with_options(uint8_t control, const uint8_t *options,
                                                size_t options_len, struct tcp_segment *out)
{
    size_t header_len = 20 + (options_len + 3) / 4 * 4;
    uint8_t bytes[64 + 2] = {0};
    ptrdiff_t payload = 0;
    enum tcp_parse_result result;

    memcpy(bytes + 20, options, options_len);
    memcpy(bytes + header_len, "hi", 2);
    bytes[12] = (uint8_t)(header_len / 4 << 4);
    bytes[13] = control;
    put_checksum(bytes, header_len + 2);
    result = parse(bytes, header_len + 2, out, &payload);
    if (result == TCP_PARSE_OK) {
        assert_number(out->payload_len, 2);
        assert_number(payload, header_len);
    }
    return result;
}

#define OPTIONS(...) (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})
#define expect_mss(value, ...)                                                                     \
    do {                                                                                           \
        struct tcp_segment seen = {0};                                                             \
        assert_number(parse_with_options(TCP_SYN, OPTIONS(__VA_ARGS__), &seen), TCP_PARSE_OK);     \
        assert_true(seen.has_mss);                                                                 \
        assert_number(seen.mss, value);                                                            \
    } while (0)
#define expect_no_mss(...)                                                                         \
    do {                                                                                           \
        struct tcp_segment seen = {0};                                                             \
        assert_number(parse_with_options(TCP_SYN, OPTIONS(__VA_ARGS__), &seen), TCP_PARSE_OK);     \
        assert_false(seen.has_mss);                                                                \
    } while (0)
#define expect_bad_option(...)                                                                     \
    do {                                                                                           \
        struct tcp_segment seen = {0};                                                             \
        assert_number(parse_with_options(TCP_SYN, OPTIONS(__VA_ARGS__), &seen),                    \
                      TCP_PARSE_BAD_OPTION);                                                       \
    } while (0)

static const struct tcp_segment example = {
    .source_port = 0x1234,
    .destination_port = 0x5678,
    .seq = {0x9abcdef0},
    .ack = {0x12233445},
    .flags = TCP_ACK | TCP_PSH,
    .window = 0x0500,
    .urgent_pointer = 0x0102,
    .payload = (const uint8_t *)"hello",
    .payload_len = 5,
};

static size_t serialize(const struct tcp_segment *segment, uint8_t *bytes, size_t capacity)
{
    return tcp_segment_serialize(segment, SOURCE, DESTINATION, bytes, capacity);
}

/* --- the length in sequence numbers: RFC 9293, 3.4 ------------------------------------------- */

static void syn_and_fin_count_one_each(void **state)
{
    struct tcp_segment segment = {.payload_len = 10};

    (void)state;
    assert_number(tcp_segment_length(&segment), 10);
    segment.flags = TCP_ACK | TCP_PSH | TCP_RST | TCP_URG;
    assert_number(tcp_segment_length(&segment), 10);
    segment.flags = TCP_SYN;
    assert_number(tcp_segment_length(&segment), 11);
    segment.flags = TCP_SYN | TCP_FIN;
    assert_number(tcp_segment_length(&segment), 12);
}

/* --- serialize ------------------------------------------------------------------------------- */

/* RFC 9293, 3.1, figure 1: the most significant byte first */
static void every_field_has_its_place(void **state)
{
    const uint8_t expected[] = {0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0,
                                0x12, 0x23, 0x34, 0x45, 0x50, 0x18, 0x05, 0x00};
    uint8_t bytes[64];

    (void)state;
    assert_number(serialize(&example, bytes, sizeof bytes), 25);
    assert_memory_equal(bytes, expected, sizeof expected);
    assert_number(bytes[18], 0x01);
    assert_number(bytes[19], 0x02);
    assert_memory_equal(bytes + 20, "hello", 5);
}

static void a_segment_without_payload_is_a_header(void **state)
{
    struct tcp_segment segment = {.flags = TCP_ACK};
    uint8_t bytes[64];

    (void)state;
    assert_number(serialize(&segment, bytes, sizeof bytes), 20);
    assert_number(bytes[12], 0x50);
    assert_number(sum_of(bytes, 20), 0xffff);
}

static void each_control_bit_has_its_place(void **state)
{
    (void)state;
    for (unsigned flags = 0; flags < 256; flags++) {
        struct tcp_segment segment = {.flags = (uint8_t)flags};
        uint8_t bytes[20];

        assert_number(serialize(&segment, bytes, sizeof bytes), 20);
        assert_number(bytes[13], flags);
        assert_number(bytes[12], 0x50);
    }
}

/* RFC 9293, 3.2: kind 2, length 4 */
static void the_mss_option_follows_the_header(void **state)
{
    struct tcp_segment segment = example;
    uint8_t bytes[64];

    (void)state;
    segment.flags = TCP_SYN;
    segment.has_mss = true;
    segment.mss = 1460;
    assert_number(serialize(&segment, bytes, sizeof bytes), 29);
    assert_number(bytes[12], 0x60);
    assert_memory_equal(bytes + 20, "\x02\x04\x05\xb4", 4);
    assert_memory_equal(bytes + 24, "hello", 5);
    assert_number(sum_of(bytes, 29), 0xffff);
}

/* A segment whose bytes and checksum were computed elsewhere: 10.0.0.1 to 192.168.7.2 */
static void the_checksum_is_the_right_one(void **state)
{
    uint8_t bytes[64];

    (void)state;
    assert_number(serialize(&example, bytes, sizeof bytes), 25);
    assert_number(bytes[16] << 8 | bytes[17], 0x6b86);
}

/* RFC 9293, 3.1: an odd payload is padded for the sum, and the pad is not sent. */
static void the_checksum_covers_payloads_of_any_length(void **state)
{
    uint8_t payload[1460];
    uint8_t bytes[1500];

    (void)state;
    fill_pattern(payload, 0, sizeof payload);
    for (size_t len = 0; len <= sizeof payload; len += len < 20 ? 1 : 97) {
        struct tcp_segment segment = example;

        segment.payload = len > 0 ? payload : NULL;
        segment.payload_len = len;
        assert_number(serialize(&segment, bytes, sizeof bytes), 20 + len);
        assert_number(sum_of(bytes, 20 + len), 0xffff);
    }
}

/* RFC 1071: carries are added back in, and so is the carry of that. */
static void the_checksum_survives_many_carries(void **state)
{
    struct tcp_segment segment = example;
    uint8_t payload[1460];
    uint8_t bytes[1500];

    (void)state;
    memset(payload, 0xff, sizeof payload);
    segment.payload = payload;
    segment.payload_len = sizeof payload;
    segment.flags = 0xff;
    segment.window = 0xffff;
    segment.seq.raw = 0xffffffffu;
    assert_number(serialize(&segment, bytes, sizeof bytes), 1480);
    assert_number(sum_of(bytes, 1480), 0xffff);
}

static void too_little_room_is_refused(void **state)
{
    struct tcp_segment segment = example;
    uint8_t bytes[29];

    (void)state;
    segment.has_mss = true;
    segment.mss = 1460;
    for (size_t capacity = 0; capacity < 29; capacity++) {
        uint8_t *room = malloc(capacity > 0 ? capacity : 1);

        assert_non_null(room);
        assert_number(serialize(&segment, room, capacity), 0);
        free(room);
    }
    assert_number(serialize(&segment, bytes, 29), 29);
}

/* --- parse ----------------------------------------------------------------------------------- */

static void what_was_serialized_is_parsed_again(void **state)
{
    uint8_t bytes[64];
    struct tcp_segment seen = {0};
    size_t len = serialize(&example, bytes, sizeof bytes);

    (void)state;
    assert_number(tcp_segment_parse(&seen, bytes, len, SOURCE, DESTINATION), TCP_PARSE_OK);
    assert_number(seen.source_port, example.source_port);
    assert_number(seen.destination_port, example.destination_port);
    assert_seqno(seen.seq, example.seq.raw);
    assert_seqno(seen.ack, example.ack.raw);
    assert_number(seen.flags, example.flags);
    assert_number(seen.window, example.window);
    assert_number(seen.urgent_pointer, example.urgent_pointer);
    assert_false(seen.has_mss);
    assert_number(seen.payload_len, 5);
    assert_ptr_equal(seen.payload, bytes + 20);
}

static void without_payload_the_pointer_is_null(void **state)
{
    struct tcp_segment segment = {.flags = TCP_ACK};
    struct tcp_segment seen = {.payload = (const uint8_t *)"x", .payload_len = 1};
    uint8_t bytes[20];

    (void)state;
    serialize(&segment, bytes, sizeof bytes);
    assert_number(tcp_segment_parse(&seen, bytes, 20, SOURCE, DESTINATION), TCP_PARSE_OK);
    assert_number(seen.payload_len, 0);
    assert_null(seen.payload);
}

/* RFC 9293, 3.1, MUST-1 */
static void the_window_is_unsigned(void **state)
{
    struct tcp_segment segment = {.flags = TCP_ACK, .window = 65535};
    struct tcp_segment seen = {0};
    uint8_t bytes[20];

    (void)state;
    serialize(&segment, bytes, sizeof bytes);
    assert_number(tcp_segment_parse(&seen, bytes, 20, SOURCE, DESTINATION), TCP_PARSE_OK);
    assert_number(seen.window, 65535);
}

static void fewer_than_twenty_bytes_are_no_segment(void **state)
{
    uint8_t bytes[20] = {0};
    struct tcp_segment seen = {0};
    ptrdiff_t payload = 0;

    (void)state;
    bytes[12] = 0x50;
    for (size_t len = 0; len < 20; len++) {
        assert_number(parse(bytes, len, &seen, &payload), TCP_PARSE_TOO_SHORT);
    }
}

static void a_data_offset_below_five_is_refused(void **state)
{
    uint8_t bytes[40] = {0};
    struct tcp_segment seen = {0};
    ptrdiff_t payload = 0;

    (void)state;
    for (uint8_t offset = 0; offset < 5; offset++) {
        bytes[12] = (uint8_t)(offset << 4);
        put_checksum(bytes, sizeof bytes);
        assert_number(parse(bytes, sizeof bytes, &seen, &payload), TCP_PARSE_BAD_OFFSET);
    }
}

static void a_data_offset_past_the_end_is_refused(void **state)
{
    uint8_t bytes[59] = {0};
    struct tcp_segment seen = {0};
    ptrdiff_t payload = 0;

    (void)state;
    bytes[12] = 0xf0;
    put_checksum(bytes, sizeof bytes);
    assert_number(parse(bytes, sizeof bytes, &seen, &payload), TCP_PARSE_BAD_OFFSET);
    bytes[12] = 0x60;
    put_checksum(bytes, 23);
    assert_number(parse(bytes, 23, &seen, &payload), TCP_PARSE_BAD_OFFSET);
}

/* RFC 9293, 3.1, MUST-3 */
static void every_flipped_bit_is_noticed(void **state)
{
    uint8_t bytes[64];
    size_t len = serialize(&example, bytes, sizeof bytes);

    (void)state;
    assert_number(len, 25);
    for (size_t bit = 0; bit < len * 8; bit++) {
        struct tcp_segment seen = {0};

        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_number(tcp_segment_parse(&seen, bytes, len, SOURCE, DESTINATION) != TCP_PARSE_OK,
                      true);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

/* RFC 9293, 3.1: the pseudo-header */
static void a_segment_from_or_to_elsewhere_has_a_bad_checksum(void **state)
{
    uint8_t bytes[64];
    struct tcp_segment seen = {0};
    size_t len = serialize(&example, bytes, sizeof bytes);

    (void)state;
    assert_number(tcp_segment_parse(&seen, bytes, len, SOURCE + 1, DESTINATION),
                  TCP_PARSE_BAD_CHECKSUM);
    assert_number(tcp_segment_parse(&seen, bytes, len, SOURCE, DESTINATION + 0x10000),
                  TCP_PARSE_BAD_CHECKSUM);
}

static void a_segment_cut_short_has_a_bad_checksum(void **state)
{
    uint8_t bytes[64];
    struct tcp_segment seen = {0};
    size_t len = serialize(&example, bytes, sizeof bytes);

    (void)state;
    assert_number(tcp_segment_parse(&seen, bytes, len - 1, SOURCE, DESTINATION),
                  TCP_PARSE_BAD_CHECKSUM);
}

/* A sum that comes to all ones is written as a checksum of zero, which is as good as any. */
static void a_checksum_of_zero_is_nothing_special(void **state)
{
    uint8_t bytes[22] = {[12] = 0x50, [13] = TCP_ACK};
    uint16_t missing = (uint16_t)(0xffff - sum_of(bytes, sizeof bytes));
    struct tcp_segment seen = {0};

    (void)state;
    bytes[20] = (uint8_t)(missing >> 8);
    bytes[21] = (uint8_t)missing;
    assert_number(sum_of(bytes, sizeof bytes), 0xffff);
    assert_number(tcp_segment_parse(&seen, bytes, sizeof bytes, SOURCE, DESTINATION), TCP_PARSE_OK);
}

/* RFC 9293, 3.1 */
static void reserved_bits_are_ignored(void **state)
{
    uint8_t bytes[64];
    struct tcp_segment seen = {0};
    size_t len = serialize(&example, bytes, sizeof bytes);

    (void)state;
    bytes[12] |= 0x0f;
    put_checksum(bytes, len);
    assert_number(tcp_segment_parse(&seen, bytes, len, SOURCE, DESTINATION), TCP_PARSE_OK);
    assert_number(seen.flags, example.flags);
    assert_number(seen.payload_len, 5);
}

static void every_control_bit_is_parsed(void **state)
{
    (void)state;
    for (unsigned flags = 0; flags < 256; flags++) {
        struct tcp_segment segment = {.flags = (uint8_t)flags};
        struct tcp_segment seen = {0};
        uint8_t bytes[20];

        serialize(&segment, bytes, sizeof bytes);
        assert_number(tcp_segment_parse(&seen, bytes, 20, SOURCE, DESTINATION), TCP_PARSE_OK);
        assert_number(seen.flags, flags);
    }
}

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
        cmocka_unit_test(syn_and_fin_count_one_each),

        cmocka_unit_test(every_field_has_its_place),
        cmocka_unit_test(a_segment_without_payload_is_a_header),
        cmocka_unit_test(each_control_bit_has_its_place),
        cmocka_unit_test(the_mss_option_follows_the_header),
        cmocka_unit_test(the_checksum_is_the_right_one),
        cmocka_unit_test(the_checksum_covers_payloads_of_any_length),
        cmocka_unit_test(the_checksum_survives_many_carries),
        cmocka_unit_test(too_little_room_is_refused),

        cmocka_unit_test(what_was_serialized_is_parsed_again),
        cmocka_unit_test(without_payload_the_pointer_is_null),
        cmocka_unit_test(the_window_is_unsigned),
        cmocka_unit_test(fewer_than_twenty_bytes_are_no_segment),
        cmocka_unit_test(a_data_offset_below_five_is_refused),
        cmocka_unit_test(a_data_offset_past_the_end_is_refused),
        cmocka_unit_test(every_flipped_bit_is_noticed),
        cmocka_unit_test(a_segment_from_or_to_elsewhere_has_a_bad_checksum),
        cmocka_unit_test(a_segment_cut_short_has_a_bad_checksum),
        cmocka_unit_test(a_checksum_of_zero_is_nothing_special),
        cmocka_unit_test(reserved_bits_are_ignored),
        cmocka_unit_test(every_control_bit_is_parsed),

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

    return run_all("checkpoint 5: segments as bytes", tests);
}
