/* The components that requests name by their IDs. */
#include "dut.h"

/* `object`, which is the one called `id`; the request has failed if it is NULL. */
static void *found(struct request *request, const char *kind, size_t id, void *object)
{
    if (object == NULL) {
        request_fail(request, "there is no %s %zu", kind, id);
    }
    return object;
}

void *dut_lend(struct request *request, const void *thing, size_t size)
{
    void *lent = lend(thing, size);

    if (lent == NULL) {
        request_fail(request, "ENOMEM there is no memory");
    }
    return lent;
}

struct byte_stream *dut_take_stream(struct dut *dut, struct request *request)
{
    size_t id = request_take_id(request);

    return found(request, "stream", id, dut->objects.streams[id].stream);
}

struct reassembler *dut_take_reassembler(struct dut *dut, struct request *request)
{
    size_t id = request_take_id(request);

    return found(request, "reassembler", id, dut->objects.reassemblers[id].reassembler);
}

struct tcp_receiver *dut_take_receiver(struct dut *dut, struct request *request)
{
    size_t id = request_take_id(request);

    return found(request, "receiver", id, dut->objects.receivers[id]);
}

struct tcp_sender *dut_take_sender(struct dut *dut, struct request *request)
{
    size_t id = request_take_id(request);

    return found(request, "sender", id, dut->objects.senders[id]);
}

struct tcp_connection *dut_take_connection(struct dut *dut, struct request *request)
{
    size_t id = request_take_id(request);

    return found(request, "connection", id, dut->objects.connections[id]);
}
