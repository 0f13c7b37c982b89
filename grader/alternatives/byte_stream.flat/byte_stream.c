/*
 * The byte stream as one flat buffer: the contract is in byte_stream.h.
 *
 * What is buffered always lies in one piece, so that every peek shows all of it. The buffer has
 * twice the capacity: bytes are moved to its beginning only when a write finds no room behind them,
 * and then at least `capacity` bytes have been written since they were moved last. So each byte is
 * moved once on average at most, and a write still costs what it carries.
 */
#include "byte_stream.h"

#include <stdlib.h>
#include <string.h>

struct byte_stream {
    size_t capacity;
    size_t begin; /* what is buffered: bytes[begin], … */
    size_t end;   /* … up to, and not including, bytes[end] */
    uint64_t total_read;
    bool closed;
    bool error;
    uint8_t bytes[]; /* 2 * capacity */
};

struct byte_stream *byte_stream_new(size_t capacity)
{
    struct byte_stream *stream;

    if (capacity > (SIZE_MAX - sizeof *stream) / 2) {
        return NULL;
    }
    stream = calloc(1, sizeof *stream + 2 * capacity);
    if (stream != NULL) {
        stream->capacity = capacity;
    }
    return stream;
}

void byte_stream_free(struct byte_stream *stream)
{
    free(stream);
}

size_t byte_stream_write(struct byte_stream *stream, const void *data, size_t len)
{
    size_t room = byte_stream_available(stream);
    size_t count = len < room ? len : room;

    if (count == 0 || stream->closed || stream->error) {
        return 0;
    }
    if (stream->end + count > 2 * stream->capacity) {
        stream->end -= stream->begin;
        memmove(stream->bytes, stream->bytes + stream->begin, stream->end);
        stream->begin = 0;
    }
    memcpy(stream->bytes + stream->end, data, count);
    stream->end += count;
    return count;
}

void byte_stream_close(struct byte_stream *stream)
{
    stream->closed = true;
}

void byte_stream_set_error(struct byte_stream *stream)
{
    stream->error = true;
}

size_t byte_stream_peek(const struct byte_stream *stream, uint64_t skip, const uint8_t **data)
{
    size_t buffered = byte_stream_buffered(stream);

    if (skip >= buffered) {
        *data = NULL;
        return 0;
    }
    *data = stream->bytes + stream->begin + skip;
    return buffered - (size_t)skip;
}

void byte_stream_pop(struct byte_stream *stream, size_t n)
{
    size_t buffered = byte_stream_buffered(stream);
    size_t count = n < buffered ? n : buffered;

    stream->begin += count;
    stream->total_read += count;
    if (stream->begin == stream->end) {
        stream->begin = stream->end = 0;
    }
}

size_t byte_stream_capacity(const struct byte_stream *stream)
{
    return stream->capacity;
}

size_t byte_stream_available(const struct byte_stream *stream)
{
    return stream->capacity - byte_stream_buffered(stream);
}

size_t byte_stream_buffered(const struct byte_stream *stream)
{
    return stream->end - stream->begin;
}

uint64_t byte_stream_total_written(const struct byte_stream *stream)
{
    return stream->total_read + byte_stream_buffered(stream);
}

uint64_t byte_stream_total_read(const struct byte_stream *stream)
{
    return stream->total_read;
}

bool byte_stream_is_closed(const struct byte_stream *stream)
{
    return stream->closed;
}

bool byte_stream_is_finished(const struct byte_stream *stream)
{
    return stream->closed && stream->begin == stream->end;
}

bool byte_stream_has_error(const struct byte_stream *stream)
{
    return stream->error;
}
