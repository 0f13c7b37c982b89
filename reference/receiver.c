/*
 * The receiver: sequence numbers in, a stream and acknowledgments out. The contract is in
 * receiver.h; the variables are those of the receive sequence space, RFC 9293, 3.3.1, figure 4.
 *
 * Everything is counted in absolute sequence numbers (seqno.h): the SYN is 0, the first byte of the
 * stream is 1. RCV.NXT is not stored, because the stream knows it: all that was written in order,
 * one more for the SYN, and one more again once the FIN has closed the stream.
 */
#include "receiver.h"

#include "reassembler.h"

#include <assert.h>
#include <stdlib.h>

struct tcp_receiver {
    struct byte_stream *inbound;     /* to the application */
    struct reassembler *reassembler; /* writes to inbound */
    uint32_t mss;                    /* stands in for Eff.snd.MSS in 3.8.6.2.2 */
    bool synchronized;               /* has a SYN arrived? */
    struct seqno irs;                /* then: its sequence number */
    bool window_offered;             /* has a window been sent since? */
    uint64_t right_edge;             /* then: RCV.NXT + RCV.WND as offered last, absolute. It is a
                                        promise: it may move right, never left */
};

static uint64_t min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

struct tcp_receiver *tcp_receiver_new(const struct tcp_config *config)
{
    struct tcp_receiver *receiver = calloc(1, sizeof *receiver);
    if (receiver == NULL) {
        return NULL;
    }
    receiver->mss = config->mss;
    receiver->inbound = byte_stream_new(config->recv_capacity);
    if (receiver->inbound != NULL) {
        receiver->reassembler = reassembler_new(receiver->inbound);
    }
    if (receiver->reassembler == NULL) {
        tcp_receiver_free(receiver);
        return NULL;
    }
    return receiver;
}

void tcp_receiver_free(struct tcp_receiver *receiver)
{
    if (receiver == NULL) {
        return;
    }
    reassembler_free(receiver->reassembler);
    byte_stream_free(receiver->inbound);
    free(receiver);
}

/* RCV.NXT as an absolute sequence number. */
static uint64_t rcv_nxt(const struct tcp_receiver *receiver)
{
    bool fin_received = byte_stream_is_closed(receiver->inbound);
    return 1 + byte_stream_total_written(receiver->inbound) + (fin_received ? 1 : 0);
}

/* The right edge that the buffer has room for: what the peer could be allowed to send by now. */
static uint64_t possible_edge(const struct tcp_receiver *receiver)
{
    size_t free_space = byte_stream_available(receiver->inbound);
    return rcv_nxt(receiver) + min_u64(free_space, TCP_MAX_WINDOW);
}

/* RCV.NXT + RCV.WND: what was offered last or, if nothing was yet, what would be. */
static uint64_t offered_edge(const struct tcp_receiver *receiver)
{
    return receiver->window_offered ? receiver->right_edge : possible_edge(receiver);
}

/* --- segments that arrive --------------------------------------------------------------------- */

void tcp_receiver_receive(struct tcp_receiver *receiver, const struct tcp_sender_message *message)
{
    if (!receiver->synchronized) {
        if (!message->syn) {
            return;
        }
        receiver->synchronized = true;
        receiver->irs = message->seq;
    }

    uint64_t seq = seqno_unwrap(message->seq, receiver->irs, rcv_nxt(receiver));
    uint64_t first_byte = seq + (message->syn ? 1 : 0);
    /* The stream begins behind the SYN: a byte in the place of the SYN is none of it. */
    size_t skip = first_byte == 0 ? 1 : 0;
    if (skip > message->payload_len) {
        return;
    }
    uint64_t stream_index = first_byte + skip - 1;
    const uint8_t *bytes = skip > 0 ? message->payload + skip : message->payload;
    reassembler_insert(receiver->reassembler, stream_index, bytes, message->payload_len - skip,
                       message->fin);
}

