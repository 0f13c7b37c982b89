/*
 * The byte stream: a ring buffer. The contract is in byte_stream.h.
 *
 * Byte number i of the stream is stored at i mod capacity. Two counters say everything about where
 * the reader and the writer are: they only grow, and because they count from the beginning of the
 * stream rather than from the beginning of the buffer, an empty ring and a full one cannot be
 * mistaken for each other.
 */
#include "byte_stream.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct byte_stream {
    uint8_t *ring;          /* `capacity` bytes */
    size_t capacity;        /* most bytes buffered at one moment */
    uint64_t total_written; /* bytes accepted since the beginning */
    uint64_t total_read;    /* bytes popped since the beginning */
    bool closed;            /* the writer is done */
    bool error;             /* the stream was cut off */
};

static size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

struct byte_stream *byte_stream_new(size_t capacity)
{
    struct byte_stream *stream = calloc(1, sizeof *stream);
    if (stream == NULL) {
        return NULL;
    }
    stream->capacity = capacity;
    /* One byte more than nothing: malloc(0) may return NULL, which would look like a failure. */
    stream->ring = malloc(capacity > 0 ? capacity : 1);
    if (stream->ring == NULL) {
        free(stream);
        return NULL;
    }
    return stream;
}

void byte_stream_free(struct byte_stream *stream)
{
    if (stream == NULL) {
        return;
    }
    free(stream->ring);
    free(stream);
}

/* How many bytes from stream index `index` on lie side by side before the ring's end. */
static size_t bytes_before_ring_end(const struct byte_stream *stream, uint64_t index)
{
    return stream->capacity - (size_t)(index % stream->capacity);
}

static uint8_t *ring_at(const struct byte_stream *stream, uint64_t index)
{
    return stream->ring + index % stream->capacity;
}

size_t byte_stream_write(struct byte_stream *stream, const void *data, size_t len)
{
    if (stream->closed || stream->error) {
        return 0;
    }
    size_t accepted = min_size(len, byte_stream_available(stream));
    if (accepted == 0) {
        return 0;
    }
    /* At most two pieces: up to the ring's end, and the rest from the ring's beginning. */
    size_t first = min_size(accepted, bytes_before_ring_end(stream, stream->total_written));
    memcpy(ring_at(stream, stream->total_written), data, first);
    memcpy(stream->ring, (const uint8_t *)data + first, accepted - first);

    stream->total_written += accepted;
    assert(byte_stream_buffered(stream) <= stream->capacity);
    return accepted;
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
    uint64_t index = stream->total_read + skip;
    *data = ring_at(stream, index);
    return min_size(buffered - (size_t)skip, bytes_before_ring_end(stream, index));
}

void byte_stream_pop(struct byte_stream *stream, size_t n)
{
    stream->total_read += min_size(n, byte_stream_buffered(stream));
    assert(stream->total_read <= stream->total_written);
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
    return (size_t)(stream->total_written - stream->total_read);
}

uint64_t byte_stream_total_written(const struct byte_stream *stream)
{
    return stream->total_written;
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
    return stream->closed && byte_stream_buffered(stream) == 0;
}

bool byte_stream_has_error(const struct byte_stream *stream)
{
    return stream->error;
}
