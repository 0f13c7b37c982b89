/*
 * A bad link, on purpose: it loses packets, doubles, reorders and damages them, delays them and has
 * only so much bandwidth. One link carries one direction; take two for both.
 *
 *      push ──▶ lost? ──▶ damaged? doubled? ──▶ rate ──▶ delay, reordering ──▶ pop
 *
 * It reads no clock and does no I/O: packets go in with the time, and come out when their time has
 * come. All that happens follows from the configuration, its seed and the packets pushed, so a run
 * can be repeated. Each packet takes the same number of random draws whatever becomes of it: with
 * another loss rate, say, the packets damaged stay the same ones.
 *
 * Times are microseconds of any one clock that never goes back.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lossy_link_config {
    double loss;       /* the probability, from 0 to 1, that a packet vanishes */
    double duplicate;  /* that it arrives twice */
    double reorder;    /* that it is held back, so that later ones overtake it */
    double corrupt;    /* that one byte of it is changed: an Internet checksum always shows that */
    uint64_t delay_us; /* how long every packet is under way */
    uint64_t reorder_us;    /* how much longer, at most, one that is held back; at least 1 */
    uint64_t rate_bps;      /* bits that leave in a second; 0 = as many as come */
    unsigned queue_packets; /* so many may be under way at once; more are dropped; 0 = no limit */
    uint64_t seed;
};

/* A perfect link: nothing goes wrong, nothing waits. Packets held back later wait up to 2 ms, and a
 * thousand may be under way. */
struct lossy_link_config lossy_link_config_default(void);

struct lossy_link;

/* NULL with errno: EINVAL (a probability outside 0 … 1, or reorder_us = 0), ENOMEM. */
struct lossy_link *lossy_link_new(const struct lossy_link_config *config);
/* Frees the link and the packets under way. NULL is allowed and ignored. */
void lossy_link_free(struct lossy_link *link);

/* A packet of at least one byte enters the link at `now_us`. It is copied. When there is no memory
 * it is lost. */
void lossy_link_push(struct lossy_link *link, uint64_t now_us, const uint8_t *packet, size_t len);

/* The next packet whose time has come: copies it to `packet` and returns its length, or returns 0
 * if none is due at `now_us`. Call it until then. `capacity` is at least the largest packet that
 * was pushed; a longer one is cut off there. */
size_t lossy_link_pop(struct lossy_link *link, uint64_t now_us, uint8_t *packet, size_t capacity);

/* When the next packet is due; false if none is under way. */
bool lossy_link_next_due(const struct lossy_link *link, uint64_t *due_us);

struct lossy_link_counters {
    uint64_t pushed, popped;
    uint64_t lost, duplicated, reordered, corrupted;
    uint64_t overflowed; /* dropped because queue_packets were under way */
};
struct lossy_link_counters lossy_link_counters(const struct lossy_link *link);
