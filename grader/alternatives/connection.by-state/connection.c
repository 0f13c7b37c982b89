/*
 * The connection, one function for each state: the contract is in connection.h.
 *
 * RFC 793 and RFC 9293 go through the checks of SEGMENT ARRIVES one after another, and say at each
 * what every state does. Here it is the other way round: a table leads from the state to a function
 * that tells the whole story of a segment there. What the stories have in common are short
 * functions, in the order in which they are told: is the segment admitted, what does it
 * acknowledge, what does it bring.
 *
 * Time is a clock of our own, the sum of all ticks; what waits for it is kept as a deadline.
 * Answers at once are given to whatever leaves a gap or fills one, to every second segment, and to
 * a FIN (RFC 9293, 3.8.6.3; RFC 5681, 4.2).
 */
#include "connection.h"

#include "receiver.h"
#include "sender.h"

#include <stdlib.h>
#include <string.h>

#define NEVER UINT64_MAX
/* RFC 5961, 7: no more than so many challenge ACKs in so long. */
#define CHALLENGES 10u
#define CHALLENGES_MS 5000u

/* What the next polls have to give. */
enum due { DUE_RESET = 1, DUE_SYN_ACK = 2, DUE_ACK = 4 };

struct tcp_connection {
    struct tcp_config config;
    enum tcp_state state;
    enum tcp_error error;
    uint16_t local_port;
    uint16_t remote_port;
    struct tcp_sender *sender;
    struct tcp_receiver *receiver;
    bool passive;
    bool handshake_done; /* it stays so, in CLOSED as well */

    unsigned due; /* of enum due */
    struct tcp_segment reset;

    uint64_t now;          /* ms */
    uint64_t ack_by;       /* an acknowledgment leaves at this time at the latest */
    unsigned unanswered;   /* segments in order since one has left */
    uint64_t over_at;      /* the end of TIME-WAIT */
    uint64_t heard_at;     /* when the peer last acknowledged something, or had nothing to */
    uint64_t counted_from; /* challenge ACKs are, */
    unsigned challenges;   /* so many by now */
};

typedef void story(struct tcp_connection *tcp, const struct tcp_segment *segment);

/* --- the whole of it -------------------------------------------------------------------------- */

/* Two fresh halves. Without memory the old ones stay: false. */
static bool begin(struct tcp_connection *tcp)
{
    struct tcp_sender *sender = tcp_sender_new(&tcp->config);
    struct tcp_receiver *receiver = tcp_receiver_new(&tcp->config);

    if (sender == NULL || receiver == NULL) {
        tcp_receiver_free(receiver);
        tcp_sender_free(sender);
        return false;
    }
    tcp_receiver_free(tcp->receiver);
    tcp_sender_free(tcp->sender);
    tcp->receiver = receiver;
    tcp->sender = sender;
    tcp->ack_by = NEVER;
    tcp->unanswered = 0;
    tcp->heard_at = tcp->now;
    return true;
}

struct tcp_connection *tcp_connection_new(const struct tcp_config *config)
{
    struct tcp_connection *tcp = calloc(1, sizeof *tcp);

    if (tcp == NULL) {
        return NULL;
    }
    tcp->config = *config;
    if (!begin(tcp)) {
        free(tcp);
        return NULL;
    }
    return tcp;
}

void tcp_connection_free(struct tcp_connection *tcp)
{
    if (tcp != NULL) {
        tcp_receiver_free(tcp->receiver);
        tcp_sender_free(tcp->sender);
        free(tcp);
    }
}

static void end(struct tcp_connection *tcp, enum tcp_error error)
{
    tcp->state = TCP_CLOSED;
    tcp->error = error;
}

static struct byte_stream *outbound(const struct tcp_connection *tcp)
{
    return tcp_sender_outbound(tcp->sender);
}

static struct byte_stream *inbound(const struct tcp_connection *tcp)
{
    return tcp_receiver_inbound(tcp->receiver);
}

/* --- the application -------------------------------------------------------------------------- */

