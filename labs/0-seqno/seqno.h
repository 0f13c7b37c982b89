/*
 * Checkpoint 0: sequence numbers.
 *
 * TCP numbers every byte of a stream. On the wire the number has only 32 bits and starts at a
 * random value, the initial sequence number (ISN), so it wraps around to zero after at most 4 GiB.
 * Inside a program one would rather count 0, 1, 2, … in 64 bits and never think of wrapping. This
 * checkpoint is the border between the two.
 *
 *                    SYN   c   a   t  FIN
 *   on the wire       ISN … ISN+4  (mod 2^32)      struct seqno
 *   absolute           0   1   2   3   4           uint64_t
 *   stream index           0   1   2               uint64_t, the payload bytes only
 *
 * SYN and FIN take one sequence number each although they carry no byte (RFC 9293, 3.4); this is
 * why absolute numbers and stream indices differ by one.
 *
 * All functions are pure: no state, no allocation, no invalid input, constant time.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * A 32-bit sequence number as it stands in a segment, in host byte order. It is a struct so that
 * the compiler refuses to mix it with a plain integer, or to compare two of them with `<`: numbers
 * on a circle have no smallest element.
 */
struct seqno {
    uint32_t raw;
};

/*
 * The wire form of an absolute sequence number: (isn + absolute) mod 2^32.
 * RFC 9293, 3.4: all arithmetic on sequence numbers is modulo 2^32.
 */
struct seqno seqno_wrap(uint64_t absolute, struct seqno isn);

/*
 * The absolute sequence number that `n` stands for. Infinitely many absolute numbers wrap to the
 * same `n` (they lie 2^32 apart); the answer is the one nearest to `checkpoint`, an absolute number
 * known to be recent, such as the next byte expected.
 *
 *   - The answer is never negative: where the nearest candidate would lie below zero, the answer is
 *     the next one above. Likewise it never exceeds 2^64 - 1.
 *   - Two candidates equally near, 2^31 away on either side: the lower one, unless it is negative.
 *   - Constant time, whatever the checkpoint: no loop that adds 2^32 until it is near.
 *
 * Example: isn 0, n 17, checkpoint 2^32 + 5: the candidates are 17, 2^32 + 17, …; the answer is
 * 2^32 + 17.
 */
uint64_t seqno_unwrap(struct seqno n, struct seqno isn, uint64_t checkpoint);

/*
 * Does `a` come before `b`? True when going forward from `a` reaches `b` in at least 1 and less
 * than 2^31 steps. False for equal numbers. Numbers exactly 2^31 apart come before each other in
 * neither direction. RFC 9293, 3.4: this is what the RFC means by "<" on sequence numbers.
 */
bool seqno_before(struct seqno a, struct seqno b);
