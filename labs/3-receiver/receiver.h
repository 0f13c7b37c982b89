/*
 * Checkpoint 3: the receiver.
 *
 * The half of TCP that listens. It turns sequence numbers into stream indices, gives the bytes to
 * its reassembler, and says in return how far it has got (the acknowledgment number) and how much
 * more it can take (the window). It never starts anything by itself and knows no time.
 *
 *        1             2                  3                4          RFC 9293, 3.3.1, figure 4
 *   ──────────────┬──────────────────────┬──────────────────────
 *             RCV.NXT            RCV.NXT + RCV.WND
 *   1 received and acknowledged   2 + 3 allowed now   4 not allowed yet
 *
 * Ownership: the receiver owns a reassembler and the inbound stream; both live as long as it does.
 */
#pragma once

#include "byte_stream.h"
#include "seqno.h"
#include "tcp_config.h"
#include "tcp_message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tcp_receiver;

/* A receiver that has not seen a SYN yet. It reads `recv_capacity` and `mss` from `config` and
 * keeps no pointer to it. NULL when there is no memory. */
struct tcp_receiver *tcp_receiver_new(const struct tcp_config *config);

/* Frees the receiver with its reassembler and stream. NULL is allowed and ignored. */
void tcp_receiver_free(struct tcp_receiver *receiver);

/*
 * A segment's bytes have arrived.
 *
 *   - The first message with a SYN fixes IRS, the initial receive sequence number. Payload and FIN
 *     that come with the SYN count: the first payload byte stands at IRS + 1.
 *   - Before a SYN, everything else is ignored. After it, a SYN is ignored only as far as it is a
 *     SYN: the rest of the message is taken at the place where it stands.
 *   - Bytes that stand at or before IRS, or that are old, or beyond the capacity, leave no trace
 *     (reassembler.h). A sequence number is read as the one nearest to RCV.NXT (seqno_unwrap).
 *   - FIN closes the inbound stream once all bytes before it are there, never earlier.
 *
 * The payload is copied.
 */
void tcp_receiver_receive(struct tcp_receiver *receiver, const struct tcp_sender_message *message);

/*
 * The acknowledgment and window for a segment that is about to leave: call it once for each such
 * segment, because it records the window as offered.
 *
 *   - ack: RCV.NXT, the first sequence number not yet received in order; the SYN counts one, and so
 *     does the FIN once all before it is there. has_ack is false until a SYN was received.
 *   - window: from RCV.NXT to the right edge offered. It is at most 65,535 and at most the free
 *     space of the inbound stream.
 *   - The right edge never moves left (3.8.6, SHLD-14).
 *   - Silly window avoidance (3.8.6.2.2, MUST-39): the right edge moves right only if it can move
 *     by at least min(half of recv_capacity, mss) at once; otherwise it stays, and the window
 *     shrinks by what has arrived. The first window offered after the SYN is the whole free space.
 *     After the FIN, too, the edge moves by this rule, counted from RCV.NXT behind the FIN.
 *   - Before a SYN the window is what would be offered: min(free space, 65,535). It binds nobody,
 *     though an active opener's SYN carries it: without a number there is no right edge.
 */
struct tcp_receiver_message tcp_receiver_send(struct tcp_receiver *receiver);

/*
 * Is it worth sending a segment for no other reason than to tell of a larger window? (3.8.6.2.2)
 * True if the right edge could move by at least min(half of recv_capacity, mss) while less than one
 * mss is on offer (the peer may be waiting for it), or by min(half of recv_capacity, 2 · mss)
 * otherwise. Always false before a SYN, between it and the first tcp_receiver_send (what was never
 * offered cannot move), and after the FIN.
 */
bool tcp_receiver_window_update_due(const struct tcp_receiver *receiver);

/*
 * The acceptability test of RFC 9293, 3.10.7.4, first check, table 6: does a segment of `seg_len`
 * sequence numbers (SYN and FIN counted) beginning at `seq` overlap the window?
 *
 *   seg_len   RCV.WND   acceptable if
 *      0         0      seq = RCV.NXT
 *      0        >0      RCV.NXT =< seq < RCV.NXT + RCV.WND
 *     >0         0      never
 *     >0        >0      the first or the last number of the segment lies in the window
 *
 * RCV.WND is the window as offered last (tcp_receiver_rcv_wnd). Always false before a SYN.
 */
bool tcp_receiver_acceptable(const struct tcp_receiver *receiver, struct seqno seq, size_t seg_len);

/* --- queries; none of them changes anything --------------------------------------------------- */

/* Where received bytes come out. The application pops from it; nobody else writes to it. */
struct byte_stream *tcp_receiver_inbound(const struct tcp_receiver *receiver);

bool tcp_receiver_is_synchronized(const struct tcp_receiver *receiver); /* seen a SYN? */
struct seqno tcp_receiver_rcv_nxt(const struct tcp_receiver *receiver); /* 0 before a SYN */
uint32_t tcp_receiver_rcv_wnd(const struct tcp_receiver *receiver);     /* offered and not used
                               up: right edge - RCV.NXT. After a SYN and before the first
                               tcp_receiver_send, the window that it would offer. 0 before a SYN */
size_t tcp_receiver_bytes_pending(const struct tcp_receiver *receiver); /* held out of order */
