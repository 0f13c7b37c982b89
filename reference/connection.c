/*
 * The connection: RFC 9293, 3.10, event by event, in the order of its text. The contract is in
 * connection.h.
 *
 * What to find where:
 *
 *   3.10.1 … 3.10.6   OPEN, SEND, RECEIVE, CLOSE, ABORT, STATUS: the calls of the application
 *   3.10.7            SEGMENT ARRIVES: .1 CLOSED, .2 LISTEN, .3 SYN-SENT, .4 all other states
 *   3.10.8            the timeouts
 *   3.8, 3.10.7       what leaves: one segment at a time, from what the events left to be done
 *
 * The sender and the receiver keep the two sequence spaces; what is left for the connection is the
 * state and everything that concerns both directions at once. Where RFC 793 said something else
 * than RFC 9293, a comment says so.
 */
#include "connection.h"

#include "receiver.h"
#include "sender.h"

#include <stdlib.h>
#include <string.h>

/* RFC 5961, 7 asks for a limit on challenge ACKs and gives this one as an example. */
#define CHALLENGE_ACKS_PER_PERIOD 10u
#define CHALLENGE_PERIOD_MS 5000u
/* 3.8.6.3, SHLD-19: at least every second full-sized segment is acknowledged at once. */
#define SEGMENTS_PER_ACK 2u

/* The transmission control block. */
struct tcp_connection {
    struct tcp_config config;
    enum tcp_state state;
    enum tcp_error error;
    uint16_t local_port;
    uint16_t remote_port;
    struct tcp_sender *sender;
    struct tcp_receiver *receiver;
    bool passive;     /* opened by a SYN that came to LISTEN, not by us (MUST-11) */
    bool established; /* has ESTABLISHED been reached? It stays true in all later states, CLOSED
                         too: what was received is readable to the end */

    /* What events have left to be sent, besides what the sender has. */
    bool reset_due;
    struct tcp_segment reset;
    bool syn_ack_due; /* our SYN once more, now with an acknowledgment (simultaneous open) */
    bool ack_due;     /* an acknowledgment that may not wait */
    bool refused;     /* what we have sent last came to a closed window, and was not taken */

    /* 3.10.8 and 3.8.6.3: what is waiting for time to pass. */
    bool ack_delayed;            /* an acknowledgment that may wait for company, */
    uint64_t ack_delay_left_ms;  /* but no longer than this */
    uint32_t segments_since_ack; /* in-order segments that the last ACK did not cover */
    uint64_t time_wait_left_ms;  /* in TIME-WAIT: until the connection is forgotten */
    uint64_t unacked_for_ms;     /* how long the peer has acknowledged nothing new */
    uint32_t challenge_acks;     /* sent in the present period */
    uint64_t challenge_period_left_ms;
};

/* --- the connection as a thing ---------------------------------------------------------------- */

static void free_halves(struct tcp_connection *connection)
{
    tcp_sender_free(connection->sender);
    tcp_receiver_free(connection->receiver);
}

/* Puts a sender and a receiver that have seen nothing yet in the place of those that are there.
 * False, and nothing happens, when there is no memory. */
static bool renew_halves(struct tcp_connection *connection)
{
    struct tcp_sender *sender = tcp_sender_new(&connection->config);
    struct tcp_receiver *receiver = tcp_receiver_new(&connection->config);
    if (sender == NULL || receiver == NULL) {
        tcp_sender_free(sender);
        tcp_receiver_free(receiver);
        return false;
    }
    free_halves(connection);
    connection->sender = sender;
    connection->receiver = receiver;
    return true;
}

struct tcp_connection *tcp_connection_new(const struct tcp_config *config)
{
    struct tcp_connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL) {
        return NULL;
    }
    connection->config = *config;
    connection->state = TCP_CLOSED;
    if (!renew_halves(connection)) {
        tcp_connection_free(connection);
        return NULL;
    }
    return connection;
}

void tcp_connection_free(struct tcp_connection *connection)
{
    if (connection == NULL) {
        return;
    }
    free_halves(connection);
    free(connection);
}

/* CLOSED, for the reason given. What is not sent yet never will be; what the peer sent stays
 * readable unless the error says that it is gone. */
static void enter_closed(struct tcp_connection *connection, enum tcp_error error)
{
    connection->state = TCP_CLOSED;
    connection->error = error;
}