static bool open_as(struct tcp_connection *tcp, enum tcp_state state, uint16_t local_port,
                    uint16_t remote_port)
{
    bool unused = tcp->state == TCP_CLOSED && tcp->local_port == 0;

    if (unused) {
        tcp->state = state;
        tcp->passive = state == TCP_LISTEN;
        tcp->local_port = local_port;
        tcp->remote_port = remote_port;
    }
    return unused;
}

bool tcp_connection_open_active(struct tcp_connection *tcp, uint16_t local_port,
                                uint16_t remote_port)
{
    return open_as(tcp, TCP_SYN_SENT, local_port, remote_port);
}

bool tcp_connection_open_passive(struct tcp_connection *tcp, uint16_t local_port)
{
    return open_as(tcp, TCP_LISTEN, local_port, 0);
}

size_t tcp_connection_writable(const struct tcp_connection *tcp)
{
    static const bool writes[] = {
        [TCP_SYN_SENT] = true,   [TCP_SYN_RECEIVED] = true, [TCP_ESTABLISHED] = true,
        [TCP_CLOSE_WAIT] = true, [TCP_TIME_WAIT] = false,
    };
    bool may = writes[tcp->state] && !byte_stream_is_closed(outbound(tcp));

    return may ? byte_stream_available(outbound(tcp)) : 0;
}

size_t tcp_connection_write(struct tcp_connection *tcp, const void *data, size_t len)
{
    return tcp_connection_writable(tcp) > 0 ? byte_stream_write(outbound(tcp), data, len) : 0;
}

/* A reset and our own ABORT take away what was not read; an end in any other way does not. */
static bool may_read(const struct tcp_connection *tcp)
{
    bool taken_away = tcp->error == TCP_ERROR_RESET || tcp->error == TCP_ERROR_ABORTED;

    return tcp->handshake_done && !taken_away;
}

size_t tcp_connection_readable(const struct tcp_connection *tcp)
{
    return may_read(tcp) ? byte_stream_buffered(inbound(tcp)) : 0;
}

size_t tcp_connection_read(struct tcp_connection *tcp, void *buffer, size_t capacity)
{
    size_t left = tcp_connection_readable(tcp);
    uint8_t *to = buffer;

    left = left < capacity ? left : capacity;
    while (left > 0) {
        const uint8_t *data;
        size_t run = byte_stream_peek(inbound(tcp), 0, &data);

        run = run < left ? run : left;
        memcpy(to, data, run);
        byte_stream_pop(inbound(tcp), run);
        to += run;
        left -= run;
    }
    return (size_t)(to - (uint8_t *)buffer);
}

bool tcp_connection_read_finished(const struct tcp_connection *tcp)
{
    return may_read(tcp) && byte_stream_is_finished(inbound(tcp));
}

void tcp_connection_shutdown(struct tcp_connection *tcp)
{
    switch (tcp->state) {
    case TCP_LISTEN:
    case TCP_SYN_SENT:
        end(tcp, TCP_ERROR_NONE);
        break;
    case TCP_SYN_RECEIVED: /* the sender keeps the FIN until it can be sent, and we the news */
        byte_stream_close(outbound(tcp));
        break;
    case TCP_ESTABLISHED:
        byte_stream_close(outbound(tcp));
        tcp->state = TCP_FIN_WAIT_1;
        break;
    case TCP_CLOSE_WAIT:
        byte_stream_close(outbound(tcp));
        tcp->state = TCP_LAST_ACK;
        break;
    default:
        break;
    }
}

static void send_reset(struct tcp_connection *tcp, struct seqno seq)
{
    tcp->due |= DUE_RESET;
    tcp->reset = (struct tcp_segment){.seq = seq, .flags = TCP_RST};
}

void tcp_connection_abort(struct tcp_connection *tcp)
{
    static const bool says_so[] = {
        [TCP_SYN_RECEIVED] = true, [TCP_ESTABLISHED] = true, [TCP_FIN_WAIT_1] = true,
        [TCP_FIN_WAIT_2] = true,   [TCP_CLOSE_WAIT] = true,  [TCP_TIME_WAIT] = false,
    };

    if (says_so[tcp->state]) {
        send_reset(tcp, tcp_sender_snd_nxt(tcp->sender));
    }
    if (tcp->state != TCP_CLOSED) {
        end(tcp, TCP_ERROR_ABORTED);
    }
}

