/* Checkpoint 0: sequence numbers. What each function has to do stands in seqno.h. */
#include "seqno.h"

/* The wire form of an absolute sequence number: start at the ISN, count modulo 2^32. */
struct seqno seqno_wrap(uint64_t absolute, struct seqno isn)
{
    (void)absolute;
    /* TODO: yours */
    return isn;
}

/* The absolute number nearest to `checkpoint` that wraps to `n`. */
uint64_t seqno_unwrap(struct seqno n, struct seqno isn, uint64_t checkpoint)
{
    (void)n;
    (void)isn;
    (void)checkpoint;
    /* TODO: yours */
    return 0;
}

/* Is `b` less than half the circle ahead of `a`? */
bool seqno_before(struct seqno a, struct seqno b)
{
    (void)a;
    (void)b;
    /* TODO: yours */
    return false;
}