/* Back to where a passive OPEN left us, as if the SYN had never come. An application that has
 * closed meanwhile does not listen any more. */
static void return_to_listen(struct tcp_connection *connection)
{
    if (byte_stream_is_closed(tcp_sender_outbound(connection->sender))) {
        enter_closed(connection, TCP_ERROR_NONE);
        return;
    }
    if (!renew_halves(connection)) {
        enter_closed(connection, TCP_ERROR_ABORTED);
        return;
    }
    connection->remote_port = 0;
    connection->syn_ack_due = false;
    connection->ack_due = false;
    connection->ack_delayed = false;
    connection->segments_since_ack = 0;
    connection->unacked_for_ms = 0;
    connection->state = TCP_LISTEN;
}

/* --- 3.10.1 OPEN ------------------------------------------------------------------------------ */

bool tcp_connection_open_active(struct tcp_connection *connection, uint16_t local_port,
                                uint16_t remote_port)
{
    if (connection->state != TCP_CLOSED || connection->local_port != 0) {
        return false; /* it is open, or has been */
    }
    connection->local_port = local_port;
    connection->remote_port = remote_port;
    connection->state = TCP_SYN_SENT; /* the SYN is the first thing that the sender has to say */
    return true;
}

bool tcp_connection_open_passive(struct tcp_connection *connection, uint16_t local_port)
{
    if (connection->state != TCP_CLOSED || connection->local_port != 0) {
        return false;
    }
    connection->local_port = local_port;
    connection->passive = true;
    connection->state = TCP_LISTEN;
    return true;
}

/* --- 3.10.2 SEND ------------------------------------------------------------------------------ */

static bool may_write(const struct tcp_connection *connection)
{
    switch (connection->state) {
    case TCP_SYN_SENT: /* queued until the handshake is complete */
    case TCP_SYN_RECEIVED:
    case TCP_ESTABLISHED:
    case TCP_CLOSE_WAIT:
        return !byte_stream_is_closed(tcp_sender_outbound(connection->sender));
    default:
        return false;
    }
}

size_t tcp_connection_write(struct tcp_connection *connection, const void *data, size_t len)
{
    if (!may_write(connection)) {
        return 0;
    }
    return byte_stream_write(tcp_sender_outbound(connection->sender), data, len);
}

/* --- 3.10.3 RECEIVE --------------------------------------------------------------------------- */

/* Data that came with a SYN may not be seen before the handshake proves that the peer exists
 * (3.5). Data that is already acknowledged must not be lost because we have closed meanwhile. */
static bool may_read(const struct tcp_connection *connection)
{
    return connection->established && connection->error != TCP_ERROR_RESET &&
           connection->error != TCP_ERROR_ABORTED;
}

size_t tcp_connection_read(struct tcp_connection *connection, void *buffer, size_t capacity)
{
    if (!may_read(connection)) {
        return 0;
    }
    struct byte_stream *inbound = tcp_receiver_inbound(connection->receiver);
    uint8_t *to = buffer;
    size_t done = 0;
    const uint8_t *data;
    size_t run;
    while (done < capacity && (run = byte_stream_peek(inbound, 0, &data)) > 0) {
        size_t count = run < capacity - done ? run : capacity - done;
        memcpy(to + done, data, count);
        byte_stream_pop(inbound, count);
        done += count;
    }
    return done;
}

/* --- 3.10.4 CLOSE ----------------------------------------------------------------------------- */

void tcp_connection_shutdown(struct tcp_connection *connection)
{
    switch (connection->state) {
    case TCP_LISTEN:
    case TCP_SYN_SENT:
        enter_closed(connection, TCP_ERROR_NONE);
        return;
    case TCP_SYN_RECEIVED:
        /* Queued: the FIN follows our SYN and all data, and those wait for the handshake. The state
         * changes on the way to ESTABLISHED. */
        break;
    case TCP_ESTABLISHED:
        connection->state = TCP_FIN_WAIT_1;
        break;
    case TCP_CLOSE_WAIT:
        connection->state = TCP_LAST_ACK; /* RFC 793 said CLOSING; RFC 1122, 4.2.2.20 mended it */
        break;
    default:
        return; /* closed already; a second FIN must not be sent */
    }
    byte_stream_close(tcp_sender_outbound(connection->sender));
}

