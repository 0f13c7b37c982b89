/*
 * Words that the connection's unit tests are written in. A test plays both neighbours of the
 * connection: the application above it, and the peer beyond the wire, whose segments it makes up
 * field by field. Numbers are written as the RFC writes them: ISS + 1 is the first byte that the
 * connection sends, IRS + 1 the first that it receives.
 *
 *      arrives(lab, TCP_ACK, .seq = IRS + 1, .ack = ISS + 1, .text = "hello");
 *      expect(lab, TCP_ACK, .seq = ISS + 1, .ack = IRS + 6);
 *      expect_silence(lab);
 */
#pragma once

#include "testing.h"

#include "connection.h"

#define ISS 1000u
#define IRS 5000u
#define LOCAL_PORT 80u
#define PEER_PORT 40000u
#define RCV_BUFF 4000u
#define MSS 1000u

struct lab {
    struct tcp_config config;
    struct tcp_connection *tcp;
    uint16_t peer_window;    /* which the peer's segments carry */
    struct tcp_segment last; /* what `expect` saw; its payload is gone by then */
    uint32_t snd_nxt;        /* SND.NXT and RCV.NXT as they should be: set by in_state, below */
    uint32_t rcv_nxt;
};

/* A segment in as few words as possible. */
struct wording {
    uint8_t flags;
    uint32_t seq;
    uint32_t ack;
    const char *text; /* for arrives: the payload */
    size_t len;       /* for arrives without text, and for expect: so many bytes of the pattern */
    uint16_t mss;     /* for arrives: the MSS option, if not 0 */
    uint16_t urgent;
};

/* --- the rig ---------------------------------------------------------------------------------- */

static inline struct tcp_config lab_config(void)
{
    struct tcp_config config = tcp_config_default();

    config.mss = MSS;
    config.recv_capacity = RCV_BUFF;
    config.send_capacity = 8000;
    config.isn = (struct seqno){ISS};
    config.ack_delay_ms = 0;
    return config;
}

static inline struct lab *lab_with(void **state, const struct tcp_config *config)
{
    struct lab *lab = calloc(1, sizeof *lab);
    struct tcp_config *lent;

    assert_non_null(lab);
    *state = lab;
    lab->config = *config;
    lab->peer_window = 4000;
    lent = lend(config, sizeof *lent);
    assert_non_null(lent);
    lab->tcp = tcp_connection_new(lent);
    take_back(lent, sizeof *lent);
    assert_non_null(lab->tcp);
    return lab;
}

static inline struct lab *new_lab(void **state)
{
    struct tcp_config config = lab_config();

    return lab_with(state, &config);
}

static inline int free_lab(void **state)
{
    struct lab *lab = *state;

    if (lab != NULL) {
        tcp_connection_free(lab->tcp);
        free(lab);
    }
    *state = NULL;
    return 0;
}

/* --- the peer --------------------------------------------------------------------------------- */

#define arrives(lab, control, ...) arrive(lab, (struct wording){.flags = (control), __VA_ARGS__})

/* The peer's data in bulk is that of pattern_byte(), which begins at IRS + 1. */
static inline void arrive(struct lab *lab, struct wording wording)
{
    size_t len = wording.text != NULL ? strlen(wording.text) : wording.len;
    uint8_t *payload = len > 0 ? malloc(len) : NULL;

    if (wording.text != NULL) {
        memcpy(payload, wording.text, len);
    } else {
        fill_pattern(payload, wording.seq - (IRS + 1), len);
    }
    tcp_connection_segment_arrives(lab->tcp, &(struct tcp_segment){
                                                 .source_port = PEER_PORT,
                                                 .destination_port = LOCAL_PORT,
                                                 .seq = {wording.seq},
                                                 .ack = {wording.ack},
                                                 .flags = wording.flags,
                                                 .window = lab->peer_window,
                                                 .urgent_pointer = wording.urgent,
                                                 .has_mss = wording.mss != 0,
                                                 .mss = wording.mss,
                                                 .payload = payload,
                                                 .payload_len = len,
                                             });
    free(payload);
}

/* --- what the connection sends ---------------------------------------------------------------- */

#define expect(lab, control, ...)                                                                  \
    expect_at(lab, (struct wording){.flags = (control), __VA_ARGS__}, __FILE__, __LINE__)
#define expect_silence(lab) expect_silence_at(lab, __FILE__, __LINE__)
#define expect_state(lab, state) expect_state_at(lab, state, __FILE__, __LINE__)
#define expect_closed(lab, error) expect_closed_at(lab, error, __FILE__, __LINE__)
#define expect_reset(lab, seq) expect_reset_at(lab, seq, __FILE__, __LINE__)
#define expect_silence_or_plain_ack(lab) expect_silence_or_plain_ack_at(lab, __FILE__, __LINE__)
#define expect_text(lab, expected) expect_text_at(lab, expected, __FILE__, __LINE__)

