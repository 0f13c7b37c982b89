/*
 * The reassembler as a sorted list of pieces: the contract is in reassembler.h.
 *
 * The pieces held are disjoint and in order. A plain list would have to be walked from its
 * beginning, and a peer chooses how long it is; so this is a skip list (Pugh, 1990): about every
 * fourth piece is also a stop of an express line, every sixteenth of a faster one, and so on. An
 * insert takes the expresses to its place, and from there one step for each byte that it carries at
 * most: the factor log(pieces held) that the contract allows.
 *
 * A new piece is cut up by those that are there already: only what fills a hole is copied.
 */
#include "reassembler.h"

#include <stdlib.h>
#include <string.h>

#define LINES 10u /* enough for 4^10 pieces; more only make it slower */

struct piece {
    uint64_t begin;
    uint64_t end;
    unsigned lines;      /* on so many of them it is a stop */
    struct piece **next; /* the next stop on each */
    uint8_t *bytes;
};

struct reassembler {
    struct byte_stream *output; /* borrowed */
    struct piece *first[LINES]; /* the first stop on each line */
    uint32_t dice;              /* state of a xorshift generator, for the height of a piece */
    size_t pending;
    uint64_t end; /* of the stream; UINT64_MAX while it is not known */
};

struct reassembler *reassembler_new(struct byte_stream *output)
{
    struct reassembler *reassembler = calloc(1, sizeof *reassembler);

    if (reassembler != NULL) {
        reassembler->output = output;
        reassembler->dice = 2463534242u;
        reassembler->end = UINT64_MAX;
    }
    return reassembler;
}

void reassembler_free(struct reassembler *reassembler)
{
    if (reassembler == NULL) {
        return;
    }
    while (reassembler->first[0] != NULL) {
        struct piece *piece = reassembler->first[0];

        reassembler->first[0] = piece->next[0];
        free(piece);
    }
    free(reassembler);
}

static unsigned throw_height(struct reassembler *reassembler)
{
    unsigned lines = 1;

    reassembler->dice ^= reassembler->dice << 13;
    reassembler->dice ^= reassembler->dice >> 17;
    reassembler->dice ^= reassembler->dice << 5;
    for (uint32_t bits = reassembler->dice; lines < LINES && (bits & 3) == 0; bits >>= 2) {
        lines++;
    }
    return lines;
}

/* A piece with its lines and its bytes, all in one allocation; NULL when there is no memory. */
static struct piece *new_piece(struct reassembler *reassembler, uint64_t begin, size_t len)
{
    unsigned lines = throw_height(reassembler);
    struct piece *piece = malloc(sizeof *piece + lines * sizeof(struct piece *) + len);

    if (piece != NULL) {
        piece->begin = begin;
        piece->end = begin + len;
        piece->lines = lines;
        piece->next = (struct piece **)(piece + 1);
        piece->bytes = (uint8_t *)(piece->next + lines);
    }
    return piece;
}

/* For each line: where the pointer is that leads to the first piece that ends after `index`. */
static void find(struct reassembler *reassembler, uint64_t index, struct piece **slots[LINES])
{
    struct piece **pointers = reassembler->first;

    for (unsigned line = LINES; line-- > 0;) {
        while (pointers[line] != NULL && pointers[line]->end <= index) {
            pointers = pointers[line]->next;
        }
        slots[line] = &pointers[line];
    }
}

/* Fills a hole. Without memory the bytes are lost, and come again: nobody has acknowledged them. */
static struct piece *fill(struct reassembler *reassembler, struct piece **slots[LINES],
                          uint64_t begin, const uint8_t *data, size_t len)
{
    struct piece *piece = new_piece(reassembler, begin, len);

    if (piece == NULL) {
        return NULL;
    }
    memcpy(piece->bytes, data, len);
    for (unsigned line = 0; line < piece->lines; line++) {
        piece->next[line] = *slots[line];
        *slots[line] = piece;
    }
    reassembler->pending += len;
    return piece;
}

static void step_over(const struct piece *piece, struct piece **slots[LINES])
{
    for (unsigned line = 0; line < piece->lines; line++) {
        slots[line] = &piece->next[line];
    }
}

static void hold(struct reassembler *reassembler, uint64_t from, uint64_t to, const uint8_t *data)
{
    struct piece **slots[LINES];
    uint64_t at = from;

    find(reassembler, from, slots);
    while (at < to) {
        const struct piece *held = *slots[0];

        if (held == NULL || held->begin > at) {
            uint64_t stop = held != NULL && held->begin < to ? held->begin : to;

            held = fill(reassembler, slots, at, data + (at - from), (size_t)(stop - at));
            if (held == NULL) {
                at = stop;
                continue;
            }
        }
        step_over(held, slots);
        at = held->end;
    }
}

static void forget_first(struct reassembler *reassembler)
{
    struct piece *piece = reassembler->first[0];

    for (unsigned line = 0; line < piece->lines; line++) {
        reassembler->first[line] = piece->next[line];
    }
    reassembler->pending -= (size_t)(piece->end - piece->begin);
    free(piece);
}

/* Delivers the pieces at the front of the list, as far as there is no hole. */
static void deliver(struct reassembler *reassembler)
{
    const struct piece *piece;

    while ((piece = reassembler->first[0]) != NULL &&
           piece->begin == byte_stream_total_written(reassembler->output)) {
        byte_stream_write(reassembler->output, piece->bytes, (size_t)(piece->end - piece->begin));
        forget_first(reassembler);
    }
}

/* The stream ends here: pieces that claim to lie beyond it are no part of it. */
static void cut_at(struct reassembler *reassembler, uint64_t end)
{
    struct piece **slots[LINES];
    struct piece *piece;

    reassembler->end = end;
    find(reassembler, end, slots);
    piece = *slots[0];
    if (piece != NULL && piece->begin < end) {
        reassembler->pending -= (size_t)(piece->end - end);
        piece->end = end;
        step_over(piece, slots);
        piece = *slots[0];
    }
    for (unsigned line = 0; line < LINES; line++) {
        *slots[line] = NULL;
    }
    while (piece != NULL) {
        struct piece *following = piece->next[0];

        reassembler->pending -= (size_t)(piece->end - piece->begin);
        free(piece);
        piece = following;
    }
}

void reassembler_insert(struct reassembler *reassembler, uint64_t first_index, const void *data,
                        size_t len, bool is_last)
{
    uint64_t next = byte_stream_total_written(reassembler->output);
    uint64_t edge = next + byte_stream_available(reassembler->output);
    uint64_t past = first_index + len;
    uint64_t from = first_index > next ? first_index : next;

    if (byte_stream_has_error(reassembler->output)) {
        return;
    }
    if (is_last && reassembler->end == UINT64_MAX && past >= next && past <= edge) {
        cut_at(reassembler, past);
    }
    edge = edge < reassembler->end ? edge : reassembler->end;
    past = past < edge ? past : edge;
    if (from < past) {
        hold(reassembler, from, past, (const uint8_t *)data + (from - first_index));
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
