/* segment.… : checkpoint 5, first half; and what a closed port answers. */
#include "dut.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* A TCP header is never longer (RFC 9293, 3.1). */
#define HEADER_MAX 60u

/* A text_to_… function for uint16_t that knows `none` besides, and takes it as 0. */
static bool text_to_mss(const char *word, void *value)
{
    if (strcmp(word, "none") == 0) {
        *(uint16_t *)value = 0;
        return true;
    }
    return text_to_u16(word, value);
}

void segment_take(struct request *request, struct tcp_segment *segment, size_t *capacity)
{
    const struct option options[SEGMENT_OPTIONS] = {
        {"source_port", text_to_u16, &segment->source_port},
        {"destination_port", text_to_u16, &segment->destination_port},
        {"seq", text_to_seqno, &segment->seq},
        {"ack", text_to_seqno, &segment->ack},
        {"flags", text_to_u8, &segment->flags},
        {"window", text_to_u16, &segment->window},
        {"urgent", text_to_u16, &segment->urgent_pointer},
        {"mss", text_to_mss, &segment->mss},
        {"data", text_to_bytes, &request->data},
        {"capacity", text_to_size, capacity},
    };

    *segment = (struct tcp_segment){0};
    request_take_options(request, options, SEGMENT_OPTIONS);
    const char *mss = request_option(request, "mss");
    segment->has_mss = mss != NULL && strcmp(mss, "none") != 0;
    segment->payload = request->data.data;
    segment->payload_len = request->data.len;
    if (request_option(request, "capacity") == NULL) {
        *capacity = HEADER_MAX + segment->payload_len;
    }
}

void segment_answer(struct request *request, const struct tcp_segment *segment,
                    bool is_of_past_call)
{
    request_answer(request,
                   " source_port=%u destination_port=%u seq=%" PRIu32 " ack=%" PRIu32
                   " flags=%u window=%u urgent=%u",
                   segment->source_port, segment->destination_port, segment->seq.raw,
                   segment->ack.raw, segment->flags, segment->window, segment->urgent_pointer);
    if (segment->has_mss) {
        request_answer(request, " mss=%u", segment->mss);
    } else {
        request_answer(request, " mss=none");
    }
    request_answer(request, " data=");
    request_answer_borrowed(request, segment->payload, segment->payload_len, is_of_past_call);
}

static const char *name_of(enum tcp_parse_result result)
{
    switch (result) {
    case TCP_PARSE_OK:
        return "ok";
    case TCP_PARSE_TOO_SHORT:
        return "too-short";
    case TCP_PARSE_BAD_OFFSET:
        return "bad-offset";
    case TCP_PARSE_BAD_CHECKSUM:
        return "bad-checksum";
    case TCP_PARSE_BAD_OPTION:
        return "bad-option";
    }
    return "unknown";
}

static void parse(struct dut *dut, struct request *request)
{
    (void)dut;
    uint32_t source = request_take_address(request);
    uint32_t destination = request_take_address(request);
    struct bytes bytes = request_take_bytes(request);
    struct tcp_segment segment;
    if (request_has_failed(request)) {
        return;
    }
    fill_with_rubbish(&segment, sizeof segment);
    enum tcp_parse_result result =
        tcp_segment_parse(&segment, bytes.data, bytes.len, source, destination);
    request_answer(request, " result=%s", name_of(result));
    if (result == TCP_PARSE_OK) {
        segment_answer(request, &segment, is_of_a_past_call(segment.payload));
    }
}

static void serialize(struct dut *dut, struct request *request)
{
    (void)dut;
    uint32_t source = request_take_address(request);
    uint32_t destination = request_take_address(request);
    struct tcp_segment segment;
    size_t capacity;

    segment_take(request, &segment, &capacity);
    if (request_has_failed(request)) {
        return;
    }
    uint8_t *bytes = malloc(capacity);
    if (bytes == NULL) {
        request_fail(request, "ENOMEM there is no memory");
        return;
    }
    size_t len = tcp_segment_serialize(&segment, source, destination, bytes, capacity);
    if (len > capacity) {
        request_fail(request, "tcp_segment_serialize returned %zu for a capacity of %zu", len,
                     capacity);
    } else {
        request_answer(request, " ");
        request_answer_bytes(request, bytes, len);
    }
    free(bytes);
}

static void reply_to_closed(struct dut *dut, struct request *request)
{
    (void)dut;
    struct tcp_segment segment, reply;
    size_t capacity;

    segment_take(request, &segment, &capacity);
    if (request_has_failed(request)) {
        return;
    }
    fill_with_rubbish(&reply, sizeof reply);
    if (tcp_reply_to_closed(&segment, &reply)) {
        segment_answer(request, &reply, is_of_a_past_call(reply.payload));
    } else {
        request_answer(request, " none");
    }
}

const struct command segment_commands[] = {
    {"segment.parse", 3, 3, parse},
    {"segment.serialize", 2, 2 + SEGMENT_OPTIONS, serialize},
    {"segment.reply_to_closed", 0, SEGMENT_OPTIONS, reply_to_closed},
    {0},
};