/* --- 3.10.5 ABORT ----------------------------------------------------------------------------- */

/* Where a segment stands that takes no number of its own, an acknowledgment or ABORT's reset: at
 * SND.NXT. But a probe that was refused has left the peer where it was, and its number is the next
 * one to be sent, once more. One further is outside of a window that is closed: a peer that goes by
 * the table of 3.10.7.4 to the letter, as Linux does, would drop the reset, and never hear that our
 * own window is open again. With both windows closed, each would wait for the other for ever
 * (appendix A.2). */
static struct seqno next_number(const struct tcp_connection *connection)
{
    return connection->refused ? tcp_sender_snd_una(connection->sender)
                               : tcp_sender_snd_nxt(connection->sender);
}

/* <SEQ=seq><CTL=RST> */
static void send_reset(struct tcp_connection *connection, struct seqno seq)
{
    connection->reset_due = true;
    connection->reset = (struct tcp_segment){.seq = seq, .flags = TCP_RST};
}

void tcp_connection_abort(struct tcp_connection *connection)
{
    switch (connection->state) {
    case TCP_CLOSED:
        return;
    case TCP_SYN_RECEIVED:
    case TCP_ESTABLISHED:
    case TCP_FIN_WAIT_1:
    case TCP_FIN_WAIT_2:
    case TCP_CLOSE_WAIT:
        send_reset(connection, next_number(connection));
        break;
    default:
        break; /* the peer knows nothing of us yet, or has said all that it will say */
    }
    enter_closed(connection, TCP_ERROR_ABORTED);
}

void tcp_connection_set_nagle(struct tcp_connection *connection, bool on)
{
    connection->config.nagle = on;
    tcp_sender_set_nagle(connection->sender, on);
}

void tcp_connection_set_max_retransmissions(struct tcp_connection *connection, uint32_t count)
{
    connection->config.max_retransmissions = count;
}

/* --- 3.10.6 STATUS ---------------------------------------------------------------------------- */

enum tcp_state tcp_connection_state(const struct tcp_connection *connection)
{
    return connection->state;
}

enum tcp_error tcp_connection_error(const struct tcp_connection *connection)
{
    return connection->error;
}

uint16_t tcp_connection_local_port(const struct tcp_connection *connection)
{
    return connection->local_port;
}

uint16_t tcp_connection_remote_port(const struct tcp_connection *connection)
{
    return connection->remote_port;
}

size_t tcp_connection_readable(const struct tcp_connection *connection)
{
    if (!may_read(connection)) {
        return 0;
    }
    return byte_stream_buffered(tcp_receiver_inbound(connection->receiver));
}

size_t tcp_connection_writable(const struct tcp_connection *connection)
{
    if (!may_write(connection)) {
        return 0;
    }
    return byte_stream_available(tcp_sender_outbound(connection->sender));
}

bool tcp_connection_read_finished(const struct tcp_connection *connection)
{
    return may_read(connection) &&
           byte_stream_is_finished(tcp_receiver_inbound(connection->receiver));
}

size_t tcp_connection_unacknowledged(const struct tcp_connection *connection)
{
    if (connection->error == TCP_ERROR_ABORTED) {
        return 0; /* thrown away */
    }
    const struct byte_stream *outbound = tcp_sender_outbound(connection->sender);
    bool fin_open = byte_stream_is_closed(outbound) && !tcp_sender_fin_acked(connection->sender);
    return byte_stream_buffered(outbound) + (fin_open ? 1 : 0);
}

/* --- 3.10.7 SEGMENT ARRIVES: the pieces that several states share ----------------------------- */

static bool has(const struct tcp_segment *segment, enum tcp_flag flag)
{
    return (segment->flags & flag) != 0;
}

/* Does SND.UNA < SEG.ACK =< SND.NXT hold? */
static bool acks_something_new(const struct tcp_connection *connection,
                               const struct tcp_segment *segment)
{
    return seqno_before(tcp_sender_snd_una(connection->sender), segment->ack) &&
           !seqno_before(tcp_sender_snd_nxt(connection->sender), segment->ack);
}

/* 3.7.1: without the option the peer's MSS is 536 (MUST-15). */
static void learn_peer_mss(struct tcp_connection *connection, const struct tcp_segment *syn)
{
    tcp_sender_set_mss(connection->sender, syn->has_mss ? syn->mss : TCP_DEFAULT_MSS);
}

