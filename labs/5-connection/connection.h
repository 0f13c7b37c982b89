/*
 * Checkpoint 5, second half: the connection.
 *
 * One end of one TCP connection: a sender, a receiver, and the state machine that opens and closes
 * them together (RFC 9293, 3.3.2 and 3.10). In go the segments that arrive, the calls of the
 * application and the passing of time; out come segments, asked for one at a time.
 *
 *            write, read, shutdown, abort
 *                        │  ▲
 *                        ▼  │
 *   segment_arrives ▶ connection ▶ next_segment          tick ▶
 *
 * The connection knows no IP addresses, no other connections and no clock. Every function returns
 * at once. After any call that is not a query, call next_segment until it says false: the answer to
 * what just happened may be waiting there.
 *
 * Ownership: a connection owns everything it holds; the caller frees it with tcp_connection_free
 * whenever it likes, in any state (nothing is sent then).
 */
#pragma once

#include "segment.h"
#include "tcp_config.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* RFC 9293, 3.3.2, figure 5. */
enum tcp_state {
    TCP_CLOSED,
    TCP_LISTEN,
    TCP_SYN_SENT,
    TCP_SYN_RECEIVED,
    TCP_ESTABLISHED,
    TCP_FIN_WAIT_1,
    TCP_FIN_WAIT_2,
    TCP_CLOSE_WAIT,
    TCP_CLOSING,
    TCP_LAST_ACK,
    TCP_TIME_WAIT,
};

/* Why a connection ended other than by both sides closing it. */
enum tcp_error {
    TCP_ERROR_NONE = 0,
    TCP_ERROR_REFUSED,   /* our SYN was answered by a reset */
    TCP_ERROR_RESET,     /* the peer reset the connection */
    TCP_ERROR_TIMED_OUT, /* R2 or the user timeout was reached (3.8.3, 3.10.8) */
    TCP_ERROR_ABORTED,   /* our own application aborted it */
};

struct tcp_connection;

/* A connection in CLOSED. It keeps a copy of the config. NULL when there is no memory. */
struct tcp_connection *tcp_connection_new(const struct tcp_config *config);

/* Frees the connection and all it holds. NULL is allowed and ignored. */
void tcp_connection_free(struct tcp_connection *connection);

/* --- the calls of the application: RFC 9293, 3.10.1 to 3.10.6 --------------------------------- */

/* Active OPEN: CLOSED to SYN-SENT; next_segment has the SYN. (If a SYN without ACK crosses it
 * before it was asked for, ours leaves once, with an ACK.) False, and nothing happens, in any other
 * state and once it has been open: a connection serves once. */
bool tcp_connection_open_active(struct tcp_connection *connection, uint16_t local_port,
                                uint16_t remote_port);

/* Passive OPEN: CLOSED to LISTEN. The first SYN for this port fixes the remote port. False, and
 * nothing happens, in any other state. */
bool tcp_connection_open_passive(struct tcp_connection *connection, uint16_t local_port);

/*
 * SEND: takes as many bytes as the send buffer has room for and returns how many. In SYN-SENT and
 * SYN-RECEIVED they wait for the handshake. 0 in CLOSED and LISTEN, and after shutdown or an error.
 */
size_t tcp_connection_write(struct tcp_connection *connection, const void *data, size_t len);

/*
 * RECEIVE: copies up to `capacity` received bytes to `buffer` and returns how many; 0 if there are
 * none now. Nothing is readable before the handshake is complete. What arrived in order before the
 * peer's FIN stays readable in every later state, TIME-WAIT and CLOSED included; what was not read
 * when a reset arrived or the application aborted is gone.
 */
size_t tcp_connection_read(struct tcp_connection *connection, void *buffer, size_t capacity);

/*
 * CLOSE: "I have no more to send". What was written is still delivered, then a FIN; bytes can still
 * be received. In LISTEN and SYN-SENT the connection is deleted. A second call does nothing.
 */
void tcp_connection_shutdown(struct tcp_connection *connection);

/*
 * ABORT: the connection ends now, in CLOSED with TCP_ERROR_ABORTED. A reset with SEQ=SND.NXT goes
 * out from SYN-RECEIVED, ESTABLISHED, FIN-WAIT-1, FIN-WAIT-2 and CLOSE-WAIT; from the others
 * nothing. What is buffered either way is thrown away. In CLOSED nothing happens. (For a probe that
 * was refused see next_segment.)
 */
