/*
 * The receiver with the variables of the RFC, as 32-bit numbers on the circle: the contract is in
 * receiver.h.
 *
 * IRS, RCV.NXT and RCV.WND are kept as RFC 9293, 3.3.1 names them, and changed as its text says: a
 * segment that is taken moves RCV.NXT forward and shrinks RCV.WND by as much, and an offer widens
 * RCV.WND. The tests of 3.10.7.4 are then distances from RCV.NXT, modulo 2^32. Only the place in
 * the stream needs 64 bits: it is counted from what the reassembler has delivered.
 */
#include "receiver.h"

#include "reassembler.h"

#include <stdlib.h>

struct tcp_receiver {
    struct byte_stream *stream;
    struct reassembler *reassembler;
    size_t mss;
    enum { LISTENING, HEARD_SYN, OFFERED } stage;
    struct seqno rcv_nxt; /* from HEARD_SYN on */
    int64_t rcv_wnd;      /* from OFFERED on; below zero if more was taken than was offered */
};

struct tcp_receiver *tcp_receiver_new(const struct tcp_config *config)
{
    struct tcp_receiver *receiver = calloc(1, sizeof *receiver);
    struct byte_stream *stream = byte_stream_new(config->recv_capacity);
    struct reassembler *reassembler = stream != NULL ? reassembler_new(stream) : NULL;

    if (receiver == NULL || reassembler == NULL) {
        reassembler_free(reassembler);
        byte_stream_free(stream);
        free(receiver);
        return NULL;
    }
    receiver->stream = stream;
    receiver->reassembler = reassembler;
    receiver->mss = config->mss;
    return receiver;
}

void tcp_receiver_free(struct tcp_receiver *receiver)
{
    if (receiver != NULL) {
        reassembler_free(receiver->reassembler);
        byte_stream_free(receiver->stream);
        free(receiver);
    }
}

static uint32_t free_space(const struct tcp_receiver *receiver)
{
    size_t available = byte_stream_available(receiver->stream);

    return available < TCP_MAX_WINDOW ? (uint32_t)available : TCP_MAX_WINDOW;
}

/* --- what arrives ----------------------------------------------------------------------------- */

/* Moves RCV.NXT over `count` numbers; the right edge stays, or is overrun. */
static void advance(struct tcp_receiver *receiver, uint64_t count)
{
    receiver->rcv_nxt.raw += (uint32_t)count;
    receiver->rcv_wnd -= (int64_t)count;
}

void tcp_receiver_receive(struct tcp_receiver *receiver, const struct tcp_sender_message *message)
{
    uint64_t delivered = byte_stream_total_written(receiver->stream);
    bool was_closed = byte_stream_is_closed(receiver->stream);
    const uint8_t *bytes = message->payload;
    size_t len = message->payload_len;

    if (receiver->stage == LISTENING) {
        if (!message->syn) {
            return;
        }
        receiver->stage = HEARD_SYN;
        receiver->rcv_nxt.raw = message->seq.raw + 1;
    }
    /* How far ahead of RCV.NXT does the first byte stand? Behind it, if the number is negative. */
    uint32_t first = message->seq.raw + (message->syn ? 1 : 0);
    int64_t ahead = (int64_t)(int32_t)(first - receiver->rcv_nxt.raw);
    int64_t index = (int64_t)delivered + (was_closed ? 1 : 0) + ahead;

    /* A byte before the first of the stream is none; that in the place of the SYN is cut off. */
    if (index < -1 || (index == -1 && len == 0)) {
        return;
    }
    if (index == -1) {
        bytes++;
        len--;
        index = 0;
    }
    reassembler_insert(receiver->reassembler, (uint64_t)index, bytes, len, message->fin);
    advance(receiver, byte_stream_total_written(receiver->stream) - delivered);
    if (byte_stream_is_closed(receiver->stream) && !was_closed) {
        advance(receiver, 1);
    }
}

/* RFC 9293, 3.10.7.4, table 6, with every number as its distance from RCV.NXT. */
bool tcp_receiver_acceptable(const struct tcp_receiver *receiver, struct seqno seq, size_t seg_len)
{
    uint32_t wnd = tcp_receiver_rcv_wnd(receiver);
    uint32_t first = seq.raw - receiver->rcv_nxt.raw;
    uint32_t last = first + (uint32_t)seg_len - 1;

    if (receiver->stage == LISTENING) {
        return false;
    }
    if (seg_len == 0) {
        return first < wnd || (first == 0 && wnd == 0);
    }
    return first < wnd || last < wnd;
}

/* --- what is said in return ------------------------------------------------------------------- */

/* min(RCV.BUFF / 2, so many segments) */
static size_t worth_telling(const struct tcp_receiver *receiver, size_t segments)
{
    size_t half = byte_stream_capacity(receiver->stream) / 2;

    return half < segments * receiver->mss ? half : segments * receiver->mss;
}

/* RCV.BUFF - RCV.USER - RCV.WND of 3.8.6.2.2. */
static uint64_t reduction(const struct tcp_receiver *receiver)
{
    int64_t space = free_space(receiver);
    int64_t wnd = receiver->stage == OFFERED ? receiver->rcv_wnd : space;

    return space > wnd ? (uint64_t)(space - wnd) : 0;
}

struct tcp_receiver_message tcp_receiver_send(struct tcp_receiver *receiver)
{
    if (receiver->stage == LISTENING) {
        return (struct tcp_receiver_message){.window = (uint16_t)free_space(receiver)};
    }
    if (receiver->stage == HEARD_SYN) {
        receiver->rcv_wnd = free_space(receiver);
        receiver->stage = OFFERED;
    } else if (reduction(receiver) >= worth_telling(receiver, 1)) {
        receiver->rcv_wnd += (int64_t)reduction(receiver);
    }
    return (struct tcp_receiver_message){
        .has_ack = true,
        .ack = receiver->rcv_nxt,
        .window = (uint16_t)tcp_receiver_rcv_wnd(receiver),
    };
}

bool tcp_receiver_window_update_due(const struct tcp_receiver *receiver)
{
    uint64_t move = reduction(receiver);
    size_t segments = tcp_receiver_rcv_wnd(receiver) < receiver->mss ? 1 : 2;

    if (receiver->stage == LISTENING || byte_stream_is_closed(receiver->stream)) {
        return false;
    }
    return move > 0 && move >= worth_telling(receiver, segments);
}

/* --- queries ---------------------------------------------------------------------------------- */

struct byte_stream *tcp_receiver_inbound(const struct tcp_receiver *receiver)
{
    return receiver->stream;
}

bool tcp_receiver_is_synchronized(const struct tcp_receiver *receiver)
{
    return receiver->stage != LISTENING;
}

struct seqno tcp_receiver_rcv_nxt(const struct tcp_receiver *receiver)
{
    return receiver->rcv_nxt;
}

uint32_t tcp_receiver_rcv_wnd(const struct tcp_receiver *receiver)
{
    switch (receiver->stage) {
    case LISTENING:
        return 0;
    case HEARD_SYN:
        return free_space(receiver);
    default:
        return receiver->rcv_wnd > 0 ? (uint32_t)receiver->rcv_wnd : 0;
    }
}

size_t tcp_receiver_bytes_pending(const struct tcp_receiver *receiver)
{
    return reassembler_bytes_pending(receiver->reassembler);
}
