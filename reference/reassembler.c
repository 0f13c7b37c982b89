/*
 * The reassembler: a window of slots, one for each byte that may arrive now. The contract is in
 * reassembler.h.
 *
 * Byte number i of the stream has slot i mod capacity; a slot holds the byte and a mark that says
 * whether it is there. The acceptable range is never longer than the capacity, so no two bytes of
 * it share a slot, and any pattern of overlaps comes down to "is this slot filled already?".
 *
 * Why not a sorted list of pieces, which a textbook would draw? A list makes an insert as slow as
 * the list is long, and an unfriendly peer chooses how long that is. Slots cost capacity bytes
 * twice over, always the same, and an insert costs only what it carries.
 */
#include "reassembler.h"

#include <assert.h>
#include <stdlib.h>

struct reassembler {
    struct byte_stream *output; /* borrowed */
    size_t capacity;            /* of the output; the number of slots */
    uint8_t *bytes;             /* the byte in each slot, where one is held */
    bool *held;                 /* is there a byte in the slot? */
    size_t bytes_pending;       /* slots that are filled */
    bool end_known;             /* has a piece with is_last been accepted? */
    uint64_t end;               /* then: the index after the stream's last byte */
};

struct reassembler *reassembler_new(struct byte_stream *output)
{
    struct reassembler *reassembler = calloc(1, sizeof *reassembler);
    if (reassembler == NULL) {
        return NULL;
    }
    reassembler->output = output;
    reassembler->capacity = byte_stream_capacity(output);
    size_t slots = reassembler->capacity > 0 ? reassembler->capacity : 1;
    reassembler->bytes = malloc(slots * sizeof *reassembler->bytes);
    reassembler->held = calloc(slots, sizeof *reassembler->held);
    if (reassembler->bytes == NULL || reassembler->held == NULL) {
        reassembler_free(reassembler);
        return NULL;
    }
    return reassembler;
}

void reassembler_free(struct reassembler *reassembler)
{
    if (reassembler == NULL) {
        return;
    }
    free(reassembler->bytes);
    free(reassembler->held);
    free(reassembler);
}

/* The index of the first byte that has not been delivered. */
static uint64_t next_index(const struct reassembler *reassembler)
{
    return byte_stream_total_written(reassembler->output);
}

/* The index of the first byte that may not arrive yet: past what the output has room for, or past
 * the end of the stream. */
static uint64_t acceptable_end(const struct reassembler *reassembler)
{
    uint64_t edge = next_index(reassembler) + byte_stream_available(reassembler->output);
    if (reassembler->end_known && reassembler->end < edge) {
        return reassembler->end;
    }
    return edge;
}

/* Puts bytes into their slots; of bytes that are there already the first copy stays. */
static void hold(struct reassembler *reassembler, uint64_t index, const uint8_t *data, size_t len)
{
    size_t slot = (size_t)(index % reassembler->capacity);
    for (size_t i = 0; i < len; i++) {
        if (!reassembler->held[slot]) {
            reassembler->held[slot] = true;
            reassembler->bytes[slot] = data[i];
            reassembler->bytes_pending++;
        }
        slot = slot + 1 < reassembler->capacity ? slot + 1 : 0;
    }
    assert(reassembler->bytes_pending <= byte_stream_available(reassembler->output));
}

/* Empties and delivers the filled slots from the next index on: one run up to the first hole or to
 * the last slot, whichever comes first. Returns the length of the run. */
static size_t deliver_run(struct reassembler *reassembler)
{
    if (reassembler->bytes_pending == 0) {
        return 0;
    }
    size_t first = (size_t)(next_index(reassembler) % reassembler->capacity);
    size_t slot = first;
    while (slot < reassembler->capacity && reassembler->held[slot]) {
        reassembler->held[slot] = false;
        slot++;
    }
    size_t len = slot - first;
    size_t written = byte_stream_write(reassembler->output, reassembler->bytes + first, len);
    assert(written == len);
    reassembler->bytes_pending -= written;
    return written;
}

/* Takes bytes that lie within the acceptable range, and delivers what has become deliverable. */
static void accept(struct reassembler *reassembler, uint64_t index, const uint8_t *data, size_t len)
{
    if (index == next_index(reassembler) && reassembler->bytes_pending == 0) {
        /* The common case, in order with nothing held: no detour through the slots. */
        byte_stream_write(reassembler->output, data, len);
        return;
    }
    hold(reassembler, index, data, len);
    while (deliver_run(reassembler) > 0) {
    }
}

/* Fixes the end of the stream, and throws away what an earlier piece claimed to lie beyond it. */
static void set_end(struct reassembler *reassembler, uint64_t end)
{
    uint64_t edge = acceptable_end(reassembler);
    reassembler->end_known = true;
    reassembler->end = end;
    if (reassembler->bytes_pending == 0) {
        return;
    }
    for (uint64_t index = end; index < edge; index++) {
        size_t slot = (size_t)(index % reassembler->capacity);
        reassembler->bytes_pending -= reassembler->held[slot] ? 1 : 0;
        reassembler->held[slot] = false;
    }
}

static void close_at_end(struct reassembler *reassembler)
{
    if (reassembler->end_known && next_index(reassembler) == reassembler->end) {
        byte_stream_close(reassembler->output);
    }
}

void reassembler_insert(struct reassembler *reassembler, uint64_t first_index, const void *data,
                        size_t len, bool is_last)
{
    if (byte_stream_has_error(reassembler->output)) {
        return;
    }
    uint64_t past_last = first_index + len;
    uint64_t accept_from = next_index(reassembler);

    /* An end before what was delivered long ago is no end; one past the edge was cut off. */
    if (is_last && !reassembler->end_known && past_last >= accept_from &&
        past_last <= acceptable_end(reassembler)) {
        set_end(reassembler, past_last);
    }

    /* Cut off what lies outside the acceptable range, on the left and on the right. */
    uint64_t accept_to = acceptable_end(reassembler);
    uint64_t from = first_index > accept_from ? first_index : accept_from;
    uint64_t to = past_last < accept_to ? past_last : accept_to;
    if (from < to) {
        accept(reassembler, from, (const uint8_t *)data + (from - first_index),
               (size_t)(to - from));
    }
    close_at_end(reassembler);
}

size_t reassembler_bytes_pending(const struct reassembler *reassembler)
{
    return reassembler->bytes_pending;
}