void tcp_connection_set_nagle(struct tcp_connection *tcp, bool on)
{
    tcp->config.nagle = on; /* for the halves that another SYN may need */
    tcp_sender_set_nagle(tcp->sender, on);
}

void tcp_connection_set_max_retransmissions(struct tcp_connection *tcp, uint32_t count)
{
    tcp->config.max_retransmissions = count;
}

enum tcp_state tcp_connection_state(const struct tcp_connection *tcp)
{
    return tcp->state;
}

enum tcp_error tcp_connection_error(const struct tcp_connection *tcp)
{
    return tcp->error;
}

uint16_t tcp_connection_local_port(const struct tcp_connection *tcp)
{
    return tcp->local_port;
}

uint16_t tcp_connection_remote_port(const struct tcp_connection *tcp)
{
    return tcp->remote_port;
}

size_t tcp_connection_unacknowledged(const struct tcp_connection *tcp)
{
    bool fin_is_open = byte_stream_is_closed(outbound(tcp)) && !tcp_sender_fin_acked(tcp->sender);

    if (tcp->error == TCP_ERROR_ABORTED) {
        return 0;
    }
    return byte_stream_buffered(outbound(tcp)) + (fin_is_open ? 1 : 0);
}

/* --- what the stories have in common ---------------------------------------------------------- */

static bool has(const struct tcp_segment *segment, enum tcp_flag flag)
{
    return (segment->flags & flag) != 0;
}

static struct seqno rcv_nxt(const struct tcp_connection *tcp)
{
    return tcp_receiver_rcv_nxt(tcp->receiver);
}

static void challenge(struct tcp_connection *tcp)
{
    if (tcp->challenges == 0 || tcp->now - tcp->counted_from >= CHALLENGES_MS) {
        tcp->counted_from = tcp->now;
        tcp->challenges = 0;
    }
    if (tcp->challenges < CHALLENGES) {
        tcp->challenges++;
        tcp->due |= DUE_ACK;
    }
}

/* SND.UNA < SEG.ACK =< SND.NXT */
static bool acks_news(const struct tcp_connection *tcp, const struct tcp_segment *segment)
{
    return seqno_before(tcp_sender_snd_una(tcp->sender), segment->ack) &&
           !seqno_before(tcp_sender_snd_nxt(tcp->sender), segment->ack);
}

static void tell_sender(struct tcp_connection *tcp, const struct tcp_segment *segment)
{
    if (segment->window == 0 || acks_news(tcp, segment)) {
        tcp->heard_at = tcp->now;
    }
    tcp_sender_receive(tcp->sender, &(struct tcp_receiver_message){
                                        .has_ack = true,
                                        .ack = segment->ack,
                                        .window = segment->window,
                                        .seq = segment->seq,
                                    });
}

static void tell_receiver(struct tcp_connection *tcp, const struct tcp_segment *segment, bool fin)
{
    tcp_receiver_receive(tcp->receiver, &(struct tcp_sender_message){
                                            .seq = segment->seq,
                                            .syn = has(segment, TCP_SYN),
                                            .fin = fin && has(segment, TCP_FIN),
                                            .psh = has(segment, TCP_PSH),
                                            .payload = segment->payload,
                                            .payload_len = segment->payload_len,
                                        });
}

static void meet_peer(struct tcp_connection *tcp, const struct tcp_segment *syn, bool fin)
{
    tcp->remote_port = syn->source_port;
    tcp_sender_set_mss(tcp->sender, syn->has_mss ? syn->mss : TCP_DEFAULT_MSS);
    tell_receiver(tcp, syn, fin);
}

static void wait_two_lifetimes(struct tcp_connection *tcp)
{
    tcp->state = TCP_TIME_WAIT;
    tcp->over_at = tcp->now + 2 * (uint64_t)tcp->config.msl_ms;
}