/* Hands the segment's half for our receiver over. */
static void give_to_receiver(struct tcp_connection *connection, const struct tcp_segment *segment,
                             bool with_fin)
{
    struct tcp_sender_message message = {
        .seq = segment->seq,
        .syn = has(segment, TCP_SYN),
        .fin = with_fin && has(segment, TCP_FIN),
        .psh = has(segment, TCP_PSH),
        .payload = segment->payload,
        .payload_len = segment->payload_len,
    };
    tcp_receiver_receive(connection->receiver, &message);
}

/* Hands the segment's half for our sender over: SND.UNA, SND.WND, SND.WL1 and SND.WL2. */
static void give_to_sender(struct tcp_connection *connection, const struct tcp_segment *segment)
{
    struct tcp_receiver_message message = {
        .has_ack = true,
        .ack = segment->ack,
        .window = segment->window,
        .seq = segment->seq,
    };
    bool progress = acks_something_new(connection, segment);
    tcp_sender_receive(connection->sender, &message);
    if (segment->ack.raw == tcp_sender_snd_una(connection->sender).raw) {
        /* With nothing in flight there is nothing to refuse, and SND.UNA is SND.NXT. */
        connection->refused = segment->window == 0;
    }
    if (progress || segment->window == 0) {
        connection->unacked_for_ms = 0; /* an answer to a probe is progress too (MUST-37) */
    }
}

/* RFC 5961, 3 and 4: an answer that lets an honest peer who has lost track say so with an exact
 * reset, and tells a forger nothing. Limited in number (RFC 5961, 7), lest it becomes a weapon. */
static void send_challenge_ack(struct tcp_connection *connection)
{
    if (connection->challenge_period_left_ms == 0) {
        connection->challenge_period_left_ms = CHALLENGE_PERIOD_MS;
        connection->challenge_acks = 0;
    }
    if (connection->challenge_acks < CHALLENGE_ACKS_PER_PERIOD) {
        connection->challenge_acks++;
        connection->ack_due = true;
    }
}

static void enter_established(struct tcp_connection *connection)
{
    bool close_was_queued = byte_stream_is_closed(tcp_sender_outbound(connection->sender));
    connection->established = true;
    connection->state = close_was_queued ? TCP_FIN_WAIT_1 : TCP_ESTABLISHED;
}

/* 3.6.1, MUST-13: stay for two maximum segment lifetimes, so that the peer's FIN can be answered if
 * our ACK is lost, and old segments die out before the ports are used again. */
static void enter_time_wait(struct tcp_connection *connection)
{
    connection->state = TCP_TIME_WAIT;
    connection->time_wait_left_ms = 2 * (uint64_t)connection->config.msl_ms;
}

/* --- 3.10.7.1 CLOSED -------------------------------------------------------------------------- */

bool tcp_reply_to_closed(const struct tcp_segment *segment, struct tcp_segment *out)
{
    if (has(segment, TCP_RST)) {
        return false;
    }
    *out = (struct tcp_segment){
        .source_port = segment->destination_port,
        .destination_port = segment->source_port,
    };
    if (has(segment, TCP_ACK)) {
        /* <SEQ=SEG.ACK><CTL=RST>: the number that the peer expects next */
        out->seq = segment->ack;
        out->flags = TCP_RST;
    } else {
        /* <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK> */
        out->ack.raw = segment->seq.raw + (uint32_t)tcp_segment_length(segment);
        out->flags = TCP_RST | TCP_ACK;
    }
    return true;
}

static void arrives_in_closed(struct tcp_connection *connection, const struct tcp_segment *segment)
{
    struct tcp_segment reply;
    if (tcp_reply_to_closed(segment, &reply)) {
        connection->remote_port = segment->source_port;
        connection->reset_due = true;
        connection->reset = reply;
    }
}

/* --- 3.10.7.2 LISTEN -------------------------------------------------------------------------- */

