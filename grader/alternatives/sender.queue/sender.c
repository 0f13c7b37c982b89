/*
 * The sender with a queue of segments: the contract is in sender.h.
 *
 * Every segment that was sent stands in a queue, with a copy of its bytes, until all of it is
 * acknowledged. What is sent again is therefore the segment as it was: small segments are never
 * melted into a larger one, as they would be if they were cut anew from the stream. RFC 9293, 3.8.1
 * leaves that open, as long as a number always means the same byte.
 *
 * The window is kept as its right edge, an absolute number. An acknowledgment that brings no window
 * then leaves it alone by itself.
 */
#include "sender.h"

#include <stdlib.h>
#include <string.h>

/* RFC 6298, 2: the granularity of the clock, in eighths of a millisecond, as are the two below. */
#define GRANULARITY_8THS 8u
#define LONGEST_SAMPLE_MS 3600000u

struct sent {
    struct sent *next;
    uint64_t seq; /* of the SYN, or of the first byte, or of the FIN if it is alone */
    size_t len;
    bool syn;
    bool fin;
    uint8_t bytes[];
};

/* What `next` has to give before anything else. */
enum urge {
    NOTHING,
    SEND_FIRST_AGAIN, /* the head of the queue */
    SEND_AT_ANY_RATE, /* something new, whatever the rules say */
};

struct tcp_sender {
    struct tcp_config config;
    struct byte_stream *stream;
    size_t mss;
    bool nagle;

    struct sent *spare; /* for the next segment: so there is memory for the SYN, at least */
    struct sent *head;  /* in flight, oldest first */
    struct sent **tail;
    uint64_t una;
    uint64_t nxt;

    bool edge_known;
    uint64_t edge; /* the first number that the peer does not allow */
    uint32_t widest;
    struct seqno wl1;
    uint64_t wl2;

    enum urge urge;
    uint64_t hole_end; /* below it, whatever SND.UNA arrives at is taken to be lost */
    bool armed;
    uint64_t left_ms; /* until the timer runs out */
    uint32_t doubled; /* how often the interval between probes has */
    uint32_t failures;

    uint32_t rto_ms;
    uint64_t srtt; /* in eighths of a millisecond; 0 before the first sample */
    uint64_t rttvar;
    bool sampled;
    uint64_t timed;    /* the acknowledgment that ends a measurement; 0 if there is none */
    uint64_t timed_ms; /* how long it has gone on */
    bool syn_was_lost;
};

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a < b ? b : a;
}

static struct sent *new_sent(const struct tcp_sender *sender)
{
    return malloc(sizeof(struct sent) + larger(sender->config.mss, TCP_MIN_MSS));
}

struct tcp_sender *tcp_sender_new(const struct tcp_config *config)
{
    struct tcp_sender *sender = calloc(1, sizeof *sender);

    if (sender == NULL) {
        return NULL;
    }
    sender->config = *config;
    sender->stream = byte_stream_new(config->send_capacity);
    sender->spare = new_sent(sender);
    if (sender->stream == NULL || sender->spare == NULL) {
        tcp_sender_free(sender);
        return NULL;
    }
    sender->nagle = config->nagle;
    sender->rto_ms = config->rto_initial_ms;
    sender->tail = &sender->head;
    tcp_sender_set_mss(sender, TCP_DEFAULT_MSS);
    return sender;
}

static void drop_head(struct tcp_sender *sender)
{
    struct sent *done = sender->head;

    sender->head = done->next;
    if (sender->head == NULL) {
        sender->tail = &sender->head;
    }
    free(done);
}

void tcp_sender_free(struct tcp_sender *sender)
{
    if (sender == NULL) {
        return;
    }
    while (sender->head != NULL) {
        drop_head(sender);
    }
    free(sender->spare);
    byte_stream_free(sender->stream);
    free(sender);
}

void tcp_sender_set_mss(struct tcp_sender *sender, uint16_t mss)
{
    sender->mss = larger(smaller(mss, sender->config.mss), TCP_MIN_MSS);
}

void tcp_sender_set_nagle(struct tcp_sender *sender, bool on)
{
    sender->nagle = on;
}

