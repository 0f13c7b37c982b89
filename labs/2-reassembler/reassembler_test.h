/*
 * Words that the reassembler's unit tests are written in. The stream in most of them is the
 * alphabet: index 0 is `a`, index 1 is `b`, and so on, so that a piece's text shows where it
 * belongs.
 */
#pragma once

#include "testing.h"

#include "reassembler.h"

struct rig {
    struct byte_stream *stream;
    struct reassembler *reassembler;
};

/* A stream of `capacity` bytes with a reassembler that writes to it; teardown frees them. */
static inline struct rig *rig_of(void **state, size_t capacity)
{
    struct rig *rig = calloc(1, sizeof *rig);

    assert_non_null(rig);
    *state = rig;
    rig->stream = byte_stream_new(capacity);
    assert_non_null(rig->stream);
    rig->reassembler = reassembler_new(rig->stream);
    assert_non_null(rig->reassembler);
    return rig;
}

static inline int free_rig(void **state)
{
    struct rig *rig = *state;

    if (rig != NULL) {
        reassembler_free(rig->reassembler);
        byte_stream_free(rig->stream);
        free(rig);
    }
    return 0;
}

static inline void insert(struct rig *rig, uint64_t first_index, const char *text)
{
    reassembler_insert(rig->reassembler, first_index, text, strlen(text), false);
}

static inline void insert_last(struct rig *rig, uint64_t first_index, const char *text)
{
    reassembler_insert(rig->reassembler, first_index, text, strlen(text), true);
}

/* Reads up to `n` bytes into a string. */
static inline void read_text(struct rig *rig, char *text, size_t n)
{
    size_t len = 0;

    while (len < n) {
        const uint8_t *data = NULL;
        size_t span = byte_stream_peek(rig->stream, 0, &data);

        if (span == 0) {
            break;
        }
        span = span < n - len ? span : n - len;
        memcpy(text + len, data, span);
        byte_stream_pop(rig->stream, span);
        len += span;
    }
    text[len] = '\0';
}

#define expect_delivered(rig, expected) expect_delivered_at(rig, expected, __FILE__, __LINE__)
#define expect_pending(rig, bytes)                                                                 \
    assert_number_at(reassembler_bytes_pending((rig)->reassembler), bytes, "bytes pending",        \
                     __FILE__, __LINE__)
#define expect_open(rig) assert_false(byte_stream_is_closed((rig)->stream))
#define expect_closed(rig) assert_true(byte_stream_is_closed((rig)->stream))

/* Reads all that was delivered since the last time. */
static inline void expect_delivered_at(struct rig *rig, const char *expected, const char *file,
                                       int line)
{
    char text[256];

    read_text(rig, text, sizeof text - 1);
    assert_text_at(text, expected, "what was delivered", file, line);
}

/* --- the same, as tests use them: a failure on the way is one of the test's line -------------- */

#define rig_of(state, capacity) from_here(rig_of(state, capacity))