static void arrives_in_listen(struct tcp_connection *connection, const struct tcp_segment *segment)
{
    /* First, a RST: nothing that we sent can have caused it. */
    if (has(segment, TCP_RST)) {
        return;
    }
    /* Second, an ACK: nothing was sent, so whatever it acknowledges is not ours. */
    if (has(segment, TCP_ACK)) {
        connection->remote_port = segment->source_port;
        send_reset(connection, segment->ack);
        return;
    }
    /* Third, a SYN. Text that comes with it is kept, unseen by the application until the handshake
     * is complete. A FIN is left aside, unacknowledged: the peer will send it again. */
    if (has(segment, TCP_SYN)) {
        connection->remote_port = segment->source_port;
        learn_peer_mss(connection, segment);
        give_to_receiver(connection, segment, false);
        connection->state = TCP_SYN_RECEIVED; /* the sender's SYN becomes our SYN,ACK */
    }
    /* Fourth, anything else is dropped. */
}

/* --- 3.10.7.3 SYN-SENT ------------------------------------------------------------------------ */

static void take_fin(struct tcp_connection *connection, const struct tcp_segment *segment);

static void arrives_in_syn_sent(struct tcp_connection *connection,
                                const struct tcp_segment *segment)
{
    /* First, the ACK bit: only our SYN can have been acknowledged. */
    if (has(segment, TCP_ACK) && !acks_something_new(connection, segment)) {
        if (!has(segment, TCP_RST)) {
            send_reset(connection, segment->ack);
        }
        return;
    }
    /* Second, the RST bit: it counts only from someone who has seen our SYN. */
    if (has(segment, TCP_RST)) {
        if (has(segment, TCP_ACK)) {
            enter_closed(connection, TCP_ERROR_REFUSED);
        }
        return;
    }
    /* Third, security and compartment: a matter of multi-level secure systems alone (A.1.2).
     * Fifth, without SYN there is nothing left to do. */
    if (!has(segment, TCP_SYN)) {
        return;
    }
    /* Fourth, the SYN bit. */
    learn_peer_mss(connection, segment);
    give_to_receiver(connection, segment, has(segment, TCP_ACK));
    if (has(segment, TCP_ACK)) {
        give_to_sender(connection, segment);
        enter_established(connection);
        connection->ack_due = true;
        take_fin(connection, segment); /* on to the later steps of 3.10.7.4 */
    } else {
        /* Simultaneous open, 3.5, figure 7: both SYNs have crossed. Ours goes out again with the
         * acknowledgment of theirs. */
        connection->state = TCP_SYN_RECEIVED;
        connection->syn_ack_due =
            seqno_before(connection->config.isn, tcp_sender_snd_nxt(connection->sender));
    }
}

/* --- 3.10.7.4 all other states ------------------------------------------------------------------
 *
 * Eight checks, in this order. Those that may end the matter say whether they did not: true means
 * "go on with the next check", false that the segment is dealt with. */

static bool check_ack(struct tcp_connection *connection, const struct tcp_segment *segment);

/* The segment is dropped, but three things about it count all the same. */
static void answer_unacceptable(struct tcp_connection *connection,
                                const struct tcp_segment *segment)
{
    struct seqno rcv_nxt = tcp_receiver_rcv_nxt(connection->receiver);
    bool window_closed = tcp_receiver_rcv_wnd(connection->receiver) == 0;
    bool next_or_one_on = segment->seq.raw - rcv_nxt.raw <= 1;
    bool empty_and_beyond = tcp_segment_length(segment) == 0 && seqno_before(rcv_nxt, segment->seq);

    /* A closed window refuses the text, but what the segment acknowledges is news. A peer whose
     * probe we have refused has gone one number further. */
    if (window_closed && next_or_one_on && has(segment, TCP_ACK) && !has(segment, TCP_SYN)) {
        check_ack(connection, segment);
    }
    /* A FIN that comes again says that the peer has not seen our last ACK: two MSL from here. */
    if (connection->state == TCP_TIME_WAIT && has(segment, TCP_FIN)) {
        enter_time_wait(connection);
    }
    /* <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>. An empty segment from beyond the window may itself be
     * the answer to one of ours, when both windows are closed and both sides have sent a probe. If
     * each answered every one of those, they would never stop; so there is a limit. */
    if (has(segment, TCP_SYN) || empty_and_beyond) {
        send_challenge_ack(connection);
    } else {
        connection->ack_due = true;
    }
}