/* --- what is where ---------------------------------------------------------------------------- */

static uint64_t end_of_bytes(const struct tcp_sender *sender)
{
    return byte_stream_total_written(sender->stream) + 1;
}

static bool ends(const struct tcp_sender *sender)
{
    return byte_stream_is_closed(sender->stream);
}

static uint64_t bytes_waiting(const struct tcp_sender *sender)
{
    return end_of_bytes(sender) - smaller(sender->nxt, end_of_bytes(sender));
}

/* With the FIN, if there is one to be sent. */
static uint64_t numbers_waiting(const struct tcp_sender *sender)
{
    uint64_t end = end_of_bytes(sender) + (ends(sender) ? 1 : 0);

    return end - smaller(sender->nxt, end);
}

static bool is_shut(const struct tcp_sender *sender)
{
    return sender->edge_known && sender->edge <= sender->una;
}

static uint64_t room(const struct tcp_sender *sender)
{
    return sender->edge - smaller(sender->nxt, sender->edge);
}

/* --- the timer -------------------------------------------------------------------------------- */

static void arm(struct tcp_sender *sender)
{
    bool held_back = sender->una > 0 && numbers_waiting(sender) > 0;

    sender->armed = sender->head != NULL || held_back;
    if (is_shut(sender)) {
        uint64_t interval = (uint64_t)sender->rto_ms << smaller(sender->doubled, 31);

        sender->left_ms = smaller(interval, sender->config.rto_max_ms);
    } else if (sender->head != NULL) {
        sender->left_ms = sender->rto_ms;
    } else {
        sender->left_ms = sender->config.sws_override_ms;
    }
}

/* RFC 6298, 5.4 to 5.6; with the window shut the RTO stays, and the probes become rarer. */
static void time_is_up(struct tcp_sender *sender)
{
    bool shut = is_shut(sender);

    if (sender->head != NULL) {
        sender->urge = SEND_FIRST_AGAIN;
        sender->timed = 0; /* Karn's algorithm: RFC 6298, 3 */
        sender->failures++;
        sender->syn_was_lost = sender->syn_was_lost || sender->head->syn;
        if (!shut) {
            sender->hole_end = sender->nxt;
            sender->rto_ms =
                (uint32_t)smaller(2 * (uint64_t)sender->rto_ms, sender->config.rto_max_ms);
        }
    } else if (numbers_waiting(sender) > 0) {
        sender->urge = SEND_AT_ANY_RATE;
    }
    sender->doubled += shut ? 1 : 0;
    arm(sender);
}

void tcp_sender_tick(struct tcp_sender *sender, uint32_t ms)
{
    sender->timed_ms += ms;
    if (sender->armed && ms >= sender->left_ms) {
        time_is_up(sender);
    } else if (sender->armed) {
        sender->left_ms -= ms;
    }
}

/* --- the round-trip time: RFC 6298, 2 --------------------------------------------------------- */

static void learn_round_trip(struct tcp_sender *sender)
{
    uint64_t r = smaller(sender->timed_ms, LONGEST_SAMPLE_MS) * 8;

    if (sender->sampled) {
        uint64_t off = r > sender->srtt ? r - sender->srtt : sender->srtt - r;

        sender->rttvar = (3 * sender->rttvar + off) / 4;
        sender->srtt = (7 * sender->srtt + r) / 8;
    } else {
        sender->rttvar = r / 2;
        sender->srtt = r;
        sender->sampled = true;
    }
    uint64_t rto_ms = (sender->srtt + larger(4 * sender->rttvar, GRANULARITY_8THS) + 7) / 8;

    rto_ms = larger(rto_ms, sender->config.rto_min_ms);
    sender->rto_ms = (uint32_t)smaller(rto_ms, sender->config.rto_max_ms);
    sender->timed = 0;
}

/* --- what comes back -------------------------------------------------------------------------- */

static void send_first_again(struct tcp_sender *sender)
{
    sender->urge = SEND_FIRST_AGAIN;
    sender->timed = 0;
}