/* The handshake is complete; whoever has closed meanwhile is a state further. */
static void handshake_is_done(struct tcp_connection *tcp)
{
    tcp->handshake_done = true;
    tcp->state = byte_stream_is_closed(outbound(tcp)) ? TCP_FIN_WAIT_1 : TCP_ESTABLISHED;
}

/* How much of a segment counts. */
enum admission { NOTHING, ITS_ACK, ALL };

/* A segment that the table of 3.10.7.4 refuses is answered. At a closed window its acknowledgment
 * counts all the same, if it stands at RCV.NXT or, behind a probe that was refused, one further. */
static enum admission refuse(struct tcp_connection *tcp, const struct tcp_segment *segment)
{
    bool shut = tcp_receiver_rcv_wnd(tcp->receiver) == 0;
    uint32_t ahead = segment->seq.raw - rcv_nxt(tcp).raw;
    bool beyond = seqno_before(rcv_nxt(tcp), segment->seq);

    if (has(segment, TCP_RST)) {
        return NOTHING;
    }
    if (has(segment, TCP_SYN) || (beyond && tcp_segment_length(segment) == 0)) {
        challenge(tcp); /* it may itself be an answer to one of ours */
    } else {
        tcp->due |= DUE_ACK;
    }
    return shut && ahead <= 1 && !has(segment, TCP_SYN) ? ITS_ACK : NOTHING;
}

/* The first four checks, where both sides have sent their SYN; `error`: what an exact reset is to
 * the application. A reset that is not exact, and a SYN, are challenged (RFC 5961, 3 and 4). */
static enum admission admit(struct tcp_connection *tcp, const struct tcp_segment *segment,
                            enum tcp_error error)
{
    size_t len = has(segment, TCP_RST) ? 0 : tcp_segment_length(segment);

    if (!tcp_receiver_acceptable(tcp->receiver, segment->seq, len)) {
        return refuse(tcp, segment);
    }
    if (has(segment, TCP_RST) && segment->seq.raw == rcv_nxt(tcp).raw) {
        end(tcp, error);
        return NOTHING;
    }
    if (has(segment, TCP_RST) || has(segment, TCP_SYN)) {
        challenge(tcp);
        return NOTHING;
    }
    return ALL;
}

/* The fifth check: false if the segment ends here. */
static bool hear_ack(struct tcp_connection *tcp, const struct tcp_segment *segment)
{
    if (!has(segment, TCP_ACK)) {
        return false;
    }
    if (seqno_before(tcp_sender_snd_nxt(tcp->sender), segment->ack)) {
        tcp->due |= DUE_ACK;
        return false;
    }
    tell_sender(tcp, segment);
    return true;
}

/* The first five checks together. */
static enum admission hear(struct tcp_connection *tcp, const struct tcp_segment *segment,
                           enum tcp_error error)
{
    enum admission admission = admit(tcp, segment, error);

    return admission != NOTHING && hear_ack(tcp, segment) ? admission : NOTHING;
}

static void answer_soon(struct tcp_connection *tcp)
{
    uint64_t latest = tcp->now + tcp->config.ack_delay_ms;

    tcp->ack_by = tcp->ack_by < latest ? tcp->ack_by : latest;
    if (++tcp->unanswered >= 2 || tcp->config.ack_delay_ms == 0) {
        tcp->due |= DUE_ACK;
    }
}

/* The seventh and eighth step while the peer still sends: true if its FIN is in, now or before. */
static bool take(struct tcp_connection *tcp, const struct tcp_segment *segment)
{
    bool had_gap = tcp_receiver_bytes_pending(tcp->receiver) > 0;
    uint32_t before = rcv_nxt(tcp).raw;

    if (tcp_segment_length(segment) == 0) {
        return false;
    }
    tell_receiver(tcp, segment, true);
    if (had_gap || before == rcv_nxt(tcp).raw || byte_stream_is_closed(inbound(tcp))) {
        tcp->due |= DUE_ACK;
    } else {
        answer_soon(tcp);
    }
    return byte_stream_is_closed(inbound(tcp));
}

