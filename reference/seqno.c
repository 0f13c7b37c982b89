/*
 * Sequence numbers: the contract, with pictures, is in seqno.h.
 *
 * Unsigned arithmetic in C is modulo 2^32 for uint32_t, which is just the arithmetic that RFC 9293,
 * 3.4 prescribes. So the 32-bit parts need no special case for the wrap; only the choice between
 * neighbouring candidates in unwrap does.
 */
#include "seqno.h"

/* Half-way round the circle of sequence numbers. */
#define HALF_CIRCLE (UINT32_C(1) << 31)
/* All the way round: the distance between two absolute numbers with the same wire form. */
#define FULL_CIRCLE (UINT64_C(1) << 32)

struct seqno seqno_wrap(uint64_t absolute, struct seqno isn)
{
    return (struct seqno){isn.raw + (uint32_t)absolute};
}

uint64_t seqno_unwrap(struct seqno n, struct seqno isn, uint64_t checkpoint)
{
    /* How many steps forward from the checkpoint to the next number that wraps to n? */
    uint32_t offset = n.raw - isn.raw;
    uint32_t ahead = offset - (uint32_t)checkpoint;
    uint64_t behind = FULL_CIRCLE - ahead;

    bool above_is_too_large = checkpoint > UINT64_MAX - ahead;
    bool below_is_negative = checkpoint < behind;

    if (above_is_too_large) {
        return checkpoint - behind;
    }
    if (ahead < HALF_CIRCLE || below_is_negative) {
        return checkpoint + ahead;
    }
    return checkpoint - behind;
}

bool seqno_before(struct seqno a, struct seqno b)
{
    uint32_t steps = b.raw - a.raw;
    return steps > 0 && steps < HALF_CIRCLE;
}