static inline const char *state_name(enum tcp_state state)
{
    static const char *const names[] = {
        "CLOSED",     "LISTEN",     "SYN-SENT", "SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1",
        "FIN-WAIT-2", "CLOSE-WAIT", "CLOSING",  "LAST-ACK",     "TIME-WAIT",
    };

    return (size_t)state < sizeof names / sizeof names[0] ? names[state] : "no state at all";
}

/* Fails the test; some go through many states, so say in which one it happened. */
static inline void fail_in_state(const struct lab *lab, const char *file, int line)
{
    print_error("in state %s\n", state_name(tcp_connection_state(lab->tcp)));
    fail_at(file, line);
}

static inline void print_segment(const char *before, const struct wording *segment)
{
    print_error("%s%s%s%s%s%sseq=%u ack=%u, %zu bytes\n", before,
                (segment->flags & TCP_SYN) != 0 ? "SYN " : "",
                (segment->flags & TCP_FIN) != 0 ? "FIN " : "",
                (segment->flags & TCP_RST) != 0 ? "RST " : "",
                (segment->flags & TCP_ACK) != 0 ? "ACK " : "",
                (segment->flags & TCP_URG) != 0 ? "URG " : "", segment->seq, segment->ack,
                segment->len);
}

/* The same words for a segment that was sent; PSH does not count, nor an ack field without ACK. */
static inline struct wording wording_of(const struct tcp_segment *segment)
{
    return (struct wording){
        .flags = segment->flags & (uint8_t)~TCP_PSH,
        .seq = segment->seq.raw,
        .ack = (segment->flags & TCP_ACK) != 0 ? segment->ack.raw : 0,
        .len = segment->payload_len,
    };
}

static inline void expect_silence_at(struct lab *lab, const char *file, int line)
{
    struct tcp_segment segment = {0};

    if (tcp_connection_next_segment(lab->tcp, &segment)) {
        struct wording sent = wording_of(&segment);

        print_segment("expected silence, but the connection sends ", &sent);
        fail_in_state(lab, file, line);
    }
}

/* The next segment is exactly this one. Its payload is that of app_writes, byte for byte. */
static inline void expect_at(struct lab *lab, struct wording expected, const char *file, int line)
{
    struct tcp_segment *segment = &lab->last;
    struct wording sent;

    fill_with_rubbish(segment, sizeof *segment);
    if (!tcp_connection_next_segment(lab->tcp, segment)) {
        print_segment("the connection is silent, expected ", &expected);
        fail_in_state(lab, file, line);
    }
    sent = wording_of(segment);
    if (sent.flags != expected.flags || sent.seq != expected.seq || sent.ack != expected.ack ||
        sent.len != expected.len) {
        print_segment("the connection sends ", &sent);
        print_segment("expected             ", &expected);
        fail_in_state(lab, file, line);
    }
    assert_number_at(segment->source_port, LOCAL_PORT, "source_port", file, line);
    assert_number_at(segment->destination_port, PEER_PORT, "destination_port", file, line);
    assert_number_at(segment->has_mss, (sent.flags & TCP_SYN) != 0, "has_mss", file, line);
    if (sent.len > 0 && !is_pattern(segment->payload, sent.seq - (ISS + 1), sent.len)) {
        print_error("the payload is not what was written at this place of the stream\n");
        fail_at(file, line);
    }
    segment->payload = NULL;
}

/* The segment that `expect` saw offered this window. */
#define expect_window(lab, expected) assert_number((lab)->last.window, expected)

/* An acknowledgment of the present state, empty: <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>. */
#define expect_plain_ack(lab) expect(lab, TCP_ACK, .seq = (lab)->snd_nxt, .ack = (lab)->rcv_nxt)

/* A reset at this number, and nothing after it. Whether it acknowledges as well is left open. */
static inline void expect_reset_at(struct lab *lab, uint32_t seq, const char *file, int line)
{
    struct tcp_segment segment = {0};

    if (!tcp_connection_next_segment(lab->tcp, &segment)) {
        print_error("the connection is silent, expected a reset\n");
        fail_in_state(lab, file, line);
    }
    assert_number_at(segment.flags & (uint8_t)~TCP_ACK, TCP_RST, "flags", file, line);
    assert_number_at(segment.seq.raw, seq, "seq", file, line);
    assert_number_at(segment.payload_len, 0, "payload_len", file, line);
    expect_silence_at(lab, file, line);
}

