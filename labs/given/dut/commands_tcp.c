/* tcp.… : checkpoint 5, a connection without a stack around it. */
#include "dut.h"

#include <stdlib.h>

static void new_connection(struct dut *dut, struct request *request)
{
    size_t id = request_take_id(request);
    struct tcp_config *lent = dut_take_config(request);

    if (lent == NULL) {
        return;
    }
    struct tcp_connection *connection = tcp_connection_new(lent);
    take_back(lent, sizeof *lent);
    if (connection == NULL) {
        request_fail(request, "tcp_connection_new returned NULL");
    } else {
        objects_put_connection(&dut->objects, id, connection);
    }
}

static void free_connection(struct dut *dut, struct request *request)
{
    size_t id = request_take_id(request);

    if (!request_has_failed(request)) {
        objects_drop_connection(&dut->objects, id);
    }
}

static void open_connection(struct dut *dut, struct request *request)
{
    struct tcp_connection *connection = dut_take_connection(dut, request);
    uint16_t local_port = request_take_u16(request);
    bool active = request_has_more(request);
    uint16_t remote_port = active ? request_take_u16(request) : 0;

    if (!request_has_failed(request)) {
        request_answer(request, " %d",
                       active ? tcp_connection_open_active(connection, local_port, remote_port)
                              : tcp_connection_open_passive(connection, local_port));
    }
}

static void segment_arrives(struct dut *dut, struct request *request)
{
    struct tcp_connection *connection = dut_take_connection(dut, request);
    struct tcp_segment segment;
    size_t capacity;

    segment_take(request, &segment, &capacity);
    if (!request_has_failed(request)) {
        struct tcp_segment *lent = dut_lend(request, &segment, sizeof segment);
        if (lent != NULL) {
            tcp_connection_segment_arrives(connection, lent);
            take_back(lent, sizeof *lent);
        }
    }
}

static void next_segment(struct dut *dut, struct request *request)
{
    struct tcp_connection *connection = dut_take_connection(dut, request);
    struct tcp_segment segment;

    if (request_has_failed(request)) {
        return;
    }
    fill_with_rubbish(&segment, sizeof segment);
    if (tcp_connection_next_segment(connection, &segment)) {
        segment_answer(request, &segment, is_of_a_past_call(segment.payload));
    } else {
        request_answer(request, " none");
    }
}

static void tick(struct dut *dut, struct request *request)
{
    struct tcp_connection *connection = dut_take_connection(dut, request);
    uint32_t ms = request_take_u32(request);

    if (!request_has_failed(request)) {
        tcp_connection_tick(connection, ms);
    }
}

static void write_bytes(struct dut *dut, struct request *request)
{
    struct tcp_connection *connection = dut_take_connection(dut, request);
    struct bytes data = request_take_bytes(request);

    if (!request_has_failed(request)) {
        request_answer(request, " %zu", tcp_connection_write(connection, data.data, data.len));
    }
}

static void read_bytes(struct dut *dut, struct request *request)
{
    struct tcp_connection *connection = dut_take_connection(dut, request);
    size_t most = request_take_size(request);
    if (request_has_failed(request)) {
        return;
    }
    uint8_t *buffer = malloc(most == 0 ? 1 : most);
    if (buffer == NULL) {
        request_fail(request, "ENOMEM there is no memory");
        return;
    }
    size_t len = tcp_connection_read(connection, buffer, most);
    if (len > most) {
        request_fail(request, "tcp_connection_read returned %zu for a buffer of %zu", len, most);
    } else {
        request_answer(request, " ");
        request_answer_bytes(request, buffer, len);
    }
    free(buffer);
}

static void shut_down(struct dut *dut, struct request *request)
{
    struct tcp_connection *connection = dut_take_connection(dut, request);

    if (!request_has_failed(request)) {
        tcp_connection_shutdown(connection);
    }
}

static void abort_it(struct dut *dut, struct request *request)
{
    struct tcp_connection *connection = dut_take_connection(dut, request);

    if (!request_has_failed(request)) {
        tcp_connection_abort(connection);
    }
}

static void set_nagle(struct dut *dut, struct request *request)
{
    struct tcp_connection *connection = dut_take_connection(dut, request);
    bool on = request_take_flag(request);

    if (!request_has_failed(request)) {
        tcp_connection_set_nagle(connection, on);
    }
}

static void set_max_retransmissions(struct dut *dut, struct request *request)
{
    struct tcp_connection *connection = dut_take_connection(dut, request);
    uint32_t count = request_take_u32(request);

    if (!request_has_failed(request)) {
        tcp_connection_set_max_retransmissions(connection, count);
    }
}

static void state(struct dut *dut, struct request *request)
{
    const struct tcp_connection *connection = dut_take_connection(dut, request);

    if (!request_has_failed(request)) {
        connection_answer_state(request, connection);
    }
}

const struct command tcp_commands[] = {
    {"tcp.new", 1, 1 + CONFIG_OPTIONS, new_connection},
    {"tcp.free", 1, 1, free_connection},
    {"tcp.open", 2, 3, open_connection},
    {"tcp.arrive", 1, 1 + SEGMENT_OPTIONS, segment_arrives},
    {"tcp.next", 1, 1, next_segment},
    {"tcp.tick", 2, 2, tick},
    {"tcp.write", 2, 2, write_bytes},
    {"tcp.read", 2, 2, read_bytes},
    {"tcp.shutdown", 1, 1, shut_down},
    {"tcp.abort", 1, 1, abort_it},
    {"tcp.nagle", 2, 2, set_nagle},
    {"tcp.max_retransmissions", 2, 2, set_max_retransmissions},
    {"tcp.state", 1, 1, state},
    {0},
};
