/*
 * Initial sequence numbers that a stranger cannot guess: RFC 6528, by way of RFC 9293, 3.4.1.
 *
 *      ISN = M + F(local address, local port, remote address, remote port, secret)
 *
 * M counts every 4 microseconds, so that for one pair of ends old segments and new ones do not
 * mix (MUST-8). F is a keyed pseudo-random function, so that whoever does not know the secret
 * learns nothing about another pair's numbers from his own (SHLD-1, MUST-9). Here it is SipHash-2-4
 * (J.-P. Aumasson, D. J. Bernstein: SipHash: a fast short-input PRF, 2012).
 */
#pragma once

#include "seqno.h"

#include <stddef.h>
#include <stdint.h>

#define ISN_SECRET_SIZE 16u

/* The two ends of a connection; addresses and ports in host byte order. */
struct isn_ends {
    uint32_t local_address;
    uint32_t remote_address;
    uint16_t local_port;
    uint16_t remote_port;
};

/* The ISN for a connection that is opened `now_ms` milliseconds after some fixed moment. */
struct seqno isn_choose(const uint8_t secret[ISN_SECRET_SIZE], const struct isn_ends *ends,
                        uint64_t now_ms);

/* What the secret makes of the two ends for another purpose than ISNs: a number that says nothing
 * about the ISN, nor about the number for another `purpose` (any but 0). */
uint64_t isn_hash_ends(const uint8_t secret[ISN_SECRET_SIZE], const struct isn_ends *ends,
                       uint8_t purpose);

/* SipHash-2-4 of `len` bytes. */
uint64_t isn_siphash(const uint8_t key[ISN_SECRET_SIZE], const uint8_t *bytes, size_t len);
