/*
 * ….churn : much work in one request, for cases that measure what work costs. Nothing is checked
 * here; the reply says how far the work has got, so that nobody is quick by doing nothing.
 */
#include "dut.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* --- streams -----------------------------------------------------------------------------------
 */

/* Writes `n` bytes, `chunk` at a time, as long as they are accepted. */
static void write_all(struct byte_stream *stream, const uint8_t *bytes, size_t chunk, uint64_t n)
{
    while (n > 0) {
        size_t len = n < chunk ? (size_t)n : chunk;
        if (byte_stream_write(stream, bytes, len) < len) {
            return;
        }
        n -= len;
    }
}

/* Pops `n` bytes, at most `chunk` at a time, as long as there are any. */
static void read_all(struct byte_stream *stream, size_t chunk, uint64_t n)
{
    const uint8_t *data = NULL;

    while (n > 0) {
        size_t most = n < chunk ? (size_t)n : chunk;
        size_t len = byte_stream_peek(stream, 0, &data);
        if (len == 0) {
            return;
        }
        len = len < most ? len : most;
        byte_stream_pop(stream, len);
        n -= len;
    }
}

/* Bytes to write, all zero; NULL, and the request has failed, if there can be none. */
static uint8_t *new_bytes(struct request *request, size_t len)
{
    uint8_t *bytes = len > 0 && len <= UINT16_MAX && !request_has_failed(request)
                         ? calloc(len, sizeof *bytes)
                         : NULL;

    if (bytes == NULL) {
        request_fail(request, "pieces have 1 to 65535 bytes");
    }
    return bytes;
}

/* HELD bytes go in and stay, TIMES chunks go through, HELD bytes come out: by the chunk. */
static void churn_stream(struct dut *dut, struct request *request)
{
    struct byte_stream *stream = dut_take_stream(dut, request);
    uint64_t held = request_take_u64(request);
    size_t chunk = request_take_size(request);
    uint64_t times = request_take_u64(request);
    uint8_t *bytes = new_bytes(request, chunk);

    if (bytes == NULL) {
        return;
    }
    write_all(stream, bytes, chunk, held);
    for (uint64_t i = 0; i < times; i++) {
        write_all(stream, bytes, chunk, chunk);
        read_all(stream, chunk, chunk);
    }
    read_all(stream, chunk, held);
    request_answer(request, " %" PRIu64, byte_stream_total_read(stream));
    free(bytes);
}

/* --- reassemblers ------------------------------------------------------------------------------
 */

/* Pieces of `size` bytes, side by side from the index `first` on. */
struct pieces {
    struct reassembler *reassembler;
    const uint8_t *bytes;
    uint64_t first;
    uint64_t count;
    size_t size;
};

static void insert_piece(const struct pieces *pieces, uint64_t k)
{
    reassembler_insert(pieces->reassembler, pieces->first + k * pieces->size, pieces->bytes,
                       pieces->size, false);
}

static void insert_forwards(const struct pieces *pieces)
{
    for (uint64_t k = 0; k < pieces->count; k++) {
        insert_piece(pieces, k);
    }
}

static void insert_backwards(const struct pieces *pieces)
{
    for (uint64_t k = pieces->count; k > 0; k--) {
        insert_piece(pieces, k - 1);
    }
}

/* First every second piece, with a hole before each, then what is missing, from the back. */
static void insert_every_second(const struct pieces *pieces)
{
    for (uint64_t k = 1; k < pieces->count; k += 2) {
        insert_piece(pieces, k);
    }
    for (uint64_t k = (pieces->count + 1) / 2; k > 0; k--) {
        insert_piece(pieces, 2 * (k - 1));
    }
}

/* All but the first, and all of them again. */
static void insert_twice(const struct pieces *pieces)
{
    for (uint64_t k = 1; k < 2 * pieces->count; k++) {
        if (k != pieces->count) {
            insert_piece(pieces, k % pieces->count);
        }
    }
    insert_piece(pieces, 0);
}

/* Here and there. `count` is a power of two, which an odd stride goes through entirely. */
static void insert_scattered(const struct pieces *pieces)
{
    uint64_t stride = pieces->count / 8 * 5 | 1;

    for (uint64_t k = 1; k <= pieces->count; k++) {
        insert_piece(pieces, k * stride % pieces->count);
    }
}

/* First every second piece, with a hole before each, then what is missing; both here and there, so
 * that no piece has its place near an end, or near the one before it. `count` as above. */
static void insert_apart(const struct pieces *pieces)
{
    uint64_t half = pieces->count / 2;
    uint64_t stride = half / 8 * 5 | 1;

    for (uint64_t odd = 2; odd-- > 0;) {
        for (uint64_t k = 1; k <= half; k++) {
            insert_piece(pieces, 2 * (k * stride % half) + odd);
        }
    }
}

static const struct shape {
    const char *name;
    void (*insert)(const struct pieces *pieces);
} SHAPES[] = {
    {"forwards", insert_forwards},         {"backwards", insert_backwards},
    {"every-second", insert_every_second}, {"twice", insert_twice},
    {"scattered", insert_scattered},       {"apart", insert_apart},
};