/* Where the RFC leaves the answer open: silence, or one plain acknowledgment. */
static inline void expect_silence_or_plain_ack_at(struct lab *lab, const char *file, int line)
{
    struct tcp_segment segment = {0};

    if (tcp_connection_next_segment(lab->tcp, &segment)) {
        assert_number_at(wording_of(&segment).flags, TCP_ACK, "flags", file, line);
        assert_number_at(segment.seq.raw, lab->snd_nxt, "seq", file, line);
        assert_number_at(segment.ack.raw, lab->rcv_nxt, "ack", file, line);
        assert_number_at(segment.payload_len, 0, "payload_len", file, line);
        expect_silence_at(lab, file, line);
    }
}

/* Drains what the connection sends: the sum of its payload, and the highest ack that it carries. */
struct drained {
    size_t segments;
    size_t bytes;
    size_t longest;
    uint32_t ack;
};

static inline struct drained drain(struct lab *lab)
{
    struct drained drained = {0};
    struct tcp_segment segment = {0};

    while (tcp_connection_next_segment(lab->tcp, &segment)) {
        assert_number(++drained.segments < 100, true);
        drained.bytes += segment.payload_len;
        drained.longest =
            segment.payload_len > drained.longest ? segment.payload_len : drained.longest;
        drained.ack = segment.ack.raw;
    }
    return drained;
}

static inline void expect_state_at(const struct lab *lab, enum tcp_state expected, const char *file,
                                   int line)
{
    enum tcp_state actual = tcp_connection_state(lab->tcp);

    if (actual != expected) {
        print_error("the state is %s, expected %s\n", state_name(actual), state_name(expected));
        fail_at(file, line);
    }
}

/* The connection is gone, and for this reason. */
static inline void expect_closed_at(struct lab *lab, enum tcp_error error, const char *file,
                                    int line)
{
    expect_silence_at(lab, file, line);
    expect_state_at(lab, TCP_CLOSED, file, line);
    assert_number_at(tcp_connection_error(lab->tcp), error, "the error", file, line);
}

/* --- the application -------------------------------------------------------------------------- */

/* Writes `n` bytes of the pattern, of which `index` were written before. */
static inline void app_writes(struct lab *lab, uint64_t index, size_t n)
{
    uint8_t *bytes = malloc(n);

    assert_non_null(bytes);
    fill_pattern(bytes, index, n);
    n -= tcp_connection_write(lab->tcp, bytes, n);
    free(bytes);
    assert_number(n, 0);
}

/* This, and no more, can be read now. */
static inline void expect_text_at(struct lab *lab, const char *expected, const char *file, int line)
{
    char text[256] = "";

    assert_number_at(tcp_connection_readable(lab->tcp), strlen(expected), "readable", file, line);
    tcp_connection_read(lab->tcp, text, sizeof text - 1);
    assert_text_at(text, expected, "what was read", file, line);
}

/* Reads `n` bytes of the peer's pattern, of which `index` were read before. */
static inline void app_reads(struct lab *lab, uint64_t index, size_t n)
{
    uint8_t *bytes = malloc(n);
    size_t got;

    assert_non_null(bytes);
    got = tcp_connection_read(lab->tcp, bytes, n);
    assert_number(got, n);
    assert_number(is_pattern(bytes, index, n), true);
    free(bytes);
}

static inline void pass(struct lab *lab, uint32_t ms)
{
    tcp_connection_tick(lab->tcp, ms);
}

/* --- ways into each state --------------------------------------------------------------------- */

static inline struct lab *listening_with(void **state, const struct tcp_config *config)
{
    struct lab *lab = lab_with(state, config);

    assert_number(tcp_connection_open_passive(lab->tcp, LOCAL_PORT), true);
    expect_silence(lab);
    return lab;
}

static inline struct lab *listening(void **state)
{
    struct tcp_config config = lab_config();

    return listening_with(state, &config);
}

static inline struct lab *syn_received(void **state)
{
    struct lab *lab = listening(state);

    arrives(lab, TCP_SYN, .seq = IRS, .mss = MSS);
    expect(lab, TCP_SYN | TCP_ACK, .seq = ISS, .ack = IRS + 1);
    expect_silence(lab);
    return lab;
}

static inline struct lab *syn_sent_with(void **state, const struct tcp_config *config)
{
    struct lab *lab = lab_with(state, config);

    assert_number(tcp_connection_open_active(lab->tcp, LOCAL_PORT, PEER_PORT), true);
    expect(lab, TCP_SYN, .seq = ISS);
    expect_silence(lab);
    return lab;
}

