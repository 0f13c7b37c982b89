/*
 * Words that the sender's unit tests are written in. The tests play the peer: they acknowledge, or
 * keep silent. The stream that the sender sends is that of pattern_byte(), so every byte in every
 * segment can be checked against the place where it stands.
 */
#pragma once

#include "testing.h"

#include "sender.h"

#define ISN 1000u
#define PEER_SEQ 900000u

/* Segments of 1000 bytes, an RTO of 1000 ms that a quick answer does not change. */
static inline struct tcp_config sender_config(void)
{
    struct tcp_config config = tcp_config_default();

    config.mss = 1000;
    config.send_capacity = 100000;
    config.isn = (struct seqno){ISN};
    return config;
}

/* A sender that has sent nothing, kept in *state so that teardown frees it. */
static inline struct tcp_sender *sender_with(void **state, const struct tcp_config *config)
{
    struct tcp_config *lent = lend(config, sizeof *lent);
    struct tcp_sender *sender;

    assert_non_null(lent);
    sender = tcp_sender_new(lent);
    take_back(lent, sizeof *lent);
    assert_non_null(sender);
    assert_non_null(tcp_sender_outbound(sender));
    *state = sender;
    return sender;
}

static inline struct tcp_sender *new_sender(void **state)
{
    struct tcp_config config = sender_config();

    return sender_with(state, &config);
}

static inline int free_sender(void **state)
{
    tcp_sender_free(*state);
    return 0;
}

/* --- the application -------------------------------------------------------------------------- */

static inline void app_writes(struct tcp_sender *sender, size_t n)
{
    struct byte_stream *outbound = tcp_sender_outbound(sender);
    uint8_t *bytes = malloc(n);

    assert_non_null(bytes);
    fill_pattern(bytes, byte_stream_total_written(outbound), n);
    n -= byte_stream_write(outbound, bytes, n);
    free(bytes);
    assert_number(n, 0);
}

static inline void app_closes(struct tcp_sender *sender)
{
    byte_stream_close(tcp_sender_outbound(sender));
}

/* --- the peer --------------------------------------------------------------------------------- */

/* Acknowledges the SYN and the first `bytes` bytes of the stream, in a segment at `seq`. */
static inline void peer_acks_at(struct tcp_sender *sender, uint32_t seq, uint32_t bytes,
                                uint16_t window)
{
    tcp_sender_receive(
        sender, &(struct tcp_receiver_message){
                    .has_ack = true, .ack = {ISN + 1 + bytes}, .window = window, .seq = {seq}});
}

/* The same, from a peer that sends no data itself: all its segments stand at one number. */
static inline void peer_acks(struct tcp_sender *sender, uint32_t bytes, uint16_t window)
{
    peer_acks_at(sender, PEER_SEQ, bytes, window);
}

/* --- what the sender sends -------------------------------------------------------------------- */

#define expect_nothing(sender) expect_nothing_at(sender, __FILE__, __LINE__)
#define expect_syn(sender) expect_segment_at(sender, ISN, 0, true, false, __FILE__, __LINE__)
/* `len` bytes of the stream from `index` on */
#define expect_bytes(sender, index, len)                                                           \
    expect_segment_at(sender, ISN + 1 + (index), len, false, false, __FILE__, __LINE__)
/* the same, and the end of the stream behind them */
#define expect_bytes_and_fin(sender, index, len)                                                   \
    expect_segment_at(sender, ISN + 1 + (index), len, false, true, __FILE__, __LINE__)
#define expect_fin(sender, index) expect_bytes_and_fin(sender, index, 0)

static inline void expect_nothing_at(struct tcp_sender *sender, const char *file, int line)
{
    struct tcp_sender_message message;

    fill_with_rubbish(&message, sizeof message);
    if (tcp_sender_next(sender, &message)) {
        print_error("the sender sends %s%s%zu bytes at %u, expected nothing\n",
                    message.syn ? "SYN, " : "", message.fin ? "FIN, " : "", message.payload_len,
                    message.seq.raw);
        fail_at(file, line);
    }
}

/* The next segment is exactly this one, byte for byte; PSH is for the caller to check. */
static inline struct tcp_sender_message expect_segment_at(struct tcp_sender *sender, uint32_t seq,
                                                          size_t len, bool syn, bool fin,
                                                          const char *file, int line)
{
    struct tcp_sender_message message;

    fill_with_rubbish(&message, sizeof message);
    if (!tcp_sender_next(sender, &message)) {
        print_error("the sender sends nothing, expected %s%s%zu bytes at %u\n", syn ? "SYN, " : "",
                    fin ? "FIN, " : "", len, seq);
        fail_at(file, line);
    }
    assert_number_at(message.seq.raw, seq, "seq", file, line);
    assert_number_at(message.payload_len, len, "payload_len", file, line);
    assert_number_at(message.syn, syn, "syn", file, line);
    assert_number_at(message.fin, fin, "fin", file, line);
    if (len > 0 && !is_pattern(message.payload, seq - ISN - 1, len)) {
        print_error("the payload is not what was written at this place of the stream\n");
        fail_at(file, line);
    }
    return message;
}

/* --- time ------------------------------------------------------------------------------------- */

static inline void pass(struct tcp_sender *sender, uint32_t ms)
{
    tcp_sender_tick(sender, ms);
}

/* Nothing is sent for `ms` - 1 milliseconds; at `ms` something is, for the caller to look at. */
#define pass_quietly_until(sender, ms)                                                             \
    do {                                                                                           \
        tcp_sender_tick(sender, (ms)-1);                                                           \
        expect_nothing(sender);                                                                    \
        tcp_sender_tick(sender, 1);                                                                \
    } while (0)

/* --- beginnings that many tests share --------------------------------------------------------- */

/* The SYN was acknowledged at once, with this window; the peer's MSS is 1000. */
static inline struct tcp_sender *connected_with(void **state, const struct tcp_config *config,
                                                uint16_t window)
{
    struct tcp_sender *sender = sender_with(state, config);

    expect_syn(sender);
    peer_acks(sender, 0, window);
    tcp_sender_set_mss(sender, 1000);
    return sender;
}

static inline struct tcp_sender *connected(void **state, uint16_t window)
{
    struct tcp_config config = sender_config();

    return connected_with(state, &config, window);
}

/* The same, with this many bytes written and sent in segments of 1000. */
static inline struct tcp_sender *with_bytes_in_flight(void **state, size_t n, uint16_t window)
{
    struct tcp_sender *sender = connected(state, window);

    app_writes(sender, n);
    for (size_t sent = 0; sent < n;) {
        size_t len = n - sent < 1000 ? n - sent : 1000;

        expect_bytes(sender, (uint32_t)sent, len);
        sent += len;
    }
    expect_nothing(sender);
    return sender;
}

/* --- the same, as tests use them: a failure on the way is one of the test's line -------------- */

#define app_writes(sender, n) from_here(app_writes(sender, n))
#define sender_with(state, config) from_here(sender_with(state, config))
#define new_sender(state) from_here(new_sender(state))
#define connected_with(state, config, window) from_here(connected_with(state, config, window))
#define connected(state, window) from_here(connected(state, window))
#define with_bytes_in_flight(state, n, window) from_here(with_bytes_in_flight(state, n, window))
