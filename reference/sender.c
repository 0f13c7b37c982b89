/*
 * The sender: a stream in, segments out, and a timer for those that get lost. The contract is in
 * sender.h; the variables are those of the send sequence space, RFC 9293, 3.3.1, figure 3.
 *
 * Everything is counted in absolute sequence numbers (seqno.h): the SYN is 0, the first byte of the
 * stream is 1, the FIN comes after the last byte. No list of segments in flight is kept. What lies
 * between SND.UNA and SND.NXT can be cut anew from the stream at any time, and cutting it anew
 * yields the same bytes at the same numbers, which is all that a retransmission has to promise
 * (RFC 9293, 3.8.6).
 *
 * What to find where: the places in the sequence space; the timer (RFC 6298, 5, and RFC 9293,
 * 3.8.6.1); the round-trip time (RFC 6298, 2); acknowledgments (RFC 9293, 3.10.7.4, fifth check);
 * what to send and when (3.8.6).
 */
#include "sender.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct tcp_sender {
    struct tcp_config config;
    struct byte_stream *outbound; /* bytes from SND.UNA on: in flight, and waiting to be sent */
    uint8_t *segment;             /* config.mss bytes: the payload of the segment being sent */
    uint32_t mss;                 /* Eff.snd.MSS, in bytes */
    bool nagle;

    /* The send sequence space. */
    uint64_t snd_una;     /* the oldest number not acknowledged */
    uint64_t snd_nxt;     /* the next number to send; everything below was sent at least once */
    uint32_t snd_wnd;     /* the peer's window, counted from snd_una */
    uint32_t max_snd_wnd; /* the largest window seen: an estimate of the peer's buffer */
    bool window_known;    /* has any window arrived? Segments overtake each other, and an old window
                             must not replace a newer one, so these say which segment brought it: */
    struct seqno snd_wl1; /* its SEG.SEQ, a number of the peer's */
    uint64_t snd_wl2;     /* its SEG.ACK */

    /* The timer, and what it has asked for. */
    bool timer_running;
    uint64_t timer_expires;  /* in terms of now_ms */
    bool retransmission_due; /* send again from SND.UNA */
    uint64_t recover;        /* SND.NXT when last all in flight was taken for lost: at a timeout, or
                                when a closed window opened. While SND.UNA is below it, what it
                                points at counts as lost, too */
    bool forced_due;         /* the timer says: send something new although the rules forbid it. A
                                probe of a closed window, or a small segment after all */
    uint32_t consecutive_retransmissions;
    uint32_t probe_backoff; /* how often the probe interval has doubled */

    /* The round-trip time and the timeout that follows from it: RFC 6298. */
    uint64_t now_ms;         /* the sum of all ticks */
    uint32_t rto_ms;         /* RTO, backed off or not */
    bool have_sample;        /* are the next two valid? */
    uint32_t srtt_us;        /* smoothed round-trip time, in microseconds */
    uint32_t rttvar_us;      /* its variation */
    bool timing;             /* is a segment being timed? */
    uint64_t timed_seq;      /* then: an acknowledgment of this number ends the measurement, */
    uint64_t timed_since_ms; /* which began when the segment was sent */
    bool syn_retransmitted;  /* RFC 6298, 5.7 */
};

/* G of RFC 6298: the clock has a resolution of one tick. */
#define CLOCK_GRANULARITY_US 1000u
/* A sample above an hour says nothing that a cap on the RTO would not say. */
#define MAX_SAMPLE_MS 3600000u

