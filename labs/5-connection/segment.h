/*
 * Checkpoint 5, first half: the segment.
 *
 * What stands in a TCP header, as a struct, and the way from there to bytes and back (RFC 9293,
 * 3.1). Numbers are in host byte order here, in network byte order (most significant byte first) on
 * the wire. IPv4 addresses are host-order integers: 10.0.0.1 is 0x0a000001.
 */
#pragma once

#include "seqno.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The control bits, with the values that they have in byte 13 of the header. */
enum tcp_flag {
    TCP_FIN = 0x01,
    TCP_SYN = 0x02,
    TCP_RST = 0x04,
    TCP_PSH = 0x08,
    TCP_ACK = 0x10,
    TCP_URG = 0x20,
    TCP_ECE = 0x40,
    TCP_CWR = 0x80,
};

struct tcp_segment {
    uint16_t source_port;
    uint16_t destination_port;
    struct seqno seq;        /* SEG.SEQ */
    struct seqno ack;        /* SEG.ACK; means something only if TCP_ACK is set */
    uint8_t flags;           /* any of enum tcp_flag. Test bits with &, never the whole with == */
    uint16_t window;         /* SEG.WND: unsigned, up to 65,535 (MUST-1) */
    uint16_t urgent_pointer; /* SEG.UP; means something only if TCP_URG is set */
    bool has_mss;            /* is there a maximum segment size option? */
    uint16_t mss;            /* its value, in bytes */
    const uint8_t *payload;  /* borrowed; NULL if payload_len is 0 */
    size_t payload_len;      /* bytes */
};

/* SEG.LEN: the sequence numbers that the segment takes; SYN and FIN count one each (3.4). */
static inline size_t tcp_segment_length(const struct tcp_segment *segment)
{
    return segment->payload_len + ((segment->flags & TCP_SYN) != 0 ? 1 : 0) +
           ((segment->flags & TCP_FIN) != 0 ? 1 : 0);
}

/* Why bytes are not a segment. What is first here is looked at first, and the first that is wrong
 * is the result. */
enum tcp_parse_result {
    TCP_PARSE_OK = 0,
    TCP_PARSE_TOO_SHORT,    /* fewer than 20 bytes */
    TCP_PARSE_BAD_OFFSET,   /* data offset below 5, or past the end of the bytes */
    TCP_PARSE_BAD_CHECKSUM, /* MUST-3 */
    TCP_PARSE_BAD_OPTION,   /* an option whose length is impossible: 0, 1, or past the header */
};

/*
 * Reads `len` bytes, the payload of an IPv4 packet from `source` to `destination`, as a segment.
 *
 *   - The checksum covers pseudo-header, header, options and payload (3.1, MUST-3). The addresses
 *     are wanted for the pseudo-header; its length is `len`.
 *   - Options: end-of-list ends them, no-op is one byte; every other kind has a length byte, so
 *     that an unknown one can be skipped (MUST-4, 6, 7, 64, 68). The MSS option has length 4; with
 *     another length it is skipped like an unknown one. It counts only on a SYN. Of several, the
 *     last one counts.
 *   - Reserved bits are ignored (3.1).
 *
 * On TCP_PARSE_OK every field of `*out` is set, whatever stood there (has_mss to false where the
 * option does not count), and out->payload points into `bytes`, or is NULL. Otherwise `*out` is
 * undefined and the bytes are to be dropped without an answer.
 */
enum tcp_parse_result tcp_segment_parse(struct tcp_segment *out, const uint8_t *bytes, size_t len,
                                        uint32_t source, uint32_t destination);

/*
 * Writes the segment as bytes, ready to be the payload of an IPv4 packet from `source` to
 * `destination`: header, the MSS option if has_mss, payload; reserved bits zero, checksum filled in
 * (MUST-2), urgent pointer as given. Returns the number of bytes written, or 0 if `capacity` is too
 * small; then nothing useful stands in `bytes`.
 */
size_t tcp_segment_serialize(const struct tcp_segment *segment, uint32_t source,
                             uint32_t destination, uint8_t *bytes, size_t capacity);