/* The same behind the peer's FIN: there is nothing new, but a FIN again has missed our ACK. */
static void take_repeated(struct tcp_connection *tcp, const struct tcp_segment *segment)
{
    tcp->due |= has(segment, TCP_FIN) ? DUE_ACK : 0;
}

/* --- the stories ------------------------------------------------------------------------------ */

bool tcp_reply_to_closed(const struct tcp_segment *segment, struct tcp_segment *out)
{
    bool has_number = has(segment, TCP_ACK);

    if (has(segment, TCP_RST)) {
        return false;
    }
    memset(out, 0, sizeof *out);
    out->source_port = segment->destination_port;
    out->destination_port = segment->source_port;
    out->flags = has_number ? TCP_RST : TCP_RST | TCP_ACK;
    out->seq.raw = has_number ? segment->ack.raw : 0;
    out->ack.raw = has_number ? 0 : segment->seq.raw + (uint32_t)tcp_segment_length(segment);
    return true;
}

static void in_closed(struct tcp_connection *tcp, const struct tcp_segment *segment)
{
    struct tcp_segment reply;

    if (tcp_reply_to_closed(segment, &reply)) {
        tcp->reset = reply;
        tcp->due |= DUE_RESET;
        tcp->remote_port = segment->source_port;
    }
}

static void in_listen(struct tcp_connection *tcp, const struct tcp_segment *segment)
{
    if (has(segment, TCP_RST)) {
        return;
    }
    if (has(segment, TCP_ACK)) {
        tcp->remote_port = segment->source_port;
        send_reset(tcp, segment->ack);
    } else if (has(segment, TCP_SYN)) {
        meet_peer(tcp, segment, false); /* a FIN in it comes again */
        tcp->state = TCP_SYN_RECEIVED;
    }
}

static void in_syn_sent(struct tcp_connection *tcp, const struct tcp_segment *segment)
{
    bool acks_syn = has(segment, TCP_ACK) && acks_news(tcp, segment);

    if (has(segment, TCP_RST)) {
        if (acks_syn) {
            end(tcp, TCP_ERROR_REFUSED);
        }
        return;
    }
    if (has(segment, TCP_ACK) && !acks_syn) {
        send_reset(tcp, segment->ack);
        return;
    }
    if (!has(segment, TCP_SYN)) {
        return;
    }
    meet_peer(tcp, segment, acks_syn);
    if (!acks_syn) { /* figure 7: both have opened */
        bool syn_has_left = tcp->config.isn.raw != tcp_sender_snd_nxt(tcp->sender).raw;

        tcp->due |= syn_has_left ? DUE_SYN_ACK : 0;
        tcp->state = TCP_SYN_RECEIVED;
        return;
    }
    tell_sender(tcp, segment);
    handshake_is_done(tcp);
    tcp->due |= DUE_ACK;
    if (byte_stream_is_closed(inbound(tcp))) {
        tcp->state = TCP_CLOSE_WAIT;
    }
}

/* 3.10.7.4: a passive OPEN is as if the SYN had never come; not if the application has closed. */
static void forget_peer(struct tcp_connection *tcp)
{
    if (byte_stream_is_closed(outbound(tcp))) {
        end(tcp, TCP_ERROR_NONE);
    } else if (!begin(tcp)) {
        end(tcp, TCP_ERROR_ABORTED);
    } else {
        tcp->state = TCP_LISTEN;
        tcp->remote_port = 0;
        tcp->due = 0;
    }
}

static void in_established(struct tcp_connection *tcp, const struct tcp_segment *segment);
static void in_fin_wait_1(struct tcp_connection *tcp, const struct tcp_segment *segment);

