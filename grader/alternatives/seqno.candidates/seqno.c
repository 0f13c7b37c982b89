/*
 * Sequence numbers by candidates and by signed distances: the contract is in seqno.h.
 *
 * To unwrap, put the 32 bits into the round that the checkpoint is in, and look at that candidate
 * and its two neighbours: the nearest of the three is the answer. To compare, look at the distance
 * as a signed number. RFC 9293, 3.4 asks only that all of it is modulo 2^32.
 */
#include "seqno.h"

#define ROUND (UINT64_C(1) << 32)

struct seqno seqno_wrap(uint64_t absolute, struct seqno isn)
{
    return (struct seqno){(uint32_t)((absolute % ROUND + isn.raw) % ROUND)};
}

static uint64_t distance(uint64_t a, uint64_t b)
{
    return a > b ? a - b : b - a;
}

uint64_t seqno_unwrap(struct seqno n, struct seqno isn, uint64_t checkpoint)
{
    uint64_t offset = (n.raw + ROUND - isn.raw) % ROUND;
    uint64_t same_round = checkpoint / ROUND * ROUND + offset;
    uint64_t best = same_round;

    /* Of two that are equally near the lower one wins: so below before or, above after and less. */
    if (same_round >= ROUND &&
        distance(same_round - ROUND, checkpoint) <= distance(best, checkpoint)) {
        best = same_round - ROUND;
    }
    if (same_round <= UINT64_MAX - ROUND &&
        distance(same_round + ROUND, checkpoint) < distance(best, checkpoint)) {
        best = same_round + ROUND;
    }
    return best;
}

bool seqno_before(struct seqno a, struct seqno b)
{
    int64_t steps = (int64_t)b.raw - (int64_t)a.raw;
    int64_t half = (int64_t)(ROUND / 2);

    /* Into (-2^31, 2^31]: the way round that is not longer than half the circle. */
    if (steps <= -half) {
        steps += (int64_t)ROUND;
    } else if (steps > half) {
        steps -= (int64_t)ROUND;
    }
    return steps > 0 && steps < half;
}
