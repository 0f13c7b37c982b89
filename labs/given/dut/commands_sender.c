/* sender.… : checkpoint 4. */
#include "dut.h"

#include <inttypes.h>

static void new_sender(struct dut *dut, struct request *request)
{
    size_t id = request_take_id(request);
    struct tcp_config *lent = dut_take_config(request);

    if (lent == NULL) {
        return;
    }
    struct tcp_sender *sender = tcp_sender_new(lent);
    take_back(lent, sizeof *lent);
    if (sender == NULL) {
        request_fail(request, "tcp_sender_new returned NULL");
    } else {
        objects_put_sender(&dut->objects, id, sender);
    }
}

static void free_sender(struct dut *dut, struct request *request)
{
    size_t id = request_take_id(request);

    if (!request_has_failed(request)) {
        objects_drop_sender(&dut->objects, id);
    }
}

static void name_stream(struct dut *dut, struct request *request)
{
    struct tcp_sender *sender = dut_take_sender(dut, request);
    size_t stream_id = request_take_id(request);
    if (request_has_failed(request)) {
        return;
    }
    struct byte_stream *stream = tcp_sender_outbound(sender);
    if (stream == NULL) {
        request_fail(request, "tcp_sender_outbound returned NULL");
    } else {
        objects_put_stream(&dut->objects, stream_id, stream, sender);
    }
}

static void receive(struct dut *dut, struct request *request)
{
    struct tcp_sender *sender = dut_take_sender(dut, request);
    struct tcp_receiver_message message = {0};
    const struct option options[] = {
        {"ack", text_to_seqno, &message.ack},
        {"window", text_to_u16, &message.window},
        {"seq", text_to_seqno, &message.seq},
    };

    request_take_options(request, options, sizeof options / sizeof options[0]);
    if (!request_has_failed(request)) {
        message.has_ack = request_option(request, "ack") != NULL;
        struct tcp_receiver_message *lent = dut_lend(request, &message, sizeof message);
        if (lent != NULL) {
            tcp_sender_receive(sender, lent);
            take_back(lent, sizeof *lent);
        }
    }
}

static void tick(struct dut *dut, struct request *request)
{
    struct tcp_sender *sender = dut_take_sender(dut, request);
    uint32_t ms = request_take_u32(request);

    if (!request_has_failed(request)) {
        tcp_sender_tick(sender, ms);
    }
}

static void set_mss(struct dut *dut, struct request *request)
{
    struct tcp_sender *sender = dut_take_sender(dut, request);
    uint16_t mss = request_take_u16(request);

    if (!request_has_failed(request)) {
        tcp_sender_set_mss(sender, mss);
    }
}

static void set_nagle(struct dut *dut, struct request *request)
{
    struct tcp_sender *sender = dut_take_sender(dut, request);
    bool on = request_take_flag(request);

    if (!request_has_failed(request)) {
        tcp_sender_set_nagle(sender, on);
    }
}

static void next(struct dut *dut, struct request *request)
{
    struct tcp_sender *sender = dut_take_sender(dut, request);
    struct tcp_sender_message message;

    if (request_has_failed(request)) {
        return;
    }
    fill_with_rubbish(&message, sizeof message);
    if (!tcp_sender_next(sender, &message)) {
        request_answer(request, " none");
        return;
    }
    request_answer(request, " seq=%" PRIu32 " syn=%d fin=%d psh=%d data=", message.seq.raw,
                   message.syn, message.fin, message.psh);
    request_answer_borrowed(request, message.payload, message.payload_len,
                            is_of_a_past_call(message.payload));
}

static void state(struct dut *dut, struct request *request)
{
    const struct tcp_sender *sender = dut_take_sender(dut, request);

    if (!request_has_failed(request)) {
        request_answer(request,
                       " in_flight=%" PRIu64 " consecutive=%" PRIu32 " rto=%" PRIu32
                       " snd_una=%" PRIu32 " snd_nxt=%" PRIu32 " syn_acked=%d fin_acked=%d",
                       tcp_sender_bytes_in_flight(sender),
                       tcp_sender_consecutive_retransmissions(sender), tcp_sender_rto_ms(sender),
                       tcp_sender_snd_una(sender).raw, tcp_sender_snd_nxt(sender).raw,
                       tcp_sender_syn_acked(sender), tcp_sender_fin_acked(sender));
    }
}

const struct command sender_commands[] = {
    {"sender.new", 1, 1 + CONFIG_OPTIONS, new_sender},
    {"sender.free", 1, 1, free_sender},
    {"sender.stream", 2, 2, name_stream},
    {"sender.receive", 1, 4, receive},
    {"sender.tick", 2, 2, tick},
    {"sender.mss", 2, 2, set_mss},
    {"sender.nagle", 2, 2, set_nagle},
    {"sender.next", 1, 1, next},
    {"sender.state", 1, 1, state},
    {0},
};
