/*
 * The segment: between struct tcp_segment and the bytes of RFC 9293, 3.1. The contract is in
 * segment.h.
 *
 *     0                   1                   2                   3
 *     0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *    +-------------------------------+-------------------------------+
 *  0 |          source port          |       destination port        |
 *  4 |                        sequence number                        |
 *  8 |                     acknowledgment number                     |
 * 12 |offset | rsrvd |C E U A P R S F|            window             |
 * 16 |           checksum            |        urgent pointer         |
 * 20 |                  options, padded with zeros                   |
 *    +---------------------------------------------------------------+
 *    |                            payload …
 */
#include "segment.h"

#include <string.h>

#define IP_PROTOCOL_TCP 6u
#define MIN_HEADER_LEN 20u
#define CHECKSUM_AT 16u

/* Option kinds, RFC 9293, 3.2, and the length of the one that we write. */
enum { OPTION_END = 0, OPTION_NOP = 1, OPTION_MSS = 2, OPTION_MSS_LEN = 4 };

/* --- numbers, most significant byte first ----------------------------------------------------- */

static uint16_t read16(const uint8_t *at)
{
    return (uint16_t)((unsigned)at[0] << 8 | at[1]);
}

static uint32_t read32(const uint8_t *at)
{
    return (uint32_t)read16(at) << 16 | read16(at + 2);
}

static void write16(uint8_t *at, uint16_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)(value & 0xff);
}

static void write32(uint8_t *at, uint32_t value)
{
    write16(at, (uint16_t)(value >> 16));
    write16(at + 2, (uint16_t)(value & 0xffff));
}

/* --- the checksum: RFC 9293, 3.1; RFC 1071 ---------------------------------------------------- */

/* Adds the 16-bit words of `bytes`, two at a time: folding adds the halves of a 32-bit word to the
 * same sum, and there are half as many (on transfers in memory this made 12 Gbit/s of 7.5). An odd
 * last byte is the high half of a word whose low half is zero; that zero is not sent. 64 KiB of
 * words cannot overflow 64 bits. */
static uint64_t sum_words(const uint8_t *bytes, size_t len)
{
    uint64_t sum = 0;
    size_t i = 0;
    for (; i + 3 < len; i += 4) {
        sum += read32(bytes + i);
    }
    for (; i + 1 < len; i += 2) {
        sum += read16(bytes + i);
    }
    if (i < len) {
        sum += (uint64_t)bytes[i] << 8;
    }
    return sum;
}

/* The checksum over the pseudo-header and the segment. If the segment's checksum field holds zero,
 * this is the value to put there; if it holds the right value, this is zero. */
static uint16_t checksum(const uint8_t *bytes, size_t len, uint32_t source, uint32_t destination)
{
    uint64_t sum = (source >> 16) + (source & 0xffff) + (destination >> 16) +
                   (destination & 0xffff) + IP_PROTOCOL_TCP + len;
    sum += sum_words(bytes, len);
    while (sum > 0xffff) {
        sum = (sum & 0xffff) + (sum >> 16); /* one's complement: a carry comes in again below */
    }
    return (uint16_t)(~sum & 0xffff);
}

/* --- from bytes ------------------------------------------------------------------------------- */

static void parse_mss(struct tcp_segment *out, const uint8_t *option, size_t len)
{
    if (len == OPTION_MSS_LEN && (out->flags & TCP_SYN) != 0) {
        out->has_mss = true;
        out->mss = read16(option + 2);
    }
}

/* RFC 9293, 3.1 and 3.2. Every kind but END and NOP has a length in its second byte, which counts
 * the kind and itself: below 2 one could not even step over it (MUST-7, MUST-68). */
static enum tcp_parse_result parse_options(struct tcp_segment *out, const uint8_t *options,
                                           size_t options_len)
{
    size_t at = 0;
    while (at < options_len && options[at] != OPTION_END) {
        if (options[at] == OPTION_NOP) {
            at++;
            continue;
        }
        size_t room = options_len - at;
        size_t len = room >= 2 ? options[at + 1] : 0;
        if (len < 2 || len > room) {
            return TCP_PARSE_BAD_OPTION;
        }
        if (options[at] == OPTION_MSS) {
            parse_mss(out, options + at, len);
        }
        at += len; /* an unknown kind is stepped over: MUST-6 */
    }
    return TCP_PARSE_OK;
}

enum tcp_parse_result tcp_segment_parse(struct tcp_segment *out, const uint8_t *bytes, size_t len,
                                        uint32_t source, uint32_t destination)
{
    if (len < MIN_HEADER_LEN) {
        return TCP_PARSE_TOO_SHORT;
    }
    size_t header_len = (size_t)(bytes[12] >> 4) * 4; /* data offset counts 32-bit words */
    if (header_len < MIN_HEADER_LEN || header_len > len) {
        return TCP_PARSE_BAD_OFFSET;
    }
    if (checksum(bytes, len, source, destination) != 0) {
        return TCP_PARSE_BAD_CHECKSUM; /* MUST-3 */
    }
    *out = (struct tcp_segment){
        .source_port = read16(bytes),
        .destination_port = read16(bytes + 2),
        .seq = {read32(bytes + 4)},
        .ack = {read32(bytes + 8)},
        .flags = bytes[13],
        .window = read16(bytes + 14),
        .urgent_pointer = read16(bytes + 18),
        .payload = len > header_len ? bytes + header_len : NULL,
        .payload_len = len - header_len,
    };
    return parse_options(out, bytes + MIN_HEADER_LEN, header_len - MIN_HEADER_LEN);
}

/* --- to bytes --------------------------------------------------------------------------------- */

size_t tcp_segment_serialize(const struct tcp_segment *segment, uint32_t source,
                             uint32_t destination, uint8_t *bytes, size_t capacity)
{
    size_t header_len = MIN_HEADER_LEN + (segment->has_mss ? OPTION_MSS_LEN : 0u);
    size_t len = header_len + segment->payload_len;
    if (len > capacity) {
        return 0;
    }
    write16(bytes, segment->source_port);
    write16(bytes + 2, segment->destination_port);
    write32(bytes + 4, segment->seq.raw);
    write32(bytes + 8, segment->ack.raw);
    bytes[12] = (uint8_t)(header_len / 4 << 4); /* the reserved bits below stay zero */
    bytes[13] = segment->flags;
    write16(bytes + 14, segment->window);
    write16(bytes + CHECKSUM_AT, 0);
    write16(bytes + 18, segment->urgent_pointer);
    if (segment->has_mss) {
        bytes[20] = OPTION_MSS;
        bytes[21] = OPTION_MSS_LEN;
        write16(bytes + 22, segment->mss);
    }
    if (segment->payload_len > 0) {
        memcpy(bytes + header_len, segment->payload, segment->payload_len);
    }
    /* Last, because it covers all of the above, the payload too (MUST-2). */
    write16(bytes + CHECKSUM_AT, checksum(bytes, len, source, destination));
    return len;
}
