/*
 * Words that the receiver's unit tests are written in. The peer's initial sequence number is IRS,
 * so the first byte of its stream stands at IRS + 1.
 */
#pragma once

#include "testing.h"

#include "receiver.h"

#define IRS 5000u

static inline struct tcp_receiver *receiver_of(void **state, size_t recv_capacity, uint16_t mss)
{
    struct tcp_config config = tcp_config_default();
    struct tcp_receiver *receiver;
    struct tcp_config *lent;

    config.recv_capacity = recv_capacity;
    config.mss = mss;
    lent = lend(&config, sizeof *lent);
    assert_non_null(lent);
    receiver = tcp_receiver_new(lent);
    take_back(lent, sizeof *lent);
    assert_non_null(receiver);
    assert_non_null(tcp_receiver_inbound(receiver));
    *state = receiver;
    return receiver;
}

static inline int free_receiver(void **state)
{
    tcp_receiver_free(*state);
    return 0;
}

static inline void arrives(struct tcp_receiver *receiver, struct tcp_sender_message message,
                           const char *text)
{
    if (text != NULL) {
        message.payload = (const uint8_t *)text;
        message.payload_len = strlen(text);
    }
    tcp_receiver_receive(receiver, &message);
}

static inline void syn_arrives(struct tcp_receiver *receiver, uint32_t seq)
{
    arrives(receiver, (struct tcp_sender_message){.seq = {seq}, .syn = true}, NULL);
}

static inline void text_arrives(struct tcp_receiver *receiver, uint32_t seq, const char *text)
{
    arrives(receiver, (struct tcp_sender_message){.seq = {seq}}, text);
}

static inline void fin_arrives(struct tcp_receiver *receiver, uint32_t seq, const char *text)
{
    arrives(receiver, (struct tcp_sender_message){.seq = {seq}, .fin = true}, text);
}

/* `n` bytes of the pattern, which begins at IRS + 1, arrive in one piece. */
static inline void bytes_arrive(struct tcp_receiver *receiver, uint32_t seq, size_t n)
{
    uint8_t *bytes = malloc(n);

    assert_non_null(bytes);
    fill_pattern(bytes, seq - (IRS + 1), n);
    tcp_receiver_receive(
        receiver, &(struct tcp_sender_message){.seq = {seq}, .payload = bytes, .payload_len = n});
    free(bytes);
}

/* A receiver that has seen a SYN and has offered its first window. */
static inline struct tcp_receiver *synchronized_of(void **state, size_t recv_capacity, uint16_t mss)
{
    struct tcp_receiver *receiver = receiver_of(state, recv_capacity, mss);

    syn_arrives(receiver, IRS);
    tcp_receiver_send(receiver);
    return receiver;
}

static inline void reader_reads(struct tcp_receiver *receiver, size_t n)
{
    byte_stream_pop(tcp_receiver_inbound(receiver), n);
}

/* --- what is expected ------------------------------------------------------------------------- */

#define expect_ack(receiver, ack) expect_ack_at(receiver, ack, __FILE__, __LINE__)
#define expect_window(receiver, window) expect_window_at(receiver, window, __FILE__, __LINE__)
#define expect_text(receiver, expected) expect_text_at(receiver, expected, __FILE__, __LINE__)
#define expect_open(receiver) assert_false(byte_stream_is_closed(tcp_receiver_inbound(receiver)))
#define expect_closed(receiver) assert_true(byte_stream_is_closed(tcp_receiver_inbound(receiver)))

/* The segment that leaves now acknowledges up to this number. */
static inline void expect_ack_at(struct tcp_receiver *receiver, uint32_t ack, const char *file,
                                 int line)
{
    struct tcp_receiver_message message = tcp_receiver_send(receiver);

    assert_number_at(message.has_ack, true, "has_ack", file, line);
    assert_number_at(message.ack.raw, ack, "ack", file, line);
    assert_number_at(tcp_receiver_rcv_nxt(receiver).raw, ack, "rcv_nxt", file, line);
}

/* The segment that leaves now offers this window. */
static inline void expect_window_at(struct tcp_receiver *receiver, size_t window, const char *file,
                                    int line)
{
    assert_number_at(tcp_receiver_send(receiver).window, window, "window", file, line);
    assert_number_at(tcp_receiver_rcv_wnd(receiver), window, "rcv_wnd", file, line);
}

/* This, and no more, has come out of the stream since the last time. */
static inline void expect_text_at(struct tcp_receiver *receiver, const char *expected,
                                  const char *file, int line)
{
    struct byte_stream *inbound = tcp_receiver_inbound(receiver);
    char text[256] = "";
    const uint8_t *data = NULL;

    for (size_t len = 0; len < sizeof text - 1 && byte_stream_peek(inbound, 0, &data) > 0; len++) {
        text[len] = (char)*data;
        byte_stream_pop(inbound, 1);
    }
    assert_text_at(text, expected, "what was received", file, line);
}

/* --- the same, as tests use them: a failure on the way is one of the test's line -------------- */

#define receiver_of(state, recv_capacity, mss) from_here(receiver_of(state, recv_capacity, mss))
#define synchronized_of(state, recv_capacity, mss)                                                 \
    from_here(synchronized_of(state, recv_capacity, mss))
