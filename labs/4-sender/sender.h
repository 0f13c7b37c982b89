/*
 * Checkpoint 4: the sender.
 *
 * The half of TCP that speaks. It cuts the outbound stream into segments, remembers what has not
 * been acknowledged, and sends it again when time runs out.
 *
 *        1               2                3                  4        RFC 9293, 3.3.1, figure 3
 *   ─────────────┬────────────────┬────────────────────┬─────────────
 *             SND.UNA          SND.NXT         SND.UNA + SND.WND
 *   1 acknowledged   2 in flight   3 may be sent now   4 must wait for a window
 *
 * Bytes stay in the outbound stream until they are acknowledged, and are popped then: the stream
 * is the retransmission queue. Closing the stream asks for a FIN after its last byte.
 *
 * Time: the sender learns it from tick and from nowhere else. It does no I/O: whoever has ticked,
 * written or received asks `next` for segments until it says false.
 *
 * Ownership: the sender owns the outbound stream.
 */
#pragma once

#include "byte_stream.h"
#include "seqno.h"
#include "tcp_config.h"
#include "tcp_message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tcp_sender;

/* A sender that has sent nothing; its SYN will carry `config->isn`. It keeps a copy of the config.
 * Until tcp_sender_set_mss the segment size is min(536, config->mss). NULL when out of memory. */
struct tcp_sender *tcp_sender_new(const struct tcp_config *config);

/* Frees the sender and its stream. NULL is allowed and ignored. */
void tcp_sender_free(struct tcp_sender *sender);

/* The largest payload of a segment from now on: the peer's MSS option, not above config->mss, not
 * below TCP_MIN_MSS (RFC 9293, 3.7.1). */
void tcp_sender_set_mss(struct tcp_sender *sender, uint16_t mss);

/* Nagle's algorithm on or off from now on (3.7.4, MUST-17); the start value is config->nagle. */
void tcp_sender_set_nagle(struct tcp_sender *sender, bool on);

/*
 * An acknowledgment and a window have arrived (RFC 9293, 3.10.7.4, fifth check).
 *
 *   - Without has_ack: nothing happens.
 *   - SEG.ACK > SND.NXT (never sent) or SEG.ACK < SND.UNA (old): the whole message is ignored.
 *   - SEG.ACK > SND.UNA: SND.UNA advances; acknowledged bytes are popped from the outbound stream
 *     (neither the SYN nor the FIN is a byte of it); the retransmission timer restarts, or stops if
 *     nothing is in flight (RFC 6298, 5.2 and 5.3); consecutive_retransmissions becomes 0.
 *   - A segment that was sent once only, and is now acknowledged, gives a round-trip sample
 *     (RFC 6298, 2 and 3; one segment is timed at once). What was sent twice gives none. What was
 *     sent once, but before a retransmission of something else, may give one or not: in the
 *     reference any retransmission ends the timing, for that ACK has waited for the copy, and would
 *     measure the loss. The backed-off RTO stays until a sample.
 *   - The SYN was retransmitted and is now acknowledged: an RTO that is less becomes
 *     rto_after_syn_loss_ms (RFC 6298, 5.7).
 *   - The window is taken if the segment is not older than the one that brought the present window:
 *     SND.WL1 < seq, or SND.WL1 = seq and SND.WL2 =< ack. The first one is always taken. Otherwise
 *     the right edge, SND.UNA + SND.WND, stays where it was although SND.UNA may have advanced.
 *   - A message that is not ignored and leaves the window at zero also sets
 *     consecutive_retransmissions to 0: a peer that answers probes is alive (3.8.6.1, MUST-37).
 *   - A window that opens from zero while bytes are in flight: the first of them is retransmitted
 *     at once, since the peer may have refused it.
 *   - A window that closes or opens starts the timer anew for its new purpose, or stops it if
 *     nothing is in flight and nothing waits. Until the first message the window is not known,
 *     which is not zero: the SYN goes, and waits for an RTO.
 *   - Loss comes in groups. After such a retransmission, or one by the timer with the window open,
 *     and until all that was in flight then is acknowledged, each advance of SND.UNA that leaves
 *     some of it unacknowledged retransmits the segment now at SND.UNA at once, for it is the
 *     next hole. (RFC 6298, 1 leaves what follows the timer's retransmission to RFC 5681, 3.1.
 *     Without this rule each hole costs another, doubled, RTO.) If the same message closes the
 *     window, one number at once and none before the timer are both right; the reference waits.
 */
