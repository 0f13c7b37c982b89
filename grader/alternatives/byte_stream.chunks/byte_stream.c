/*
 * The byte stream as a chain of small chunks: the contract is in byte_stream.h.
 *
 * A chunk is allocated when a byte is written that no chunk has room for, and freed when its last
 * byte is popped; so an idle stream costs next to nothing, however large its capacity. Each run
 * that a peek shows ends with its chunk: byte_stream.h promises at least one byte, and whoever
 * wants more asks again.
 *
 * A write for which no memory is left takes what it has room for, like one that meets the capacity.
 */
#include "byte_stream.h"

#include <stdlib.h>
#include <string.h>

#define CHUNK_BYTES 48u

struct chunk {
    struct chunk *next;
    uint8_t bytes[CHUNK_BYTES];
};

struct byte_stream {
    struct chunk *first; /* holds the read position; NULL if nothing is stored */
    struct chunk *last;  /* the one that is being filled */
    size_t head;         /* bytes of the first chunk that are popped already */
    size_t fill;         /* bytes of the last chunk that are written */
    size_t capacity;
    size_t buffered;
    uint64_t total_written;
    bool closed;
    bool error;
};

struct byte_stream *byte_stream_new(size_t capacity)
{
    struct byte_stream *stream = calloc(1, sizeof *stream);

    if (stream != NULL) {
        stream->capacity = capacity;
        stream->fill = CHUNK_BYTES;
    }
    return stream;
}

static void free_first_chunk(struct byte_stream *stream)
{
    struct chunk *done = stream->first;

    stream->first = done->next;
    stream->head = 0;
    if (stream->first == NULL) {
        stream->last = NULL;
        stream->fill = CHUNK_BYTES;
    }
    free(done);
}

void byte_stream_free(struct byte_stream *stream)
{
    if (stream == NULL) {
        return;
    }
    while (stream->first != NULL) {
        free_first_chunk(stream);
    }
    free(stream);
}

static bool append_chunk(struct byte_stream *stream)
{
    struct chunk *chunk = malloc(sizeof *chunk);

    if (chunk == NULL) {
        return false;
    }
    chunk->next = NULL;
    if (stream->last != NULL) {
        stream->last->next = chunk;
    } else {
        stream->first = chunk;
    }
    stream->last = chunk;
    stream->fill = 0;
    return true;
}

size_t byte_stream_write(struct byte_stream *stream, const void *data, size_t len)
{
    const uint8_t *from = data;
    size_t done = 0;

    if (stream->closed || stream->error) {
        return 0;
    }
    if (len > byte_stream_available(stream)) {
        len = byte_stream_available(stream);
    }
    while (done < len) {
        size_t count = len - done;

        if (stream->fill == CHUNK_BYTES && !append_chunk(stream)) {
            break;
        }
        if (count > CHUNK_BYTES - stream->fill) {
            count = CHUNK_BYTES - stream->fill;
        }
        memcpy(stream->last->bytes + stream->fill, from + done, count);
        stream->fill += count;
        done += count;
    }
    stream->buffered += done;
    stream->total_written += done;
    return done;
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
    const struct chunk *chunk = stream->first;
    size_t at;

    *data = NULL;
    if (skip >= stream->buffered) {
        return 0;
    }
    for (at = stream->head + (size_t)skip; at >= CHUNK_BYTES; at -= CHUNK_BYTES) {
        chunk = chunk->next;
    }
    *data = chunk->bytes + at;
    return (chunk == stream->last ? stream->fill : CHUNK_BYTES) - at;
}

void byte_stream_pop(struct byte_stream *stream, size_t n)
{
    if (n > stream->buffered) {
        n = stream->buffered;
    }
    stream->buffered -= n;
    stream->head += n;
    while (stream->head >= CHUNK_BYTES) {
        size_t beyond = stream->head - CHUNK_BYTES;

        free_first_chunk(stream);
        stream->head = beyond;
    }
}

size_t byte_stream_capacity(const struct byte_stream *stream)
{
    return stream->capacity;
}

size_t byte_stream_available(const struct byte_stream *stream)
{
    return stream->capacity - stream->buffered;
}

size_t byte_stream_buffered(const struct byte_stream *stream)
{
    return stream->buffered;
}

uint64_t byte_stream_total_written(const struct byte_stream *stream)
{
    return stream->total_written;
}

uint64_t byte_stream_total_read(const struct byte_stream *stream)
{
    return stream->total_written - stream->buffered;
}

bool byte_stream_is_closed(const struct byte_stream *stream)
{
    return stream->closed;
}

bool byte_stream_is_finished(const struct byte_stream *stream)
{
    return stream->closed && stream->buffered == 0;
}

bool byte_stream_has_error(const struct byte_stream *stream)
{
    return stream->error;
}