static inline struct lab *syn_sent(void **state)
{
    struct tcp_config config = lab_config();

    return syn_sent_with(state, &config);
}

/* SYN-RECEIVED by way of SYN-SENT: the peer opened at the same time. */
static inline struct lab *syn_received_from_syn_sent(void **state)
{
    struct lab *lab = syn_sent(state);

    arrives(lab, TCP_SYN, .seq = IRS, .mss = MSS);
    expect(lab, TCP_SYN | TCP_ACK, .seq = ISS, .ack = IRS + 1);
    expect_silence(lab);
    return lab;
}

static inline struct lab *established_with(void **state, const struct tcp_config *config)
{
    struct lab *lab = listening_with(state, config);

    arrives(lab, TCP_SYN, .seq = IRS, .mss = MSS);
    expect(lab, TCP_SYN | TCP_ACK, .seq = ISS, .ack = IRS + 1);
    arrives(lab, TCP_ACK, .seq = IRS + 1, .ack = ISS + 1);
    expect_silence(lab);
    expect_state(lab, TCP_ESTABLISHED);
    lab->snd_nxt = ISS + 1;
    lab->rcv_nxt = IRS + 1;
    return lab;
}

static inline struct lab *established(void **state)
{
    struct tcp_config config = lab_config();

    return established_with(state, &config);
}

static inline void app_shuts_down(struct lab *lab)
{
    tcp_connection_shutdown(lab->tcp);
    expect(lab, TCP_FIN | TCP_ACK, .seq = lab->snd_nxt, .ack = lab->rcv_nxt);
    expect_silence(lab);
    lab->snd_nxt++;
}

static inline void peer_shuts_down(struct lab *lab, uint32_t ack)
{
    arrives(lab, TCP_FIN | TCP_ACK, .seq = lab->rcv_nxt, .ack = ack);
    lab->rcv_nxt++;
    expect_plain_ack(lab);
    expect_silence(lab);
}

/* A connection in a state from ESTABLISHED on; no data has passed. snd_nxt and rcv_nxt are set. */
static inline struct lab *in_state(void **state, enum tcp_state wanted)
{
    struct lab *lab = established(state);

    if (wanted == TCP_CLOSE_WAIT || wanted == TCP_LAST_ACK) {
        peer_shuts_down(lab, lab->snd_nxt);
    }
    if (wanted != TCP_ESTABLISHED && wanted != TCP_CLOSE_WAIT) {
        app_shuts_down(lab);
    }
    if (wanted == TCP_CLOSING) {
        peer_shuts_down(lab, lab->snd_nxt - 1);
    }
    if (wanted == TCP_FIN_WAIT_2 || wanted == TCP_TIME_WAIT) {
        arrives(lab, TCP_ACK, .seq = lab->rcv_nxt, .ack = lab->snd_nxt);
        expect_silence(lab);
    }
    if (wanted == TCP_TIME_WAIT) {
        peer_shuts_down(lab, lab->snd_nxt);
    }
    expect_state(lab, wanted);
    return lab;
}

/* Does the peer still have something to send in this state? */
static inline bool peer_may_send(enum tcp_state state)
{
    return state == TCP_ESTABLISHED || state == TCP_FIN_WAIT_1 || state == TCP_FIN_WAIT_2;
}

/* Goes through the states in which both sides are synchronized. A body of such a loop ends in
 * free_lab. */
#define for_each_synchronized_state(name)                                                          \
    for (enum tcp_state name = TCP_ESTABLISHED; name <= TCP_TIME_WAIT; name++)

/* --- the same, as tests use them: a failure on the way is one of the test's line -------------- */

#define lab_with(state, config) from_here(lab_with(state, config))
#define new_lab(state) from_here(new_lab(state))
#define drain(lab) from_here(drain(lab))
#define app_writes(lab, index, n) from_here(app_writes(lab, index, n))
#define app_reads(lab, index, n) from_here(app_reads(lab, index, n))
#define listening_with(state, config) from_here(listening_with(state, config))
#define listening(state) from_here(listening(state))
#define syn_received(state) from_here(syn_received(state))
#define syn_sent_with(state, config) from_here(syn_sent_with(state, config))
#define syn_sent(state) from_here(syn_sent(state))
#define syn_received_from_syn_sent(state) from_here(syn_received_from_syn_sent(state))
#define established_with(state, config) from_here(established_with(state, config))
#define established(state) from_here(established(state))
#define app_shuts_down(lab) from_here(app_shuts_down(lab))
#define peer_shuts_down(lab, ack) from_here(peer_shuts_down(lab, ack))
#define in_state(state, wanted) from_here(in_state(state, wanted))