void tcp_sender_receive(struct tcp_sender *sender, const struct tcp_receiver_message *message);

/*
 * `ms` milliseconds have passed. There is one timer (RFC 6298, 5); when it runs out,
 *
 *   - with something in flight: the earliest segment is to be sent again, it alone (5.4), the RTO
 *     doubles up to rto_max_ms (5.5), the timer starts anew (5.6), and consecutive_retransmissions
 *     grows by one. While the window is zero the RTO stays as it is, and instead the probe interval
 *     doubles (3.8.6.1). (For a SYN, if a window of 0 came before its acknowledgment, either may.)
 *   - with nothing in flight and data or FIN waiting for a zero window: one byte, or the FIN, is
 *     sent as a probe (3.8.6.1, MUST-36): first after one RTO, then after intervals that double up
 *     to rto_max_ms until the window opens (SHLD-29, SHLD-30). Nothing else sets them back: neither
 *     a probe that is accepted, nor a time in which nothing waits. An RTO that changes while the
 *     window is zero may change the next interval or not; the reference doubles the present RTO.
 *   - with nothing in flight and data waiting for a window that is silly: what fits is sent
 *     (3.8.6.2.1, rule 4), after sws_override_ms. If the window closes before `next` is asked, a
 *     probe may go at once, or after the RTO.
 *
 * At most one of these happens in a call, however large `ms` is.
 */
void tcp_sender_tick(struct tcp_sender *sender, uint32_t ms);

/*
 * The next segment to send now, if any: sets every field of `*out`, whatever stood there, and
 * returns true. The payload points into the sender and lives until the next call that is not a
 * query; it is NULL if there is none. In this order:
 *
 *   1. a retransmission that is due: from SND.UNA on, at most one mss, not beyond SND.NXT, and not
 *      beyond the window as far as that leaves one byte (3.8.6, SHLD-16);
 *   2. the SYN, if it was never sent; nothing else until it is acknowledged;
 *   3. a probe that is due;
 *   4. new bytes, at most one mss and not beyond SND.UNA + SND.WND (SHLD-15: a window that has
 *      shrunk below what is in flight allows nothing new), if rules (1) to (3) of 3.8.6.2.1 allow;
 *      with Nagle off, the bracketed condition of rules 2 and 3 falls away. D are the bytes that
 *      wait, without the FIN; rule 3 compares with half of the largest window ever taken (those of
 *      ignored messages do not count), however an odd one is halved. The last bytes before a FIN
 *      count as a full segment: closing lets nothing wait for Nagle.
 *   5. the FIN, once the stream is closed and all of it is sent: with the last bytes, or alone. It
 *      needs one sequence number of window.
 *
 * psh is set on a segment that carries the last byte queued (MUST-61); a FIN alone carries none.
 */
bool tcp_sender_next(struct tcp_sender *sender, struct tcp_sender_message *out);

/* --- queries; none of them changes anything --------------------------------------------------- */

/* Where bytes to be sent go in. The application writes to it and closes it; only the sender pops.
 */
struct byte_stream *tcp_sender_outbound(const struct tcp_sender *sender);

uint64_t tcp_sender_bytes_in_flight(const struct tcp_sender *sender); /* sequence numbers sent and
                                                not acknowledged; SYN and FIN count one each */
uint32_t tcp_sender_consecutive_retransmissions(const struct tcp_sender *sender);
uint32_t tcp_sender_rto_ms(const struct tcp_sender *sender); /* rounded up or down; the reference
                                                rounds up */
struct seqno tcp_sender_snd_una(const struct tcp_sender *sender);
struct seqno tcp_sender_snd_nxt(const struct tcp_sender *sender); /* the highest ever sent, + 1 */
bool tcp_sender_syn_acked(const struct tcp_sender *sender);
bool tcp_sender_fin_acked(const struct tcp_sender *sender);