/* First, the sequence number: does any of the segment lie in the window? */
static bool check_sequence(struct tcp_connection *connection, const struct tcp_segment *segment)
{
    /* The text of a RST is not part of the stream: only the number counts (SHLD-2). */
    size_t seg_len = has(segment, TCP_RST) ? 0 : tcp_segment_length(segment);
    if (tcp_receiver_acceptable(connection->receiver, segment->seq, seg_len)) {
        return true;
    }
    if (!has(segment, TCP_RST)) { /* which is dropped silently: RFC 5961, 3 */
        answer_unacceptable(connection, segment);
    }
    return false;
}

/* Second, the RST bit, with the three cases of RFC 5961, 3. RFC 793 let any reset within the window
 * kill the connection, which a forger can guess. */
static bool check_rst(struct tcp_connection *connection, const struct tcp_segment *segment)
{
    if (!has(segment, TCP_RST)) {
        return true;
    }
    if (segment->seq.raw != tcp_receiver_rcv_nxt(connection->receiver).raw) {
        send_challenge_ack(connection);
        return false;
    }
    switch (connection->state) {
    case TCP_SYN_RECEIVED:
        if (connection->passive) {
            return_to_listen(connection);
        } else {
            enter_closed(connection, TCP_ERROR_REFUSED);
        }
        break;
    case TCP_ESTABLISHED:
    case TCP_FIN_WAIT_1:
    case TCP_FIN_WAIT_2:
    case TCP_CLOSE_WAIT:
        enter_closed(connection, TCP_ERROR_RESET);
        break;
    default: /* CLOSING, LAST-ACK, TIME-WAIT: both sides have said all they had to say */
        enter_closed(connection, TCP_ERROR_NONE);
        break;
    }
    return false;
}

/* Third, security and compartment: who is no multi-level secure system may ignore it (A.1.2).
 * Fourth, the SYN bit. RFC 793 reset the connection; RFC 5961, 4 asks the peer first. */
static bool check_syn(struct tcp_connection *connection, const struct tcp_segment *segment)
{
    if (!has(segment, TCP_SYN)) {
        return true;
    }
    if (connection->state == TCP_SYN_RECEIVED && connection->passive) {
        return_to_listen(connection);
    } else {
        send_challenge_ack(connection);
    }
    return false;
}

/* Fifth, the ACK field, in SYN-RECEIVED. RFC 793 also accepted SEG.ACK = SND.UNA, which
 * acknowledges nothing that was sent. */
static bool check_ack_in_syn_received(struct tcp_connection *connection,
                                      const struct tcp_segment *segment)
{
    if (!acks_something_new(connection, segment)) {
        send_reset(connection, segment->ack);
        return false;
    }
    enter_established(connection);
    give_to_sender(connection, segment);
    return true;
}

/* Fifth, the ACK field, once our FIN may be among what is acknowledged. */
static bool check_ack_of_fin(struct tcp_connection *connection)
{
    bool fin_acked = tcp_sender_fin_acked(connection->sender);
    switch (connection->state) {
    case TCP_FIN_WAIT_1:
        if (fin_acked) {
            connection->state = TCP_FIN_WAIT_2;
        }
        return true;
    case TCP_CLOSING:
        if (fin_acked) {
            enter_time_wait(connection);
        }
        return fin_acked;
    case TCP_LAST_ACK:
        if (fin_acked) {
            enter_closed(connection, TCP_ERROR_NONE);
        }
        return !fin_acked;
    default:
        return true;
    }
}

/* Fifth, the ACK field. */
static bool check_ack(struct tcp_connection *connection, const struct tcp_segment *segment)
{
    if (!has(segment, TCP_ACK)) {
        return false;
    }
    if (connection->state == TCP_SYN_RECEIVED) {
        return check_ack_in_syn_received(connection, segment);
    }
    if (seqno_before(tcp_sender_snd_nxt(connection->sender), segment->ack)) {
        connection->ack_due = true; /* it acknowledges what was never sent */
        return false;
    }
    /* An old acknowledgment changes nothing, but the text that came with it counts. RFC 793 did not
     * let SEG.ACK = SND.UNA bring a new window; RFC 1122, 4.2.2.20 mended that. */
    give_to_sender(connection, segment);
    return check_ack_of_fin(connection);
}

/* Which acknowledgment does a segment ask for that took part in the stream? 3.8.6.3, and RFC 5681,
 * 4.2: one that left or filled a gap is acknowledged at once, so that the peer learns of it. */