static void in_syn_received(struct tcp_connection *tcp, const struct tcp_segment *segment)
{
    size_t len = has(segment, TCP_RST) ? 0 : tcp_segment_length(segment);
    bool fits = tcp_receiver_acceptable(tcp->receiver, segment->seq, len);
    bool exact = segment->seq.raw == rcv_nxt(tcp).raw;

    if (fits && tcp->passive && (has(segment, TCP_SYN) || (has(segment, TCP_RST) && exact))) {
        forget_peer(tcp);
        return;
    }
    if (admit(tcp, segment, TCP_ERROR_REFUSED) == NOTHING || !has(segment, TCP_ACK)) {
        return;
    }
    if (!acks_news(tcp, segment)) {
        send_reset(tcp, segment->ack);
        return;
    }
    handshake_is_done(tcp);
    if (tcp->state == TCP_ESTABLISHED) {
        in_established(tcp, segment);
    } else {
        in_fin_wait_1(tcp, segment);
    }
}

static void in_established(struct tcp_connection *tcp, const struct tcp_segment *segment)
{
    if (hear(tcp, segment, TCP_ERROR_RESET) == ALL && take(tcp, segment)) {
        tcp->state = TCP_CLOSE_WAIT;
    }
}

static void in_fin_wait_1(struct tcp_connection *tcp, const struct tcp_segment *segment)
{
    enum admission admission = hear(tcp, segment, TCP_ERROR_RESET);

    if (admission != NOTHING && tcp_sender_fin_acked(tcp->sender)) {
        tcp->state = TCP_FIN_WAIT_2;
    }
    if (admission != ALL || !take(tcp, segment)) {
        return;
    }
    if (tcp->state == TCP_FIN_WAIT_2) {
        wait_two_lifetimes(tcp);
    } else {
        tcp->state = TCP_CLOSING;
    }
}

static void in_fin_wait_2(struct tcp_connection *tcp, const struct tcp_segment *segment)
{
    if (hear(tcp, segment, TCP_ERROR_RESET) == ALL && take(tcp, segment)) {
        wait_two_lifetimes(tcp);
    }
}

static void in_close_wait(struct tcp_connection *tcp, const struct tcp_segment *segment)
{
    if (hear(tcp, segment, TCP_ERROR_RESET) == ALL) {
        take_repeated(tcp, segment);
    }
}

static void in_closing(struct tcp_connection *tcp, const struct tcp_segment *segment)
{
    if (hear(tcp, segment, TCP_ERROR_NONE) == NOTHING || !tcp_sender_fin_acked(tcp->sender)) {
        return;
    }
    wait_two_lifetimes(tcp);
    take_repeated(tcp, segment);
}

static void in_last_ack(struct tcp_connection *tcp, const struct tcp_segment *segment)
{
    enum admission admission = hear(tcp, segment, TCP_ERROR_NONE);

    if (admission != NOTHING && tcp_sender_fin_acked(tcp->sender)) {
        end(tcp, TCP_ERROR_NONE);
    } else if (admission == ALL) {
        take_repeated(tcp, segment);
    }
}

static void in_time_wait(struct tcp_connection *tcp, const struct tcp_segment *segment)
{
    hear(tcp, segment, TCP_ERROR_NONE);
    if (tcp->state == TCP_TIME_WAIT && has(segment, TCP_FIN) && !has(segment, TCP_RST)) {
        wait_two_lifetimes(tcp);
        take_repeated(tcp, segment);
    }
}

void tcp_connection_segment_arrives(struct tcp_connection *tcp, const struct tcp_segment *segment)
{
    static story *const stories[] = {
        [TCP_CLOSED] = in_closed,           [TCP_LISTEN] = in_listen,
        [TCP_SYN_SENT] = in_syn_sent,       [TCP_SYN_RECEIVED] = in_syn_received,
        [TCP_ESTABLISHED] = in_established, [TCP_FIN_WAIT_1] = in_fin_wait_1,
        [TCP_FIN_WAIT_2] = in_fin_wait_2,   [TCP_CLOSE_WAIT] = in_close_wait,
        [TCP_CLOSING] = in_closing,         [TCP_LAST_ACK] = in_last_ack,
        [TCP_TIME_WAIT] = in_time_wait,
    };

    stories[tcp->state](tcp, segment);
}

/* --- time ------------------------------------------------------------------------------------- */

