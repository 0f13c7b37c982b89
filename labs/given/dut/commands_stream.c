/* stream.… and reassembler.… : checkpoints 1 and 2. */
#include "dut.h"

#include <inttypes.h>

/* --- streams -----------------------------------------------------------------------------------
 */

static void stream_new(struct dut *dut, struct request *request)
{
    size_t id = request_take_id(request);
    size_t capacity = request_take_size(request);
    if (request_has_failed(request)) {
        return;
    }
    struct byte_stream *stream = byte_stream_new(capacity);
    if (stream == NULL) {
        request_fail(request, "byte_stream_new returned NULL");
    } else {
        objects_put_stream(&dut->objects, id, stream, NULL);
    }
}

static void stream_free(struct dut *dut, struct request *request)
{
    size_t id = request_take_id(request);

    if (!request_has_failed(request)) {
        objects_drop_stream(&dut->objects, id);
    }
}

static void stream_write(struct dut *dut, struct request *request)
{
    struct byte_stream *stream = dut_take_stream(dut, request);
    struct bytes data = request_take_bytes(request);

    if (!request_has_failed(request)) {
        request_answer(request, " %zu", byte_stream_write(stream, data.data, data.len));
    }
}

static void stream_close(struct dut *dut, struct request *request)
{
    struct byte_stream *stream = dut_take_stream(dut, request);

    if (!request_has_failed(request)) {
        byte_stream_close(stream);
    }
}

static void stream_error(struct dut *dut, struct request *request)
{
    struct byte_stream *stream = dut_take_stream(dut, request);

    if (!request_has_failed(request)) {
        byte_stream_set_error(stream);
    }
}

static void stream_peek(struct dut *dut, struct request *request)
{
    struct byte_stream *stream = dut_take_stream(dut, request);
    uint64_t skip = request_take_u64(request);
    size_t most = request_take_size(request);
    static const uint8_t nowhere;
    const uint8_t *data = &nowhere;

    if (!request_has_failed(request)) {
        size_t len = byte_stream_peek(stream, skip, &data);
        size_t shown = len < most ? len : most;
        request_answer(request, " %zu ", len);
        if (len > 0 && shown == 0) {
            request_answer(request, "-"); /* nobody wants to see them: the pointer may be right */
        } else {
            request_answer_borrowed(request, data, shown, is_of_a_past_call(data));
        }
    }
}

static void stream_pop(struct dut *dut, struct request *request)
{
    struct byte_stream *stream = dut_take_stream(dut, request);
    size_t n = request_take_size(request);

    if (!request_has_failed(request)) {
        byte_stream_pop(stream, n);
    }
}

static void stream_read(struct dut *dut, struct request *request)
{
    struct byte_stream *stream = dut_take_stream(dut, request);
    size_t left = request_take_size(request);
    const uint8_t *data = NULL;
    size_t len;
    bool is_empty = true;

    if (request_has_failed(request)) {
        return;
    }
    request_answer(request, " ");
    while (left > 0 && !request_has_failed(request) &&
           (len = byte_stream_peek(stream, 0, &data)) > 0) {
        len = len < left ? len : left;
        request_answer_digits(request, data, len);
        byte_stream_pop(stream, len);
        left -= len;
        is_empty = false;
    }
    if (is_empty) {
        request_answer(request, "-");
    }
}

static void stream_state(struct dut *dut, struct request *request)
{
    const struct byte_stream *stream = dut_take_stream(dut, request);

    if (!request_has_failed(request)) {
        request_answer(request,
                       " capacity=%zu available=%zu buffered=%zu written=%" PRIu64 " read=%" PRIu64
                       " closed=%d finished=%d error=%d",
                       byte_stream_capacity(stream), byte_stream_available(stream),
                       byte_stream_buffered(stream), byte_stream_total_written(stream),
                       byte_stream_total_read(stream), byte_stream_is_closed(stream),
                       byte_stream_is_finished(stream), byte_stream_has_error(stream));
    }
}

/* --- reassemblers ------------------------------------------------------------------------------
 */

static void new_reassembler(struct dut *dut, struct request *request)
{
    size_t id = request_take_id(request);
    struct byte_stream *output = dut_take_stream(dut, request);
    if (request_has_failed(request)) {
        return;
    }
    struct reassembler *reassembler = reassembler_new(output);
    if (reassembler == NULL) {
        request_fail(request, "reassembler_new returned NULL");
    } else {
        objects_put_reassembler(&dut->objects, id, reassembler, output);
    }
}

static void free_reassembler(struct dut *dut, struct request *request)
{
    size_t id = request_take_id(request);

    if (!request_has_failed(request)) {
        objects_drop_reassembler(&dut->objects, id);
    }
}

static void insert(struct dut *dut, struct request *request)
{
    struct reassembler *reassembler = dut_take_reassembler(dut, request);
    uint64_t first_index = request_take_u64(request);
    struct bytes data = request_take_bytes(request);
    bool is_last = request_take_flag(request);

    if (data.len > UINT64_MAX - first_index) {
        request_fail(request, "the last index is beyond 2^64 - 1");
    }
    if (!request_has_failed(request)) {
        reassembler_insert(reassembler, first_index, data.data, data.len, is_last);
    }
}

static void pending(struct dut *dut, struct request *request)
{
    const struct reassembler *reassembler = dut_take_reassembler(dut, request);

    if (!request_has_failed(request)) {
        request_answer(request, " %zu", reassembler_bytes_pending(reassembler));
    }
}

const struct command stream_commands[] = {
    {"stream.new", 2, 2, stream_new},
    {"stream.free", 1, 1, stream_free},
    {"stream.write", 2, 2, stream_write},
    {"stream.close", 1, 1, stream_close},
    {"stream.error", 1, 1, stream_error},
    {"stream.peek", 3, 3, stream_peek},
    {"stream.pop", 2, 2, stream_pop},
    {"stream.read", 2, 2, stream_read},
    {"stream.state", 1, 1, stream_state},
    {"reassembler.new", 2, 2, new_reassembler},
    {"reassembler.free", 1, 1, free_reassembler},
    {"reassembler.insert", 4, 4, insert},
    {"reassembler.pending", 1, 1, pending},
    {0},
};
