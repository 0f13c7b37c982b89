/*
 * Checkpoint 2: the reassembler.
 *
 * IP delivers segments late, twice, overlapping and in any order. The reassembler takes each piece
 * with the index at which it belongs in the stream and writes the bytes to a byte stream in order,
 * every byte exactly once, as soon as all bytes before it are there.
 *
 *      delivered                  held, not yet deliverable
 *   ───────────────┬──────┬─────────────┬────────┬──────┬───────────┬─ ─ ─ ─
 *                  │ hole │   pending   │  hole  │ pend │           │ refused
 *   ───────────────┴──────┴─────────────┴────────┴──────┴───────────┴─ ─ ─ ─
 *             next index expected                            first unacceptable index
 *             = total_written                                = total_read + capacity
 *
 * The reassembler accepts the bytes from `next` up to, and not including, `total_read + capacity`:
 * what is buffered in the stream and what is pending here together never exceed the stream's
 * capacity. Bytes outside are discarded without a trace (the sender will send them again), and this
 * is what bounds memory, whatever arrives.
 *
 * Cost: an insert takes time in proportion to the bytes inserted and delivered, at most with a
 * factor log(pieces held); never in proportion to all that is held.
 *
 * RFC 9293, 3.10.7.4, first check (segments that straddle old and new, SHLD-31) and seventh step.
 */
#pragma once

#include "byte_stream.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct reassembler;

/* A reassembler that writes to `output`. It borrows the stream: the caller keeps it alive longer
 * than the reassembler, frees it, and does not write to it or close it otherwise. The reader may
 * pop from the stream at any time. NULL when there is no memory. */
struct reassembler *reassembler_new(struct byte_stream *output);

/* Frees the reassembler and what it holds, not the stream. NULL is allowed and ignored. */
void reassembler_free(struct reassembler *reassembler);

/*
 * A piece of the stream has arrived: `len` bytes whose first has stream index `first_index`.
 * `is_last` says that the stream ends with the piece's last byte (for an empty piece: ends right
 * before `first_index`).
 *
 *   - The part that was delivered before, or lies beyond the acceptable range, is cut off.
 *   - Of bytes that are held already, either copy may be kept: honest senders send equal ones.
 *   - The end of the stream counts only if the piece reaches it within the acceptable range: when
 *     the last bytes are cut off on the right, `is_last` is forgotten with them. An end exactly at
 *     the edge is within.
 *   - When all bytes up to the end have been written, the reassembler closes the output.
 *   - Once an end is known, bytes beyond it are discarded, and a later end elsewhere is ignored.
 *   - An output that has an error takes nothing: not a byte is written to it any more. Left open is
 *     whether pieces are held then, and what reassembler_bytes_pending says; whether an end exactly
 *     at the next index closes the output; and whether what was held is freed before _free.
 *
 * `data` is copied; it may be NULL if `len` is 0. `first_index + len` does not exceed 2^64 - 1.
 */
void reassembler_insert(struct reassembler *reassembler, uint64_t first_index, const void *data,
                        size_t len, bool is_last);

/* The number of bytes held for later: received, not yet written to the output. Each byte counts
 * once however often it arrived. */
size_t reassembler_bytes_pending(const struct reassembler *reassembler);
