/*
 * The reassembler as a textbook draws it: a sorted list of pieces. All of its answers are right;
 * but the place of a piece is found by a walk along what is held, however long a peer makes that.
 */
#include "reassembler.h"

#include <stdlib.h>
#include <string.h>

struct piece {
    struct piece *next; /* no piece overlaps another; each begins after the one before it */
    uint64_t begin;
    uint64_t end;
    uint8_t bytes[];
};

struct reassembler {
    struct byte_stream *output; /* borrowed */
    struct piece *first;
    size_t pending;
    uint64_t end; /* of the stream; UINT64_MAX while it is not known */
};

struct reassembler *reassembler_new(struct byte_stream *output)
{
    struct reassembler *reassembler = calloc(1, sizeof *reassembler);

    if (reassembler != NULL) {
        reassembler->output = output;
        reassembler->end = UINT64_MAX;
    }
    return reassembler;
}

/* Takes a piece out of the list, by the pointer that leads to it. */
static void take_out(struct reassembler *reassembler, struct piece **place)
{
    struct piece *piece = *place;

    *place = piece->next;
    reassembler->pending -= (size_t)(piece->end - piece->begin);
    free(piece);
}

void reassembler_free(struct reassembler *reassembler)
{
    if (reassembler == NULL) {
        return;
    }
    while (reassembler->first != NULL) {
        take_out(reassembler, &reassembler->first);
    }
    free(reassembler);
}

/* The pointer that leads to the first piece that ends after `index`: here is the walk. */
static struct piece **find(struct reassembler *reassembler, uint64_t index)
{
    struct piece **place = &reassembler->first;

    while (*place != NULL && (*place)->end <= index) {
        place = &(*place)->next;
    }
    return place;
}

/* Puts bytes, none of which is held, before the piece at `place`. False: there is no memory. */
static bool put(struct reassembler *reassembler, struct piece **place, uint64_t begin,
                const uint8_t *data, size_t len)
{
    struct piece *piece = malloc(sizeof *piece + len);

    if (piece == NULL) {
        return false;
    }
    piece->next = *place;
    piece->begin = begin;
    piece->end = begin + len;
    memcpy(piece->bytes, data, len);
    *place = piece;
    reassembler->pending += len;
    return true;
}

/* Of the bytes `from` to `to`, those are put into the list that fill a hole in it. */
static void hold(struct reassembler *reassembler, uint64_t from, uint64_t to, const uint8_t *data)
{
    struct piece **place = find(reassembler, from);
    uint64_t at = from;

    while (at < to) {
        const struct piece *held = *place;

        if (held == NULL || held->begin > at) {
            uint64_t stop = held != NULL && held->begin < to ? held->begin : to;

            if (!put(reassembler, place, at, data + (at - from), (size_t)(stop - at))) {
                return; /* as if the network had lost the rest */
            }
        }
        at = (*place)->end;
        place = &(*place)->next;
    }
}

static void deliver(struct reassembler *reassembler)
{
    const struct piece *piece;

    while ((piece = reassembler->first) != NULL &&
           piece->begin == byte_stream_total_written(reassembler->output)) {
        byte_stream_write(reassembler->output, piece->bytes, (size_t)(piece->end - piece->begin));
        take_out(reassembler, &reassembler->first);
    }
}

/* The stream ends here: what is held beyond it goes. */
static void cut_at(struct reassembler *reassembler, uint64_t end)
{
    struct piece **place = find(reassembler, end);

    reassembler->end = end;
    if (*place != NULL && (*place)->begin < end) {
        reassembler->pending -= (size_t)((*place)->end - end);
        (*place)->end = end;
        place = &(*place)->next;
    }
    while (*place != NULL) {
        take_out(reassembler, place);
    }
}

void reassembler_insert(struct reassembler *reassembler, uint64_t first_index, const void *data,
                        size_t len, bool is_last)
{
    uint64_t next = byte_stream_total_written(reassembler->output);
    uint64_t edge = next + byte_stream_available(reassembler->output);
    uint64_t from = first_index > next ? first_index : next;
    uint64_t to = first_index + len;

    if (byte_stream_has_error(reassembler->output)) {
        return;
    }
    if (is_last && reassembler->end == UINT64_MAX && to >= next && to <= edge) {
        cut_at(reassembler, to);
    }
    edge = edge < reassembler->end ? edge : reassembler->end;
    to = to < edge ? to : edge;
    if (from < to) {
        hold(reassembler, from, to, (const uint8_t *)data + (from - first_index));
        deliver(reassembler);
    }
    if (byte_stream_total_written(reassembler->output) == reassembler->end) {
        byte_stream_close(reassembler->output);
    }
}

size_t reassembler_bytes_pending(const struct reassembler *reassembler)
{
    return reassembler->pending;
}