static const struct shape *take_shape(struct request *request)
{
    const char *name = request_take_word(request);

    for (size_t i = 0; i < sizeof SHAPES / sizeof SHAPES[0]; i++) {
        if (strcmp(SHAPES[i].name, name) == 0) {
            return &SHAPES[i];
        }
    }
    request_fail(request, "there is no such shape");
    return NULL;
}

/* COUNT pieces of SIZE bytes arrive in the order that SHAPE names, and are read, ROUNDS times. */
static void churn_reassembler(struct dut *dut, struct request *request)
{
    struct pieces pieces = {.reassembler = dut_take_reassembler(dut, request)};
    struct byte_stream *output = dut_take_stream(dut, request);
    const struct shape *shape = take_shape(request);
    pieces.count = request_take_u64(request);
    pieces.size = request_take_size(request);
    uint64_t rounds = request_take_u64(request);

    uint8_t *bytes = new_bytes(request, pieces.size);
    if (bytes == NULL) {
        return;
    }
    pieces.bytes = bytes;
    for (uint64_t i = 0; i < rounds; i++) {
        pieces.first = byte_stream_total_written(output);
        shape->insert(&pieces);
        read_all(output, SIZE_MAX, UINT64_MAX);
    }
    request_answer(request, " %" PRIu64, byte_stream_total_read(output));
    free(bytes);
}

/* --- receivers and senders ---------------------------------------------------------------------
 */

/* BYTES bytes arrive in segments of SIZE, the first of them with the sequence number SEQ. Each
 * segment is read and acknowledged before the next one comes. */
static void churn_receiver(struct dut *dut, struct request *request)
{
    struct tcp_receiver *receiver = dut_take_receiver(dut, request);
    struct tcp_sender_message segment = {.seq = request_take_seqno(request)};
    size_t size = request_take_size(request);
    uint64_t n = request_take_u64(request);
    uint8_t *bytes = new_bytes(request, size);

    if (bytes == NULL) {
        return;
    }
    struct byte_stream *inbound = tcp_receiver_inbound(receiver);
    segment.payload = bytes;
    for (; n > 0; n -= segment.payload_len) {
        segment.payload_len = n < size ? (size_t)n : size;
        tcp_receiver_receive(receiver, &segment);
        read_all(inbound, SIZE_MAX, UINT64_MAX);
        tcp_receiver_send(receiver);
        segment.seq.raw += (uint32_t)segment.payload_len;
    }
    request_answer(request, " %" PRIu64, byte_stream_total_read(inbound));
    free(bytes);
}

/* All that the sender has to send arrives at the other end, which acknowledges it. */
static void send_all(struct tcp_sender *sender)
{
    struct tcp_sender_message segment = {0};
    struct tcp_receiver_message answer = {.has_ack = true, .window = UINT16_MAX};

    while (tcp_sender_next(sender, &segment)) {
        answer.ack.raw = segment.seq.raw + (uint32_t)tcp_sender_message_length(&segment);
        tcp_sender_receive(sender, &answer);
    }
}

/* BYTES bytes are written, SIZE at a time, as long as they are accepted; all that the sender then
 * sends is acknowledged with a window of 65,535, by segments with the sequence number 0. */
static void churn_sender(struct dut *dut, struct request *request)
{
    struct tcp_sender *sender = dut_take_sender(dut, request);
    size_t size = request_take_size(request);
    uint64_t n = request_take_u64(request);
    uint8_t *bytes = new_bytes(request, size);

    if (bytes == NULL) {
        return;
    }
    struct byte_stream *outbound = tcp_sender_outbound(sender);
    while (n > 0) {
        size_t len = n < size ? (size_t)n : size;
        if (byte_stream_write(outbound, bytes, len) < len) {
            break;
        }
        send_all(sender);
        n -= len;
    }
    request_answer(request, " %" PRIu64, byte_stream_total_read(outbound));
    free(bytes);
}

/* --- sequence numbers --------------------------------------------------------------------------
 */

/* TIMES numbers around the checkpoint are unwrapped. Replies their sum, modulo 2^64. */
static void churn_seqno(struct dut *dut, struct request *request)
{
    (void)dut;
    uint64_t checkpoint = request_take_u64(request);
    uint64_t times = request_take_u64(request);
    struct seqno isn = {UINT32_C(0x89abcdef)};
    uint64_t sum = 0;

    if (request_has_failed(request)) {
        return;
    }
    for (uint64_t i = 0; i < times; i++) {
        struct seqno n = {(uint32_t)i * UINT32_C(2654435761)};
        sum += seqno_unwrap(n, isn, checkpoint);
    }
    request_answer(request, " %" PRIu64, sum);
}

const struct command churn_commands[] = {
    {"stream.churn", 4, 4, churn_stream},     {"reassembler.churn", 6, 6, churn_reassembler},
    {"receiver.churn", 4, 4, churn_receiver}, {"sender.churn", 3, 3, churn_sender},
    {"seqno.churn", 2, 2, churn_seqno},       {0},
};