static uint64_t min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t max_u64(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

struct tcp_sender *tcp_sender_new(const struct tcp_config *config)
{
    struct tcp_sender *sender = calloc(1, sizeof *sender);
    if (sender == NULL) {
        return NULL;
    }
    sender->config = *config;
    sender->nagle = config->nagle;
    sender->rto_ms = config->rto_initial_ms;
    tcp_sender_set_mss(sender, TCP_DEFAULT_MSS);
    sender->outbound = byte_stream_new(config->send_capacity);
    sender->segment = malloc(max_u64(config->mss, TCP_MIN_MSS));
    if (sender->outbound == NULL || sender->segment == NULL) {
        tcp_sender_free(sender);
        return NULL;
    }
    return sender;
}

void tcp_sender_free(struct tcp_sender *sender)
{
    if (sender == NULL) {
        return;
    }
    byte_stream_free(sender->outbound);
    free(sender->segment);
    free(sender);
}

void tcp_sender_set_mss(struct tcp_sender *sender, uint16_t mss)
{
    uint64_t not_above_link = min_u64(mss, sender->config.mss);
    sender->mss = (uint32_t)max_u64(not_above_link, TCP_MIN_MSS);
}

void tcp_sender_set_nagle(struct tcp_sender *sender, bool on)
{
    sender->nagle = on;
}

/* --- where things stand in the sequence space ------------------------------------------------- */

static uint64_t in_flight(const struct tcp_sender *sender)
{
    return sender->snd_nxt - sender->snd_una;
}

static bool syn_sent(const struct tcp_sender *sender)
{
    return sender->snd_nxt > 0;
}

static bool syn_acked(const struct tcp_sender *sender)
{
    return sender->snd_una > 0;
}

/* The number that the FIN has, or would have if the stream were closed now. */
static uint64_t fin_seq(const struct tcp_sender *sender)
{
    return 1 + byte_stream_total_written(sender->outbound);
}

static bool fin_wanted(const struct tcp_sender *sender)
{
    return byte_stream_is_closed(sender->outbound);
}

static bool fin_sent(const struct tcp_sender *sender)
{
    return fin_wanted(sender) && sender->snd_nxt > fin_seq(sender);
}

/* D of 3.8.6.2.1: bytes queued and not yet sent. */
static uint64_t unsent_bytes(const struct tcp_sender *sender)
{
    uint64_t past_last_byte = fin_seq(sender);
    return sender->snd_nxt < past_last_byte ? past_last_byte - sender->snd_nxt : 0;
}

/* Sequence numbers waiting to be sent: the bytes, and the FIN if there is to be one. */
static uint64_t unsent(const struct tcp_sender *sender)
{
    bool fin_waits = fin_wanted(sender) && !fin_sent(sender);
    return unsent_bytes(sender) + (fin_waits ? 1 : 0);
}

/* Has the peer said that nothing more may come for now? */
static bool window_is_closed(const struct tcp_sender *sender)
{
    return sender->window_known && sender->snd_wnd == 0;
}

/* U of 3.8.6.2.1: how many new numbers the window allows. A window that has shrunk below what is in
 * flight allows none (MUST-34, SHLD-15). Congestion control, when it comes, belongs here: it is a
 * second limit on the same quantity. */
static uint64_t usable_window(const struct tcp_sender *sender)
{
    uint64_t right_edge = sender->snd_una + sender->snd_wnd;
    return right_edge > sender->snd_nxt ? right_edge - sender->snd_nxt : 0;
}

/* --- the timer: RFC 6298, 5, and the persist timer of 3.8.6.1 --------------------------------- */

/* How long the timer is to run if it starts now. There is one timer, and it means one of three
 * things:
 *
 *   the window is closed      time for a probe
 *   something is in flight    it is lost: RTO
 *   neither                   a small segment has waited long enough */
static uint64_t timer_interval(const struct tcp_sender *sender)
{
    if (window_is_closed(sender)) {
        /* 3.8.6.1, SHLD-29 and SHLD-30: a closed window is probed after one RTO, then ever less
         * often. The RTO itself stays, for nothing was lost. */
        uint64_t interval = (uint64_t)sender->rto_ms << min_u64(sender->probe_backoff, 31);
        return min_u64(interval, sender->config.rto_max_ms);
    }
    if (in_flight(sender) > 0) {
        return sender->rto_ms;
    }
    return sender->config.sws_override_ms;
}

static void timer_start(struct tcp_sender *sender)
{
    sender->timer_running = true;
    sender->timer_expires = sender->now_ms + timer_interval(sender);
}

/* The timer runs while something is in flight, and while something waits that the window or the
 * rules about small segments hold back: both need an event that may never come. */
static void timer_start_or_stop(struct tcp_sender *sender)
{
    bool held_back = syn_acked(sender) && unsent(sender) > 0;
    if (in_flight(sender) > 0 || held_back) {
        timer_start(sender);
    } else {
        sender->timer_running = false;
    }
}

/* The next wait is twice as long: of the RTO, since what is lost may have been one too many for the
 * network (RFC 6298, 5.5 and 2.5); or, if the window is closed, of the probes alone. Then nothing
 * was lost, and the peer is only full. */
static void back_off(struct tcp_sender *sender)
{
    if (window_is_closed(sender)) {
        sender->probe_backoff++;
    } else {
        sender->rto_ms = (uint32_t)min_u64((uint64_t)sender->rto_ms * 2, sender->config.rto_max_ms);
    }
}

/* The earliest segment is to be sent again. Karn's algorithm (RFC 6298, 3): what is sent twice is
 * not timed. Nor, here, is what was sent behind it, whose acknowledgment waits for the copy. */
static void retransmit_earliest(struct tcp_sender *sender)
{
    sender->retransmission_due = true;
    sender->timing = false;
}

static void timer_expired(struct tcp_sender *sender)
{
    if (in_flight(sender) > 0) {
        /* RFC 6298, 5.4: the earliest segment, it alone. */
        retransmit_earliest(sender);
        sender->recover = window_is_closed(sender) ? sender->recover : sender->snd_nxt;
        sender->syn_retransmitted = sender->syn_retransmitted || !syn_acked(sender);
        sender->consecutive_retransmissions++;
        back_off(sender);
    } else {
        /* A probe, or a small segment after all. */
        sender->forced_due = unsent(sender) > 0;
        if (window_is_closed(sender)) {
            back_off(sender);
        }
    }
    timer_start_or_stop(sender);
}

void tcp_sender_tick(struct tcp_sender *sender, uint32_t ms)
{
    sender->now_ms += ms;
    if (sender->timer_running && sender->now_ms >= sender->timer_expires) {
        timer_expired(sender);
    }
}

/* --- the round-trip time: RFC 6298, 2 --------------------------------------------------------- */

static uint32_t clamp_rto(const struct tcp_sender *sender, uint64_t rto_ms)
{
    uint64_t at_least = max_u64(rto_ms, sender->config.rto_min_ms); /* 2.4 */
    return (uint32_t)min_u64(at_least, sender->config.rto_max_ms);  /* 2.5 */
}

static void take_sample(struct tcp_sender *sender, uint64_t rtt_ms)
{
    uint32_t r_us = (uint32_t)min_u64(rtt_ms, MAX_SAMPLE_MS) * 1000u;
    if (!sender->have_sample) {
        /* 2.2: SRTT <- R, RTTVAR <- R/2 */
        sender->have_sample = true;
        sender->srtt_us = r_us;
        sender->rttvar_us = r_us / 2;
    } else {
        /* 2.3: RTTVAR first, since it is computed from the old SRTT; beta is 1/4, alpha 1/8. */
        uint32_t deviation =
            sender->srtt_us > r_us ? sender->srtt_us - r_us : r_us - sender->srtt_us;
        sender->rttvar_us = sender->rttvar_us - sender->rttvar_us / 4 + deviation / 4;
        sender->srtt_us = sender->srtt_us - sender->srtt_us / 8 + r_us / 8;
    }
    uint64_t variation_us = max_u64(CLOCK_GRANULARITY_US, 4ull * sender->rttvar_us);
    uint64_t rto_us = sender->srtt_us + variation_us;
    sender->rto_ms = clamp_rto(sender, (rto_us + 999) / 1000);
}

/* --- acknowledgments: RFC 9293, 3.10.7.4, fifth check ----------------------------------------- */

/* SND.UNA =< SEG.ACK holds; the numbers below `ack` leave the retransmission queue. */
static void advance_snd_una(struct tcp_sender *sender, uint64_t ack)
{
    bool syn_acked_now = !syn_acked(sender);
    uint64_t past_last_byte = min_u64(ack, fin_seq(sender));
    uint64_t first_byte = max_u64(sender->snd_una, 1);
    if (past_last_byte > first_byte) {
        byte_stream_pop(sender->outbound, (size_t)(past_last_byte - first_byte));
    }
    sender->snd_una = ack;
    sender->consecutive_retransmissions = 0;
    sender->retransmission_due = false;

    if (ack < sender->recover) {
        /* The copy has filled one hole, and here is the next. Waiting for the timer at each of them
         * would double the RTO at each. */
        retransmit_earliest(sender);
    }
    if (sender->timing && ack >= sender->timed_seq) {
        sender->timing = false;
        take_sample(sender, sender->now_ms - sender->timed_since_ms);
    }
    if (syn_acked_now && sender->syn_retransmitted) {
        /* RFC 6298, 5.7: the path is lossy or slow; begin the data with some patience. */
        sender->rto_ms = (uint32_t)max_u64(sender->rto_ms, sender->config.rto_after_syn_loss_ms);
    }
}

/* Is this segment no older than the one that brought the present window? */
static bool window_is_news(const struct tcp_sender *sender, struct seqno seq, uint64_t ack)
{
    if (!sender->window_known || seqno_before(sender->snd_wl1, seq)) {
        return true;
    }
    return sender->snd_wl1.raw == seq.raw && sender->snd_wl2 <= ack;
}

static void take_window(struct tcp_sender *sender, const struct tcp_receiver_message *message,
                        uint64_t ack)
{
    bool was_closed = window_is_closed(sender);
    sender->window_known = true;
    sender->snd_wnd = message->window;
    sender->max_snd_wnd = (uint32_t)max_u64(sender->max_snd_wnd, message->window);
    sender->snd_wl1 = message->seq;
    sender->snd_wl2 = ack;

    if (was_closed && sender->snd_wnd > 0) {
        sender->probe_backoff = 0;
        sender->forced_due = false;
        if (in_flight(sender) > 0) {
            /* The peer had no room for it, so it was most likely refused. */
            retransmit_earliest(sender);
            sender->recover = sender->snd_nxt;
        }
    }
}

void tcp_sender_receive(struct tcp_sender *sender, const struct tcp_receiver_message *message)
{
    if (!message->has_ack) {
        return;
    }
    uint64_t ack = seqno_unwrap(message->ack, sender->config.isn, sender->snd_una);
    if (ack < sender->snd_una || ack > sender->snd_nxt) {
        return;
    }
    bool was_closed = window_is_closed(sender);
    bool advances = ack > sender->snd_una;
    uint64_t right_edge = sender->snd_una + sender->snd_wnd;
    if (advances) {
        advance_snd_una(sender, ack);
    }
    if (window_is_news(sender, message->seq, ack)) {
        take_window(sender, message, ack);
    } else {
        /* SND.WND counts from SND.UNA: it shrinks as that advances. No edge further right than this
         * was ever offered. */
        sender->snd_wnd = (uint32_t)(right_edge > ack ? right_edge - ack : 0);
    }
    if (window_is_closed(sender)) {
        sender->consecutive_retransmissions = 0; /* the probe was answered: MUST-37 */
        sender->retransmission_due = false;      /* and the timer says when the next one is due */
    }

    /* RFC 6298, 5.2 and 5.3: new data acknowledged restarts the timer; a duplicate acknowledgment
     * must not, or a stream of them would put the retransmission off for ever. A window that closes
     * or opens changes what the timer waits for. */
    if (advances || was_closed != window_is_closed(sender)) {
        timer_start_or_stop(sender);
    }
    assert(sender->snd_una <= sender->snd_nxt);
}

/* --- what to send ----------------------------------------------------------------------------- */

/* Copies `len` bytes of the stream, from the one with sequence number `seq` on, to the segment. */
static void gather_payload(struct tcp_sender *sender, uint64_t seq, size_t len)
{
    uint64_t first_kept = max_u64(sender->snd_una, 1);
    uint64_t skip = seq - first_kept;
    size_t done = 0;
    while (done < len) {
        const uint8_t *data;
        size_t run = byte_stream_peek(sender->outbound, skip + done, &data);
        assert(run > 0);
        size_t count = (size_t)min_u64(run, len - done);
        memcpy(sender->segment + done, data, count);
        done += count;
    }
}

/* Makes the segment that begins at `seq` and takes at most `limit` sequence numbers; bytes first,
 * and the FIN behind the last byte if it fits. */
static void make_segment(struct tcp_sender *sender, uint64_t seq, uint64_t limit,
                         struct tcp_sender_message *out)
{
    uint64_t bytes_left = fin_seq(sender) > seq ? fin_seq(sender) - seq : 0;
    size_t len = (size_t)min_u64(min_u64(bytes_left, limit), sender->mss);
    gather_payload(sender, seq, len);

    bool reaches_end = seq + len == fin_seq(sender);
    *out = (struct tcp_sender_message){
        .seq = seqno_wrap(seq, sender->config.isn),
        .fin = reaches_end && fin_wanted(sender) && len < limit,
        .psh = reaches_end && len > 0, /* MUST-61 */
        .payload = len > 0 ? sender->segment : NULL,
        .payload_len = len,
    };
}

static void make_syn(const struct tcp_sender *sender, struct tcp_sender_message *out)
{
    *out = (struct tcp_sender_message){.seq = sender->config.isn, .syn = true};
}

/* The numbers in a segment that was just made are sent for the first time. */
static void count_as_sent(struct tcp_sender *sender, const struct tcp_sender_message *message)
{
    sender->snd_nxt += tcp_sender_message_length(message);
    sender->forced_due = false;
    if (!sender->timing) {
        sender->timing = true;
        sender->timed_seq = sender->snd_nxt;
        sender->timed_since_ms = sender->now_ms;
    }
}

/* The earliest segment once more: RFC 6298, 5.4. Of a window that has shrunk, what lies inside is
 * sent (SHLD-16); of one that has closed, one number, as a probe (MUST-35). */
static void retransmit(struct tcp_sender *sender, struct tcp_sender_message *out)
{
    sender->retransmission_due = false;
    if (!syn_acked(sender)) {
        make_syn(sender, out);
        return;
    }
    uint64_t window = max_u64(sender->snd_wnd, 1);
    make_segment(sender, sender->snd_una, min_u64(in_flight(sender), window), out);
}

/* 3.8.6.2.1, rules (1) to (3), and what closing adds: may the segment that comes next be sent?
 * Silly is what is less than a segment and less than half of the largest window seen, while more
 * waits. D are the bytes that wait, U is the room in the window. */
static bool worth_sending(const struct tcp_sender *sender)
{
    uint64_t d = unsent_bytes(sender);
    uint64_t u = usable_window(sender);
    bool idle_or_no_nagle = in_flight(sender) == 0 || !sender->nagle;

    if (unsent(sender) == 0 || u == 0) {
        return false;
    }
    if (min_u64(d, u) >= sender->mss) {
        return true; /* (1) a full segment */
    }
    if (fin_wanted(sender) && d <= u) {
        return true; /* the last one: nothing will come that it could wait for */
    }
    if (idle_or_no_nagle && d <= u) {
        return true; /* (2) all that is queued; every write counts as pushed (MUST-60) */
    }
    return idle_or_no_nagle && 2 * min_u64(d, u) >= sender->max_snd_wnd; /* (3) */
}

bool tcp_sender_next(struct tcp_sender *sender, struct tcp_sender_message *out)
{
    if (sender->retransmission_due) {
        retransmit(sender, out);
        return true;
    }
    if (!syn_sent(sender)) {
        make_syn(sender, out);
        count_as_sent(sender, out);
        timer_start(sender);
        return true;
    }
    if (!syn_acked(sender)) {
        return false;
    }
    uint64_t allowed = usable_window(sender);
    if (sender->forced_due && unsent(sender) > 0) {
        allowed = max_u64(allowed, 1); /* into a closed window: one number, as a probe */
    } else if (!worth_sending(sender)) {
        if (!sender->timer_running) {
            timer_start_or_stop(sender);
        }
        return false;
    }
    bool was_idle = in_flight(sender) == 0;
    make_segment(sender, sender->snd_nxt, allowed, out);
    count_as_sent(sender, out);
    if (was_idle) {
        /* RFC 6298, 5.1: the timer starts with the first segment in flight. A probe has set it. */
        timer_start(sender);
    }
    return true;
}

/* --- queries ---------------------------------------------------------------------------------- */

struct byte_stream *tcp_sender_outbound(const struct tcp_sender *sender)
{
    return sender->outbound;
}

uint64_t tcp_sender_bytes_in_flight(const struct tcp_sender *sender)
{
    return in_flight(sender);
}

uint32_t tcp_sender_consecutive_retransmissions(const struct tcp_sender *sender)
{
    return sender->consecutive_retransmissions;
}

uint32_t tcp_sender_rto_ms(const struct tcp_sender *sender)
{
    return sender->rto_ms;
}

struct seqno tcp_sender_snd_una(const struct tcp_sender *sender)
{
    return seqno_wrap(sender->snd_una, sender->config.isn);
}

struct seqno tcp_sender_snd_nxt(const struct tcp_sender *sender)
{
    return seqno_wrap(sender->snd_nxt, sender->config.isn);
}

bool tcp_sender_syn_acked(const struct tcp_sender *sender)
{
    return syn_acked(sender);
}

bool tcp_sender_fin_acked(const struct tcp_sender *sender)
{
    return fin_wanted(sender) && sender->snd_una > fin_seq(sender);
}