static void schedule_ack(struct tcp_connection *connection, bool in_order)
{
    connection->segments_since_ack++;
    if (!in_order || connection->config.ack_delay_ms == 0 ||
        connection->segments_since_ack >= SEGMENTS_PER_ACK) {
        connection->ack_due = true;
    } else if (!connection->ack_delayed) {
        connection->ack_delayed = true;
        connection->ack_delay_left_ms = connection->config.ack_delay_ms;
    }
}

/* Seventh, the segment text. The FIN goes to the receiver with it, which notes where the stream
 * ends; the eighth step sees whether that place has been reached. What lies beyond the window that
 * was offered is taken too if there is room for it: the RFC trims it, but an honest peer sends
 * none. */
static void take_text(struct tcp_connection *connection, const struct tcp_segment *segment)
{
    switch (connection->state) {
    case TCP_ESTABLISHED:
    case TCP_FIN_WAIT_1:
    case TCP_FIN_WAIT_2:
        break;
    default:
        return; /* the peer has sent a FIN: there can be no text behind it */
    }
    if (tcp_segment_length(segment) == 0) {
        return; /* a bare ACK is never acknowledged */
    }
    struct seqno expected = tcp_receiver_rcv_nxt(connection->receiver);
    bool gap_before = tcp_receiver_bytes_pending(connection->receiver) > 0;
    give_to_receiver(connection, segment, true);
    bool advanced = expected.raw != tcp_receiver_rcv_nxt(connection->receiver).raw;
    schedule_ack(connection, advanced && !gap_before);
}

/* Eighth, the FIN: it counts once everything before it is there. So every segment is followed by
 * this step: the FIN may have come earlier, behind a hole that this segment has filled. */
static void take_fin(struct tcp_connection *connection, const struct tcp_segment *segment)
{
    if (!byte_stream_is_closed(tcp_receiver_inbound(connection->receiver))) {
        return;
    }
    switch (connection->state) {
    case TCP_ESTABLISHED:
        connection->state = TCP_CLOSE_WAIT;
        connection->ack_due = true;
        break;
    case TCP_FIN_WAIT_1:
        connection->state = TCP_CLOSING; /* had our FIN been acknowledged, this were FIN-WAIT-2 */
        connection->ack_due = true;
        break;
    case TCP_FIN_WAIT_2:
        enter_time_wait(connection);
        connection->ack_due = true;
        break;
    case TCP_TIME_WAIT:
        if (has(segment, TCP_FIN)) {
            enter_time_wait(connection);
            connection->ack_due = true;
        }
        break;
    default:
        connection->ack_due = connection->ack_due || has(segment, TCP_FIN);
        break;
    }
}

static void arrives_in_other(struct tcp_connection *connection, const struct tcp_segment *segment)
{
    bool go_on = check_sequence(connection, segment) && /* first */
                 check_rst(connection, segment) &&      /* second */
                 check_syn(connection, segment) &&      /* third and fourth */
                 check_ack(connection, segment);        /* fifth */
    if (!go_on) {
        return;
    }
    /* Sixth, the URG bit: urgent data stays in its place in the stream (3.8.5); we keep no urgent
     * pointer, since no application of the kit asks for it. */
    take_text(connection, segment); /* seventh */
    take_fin(connection, segment);  /* eighth */
}

void tcp_connection_segment_arrives(struct tcp_connection *connection,
                                    const struct tcp_segment *segment)
{
    switch (connection->state) {
    case TCP_CLOSED:
        arrives_in_closed(connection, segment);
        break;
    case TCP_LISTEN:
        arrives_in_listen(connection, segment);
        break;
    case TCP_SYN_SENT:
        arrives_in_syn_sent(connection, segment);
        break;
    default:
        arrives_in_other(connection, segment);
        break;
    }
}

/* --- 3.10.8 TIMEOUTS -------------------------------------------------------------------------- */

/* Takes `ms` off a countdown; true when nothing is left. */
static bool count_down(uint64_t *left_ms, uint32_t ms)
{
    *left_ms -= ms < *left_ms ? ms : *left_ms;
    return *left_ms == 0;
}

