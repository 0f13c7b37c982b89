/*
 * The segment, read and written byte by byte with a cursor: the contract is in segment.h.
 *
 * A cursor never goes past its end: whoever reads too far gets zeros and a mark that it happened,
 * so the bounds are checked in one place. The checksum is added up one byte at a time; at even
 * places a byte is the high half of a word (RFC 1071, 1).
 */
#include "segment.h"

#include <string.h>

enum { HEADER_WORDS = 5, CHECKSUM_PLACE = 16, PROTOCOL = 6 };

/* --- the checksum ----------------------------------------------------------------------------- */

struct sum {
    uint32_t value; /* folded, at most 0xffff */
    bool low;       /* the next byte is the low half of its word */
};

static void add_byte(struct sum *sum, uint8_t byte)
{
    sum->value += sum->low ? byte : (uint32_t)byte << 8;
    sum->value = (sum->value & 0xffff) + (sum->value >> 16);
    sum->low = !sum->low;
}

static void add_number(struct sum *sum, uint32_t number)
{
    for (unsigned shift = 32; shift > 0; shift -= 8) {
        add_byte(sum, (uint8_t)(number >> (shift - 8)));
    }
}

static uint16_t checksum(const uint8_t *bytes, size_t len, uint32_t source, uint32_t destination)
{
    struct sum sum = {0};

    add_number(&sum, source);
    add_number(&sum, destination);
    add_number(&sum, PROTOCOL);
    add_number(&sum, (uint32_t)len);
    for (size_t at = 0; at < len; at++) {
        add_byte(&sum, bytes[at]);
    }
    return (uint16_t)~sum.value;
}

/* --- reading ---------------------------------------------------------------------------------- */

struct cursor {
    const uint8_t *at;
    const uint8_t *end;
    bool passed_end;
};

static uint8_t take(struct cursor *cursor)
{
    if (cursor->at == cursor->end) {
        cursor->passed_end = true;
        return 0;
    }
    return *cursor->at++;
}

static uint32_t take_number(struct cursor *cursor, unsigned bytes)
{
    uint32_t number = 0;

    for (; bytes > 0; bytes--) {
        number = number << 8 | take(cursor);
    }
    return number;
}

/* One option, whose kind was taken already. */
static void take_option(struct cursor *cursor, uint8_t kind, struct tcp_segment *out)
{
    uint8_t len = take(cursor);
    struct cursor body = {cursor->at, cursor->at, false};

    if (len < 2) {
        cursor->passed_end = true; /* it would end before it begins */
        return;
    }
    for (unsigned left = len - 2u; left > 0; left--) {
        take(cursor);
    }
    body.end = cursor->at;
    if (kind == 2 && len == 4 && !cursor->passed_end && (out->flags & TCP_SYN) != 0) {
        out->has_mss = true;
        out->mss = (uint16_t)take_number(&body, 2);
    }
}

static bool take_options(struct cursor *cursor, struct tcp_segment *out)
{
    while (cursor->at < cursor->end && !cursor->passed_end) {
        uint8_t kind = take(cursor);

        if (kind == 0) {
            break;
        }
        if (kind != 1) {
            take_option(cursor, kind, out);
        }
    }
    return !cursor->passed_end;
}

enum tcp_parse_result tcp_segment_parse(struct tcp_segment *out, const uint8_t *bytes, size_t len,
                                        uint32_t source, uint32_t destination)
{
    struct cursor cursor = {bytes, bytes + len, false};
    size_t words;

    memset(out, 0, sizeof *out);
    out->source_port = (uint16_t)take_number(&cursor, 2);
    out->destination_port = (uint16_t)take_number(&cursor, 2);
    out->seq.raw = take_number(&cursor, 4);
    out->ack.raw = take_number(&cursor, 4);
    words = take(&cursor) >> 4; /* the low half is reserved, and ignored */
    out->flags = take(&cursor);
    out->window = (uint16_t)take_number(&cursor, 2);
    take_number(&cursor, 2);
    out->urgent_pointer = (uint16_t)take_number(&cursor, 2);
    if (cursor.passed_end) {
        return TCP_PARSE_TOO_SHORT;
    }
    if (words < HEADER_WORDS || 4 * words > len) {
        return TCP_PARSE_BAD_OFFSET;
    }
    if (checksum(bytes, len, source, destination) != 0) {
        return TCP_PARSE_BAD_CHECKSUM;
    }
    cursor.end = bytes + 4 * words;
    if (!take_options(&cursor, out)) {
        return TCP_PARSE_BAD_OPTION;
    }
    out->payload_len = len - 4 * words;
    out->payload = out->payload_len > 0 ? cursor.end : NULL;
    return TCP_PARSE_OK;
}

/* --- writing ---------------------------------------------------------------------------------- */

static uint8_t *put_number(uint8_t *to, uint32_t number, unsigned bytes)
{
    for (unsigned left = bytes; left > 0; left--) {
        *to++ = (uint8_t)(number >> (8 * (left - 1)));
    }
    return to;
}

size_t tcp_segment_serialize(const struct tcp_segment *segment, uint32_t source,
                             uint32_t destination, uint8_t *bytes, size_t capacity)
{
    unsigned words = HEADER_WORDS + (segment->has_mss ? 1 : 0);
    size_t len = 4 * (size_t)words + segment->payload_len;
    uint8_t *to = bytes;

    if (len > capacity) {
        return 0;
    }
    to = put_number(to, segment->source_port, 2);
    to = put_number(to, segment->destination_port, 2);
    to = put_number(to, segment->seq.raw, 4);
    to = put_number(to, segment->ack.raw, 4);
    to = put_number(to, words << 12 | segment->flags, 2);
    to = put_number(to, segment->window, 2);
    to = put_number(to, segment->urgent_pointer, 4); /* in front of it the checksum, 0 for now */
    if (segment->has_mss) {
        to = put_number(to, 0x02040000u | segment->mss, 4);
    }
    for (size_t at = 0; at < segment->payload_len; at++) {
        *to++ = segment->payload[at];
    }
    put_number(bytes + CHECKSUM_PLACE, checksum(bytes, len, source, destination), 2);
    return len;
}
