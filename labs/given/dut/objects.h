/*
 * The components that the caller has made, by kind and ID. Each kind has IDs of its own. Putting an
 * object where another is frees the old one.
 */
#pragma once

#include "byte_stream.h"
#include "connection.h"
#include "reassembler.h"
#include "receiver.h"
#include "request.h"
#include "sender.h"

#include <stdbool.h>
#include <stddef.h>

struct stream_slot {
    struct byte_stream *stream;
    const void *owner; /* the receiver or sender whose stream it is; NULL: a stream of its own */
};

struct reassembler_slot {
    struct reassembler *reassembler;
    const struct byte_stream *output; /* on loan: while the reassembler lives, so does the stream */
};

struct objects {
    struct stream_slot streams[OBJECT_IDS];
    struct reassembler_slot reassemblers[OBJECT_IDS];
    struct tcp_receiver *receivers[OBJECT_IDS];
    struct tcp_sender *senders[OBJECT_IDS];
    struct tcp_connection *connections[OBJECT_IDS];
};

/* The stream passes to the objects, unless it has an owner. */
void objects_put_stream(struct objects *objects, size_t id, struct byte_stream *stream,
                        const void *owner);
void objects_put_reassembler(struct objects *objects, size_t id, struct reassembler *reassembler,
                             const struct byte_stream *output);
void objects_put_receiver(struct objects *objects, size_t id, struct tcp_receiver *receiver);
void objects_put_sender(struct objects *objects, size_t id, struct tcp_sender *sender);
void objects_put_connection(struct objects *objects, size_t id, struct tcp_connection *connection);

/* Frees what is there, and what cannot live without it: a stream's reassemblers, the names of an
 * owner's stream. Harmless if nothing is there. */
void objects_drop_stream(struct objects *objects, size_t id);
void objects_drop_reassembler(struct objects *objects, size_t id);
void objects_drop_receiver(struct objects *objects, size_t id);
void objects_drop_sender(struct objects *objects, size_t id);
void objects_drop_connection(struct objects *objects, size_t id);
void objects_drop_all(struct objects *objects);