static void forget_acked(struct tcp_sender *sender, uint64_t ack)
{
    uint64_t bytes_to = smaller(ack, end_of_bytes(sender));
    uint64_t bytes_from = larger(sender->una, 1);
    bool ends_handshake = sender->una == 0;

    if (bytes_to > bytes_from) {
        byte_stream_pop(sender->stream, (size_t)(bytes_to - bytes_from));
    }
    while (sender->head != NULL) {
        const struct sent *head = sender->head;

        if (head->seq + head->len + (head->syn || head->fin ? 1 : 0) > ack) {
            break;
        }
        drop_head(sender);
    }
    sender->una = ack;
    sender->failures = 0;
    sender->urge = sender->urge == SEND_FIRST_AGAIN ? NOTHING : sender->urge;
    if (ack < sender->hole_end) {
        send_first_again(sender);
    }
    if (sender->timed > 0 && ack >= sender->timed) {
        learn_round_trip(sender);
    }
    if (ends_handshake && sender->syn_was_lost) {
        sender->rto_ms = (uint32_t)larger(sender->rto_ms, sender->config.rto_after_syn_loss_ms);
    }
}

/* SND.WL1 < SEG.SEQ, or SND.WL1 = SEG.SEQ and SND.WL2 =< SEG.ACK */
static bool is_newer(const struct tcp_sender *sender, struct seqno seq, uint64_t ack)
{
    return !sender->edge_known || seqno_before(sender->wl1, seq) ||
           (sender->wl1.raw == seq.raw && sender->wl2 <= ack);
}

static void move_edge(struct tcp_sender *sender, const struct tcp_receiver_message *message,
                      uint64_t ack, bool was_shut)
{
    sender->edge_known = true;
    sender->edge = ack + message->window;
    sender->widest = (uint32_t)larger(sender->widest, message->window);
    sender->wl1 = message->seq;
    sender->wl2 = ack;
    if (was_shut && !is_shut(sender)) {
        sender->doubled = 0;
        sender->urge = NOTHING;
        if (sender->head != NULL) {
            send_first_again(sender); /* the peer had no room for it */
            sender->hole_end = sender->nxt;
        }
    }
}

void tcp_sender_receive(struct tcp_sender *sender, const struct tcp_receiver_message *message)
{
    if (!message->has_ack) {
        return;
    }
    uint64_t ack = seqno_unwrap(message->ack, sender->config.isn, sender->una);
    bool advances = ack > sender->una;
    bool was_shut = is_shut(sender);

    if (ack < sender->una || ack > sender->nxt) {
        return;
    }
    if (advances) {
        forget_acked(sender, ack);
    }
    if (is_newer(sender, message->seq, ack)) {
        move_edge(sender, message, ack, was_shut);
    }
    if (is_shut(sender)) {
        sender->failures = 0; /* MUST-37 */
        sender->urge = sender->urge == SEND_FIRST_AGAIN ? NOTHING : sender->urge;
    }
    if (advances || was_shut != is_shut(sender)) {
        arm(sender);
    }
}

/* --- what goes out ---------------------------------------------------------------------------- */

/* The part of a segment from SND.UNA on, at most `limit` numbers of it. */
static void show(const struct tcp_sender *sender, const struct sent *sent, uint64_t limit,
                 struct tcp_sender_message *out)
{
    size_t skip = sender->una > sent->seq ? (size_t)(sender->una - sent->seq) : 0;
    size_t len = smaller(smaller(sent->len - skip, limit), sender->mss);
    uint64_t seq = sent->seq + skip;
    bool whole = skip + len == sent->len && len < limit;

    *out = (struct tcp_sender_message){
        .seq = seqno_wrap(seq, sender->config.isn),
        .syn = sent->syn,
        .fin = sent->fin && whole,
        .psh = len > 0 && seq + len == end_of_bytes(sender), /* MUST-61 */
        .payload = len > 0 ? sent->bytes + skip : NULL,
        .payload_len = len,
    };
}

/* Puts a new segment at the end of the queue. NULL without memory: then nothing leaves now, and the
 * timer asks again. */
static struct sent *append(struct tcp_sender *sender, size_t len)
{
    struct sent *sent = sender->spare != NULL ? sender->spare : new_sent(sender);