bool tcp_receiver_acceptable(const struct tcp_receiver *receiver, struct seqno seq, size_t seg_len)
{
    if (!receiver->synchronized) {
        return false;
    }
    /* Table 6 of 3.10.7.4, in absolute numbers. */
    uint64_t nxt = rcv_nxt(receiver);
    uint64_t edge = nxt + tcp_receiver_rcv_wnd(receiver);
    uint64_t first = seqno_unwrap(seq, receiver->irs, nxt);

    bool window_is_open = nxt < edge;
    if (seg_len == 0) {
        return window_is_open ? nxt <= first && first < edge : first == nxt;
    }
    uint64_t last = first + seg_len - 1;
    return (nxt <= first && first < edge) || (nxt <= last && last < edge);
}

/* --- acknowledgments and windows that leave --------------------------------------------------- */

/* How far would the right edge move, if it moved now? */
static uint64_t possible_move(const struct tcp_receiver *receiver)
{
    uint64_t edge = possible_edge(receiver);
    return edge > offered_edge(receiver) ? edge - offered_edge(receiver) : 0;
}

/* 3.8.6.2.2: the smallest move that is not silly. */
static uint64_t worthwhile_move(const struct tcp_receiver *receiver, uint64_t full_segments)
{
    size_t rcv_buff = byte_stream_capacity(receiver->inbound);
    return min_u64(rcv_buff / 2, full_segments * receiver->mss);
}

struct tcp_receiver_message tcp_receiver_send(struct tcp_receiver *receiver)
{
    if (!receiver->synchronized) {
        size_t free_space = byte_stream_available(receiver->inbound);
        return (struct tcp_receiver_message){
            .window = (uint16_t)min_u64(free_space, TCP_MAX_WINDOW),
        };
    }
    uint64_t move = possible_move(receiver);
    if (!receiver->window_offered || move >= worthwhile_move(receiver, 1)) {
        receiver->right_edge = offered_edge(receiver) + move;
        receiver->window_offered = true;
    }
    return (struct tcp_receiver_message){
        .has_ack = true,
        .ack = tcp_receiver_rcv_nxt(receiver),
        .window = (uint16_t)tcp_receiver_rcv_wnd(receiver),
    };
}

bool tcp_receiver_window_update_due(const struct tcp_receiver *receiver)
{
    if (!receiver->synchronized || byte_stream_is_closed(receiver->inbound)) {
        return false;
    }
    bool peer_may_wait = tcp_receiver_rcv_wnd(receiver) < receiver->mss;
    uint64_t enough = worthwhile_move(receiver, peer_may_wait ? 1 : 2);
    return possible_move(receiver) > 0 && possible_move(receiver) >= enough;
}

/* --- queries ---------------------------------------------------------------------------------- */

struct byte_stream *tcp_receiver_inbound(const struct tcp_receiver *receiver)
{
    return receiver->inbound;
}

bool tcp_receiver_is_synchronized(const struct tcp_receiver *receiver)
{
    return receiver->synchronized;
}

struct seqno tcp_receiver_rcv_nxt(const struct tcp_receiver *receiver)
{
    if (!receiver->synchronized) {
        return (struct seqno){0};
    }
    return seqno_wrap(rcv_nxt(receiver), receiver->irs);
}

uint32_t tcp_receiver_rcv_wnd(const struct tcp_receiver *receiver)
{
    if (!receiver->synchronized) {
        return 0;
    }
    /* The edge may lie behind RCV.NXT: a FIN takes a number without taking room, and a byte beyond
     * the window offered is kept if there was room for it. */
    uint64_t nxt = rcv_nxt(receiver);
    uint64_t wnd = offered_edge(receiver) > nxt ? offered_edge(receiver) - nxt : 0;
    assert(wnd <= TCP_MAX_WINDOW);
    return (uint32_t)wnd;
}

size_t tcp_receiver_bytes_pending(const struct tcp_receiver *receiver)
{
    return reassembler_bytes_pending(receiver->reassembler);
}