/* R2 of 3.8.3, and the user timeout. */
static bool is_hopeless(const struct tcp_connection *tcp)
{
    const struct tcp_config *config = &tcp->config;
    uint32_t r2 = tcp_sender_syn_acked(tcp->sender) ? config->max_retransmissions
                                                    : config->max_syn_retransmissions;

    return tcp_sender_consecutive_retransmissions(tcp->sender) > r2 ||
           (config->user_timeout_ms > 0 && tcp->now - tcp->heard_at >= config->user_timeout_ms);
}

void tcp_connection_tick(struct tcp_connection *tcp, uint32_t ms)
{
    tcp->now += ms;
    if (tcp->state == TCP_CLOSED || tcp->state == TCP_LISTEN) {
        tcp->heard_at = tcp->now; /* nobody is there to be waited for */
        return;
    }
    if (tcp->state == TCP_TIME_WAIT && tcp->now >= tcp->over_at) {
        end(tcp, TCP_ERROR_NONE);
        return;
    }
    if (tcp->now >= tcp->ack_by) {
        tcp->due |= DUE_ACK;
    }
    tcp_sender_tick(tcp->sender, ms);
    if (tcp_sender_bytes_in_flight(tcp->sender) == 0) {
        tcp->heard_at = tcp->now;
    }
    if (is_hopeless(tcp)) {
        end(tcp, TCP_ERROR_TIMED_OUT);
    }
}

/* --- what leaves ------------------------------------------------------------------------------ */

static void compose(struct tcp_connection *tcp, const struct tcp_sender_message *ours,
                    struct tcp_segment *out)
{
    struct tcp_receiver_message theirs = tcp_receiver_send(tcp->receiver);

    memset(out, 0, sizeof *out);
    out->source_port = tcp->local_port;
    out->destination_port = tcp->remote_port;
    out->seq = ours->seq;
    out->ack = theirs.ack;
    out->window = theirs.window;
    out->payload = ours->payload;
    out->payload_len = ours->payload_len;
    out->has_mss = ours->syn;
    out->mss = tcp->config.mss;
    out->flags = (uint8_t)((ours->syn ? TCP_SYN : 0u) | (ours->fin ? TCP_FIN : 0u) |
                           (ours->psh ? TCP_PSH : 0u) | (theirs.has_ack ? TCP_ACK : 0u));
    tcp->due &= ~(unsigned)DUE_ACK;
    tcp->ack_by = NEVER;
    tcp->unanswered = 0;
}

static void compose_reset(struct tcp_connection *tcp, struct tcp_segment *out)
{
    *out = tcp->reset;
    out->source_port = tcp->local_port;
    out->destination_port = tcp->remote_port;
    tcp->due &= ~(unsigned)DUE_RESET;
    if (tcp->state == TCP_LISTEN) {
        tcp->remote_port = 0;
    }
}

bool tcp_connection_next_segment(struct tcp_connection *tcp, struct tcp_segment *out)
{
    bool still_receives = tcp->state == TCP_ESTABLISHED || tcp->state == TCP_FIN_WAIT_1 ||
                          tcp->state == TCP_FIN_WAIT_2;
    struct tcp_sender_message message = {0};

    if ((tcp->due & DUE_RESET) != 0) {
        compose_reset(tcp, out);
        return true;
    }
    if (tcp->state == TCP_CLOSED || tcp->state == TCP_LISTEN) {
        return false;
    }
    if ((tcp->due & DUE_SYN_ACK) != 0) {
        tcp->due &= ~(unsigned)DUE_SYN_ACK;
        message.seq = tcp->config.isn;
        message.syn = true;
    } else if (!tcp_sender_next(tcp->sender, &message)) {
        bool update = still_receives && tcp_receiver_window_update_due(tcp->receiver);

        if ((tcp->due & DUE_ACK) == 0 && !update) {
            return false;
        }
        message = (struct tcp_sender_message){.seq = tcp_sender_snd_nxt(tcp->sender)};
    }
    compose(tcp, &message, out);
    return true;
}