    if (sent == NULL) {
        return NULL;
    }
    sender->spare = new_sent(sender);
    *sent = (struct sent){.seq = sender->nxt, .len = len};
    *sender->tail = sent;
    sender->tail = &sent->next;
    return sent;
}

static bool send_new(struct tcp_sender *sender, uint64_t limit, struct tcp_sender_message *out)
{
    bool is_syn = sender->nxt == 0;
    bool was_idle = sender->head == NULL;
    uint64_t waiting = is_syn ? 0 : bytes_waiting(sender);
    size_t len = smaller(smaller(waiting, limit), sender->mss);
    struct sent *sent = append(sender, len);

    if (sent == NULL) {
        arm(sender);
        return false;
    }
    for (size_t done = 0; done < len;) {
        const uint8_t *data;
        uint64_t place = sender->nxt - larger(sender->una, 1) + done;
        size_t count = smaller(byte_stream_peek(sender->stream, place, &data), len - done);

        memcpy(sent->bytes + done, data, count);
        done += count;
    }
    sent->syn = is_syn;
    sent->fin = !is_syn && ends(sender) && len == waiting && len < limit;
    sender->nxt += len + (sent->syn || sent->fin ? 1 : 0);
    sender->urge = NOTHING;
    if (sender->timed == 0) {
        sender->timed = sender->nxt;
        sender->timed_ms = 0;
    }
    if (was_idle) {
        arm(sender);
    }
    show(sender, sent, limit, out);
    return true;
}

/* 3.8.6.2.1. What stands in brackets there is Nagle's algorithm. */
static bool is_worth_it(const struct tcp_sender *sender)
{
    uint64_t d = bytes_waiting(sender);
    uint64_t u = room(sender);
    bool bracket = sender->una == sender->nxt || !sender->nagle;

    if (numbers_waiting(sender) == 0 || u == 0) {
        return false;
    }
    return smaller(d, u) >= sender->mss || (d <= u && (bracket || ends(sender))) ||
           (bracket && 2 * smaller(d, u) >= sender->widest);
}

bool tcp_sender_next(struct tcp_sender *sender, struct tcp_sender_message *out)
{
    if (sender->urge == SEND_FIRST_AGAIN) {
        uint64_t window = sender->edge - smaller(sender->edge, sender->una);

        sender->urge = NOTHING;
        show(sender, sender->head, larger(window, 1), out); /* SHLD-16, MUST-35 */
        return true;
    }
    if (sender->nxt == 0) {
        return send_new(sender, 1, out);
    }
    if (sender->una == 0) {
        return false;
    }
    if (sender->urge == SEND_AT_ANY_RATE && numbers_waiting(sender) > 0) {
        return send_new(sender, larger(room(sender), 1), out);
    }
    if (is_worth_it(sender)) {
        return send_new(sender, room(sender), out);
    }
    if (!sender->armed) {
        arm(sender);
    }
    return false;
}

/* --- queries ---------------------------------------------------------------------------------- */

struct byte_stream *tcp_sender_outbound(const struct tcp_sender *sender)
{
    return sender->stream;
}

uint64_t tcp_sender_bytes_in_flight(const struct tcp_sender *sender)
{
    return sender->nxt - sender->una;
}

uint32_t tcp_sender_consecutive_retransmissions(const struct tcp_sender *sender)
{
    return sender->failures;
}

uint32_t tcp_sender_rto_ms(const struct tcp_sender *sender)
{
    return sender->rto_ms;
}

struct seqno tcp_sender_snd_una(const struct tcp_sender *sender)
{
    return seqno_wrap(sender->una, sender->config.isn);
}

struct seqno tcp_sender_snd_nxt(const struct tcp_sender *sender)
{
    return seqno_wrap(sender->nxt, sender->config.isn);
}

bool tcp_sender_syn_acked(const struct tcp_sender *sender)
{
    return sender->una > 0;
}

bool tcp_sender_fin_acked(const struct tcp_sender *sender)
{
    return ends(sender) && sender->una > end_of_bytes(sender);
}