/* 3.8.3, R2, and the user timeout: has the peer been silent for too long? */
static bool given_up(const struct tcp_connection *connection)
{
    bool handshake = !tcp_sender_syn_acked(connection->sender);
    uint32_t r2 = handshake ? connection->config.max_syn_retransmissions
                            : connection->config.max_retransmissions;
    uint32_t user_timeout_ms = connection->config.user_timeout_ms;
    return tcp_sender_consecutive_retransmissions(connection->sender) > r2 ||
           (user_timeout_ms > 0 && connection->unacked_for_ms >= user_timeout_ms);
}

void tcp_connection_tick(struct tcp_connection *connection, uint32_t ms)
{
    if (connection->state == TCP_CLOSED || connection->state == TCP_LISTEN) {
        return;
    }
    count_down(&connection->challenge_period_left_ms, ms);

    if (connection->ack_delayed && count_down(&connection->ack_delay_left_ms, ms)) {
        connection->ack_due = true;
    }
    if (connection->state == TCP_TIME_WAIT && count_down(&connection->time_wait_left_ms, ms)) {
        enter_closed(connection, TCP_ERROR_NONE);
        return;
    }
    /* The retransmission timeout is the sender's; the user timeout is ours. */
    tcp_sender_tick(connection->sender, ms);
    bool waiting = tcp_sender_bytes_in_flight(connection->sender) > 0;
    connection->unacked_for_ms = waiting ? connection->unacked_for_ms + ms : 0;
    if (given_up(connection)) {
        enter_closed(connection, TCP_ERROR_TIMED_OUT);
    }
}

/* --- what leaves ------------------------------------------------------------------------------ */

/* Puts the two halves into one segment: what our sender says, and what our receiver says. From the
 * first SYN that we have seen on, every segment carries the current acknowledgment (3.8). */
static void make_segment(struct tcp_connection *connection,
                         const struct tcp_sender_message *message, struct tcp_segment *out)
{
    struct tcp_receiver_message news = tcp_receiver_send(connection->receiver);
    unsigned flags = (message->syn ? TCP_SYN : 0u) | (message->fin ? TCP_FIN : 0u) |
                     (message->psh ? TCP_PSH : 0u) | (news.has_ack ? TCP_ACK : 0u);
    *out = (struct tcp_segment){
        .source_port = connection->local_port,
        .destination_port = connection->remote_port,
        .seq = message->seq,
        .ack = news.ack,
        .flags = (uint8_t)flags,
        .window = news.window,
        .has_mss = message->syn, /* MUST-14, SHLD-5, MUST-65 */
        .mss = connection->config.mss,
        .payload = message->payload,
        .payload_len = message->payload_len,
    };
    connection->ack_due = false;
    connection->ack_delayed = false;
    connection->segments_since_ack = 0;
}

static void make_reset(struct tcp_connection *connection, struct tcp_segment *out)
{
    *out = connection->reset;
    out->source_port = connection->local_port;
    out->destination_port = connection->remote_port;
    connection->reset_due = false;
    if (connection->state == TCP_LISTEN) {
        connection->remote_port = 0; /* the reset answered a stranger */
    }
}

/* 3.8.6.2.2: is a larger window worth a segment of its own? Only a peer that still sends cares. */
static bool window_update_due(const struct tcp_connection *connection)
{
    switch (connection->state) {
    case TCP_ESTABLISHED:
    case TCP_FIN_WAIT_1:
    case TCP_FIN_WAIT_2:
        return tcp_receiver_window_update_due(connection->receiver);
    default:
        return false;
    }
}

bool tcp_connection_next_segment(struct tcp_connection *connection, struct tcp_segment *out)
{
    if (connection->reset_due) {
        make_reset(connection, out);
        return true;
    }
    if (connection->state == TCP_CLOSED || connection->state == TCP_LISTEN) {
        return false;
    }
    struct tcp_sender_message message;
    if (connection->syn_ack_due) {
        connection->syn_ack_due = false;
        message = (struct tcp_sender_message){.seq = connection->config.isn, .syn = true};
        make_segment(connection, &message, out);
        return true;
    }
    if (tcp_sender_next(connection->sender, &message)) {
        connection->refused = false;             /* nobody knows yet */
        make_segment(connection, &message, out); /* an ACK that was waiting rides along */
        return true;
    }
    if (connection->ack_due || window_update_due(connection)) {
        /* <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK> */
        message = (struct tcp_sender_message){.seq = next_number(connection)};
        make_segment(connection, &message, out);
        return true;
    }
    return false;
}
