#include "objects.h"

void objects_drop_reassembler(struct objects *objects, size_t id)
{
    reassembler_free(objects->reassemblers[id].reassembler);
    objects->reassemblers[id] = (struct reassembler_slot){0};
}

void objects_put_reassembler(struct objects *objects, size_t id, struct reassembler *reassembler,
                             const struct byte_stream *output)
{
    objects_drop_reassembler(objects, id);
    objects->reassemblers[id] =
        (struct reassembler_slot){.reassembler = reassembler, .output = output};
}

void objects_drop_stream(struct objects *objects, size_t id)
{
    struct stream_slot slot = objects->streams[id];

    if (slot.stream == NULL) {
        byte_stream_free(NULL); /* is allowed */
        return;
    }
    for (size_t i = 0; i < OBJECT_IDS; i++) {
        if (objects->reassemblers[i].output == slot.stream) {
            objects_drop_reassembler(objects, i);
        }
    }
    if (slot.owner == NULL) {
        byte_stream_free(slot.stream);
    }
    objects->streams[id] = (struct stream_slot){0};
}

void objects_put_stream(struct objects *objects, size_t id, struct byte_stream *stream,
                        const void *owner)
{
    objects_drop_stream(objects, id);
    objects->streams[id] = (struct stream_slot){.stream = stream, .owner = owner};
}

static void drop_streams_of(struct objects *objects, const void *owner)
{
    for (size_t i = 0; i < OBJECT_IDS; i++) {
        if (objects->streams[i].owner == owner) {
            objects_drop_stream(objects, i);
        }
    }
}

void objects_drop_receiver(struct objects *objects, size_t id)
{
    struct tcp_receiver *receiver = objects->receivers[id];

    if (receiver != NULL) {
        drop_streams_of(objects, receiver);
    }
    tcp_receiver_free(receiver); /* NULL is allowed */
    objects->receivers[id] = NULL;
}

void objects_put_receiver(struct objects *objects, size_t id, struct tcp_receiver *receiver)
{
    objects_drop_receiver(objects, id);
    objects->receivers[id] = receiver;
}

void objects_drop_sender(struct objects *objects, size_t id)
{
    struct tcp_sender *sender = objects->senders[id];

    if (sender != NULL) {
        drop_streams_of(objects, sender);
    }
    tcp_sender_free(sender); /* NULL is allowed */
    objects->senders[id] = NULL;
}

void objects_put_sender(struct objects *objects, size_t id, struct tcp_sender *sender)
{
    objects_drop_sender(objects, id);
    objects->senders[id] = sender;
}

void objects_drop_connection(struct objects *objects, size_t id)
{
    tcp_connection_free(objects->connections[id]); /* NULL is allowed */
    objects->connections[id] = NULL;
}

void objects_put_connection(struct objects *objects, size_t id, struct tcp_connection *connection)
{
    objects_drop_connection(objects, id);
    objects->connections[id] = connection;
}

void objects_drop_all(struct objects *objects)
{
    for (size_t id = 0; id < OBJECT_IDS; id++) {
        objects_drop_reassembler(objects, id);
        objects_drop_receiver(objects, id);
        objects_drop_sender(objects, id);
        objects_drop_connection(objects, id);
        objects_drop_stream(objects, id);
    }
}
