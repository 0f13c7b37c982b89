/*
 * The event loop: joins one stack, one wire and the real clock.
 *
 *      stack ── transmit ──▶ capture ──▶ outbound link ──▶ wire
 *        ▲ ◀── receive ──── capture ◀── inbound link ◀──── │
 *      tick: the milliseconds that have passed
 *
 * The stack may be used by many threads that take turns, under a lock which is theirs and not the
 * loop's. One of them, the pump, goes round and round:
 *
 *      lock;  loop_exchange();  pause = loop_pause();  unlock;  loop_wait(pause);
 *
 * Another that wants something of the stack does, under the same lock: loop_catch_up(), what it
 * wants, loop_transmit(). So it sends at once, without waiting for the pump.
 *
 * Every function but loop_wait and loop_wake is to be called under the lock.
 */
#pragma once

#include "lossy_link.h"
#include "pcap_writer.h"
#include "stack.h"

#include <stdbool.h>
#include <stdint.h>

struct loop_config {
    struct stack *stack; /* borrowed */
    int wire_fd;         /* borrowed: a TUN device, or a packet socket pair: one read or write moves
                            one IPv4 packet. The loop makes it non-blocking */
    uint32_t tick_ms;    /* the longest time the stack goes without a tick; 0 is taken as 1 */
    const struct lossy_link_config *outbound; /* NULL: a perfect link. Copied */
    const struct lossy_link_config *inbound;  /* the same for what comes in */
    struct pcap_writer *capture; /* borrowed; NULL: none. Gets what the stack sent, before the
                                    outbound link, and what it was given, after the inbound one */
};

struct loop;

/* NULL with errno: EINVAL (a senseless link), or what fcntl or eventfd said. */
struct loop *loop_new(const struct loop_config *config);
/* Frees the loop, not what it borrowed. NULL is allowed and ignored. */
void loop_free(struct loop *loop);

/* Tells the stack what time has passed since it last heard. */
void loop_catch_up(struct loop *loop);

/* Sends all that the stack has to send and the wire takes. What the wire does not take now is kept
 * for the pump, which is woken. */
void loop_transmit(struct loop *loop);

/* One turn: time, then what has arrived (a batch of it), then what is to be sent. False when the
 * wire is gone for good: its other end was closed, or its interface removed. */
bool loop_exchange(struct loop *loop);

/* What the pump waits for. */
struct loop_pause {
    uint64_t until_us; /* on the monotonic clock */
    bool for_room;     /* the wire was full: wait until it takes packets again, too */
};
struct loop_pause loop_pause(struct loop *loop);

/* Waits until a packet arrives, the pause is over, or loop_wake is called. Does not touch the
 * stack: call it without the lock. Only one thread may be in it. False when the wire is gone. */
bool loop_wait(struct loop *loop, struct loop_pause pause);

/* Ends a loop_wait that is going on, or the next one. From any thread, with or without the lock. */
void loop_wake(struct loop *loop);

struct loop_counters {
    uint64_t refused;                             /* packets that the wire did not want */
    struct lossy_link_counters outbound, inbound; /* all 0 where there is no link */
};
struct loop_counters loop_counters(const struct loop *loop);
