/*
 * Words that the segment's unit tests are written in. They lay bytes out by hand and add them up on
 * their own.
 */
#pragma once

#include "testing.h"

#include "segment.h"

#define SOURCE 0x0a000001u      /* 10.0.0.1 */
#define DESTINATION 0xc0a80702u /* 192.168.7.2 */

/* The one's complement sum of pseudo-header and segment: 0xffff if the checksum is right. */
static inline uint16_t sum_of(const uint8_t *bytes, size_t len)
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

static inline void put_checksum(uint8_t *bytes, size_t len)
{
    uint16_t checksum;

    bytes[16] = bytes[17] = 0;
    checksum = (uint16_t)~sum_of(bytes, len);
    bytes[16] = (uint8_t)(checksum >> 8);
    bytes[17] = (uint8_t)checksum;
}

/* Parses a copy that ends exactly where its memory ends, so that a sanitizer sees each byte read
 * too many. Only the payload's place is lost: it is given as an offset. */
static inline enum tcp_parse_result parse(const uint8_t *bytes, size_t len, struct tcp_segment *out,
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
static inline enum tcp_parse_result parse_with_options(uint8_t control, const uint8_t *options,
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

static inline size_t serialize(const struct tcp_segment *segment, uint8_t *bytes, size_t capacity)
{
    return tcp_segment_serialize(segment, SOURCE, DESTINATION, bytes, capacity);
}
