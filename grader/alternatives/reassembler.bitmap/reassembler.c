/*
 * The reassembler as a ring of bytes and a map of bits: the contract is in reassembler.h.
 *
 * One bit for each byte says whether it is there; 64 of them are looked at together. A piece marks
 * its words with a mask, and the number of bits that were not set before is what it adds. A run to
 * be delivered ends at the first zero bit. The ring is rounded up to whole words, so that no word
 * holds bits of both ends of the window; where two copies of a byte differ, the later one stays.
 */
#include "reassembler.h"

#include <stdlib.h>
#include <string.h>

#define WORD 64u

struct reassembler {
    struct byte_stream *output; /* borrowed */
    size_t size;                /* of the ring: a multiple of WORD, above the capacity */
    uint8_t *ring;
    uint64_t *map; /* bit i % WORD of word i / WORD: is there a byte at ring[i]? */
    size_t pending;
    enum { NO_END, END_KNOWN, CLOSED } ending;
    uint64_t end;
};

struct reassembler *reassembler_new(struct byte_stream *output)
{
    struct reassembler *new = calloc(1, sizeof *new);
    size_t size = (byte_stream_capacity(output) / WORD + 2) * WORD;
    uint8_t *ring = malloc(size);
    uint64_t *map = calloc(size / WORD, sizeof *map);

    if (new == NULL || ring == NULL || map == NULL) {
        free(new);
        free(ring);
        free(map);
        return NULL;
    }
    *new = (struct reassembler){.output = output, .size = size, .ring = ring, .map = map};
    return new;
}

void reassembler_free(struct reassembler *reassembler)
{
    if (reassembler == NULL) {
        return;
    }
    free(reassembler->map);
    free(reassembler->ring);
    free(reassembler);
}

static unsigned count_bits(uint64_t word)
{
    unsigned count = 0;

    for (; word != 0; word &= word - 1) {
        count++;
    }
    return count;
}

/* Bits `from` to, and not including, `to` of a word; to <= WORD. */
static uint64_t bits(size_t from, size_t to)
{
    uint64_t below_to = to == WORD ? UINT64_MAX : (UINT64_C(1) << to) - 1;

    return below_to & ~((UINT64_C(1) << from) - 1);
}

/* Marks places from `at` on as filled or as empty, `len` of them, none past the ring's end. */
static void mark(struct reassembler *reassembler, size_t at, size_t len, bool filled)
{
    size_t end = at + len;

    while (at < end) {
        size_t base = at / WORD * WORD;
        size_t stop = end - base < WORD ? end - base : WORD;
        uint64_t mask = bits(at - base, stop);
        uint64_t *word = &reassembler->map[at / WORD];

        if (filled) {
            reassembler->pending += count_bits(mask & ~*word);
            *word |= mask;
        } else {
            reassembler->pending -= count_bits(mask & *word);
            *word &= ~mask;
        }
        at = base + stop;
    }
}

/* How many places from `at` on are filled without a gap, up to the ring's end. */
static size_t run_from(const struct reassembler *reassembler, size_t at)
{
    size_t end = at;

    while (end < reassembler->size) {
        uint64_t missing = ~reassembler->map[end / WORD] & bits(end % WORD, WORD);

        if (missing != 0) {
            size_t base = end / WORD * WORD;

            return base + count_bits((missing & (~missing + 1)) - 1) - at;
        }
        end = (end / WORD + 1) * WORD;
    }
    return end - at;
}

/* Calls for each of the at most two parts of a stretch of the stream that lie in one piece. */
static void store(struct reassembler *reassembler, uint64_t index, const uint8_t *data, size_t len)
{
    while (len > 0) {
        size_t at = (size_t)(index % reassembler->size);
        size_t part = len < reassembler->size - at ? len : reassembler->size - at;

        memcpy(reassembler->ring + at, data, part);
        mark(reassembler, at, part, true);
        index += part;
        data += part;
        len -= part;
    }
}

static void erase(struct reassembler *reassembler, uint64_t from, uint64_t to)
{
    while (from < to) {
        size_t at = (size_t)(from % reassembler->size);
        size_t room = reassembler->size - at;
        size_t part = to - from < room ? (size_t)(to - from) : room;

        mark(reassembler, at, part, false);
        from += part;
    }
}

static void deliver(struct reassembler *reassembler)
{
    for (;;) {
        uint64_t next = byte_stream_total_written(reassembler->output);
        size_t at = (size_t)(next % reassembler->size);
        size_t run = reassembler->pending > 0 ? run_from(reassembler, at) : 0;

        if (run == 0) {
            return;
        }
        byte_stream_write(reassembler->output, reassembler->ring + at, run);
        mark(reassembler, at, run, false);
    }
}

void reassembler_insert(struct reassembler *reassembler, uint64_t first_index, const void *data,
                        size_t len, bool is_last)
{
    struct byte_stream *output = reassembler->output;
    uint64_t low = byte_stream_total_written(output);
    uint64_t high = low + byte_stream_available(output);
    uint64_t stop = first_index + len;

    if (reassembler->ending == CLOSED || byte_stream_has_error(output)) {
        return;
    }
    if (is_last && reassembler->ending == NO_END && low <= stop && stop <= high) {
        reassembler->ending = END_KNOWN;
        reassembler->end = stop;
        erase(reassembler, stop, high);
    }
    if (reassembler->ending == END_KNOWN && reassembler->end < high) {
        high = reassembler->end;
    }
    if (stop > high) {
        stop = high;
    }
    if (first_index > low) {
        low = first_index;
    }
    if (low < stop) {
        const uint8_t *bytes = data;

        store(reassembler, low, bytes + (low - first_index), (size_t)(stop - low));
        deliver(reassembler);
    }
    if (reassembler->ending == END_KNOWN && byte_stream_total_written(output) == reassembler->end) {
        byte_stream_close(output);
        reassembler->ending = CLOSED;
    }
}

size_t reassembler_bytes_pending(const struct reassembler *reassembler)
{
    return reassembler->pending;
}
