/*
 * Unit tests of checkpoint 5, the segment as bytes: the header, the checksum, the payload. RFC
 * 9293, 3.1; RFC 1071.
 */
#include "segment_test.h"

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
    };

    return run_all("checkpoint 5: segments as bytes", tests);
}
