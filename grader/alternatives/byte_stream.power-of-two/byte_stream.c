/*
 * The byte stream as a ring of 2^n bytes: the contract is in byte_stream.h.
 *
 * The ring is at least as large as the capacity, which may be any number; the capacity bounds what
 * is buffered, the ring only where it lies. In return no position is ever divided: two free-running
 * counters are masked. The ring begins small and doubles while the stream fills, as an idle
 * connection should not cost its whole window.
 */
#include "byte_stream.h"

#include <stdlib.h>
#include <string.h>

#define SMALLEST_RING 64u

struct byte_stream {
    uint8_t *ring;
    size_t mask; /* size of the ring, less one; the size is a power of two */
    size_t capacity;
    uint64_t tail;                                    /* bytes written, ever */
    uint64_t head;                                    /* bytes popped, ever */
    enum { OPEN = 0, CLOSED = 1, FAILED = 2 } ending; /* a set: both may have happened */
};

struct byte_stream *byte_stream_new(size_t capacity)
{
    struct byte_stream *stream = calloc(1, sizeof *stream);
    uint8_t *ring = malloc(SMALLEST_RING);

    if (stream == NULL || ring == NULL) {
        free(stream);
        free(ring);
        return NULL;
    }
    stream->capacity = capacity;
    stream->ring = ring;
    stream->mask = SMALLEST_RING - 1;
    return stream;
}

void byte_stream_free(struct byte_stream *stream)
{
    if (stream != NULL) {
        free(stream->ring);
        free(stream);
    }
}

/* Copies `len` bytes into a ring, from index `at` on. */
static void put(uint8_t *ring, size_t mask, uint64_t at, const uint8_t *from, size_t len)
{
    size_t place = (size_t)(at & mask);
    size_t first = len < mask + 1 - place ? len : mask + 1 - place;

    memcpy(ring + place, from, first);
    memcpy(ring, from + first, len - first);
}

/* Makes the ring large enough for `needed` bytes. Each byte moves to its index in the new one. */
static bool grow(struct byte_stream *stream, size_t needed)
{
    size_t size = stream->mask + 1;
    uint64_t at = stream->head;
    uint8_t *larger;

    while (size < needed) {
        size *= 2;
    }
    if (size == stream->mask + 1) {
        return true;
    }
    larger = malloc(size);
    if (larger == NULL) {
        return false;
    }
    while (at < stream->tail) {
        const uint8_t *run;
        size_t len = byte_stream_peek(stream, at - stream->head, &run);

        put(larger, size - 1, at, run, len);
        at += len;
    }
    free(stream->ring);
    stream->ring = larger;
    stream->mask = size - 1;
    return true;
}

size_t byte_stream_write(struct byte_stream *stream, const void *data, size_t len)
{
    size_t room = byte_stream_available(stream);

    if (stream->ending != OPEN || len == 0 || room == 0) {
        return 0;
    }
    len = len < room ? len : room;
    if (!grow(stream, byte_stream_buffered(stream) + len)) {
        room = stream->mask + 1 - byte_stream_buffered(stream);
        len = len < room ? len : room;
    }
    put(stream->ring, stream->mask, stream->tail, data, len);
    stream->tail += len;
    return len;
}

void byte_stream_close(struct byte_stream *stream)
{
    stream->ending |= CLOSED;
}

void byte_stream_set_error(struct byte_stream *stream)
{
    stream->ending |= FAILED;
}

size_t byte_stream_peek(const struct byte_stream *stream, uint64_t skip, const uint8_t **data)
{
    size_t buffered = byte_stream_buffered(stream);
    size_t place = (size_t)((stream->head + skip) & stream->mask);
    size_t to_the_end = stream->mask + 1 - place;

    if (skip >= buffered) {
        *data = NULL;
        return 0;
    }
    *data = stream->ring + place;
    return to_the_end < buffered - skip ? to_the_end : buffered - (size_t)skip;
}

void byte_stream_pop(struct byte_stream *stream, size_t n)
{
    size_t buffered = byte_stream_buffered(stream);

    stream->head += n < buffered ? n : buffered;
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
    return (size_t)(stream->tail - stream->head);
}

uint64_t byte_stream_total_written(const struct byte_stream *stream)
{
    return stream->tail;
}

uint64_t byte_stream_total_read(const struct byte_stream *stream)
{
    return stream->head;
}

bool byte_stream_is_closed(const struct byte_stream *stream)
{
    return (stream->ending & CLOSED) != 0;
}

bool byte_stream_is_finished(const struct byte_stream *stream)
{
    return byte_stream_is_closed(stream) && stream->head == stream->tail;
}

bool byte_stream_has_error(const struct byte_stream *stream)
{
    return (stream->ending & FAILED) != 0;
}
