/* Checkpoint 1: the byte stream. What each function has to do stands in byte_stream.h. */
#include "byte_stream.h"

struct byte_stream {
    size_t capacity; /* TODO: what else has a stream to remember? */
};

/* Makes an empty stream of the given capacity. */
struct byte_stream *byte_stream_new(size_t capacity)
{
    (void)capacity;
    /* TODO: yours */
    return NULL;
}

/* Gives back all that the stream owns. */
void byte_stream_free(struct byte_stream *stream)
{
    (void)stream;
    /* TODO: yours */
}

/* Appends what fits, and says how much that was. */
size_t byte_stream_write(struct byte_stream *stream, const void *data, size_t len)
{
    (void)stream;
    (void)data;
    (void)len;
    /* TODO: yours */
    return 0;
}

/* Notes that nothing more will be written. */
void byte_stream_close(struct byte_stream *stream)
{
    (void)stream;
    /* TODO: yours */
}

/* Notes that the stream was cut off. */
void byte_stream_set_error(struct byte_stream *stream)
{
    (void)stream;
    /* TODO: yours */
}

/* Shows the longest contiguous run of buffered bytes, `skip` bytes after the read position. */
size_t byte_stream_peek(const struct byte_stream *stream, uint64_t skip, const uint8_t **data)
{
    (void)stream;
    (void)skip;
    /* TODO: yours */
    *data = NULL;
    return 0;
}

/* Removes bytes at the read position. */
void byte_stream_pop(struct byte_stream *stream, size_t n)
{
    (void)stream;
    (void)n;
    /* TODO: yours */
}

/* The most bytes that may be buffered at one moment. */
size_t byte_stream_capacity(const struct byte_stream *stream)
{
    (void)stream;
    /* TODO: yours */
    return 0;
}

/* The bytes that fit right now. */
size_t byte_stream_available(const struct byte_stream *stream)
{
    (void)stream;
    /* TODO: yours */
    return 0;
}

/* The bytes written and not yet popped. */
size_t byte_stream_buffered(const struct byte_stream *stream)
{
    (void)stream;
    /* TODO: yours */
    return 0;
}

/* The bytes accepted since the beginning. */
uint64_t byte_stream_total_written(const struct byte_stream *stream)
{
    (void)stream;
    /* TODO: yours */
    return 0;
}

/* The bytes popped since the beginning. */
uint64_t byte_stream_total_read(const struct byte_stream *stream)
{
    (void)stream;
    /* TODO: yours */
    return 0;
}

/* Has the writer closed the stream? */
bool byte_stream_is_closed(const struct byte_stream *stream)
{
    (void)stream;
    /* TODO: yours */
    return false;
}

/* Is it closed, and has all of it been popped? */
bool byte_stream_is_finished(const struct byte_stream *stream)
{
    (void)stream;
    /* TODO: yours */
    return false;
}

/* Was the stream cut off? */
bool byte_stream_has_error(const struct byte_stream *stream)
{
    (void)stream;
    /* TODO: yours */
    return false;
}
