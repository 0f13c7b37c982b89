/* receiver.… : checkpoint 3. */
#include "dut.h"

#include <inttypes.h>

static void new_receiver(struct dut *dut, struct request *request)
{
    size_t id = request_take_id(request);
    struct tcp_config *lent = dut_take_config(request);

    if (lent == NULL) {
        return;
    }
    struct tcp_receiver *receiver = tcp_receiver_new(lent);
    take_back(lent, sizeof *lent);
    if (receiver == NULL) {
        request_fail(request, "tcp_receiver_new returned NULL");
    } else {
        objects_put_receiver(&dut->objects, id, receiver);
    }
}

static void free_receiver(struct dut *dut, struct request *request)
{
    size_t id = request_take_id(request);

    if (!request_has_failed(request)) {
        objects_drop_receiver(&dut->objects, id);
    }
}

static void name_stream(struct dut *dut, struct request *request)
{
    struct tcp_receiver *receiver = dut_take_receiver(dut, request);
    size_t stream_id = request_take_id(request);
    if (request_has_failed(request)) {
        return;
    }
    struct byte_stream *stream = tcp_receiver_inbound(receiver);
    if (stream == NULL) {
        request_fail(request, "tcp_receiver_inbound returned NULL");
    } else {
        objects_put_stream(&dut->objects, stream_id, stream, receiver);
    }
}

static void receive(struct dut *dut, struct request *request)
{
    struct tcp_receiver *receiver = dut_take_receiver(dut, request);
    struct tcp_sender_message message = {0};
    const struct option options[] = {
        {"seq", text_to_seqno, &message.seq},    {"syn", text_to_flag, &message.syn},
        {"fin", text_to_flag, &message.fin},     {"psh", text_to_flag, &message.psh},
        {"data", text_to_bytes, &request->data},
    };

    request_take_options(request, options, sizeof options / sizeof options[0]);
    if (request_option(request, "seq") == NULL) {
        request_fail(request, "seq is missing");
    }
    if (!request_has_failed(request)) {
        message.payload = request->data.data;
        message.payload_len = request->data.len;
        struct tcp_sender_message *lent = dut_lend(request, &message, sizeof message);
        if (lent != NULL) {
            tcp_receiver_receive(receiver, lent);
            take_back(lent, sizeof *lent);
        }
    }
}

static void answer(struct dut *dut, struct request *request)
{
    struct tcp_receiver *receiver = dut_take_receiver(dut, request);

    if (!request_has_failed(request)) {
        struct tcp_receiver_message message = tcp_receiver_send(receiver);
        request_answer(request, " has_ack=%d ack=%" PRIu32 " window=%u", message.has_ack,
                       message.ack.raw, message.window);
    }
}

static void acceptable(struct dut *dut, struct request *request)
{
    const struct tcp_receiver *receiver = dut_take_receiver(dut, request);
    struct seqno seq = request_take_seqno(request);
    size_t len = request_take_size(request);

    if (!request_has_failed(request)) {
        request_answer(request, " %d", tcp_receiver_acceptable(receiver, seq, len));
    }
}

static void state(struct dut *dut, struct request *request)
{
    const struct tcp_receiver *receiver = dut_take_receiver(dut, request);

    if (!request_has_failed(request)) {
        request_answer(request,
                       " synchronized=%d rcv_nxt=%" PRIu32 " rcv_wnd=%" PRIu32
                       " pending=%zu update_due=%d",
                       tcp_receiver_is_synchronized(receiver), tcp_receiver_rcv_nxt(receiver).raw,
                       tcp_receiver_rcv_wnd(receiver), tcp_receiver_bytes_pending(receiver),
                       tcp_receiver_window_update_due(receiver));
    }
}

const struct command receiver_commands[] = {
    {"receiver.new", 1, 1 + CONFIG_OPTIONS, new_receiver},
    {"receiver.free", 1, 1, free_receiver},
    {"receiver.stream", 2, 2, name_stream},
    {"receiver.receive", 2, 6, receive},
    {"receiver.send", 1, 1, answer},
    {"receiver.acceptable", 3, 3, acceptable},
    {"receiver.state", 1, 1, state},
    {0},
};
