/*
 * Checkpoint 1: the byte stream.
 *
 * A pipe inside one process: bytes go in at one end and come out at the other in the same order,
 * and at most `capacity` of them are stored in between. The stream itself may go on for ever; the
 * capacity bounds what is buffered at one moment, never the total.
 *
 *            popped             buffered              free
 *   …─────────────────────┬──────────────────┬──────────────────┐
 *                    total_read         total_written     total_read + capacity
 *
 * TCP uses two of them for each connection: one carries received bytes from the reassembler to
 * the application, the other holds written bytes until the peer has acknowledged them.
 *
 * Ownership: the stream copies what is written; pointers that it hands out point into the stream
 * and live until the next call that changes it. No function is to be called with a null stream,
 * except byte_stream_free.
 *
 * RFC 9293, 2.2 (the stream that TCP offers) and 3.8.6 (the buffer whose free space is the window).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct byte_stream;

/* A new, empty stream that buffers at most `capacity` bytes (0 is allowed: nothing ever fits).
 * NULL when there is no memory. The caller frees it with byte_stream_free. */
struct byte_stream *byte_stream_new(size_t capacity);

/* Gives back everything the stream owns. NULL is allowed and ignored. */
void byte_stream_free(struct byte_stream *stream);

/* --- the writer's side ------------------------------------------------------------------------ */

/* Appends as many of the `len` bytes as fit and returns how many that were. It never blocks. A
 * stream that is closed or has an error accepts nothing. `data` may be NULL if `len` is 0. */
size_t byte_stream_write(struct byte_stream *stream, const void *data, size_t len);

/* The writer is done: nothing more will be written. What is buffered can still be read. Closing
 * twice is harmless. */
void byte_stream_close(struct byte_stream *stream);

/* The stream has failed (the connection was reset, say). It accepts nothing more; what is buffered
 * stays readable. An error does not close the stream: an end that was cut off is no end. */
void byte_stream_set_error(struct byte_stream *stream);

/* --- the reader's side ------------------------------------------------------------------------ */

/*
 * Lets the reader look at buffered bytes without copying or removing them. Sets `*data` to the byte
 * that stands `skip` bytes after the read position and returns how many bytes may be read from
 * there: at least 1 if `skip` is less than the bytes buffered, and the longest run that is
 * contiguous in memory. To see all, call again with a larger `skip`; with skip = s + the length
 * returned for s, one goes on where the last call ended.
 * Returns 0, and sets `*data` to NULL, when `skip` is at or past the end of what is buffered.
 */
size_t byte_stream_peek(const struct byte_stream *stream, uint64_t skip, const uint8_t **data);

/* Removes `n` bytes at the read position, or all that are buffered if `n` is larger. */
void byte_stream_pop(struct byte_stream *stream, size_t n);

/* --- queries; none of them changes anything --------------------------------------------------- */

/* The free space: capacity - buffered, also in a stream that is closed or has an error, though a
 * write takes nothing there. */
size_t byte_stream_available(const struct byte_stream *stream);

size_t byte_stream_capacity(const struct byte_stream *stream); /* bytes, as given to _new */
size_t byte_stream_buffered(const struct byte_stream *stream); /* bytes written, not popped */
uint64_t byte_stream_total_written(const struct byte_stream *stream); /* bytes accepted, ever */
uint64_t byte_stream_total_read(const struct byte_stream *stream);    /* bytes popped, ever */
bool byte_stream_is_closed(const struct byte_stream *stream);   /* has the writer closed it? */
bool byte_stream_is_finished(const struct byte_stream *stream); /* closed, and all of it popped */
bool byte_stream_has_error(const struct byte_stream *stream);   /* was an error set? */