void tcp_connection_abort(struct tcp_connection *connection);

/* Nagle's algorithm for this connection, from now on (MUST-17). */
void tcp_connection_set_nagle(struct tcp_connection *connection, bool on);

/* R2 for data on this connection, as a number of retransmissions, from now on (MUST-21). */
void tcp_connection_set_max_retransmissions(struct tcp_connection *connection, uint32_t count);

/* --- events ----------------------------------------------------------------------------------- */

/*
 * A segment has arrived for this connection: its ports match, its checksum was right. Works off
 * RFC 9293, 3.10.7, state by state, and does what the RFC asks for; answers wait in next_segment.
 * In CLOSED it answers as tcp_reply_to_closed does. `segment` and its payload are borrowed for this
 * call only: what is to be kept is copied.
 *
 * Back to LISTEN (3.10.7.4, a passive open in SYN-RECEIVED): as after tcp_connection_open_passive,
 * our SYN with config.isn again; without memory for that CLOSED, with TCP_ERROR_ABORTED or none.
 */
void tcp_connection_segment_arrives(struct tcp_connection *connection,
                                    const struct tcp_segment *segment);

/* `ms` milliseconds have passed (RFC 9293, 3.10.8): the retransmission and probe timer, the delayed
 * acknowledgment, TIME-WAIT, and the user timeout: while something is in flight, our SYN included,
 * it counts from the last segment that acknowledged something new or came to the sender with a
 * window of 0, which is how a probe is answered; it ends at user_timeout_ms or in the first tick
 * beyond, either. After giving up the state is CLOSED, in SYN-RECEIVED of a passive open, too. */
void tcp_connection_tick(struct tcp_connection *connection, uint32_t ms);

/*
 * The next segment to send, if there is one: sets every field of `*out`, whatever stood there
 * (has_mss to false, payload to NULL where there is none), and returns true. The payload points
 * into the connection and lives until the next call that is not a query. In which order a reset,
 * our SYN, data and an acknowledgment alone leave is not promised. But each has the latest
 * acknowledgment on it, and what data has carried does not follow alone.
 *
 * Every segment but the first SYN of an active open carries an acknowledgment and the current
 * window (3.8), except the resets that RFC 9293 writes without one: <SEQ=SEG.ACK><CTL=RST> and that
 * of ABORT. SYN segments announce config.mss (3.7.1).
 *
 * An acknowledgment that stands alone has SEQ=SND.NXT. If the peer has answered a probe and still
 * has no room, that is one number beyond its closed window, and a peer that checks numbers drops it
 * with all it says; so from that answer until the probe is sent again SEQ=SND.UNA is allowed too,
 * also for the reset of ABORT, and is the better choice (RFC 9293, 3.10.7.4 and A.2).
 */
bool tcp_connection_next_segment(struct tcp_connection *connection, struct tcp_segment *out);

/* --- queries; none of them changes anything --------------------------------------------------- */

enum tcp_state tcp_connection_state(const struct tcp_connection *connection);
enum tcp_error tcp_connection_error(const struct tcp_connection *connection);
uint16_t tcp_connection_local_port(const struct tcp_connection *connection);
uint16_t tcp_connection_remote_port(const struct tcp_connection *connection); /* 0: not known yet */

/* Bytes that read gives now, and bytes that write takes. */
size_t tcp_connection_readable(const struct tcp_connection *connection);
size_t tcp_connection_writable(const struct tcp_connection *connection);

/* Has the peer closed its side, and has every byte of it been read? The application's end of file.
 * False after an abort, and after a reset; but where it was true before the reset, it may stay. */
bool tcp_connection_read_finished(const struct tcp_connection *connection);

/* Bytes written and not yet acknowledged by the peer, a FIN that is wanted included: 0 means that
 * the peer's TCP has all of it, or that an abort has thrown it away. After a reset or a timeout it
 * stays as it was, or is 0. */
size_t tcp_connection_unacknowledged(const struct tcp_connection *connection);

/* --- where there is no connection ------------------------------------------------------------- */

/*
 * What a port answers on which nobody listens, to a segment that belongs to no connection: makes
 * `*out` the reset of RFC 9293, 3.10.7.1, every field of it, and returns true; or returns false,
 * since a reset never answers a reset.
 */
bool tcp_reply_to_closed(const struct tcp_segment *segment, struct tcp_segment *out);
