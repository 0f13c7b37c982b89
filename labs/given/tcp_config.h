/*
 * Every knob of one TCP connection. The protocol code reads no clock, no environment and no global:
 * whatever it is to know, it finds here. Times are in milliseconds of the clock that `tick` drives.
 */
#pragma once

#include "seqno.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The send MSS where the peer named none: RFC 9293, 3.7.1 (MUST-15). */
#define TCP_DEFAULT_MSS 536u
/* No IPv4 link carries less than 68 bytes (RFC 791, 3.2); 40 of them are headers. A peer that names
 * a smaller MSS is taken to have named this one. */
#define TCP_MIN_MSS 28u
/* Without the window scale option, the largest window that fits its field. */
#define TCP_MAX_WINDOW 65535u

struct tcp_config {
    uint16_t mss; /* largest payload, in bytes, that the link carries: MTU - 40. Announced in
                     our SYN, and never exceeded by what we send (3.7.1) */
    size_t recv_capacity; /* RCV.BUFF: bytes of the stream to the application */
    size_t send_capacity; /* bytes of the stream from it, unacknowledged ones included */
    struct seqno isn;     /* ISS: the sequence number of our SYN (3.4.1) */

    uint32_t rto_initial_ms;        /* RFC 6298, 2.1: before the first round-trip sample */
    uint32_t rto_min_ms;            /* RFC 6298, 2.4 */
    uint32_t rto_max_ms;            /* RFC 6298, 2.5: at least 60 s; also caps the probe interval */
    uint32_t rto_after_syn_loss_ms; /* RFC 6298, 5.7: for data, if the SYN was retransmitted */

    uint32_t max_retransmissions;     /* R2 of 3.8.3: give up when the timer expires once more */
    uint32_t max_syn_retransmissions; /* R2 while our SYN is not acknowledged: at least 3 minutes */
    uint32_t user_timeout_ms; /* 3.10.8: give up on data not acknowledged for so long; 0 = never */

    uint32_t msl_ms;          /* maximum segment lifetime; TIME-WAIT lasts two of them (3.4.2) */
    uint32_t ack_delay_ms;    /* 3.8.6.3: how long an ACK may wait; below 500; 0 = never wait */
    uint32_t sws_override_ms; /* 3.8.6.2.1: send a small segment after all; 100 … 1000 */
    bool nagle;               /* 3.7.4: one small segment in flight at a time */
};

/* The values that the RFCs recommend, for an MTU of 1500 and buffers of 65,535 bytes; isn is 0. */
struct tcp_config tcp_config_default(void);
