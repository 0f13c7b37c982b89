/*
 * A TCP segment carries two things at once: bytes going one way, and news about the bytes going the
 * other way. The two halves have different authors, and here they are two messages:
 *
 *      our sender   ── tcp_sender_message ──▶   their receiver
 *      our sender   ◀─ tcp_receiver_message ──  their receiver
 *
 * The connection (checkpoint 5) puts a message of each kind into one segment. Field names are those
 * of RFC 9293, 3.3.1: seq is SEG.SEQ, ack is SEG.ACK, window is SEG.WND.
 */
#pragma once

#include "seqno.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a sender says: these bytes stand at this place in the stream. */
struct tcp_sender_message {
    struct seqno seq;       /* of the SYN if `syn`, otherwise of the first payload byte */
    bool syn;               /* the stream begins here */
    bool fin;               /* the stream ends after the payload */
    bool psh;               /* nothing more is queued behind this segment (3.9.1.2, MUST-61) */
    const uint8_t *payload; /* borrowed; NULL if there is none */
    size_t payload_len;     /* bytes */
};

/* What a receiver says: so far I have got, and so much more may come. */
struct tcp_receiver_message {
    bool has_ack;     /* false until the receiver has seen a SYN; then `ack` means nothing */
    struct seqno ack; /* the next sequence number expected */
    uint16_t window;  /* how many sequence numbers from `ack` on the receiver will take */
    struct seqno seq; /* SEG.SEQ of the segment that brought this message, for SND.WL1. A sender
                         reads it; a receiver that writes a message leaves it zero */
};

/* SEG.LEN: the sequence numbers that a message takes. SYN and FIN count (RFC 9293, 3.4). */
static inline size_t tcp_sender_message_length(const struct tcp_sender_message *message)
{
    return message->payload_len + (message->syn ? 1 : 0) + (message->fin ? 1 : 0);
}
