/* conn.… : what an application does with the stack and its connections. */
#define _POSIX_C_SOURCE 200809L

#include "dut.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_BACKLOG 16u

/* Bytes are read in pieces of up to so many. */
#define READ_PIECE 65536u

static bool has_stack(const struct dut *dut, struct request *request)
{
    if (dut->stack == NULL) {
        request_fail(request, "there is no stack");
    }
    return dut->stack != NULL;
}

/* The reply to a call that failed and set errno. */
static void fail_with_errno(struct request *request, const char *what)
{
    switch (errno) {
    case EADDRINUSE:
        request_fail(request, "EADDRINUSE %s", what);
        break;
    case EADDRNOTAVAIL:
        request_fail(request, "EADDRNOTAVAIL %s", what);
        break;
    case EINVAL:
        request_fail(request, "EINVAL %s", what);
        break;
    case ENOMEM:
        request_fail(request, "ENOMEM %s", what);
        break;
    default:
        request_fail(request, "%s: %s", what, strerror(errno));
    }
}

/* --- listeners ---------------------------------------------------------------------------------
 */

static struct stack_listener *take_listener(struct dut *dut, struct request *request)
{
    uint16_t port = request_take_u16(request);

    struct stack_listener *listener = dut->stack != NULL ? dut->listeners[port] : NULL;
    if (listener == NULL) {
        request_fail(request, "nobody listens on port %u", port);
    }
    return listener;
}

static void start_listening(struct dut *dut, struct request *request)
{
    uint16_t port = request_take_u16(request);
    unsigned backlog = request_has_more(request) ? request_take_u32(request) : DEFAULT_BACKLOG;

    if (request_has_failed(request) || !has_stack(dut, request)) {
        return;
    }
    errno = 0;
    struct stack_listener *listener = stack_listen(dut->stack, port, backlog);
    if (listener == NULL) {
        fail_with_errno(request, "stack_listen returned NULL");
    } else {
        dut->listeners[port] = listener;
    }
}

static void stop_listening(struct dut *dut, struct request *request)
{
    struct stack_listener *listener = take_listener(dut, request);
    if (request_has_failed(request)) {
        return;
    }
    for (size_t port = 0; port <= UINT16_MAX; port++) {
        if (dut->listeners[port] == listener) {
            dut->listeners[port] = NULL;
        }
    }
    stack_unlisten(dut->stack, listener);
}

/* --- connections -------------------------------------------------------------------------------
 */

static struct tcp_connection *take_connection(struct dut *dut, struct request *request)
{
    size_t id = request_take_size(request);
    struct tcp_connection *connection = NULL;

    if (id < dut->connection_count) {
        connection = dut->connections[id];
    }
    if (connection == NULL) {
        request_fail(request, "there is no connection %zu", id);
    }
    return connection;
}

/* IDs count up from 0 and are never used again: a stale one does not hit another connection. */
static bool make_room_for_id(struct dut *dut, struct request *request)
{
    if (dut->connection_count < dut->connection_room) {
        return true;
    }
    size_t room = dut->connection_room == 0 ? 64 : dut->connection_room * 2;
    struct tcp_connection **connections =
        realloc(dut->connections, room * sizeof *dut->connections);
    if (connections == NULL) {
        request_fail(request, "ENOMEM there is no memory");
        return false;
    }
    dut->connections = connections;
    dut->connection_room = room;
    return true;
}

static void answer_new_id(struct dut *dut, struct request *request,
                          struct tcp_connection *connection)
{
    request_answer(request, " %zu", dut->connection_count);
    dut->connections[dut->connection_count++] = connection;
}

static void accept_one(struct dut *dut, struct request *request)
{
    struct stack_listener *listener = take_listener(dut, request);

    if (request_has_failed(request) || !make_room_for_id(dut, request)) {
        return;
    }
    struct tcp_connection *connection = stack_accept(listener);
    if (connection == NULL) {
        request_answer(request, " none");
    } else {
        answer_new_id(dut, request, connection);
    }
}

static void connect_to(struct dut *dut, struct request *request)
{
    uint32_t address = request_take_address(request);
    uint16_t port = request_take_u16(request);
    uint16_t local_port = request_has_more(request) ? request_take_u16(request) : 0;

    if (request_has_failed(request) || !has_stack(dut, request) ||
        !make_room_for_id(dut, request)) {
        return;
    }
    errno = 0;
    struct tcp_connection *connection = stack_connect(dut->stack, address, port, local_port);
    if (connection == NULL) {
        fail_with_errno(request, "stack_connect returned NULL");
    } else {
        answer_new_id(dut, request, connection);
    }
}

static void write_bytes(struct dut *dut, struct request *request)
{
    struct tcp_connection *connection = take_connection(dut, request);
    struct bytes data = request_take_bytes(request);

    if (!request_has_failed(request)) {
        request_answer(request, " %zu", tcp_connection_write(connection, data.data, data.len));
        stack_poll(dut->stack, connection);
    }
}

/* Reads until `most` bytes came or there are no more, and adds them to the reply. Returns how many
 * came. */
static size_t read_pieces(struct request *request, struct tcp_connection *connection, size_t most)
{
    size_t sum = 0;
    size_t piece = most < READ_PIECE ? most : READ_PIECE;
    uint8_t *buffer = malloc(piece == 0 ? 1 : piece);

    while (buffer != NULL && sum < most && !request_has_failed(request)) {
        size_t want = most - sum < piece ? most - sum : piece;
        size_t len = tcp_connection_read(connection, buffer, want);
        if (len > want) {
            request_fail(request, "tcp_connection_read returned %zu for a buffer of %zu", len,
                         want);
        }
        if (len == 0) {
            break;
        }
        request_answer_digits(request, buffer, len);
        sum += len;
    }
    free(buffer);
    return sum;
}

static void read_bytes(struct dut *dut, struct request *request)
{
    struct tcp_connection *connection = take_connection(dut, request);
    size_t most = request_take_size(request);

    if (request_has_failed(request)) {
        return;
    }
    request_answer(request, " ");
    size_t len = read_pieces(request, connection, most);
    request_answer(request, "%s eof=%d", len == 0 ? "-" : "",
                   tcp_connection_read_finished(connection));
    stack_poll(dut->stack, connection);
}

static void shut_down(struct dut *dut, struct request *request)
{
    struct tcp_connection *connection = take_connection(dut, request);

    if (!request_has_failed(request)) {
        tcp_connection_shutdown(connection);
        stack_poll(dut->stack, connection);
    }
}

static void abort_it(struct dut *dut, struct request *request)
{
    struct tcp_connection *connection = take_connection(dut, request);

    if (!request_has_failed(request)) {
        tcp_connection_abort(connection);
        stack_poll(dut->stack, connection);
    }
}

static void release(struct dut *dut, struct request *request)
{
    struct tcp_connection *connection = take_connection(dut, request);
    if (request_has_failed(request)) {
        return;
    }
    for (size_t id = 0; id < dut->connection_count; id++) {
        if (dut->connections[id] == connection) {
            dut->connections[id] = NULL;
        }
    }
    stack_release(dut->stack, connection);
}

static void set_nagle(struct dut *dut, struct request *request)
{
    struct tcp_connection *connection = take_connection(dut, request);
    bool on = request_take_flag(request);

    if (!request_has_failed(request)) {
        tcp_connection_set_nagle(connection, on);
        stack_poll(dut->stack, connection);
    }
}

static void set_r2(struct dut *dut, struct request *request)
{
    struct tcp_connection *connection = take_connection(dut, request);
    uint32_t count = request_take_u32(request);

    if (!request_has_failed(request)) {
        tcp_connection_set_max_retransmissions(connection, count);
        stack_poll(dut->stack, connection);
    }
}

/* --- what it is like ---------------------------------------------------------------------------
 */

static const char *const STATE_NAMES[] = {
    [TCP_CLOSED] = "CLOSED",           [TCP_LISTEN] = "LISTEN",
    [TCP_SYN_SENT] = "SYN-SENT",       [TCP_SYN_RECEIVED] = "SYN-RECEIVED",
    [TCP_ESTABLISHED] = "ESTABLISHED", [TCP_FIN_WAIT_1] = "FIN-WAIT-1",
    [TCP_FIN_WAIT_2] = "FIN-WAIT-2",   [TCP_CLOSE_WAIT] = "CLOSE-WAIT",
    [TCP_CLOSING] = "CLOSING",         [TCP_LAST_ACK] = "LAST-ACK",
    [TCP_TIME_WAIT] = "TIME-WAIT",
};

static const char *const ERROR_NAMES[] = {
    [TCP_ERROR_NONE] = "none",       [TCP_ERROR_REFUSED] = "refused",
    [TCP_ERROR_RESET] = "reset",     [TCP_ERROR_TIMED_OUT] = "timed-out",
    [TCP_ERROR_ABORTED] = "aborted",
};

static const char *name_in(const char *const names[], size_t count, size_t index)
{
    return index < count ? names[index] : "unknown";
}

void connection_answer_state(struct request *request, const struct tcp_connection *connection)
{
    const char *state_name = name_in(STATE_NAMES, sizeof STATE_NAMES / sizeof STATE_NAMES[0],
                                     (size_t)tcp_connection_state(connection));
    const char *error_name = name_in(ERROR_NAMES, sizeof ERROR_NAMES / sizeof ERROR_NAMES[0],
                                     (size_t)tcp_connection_error(connection));
    request_answer(request,
                   " state=%s error=%s readable=%zu writable=%zu unacknowledged=%zu eof=%d"
                   " local_port=%u remote_port=%u",
                   state_name, error_name, tcp_connection_readable(connection),
                   tcp_connection_writable(connection), tcp_connection_unacknowledged(connection),
                   tcp_connection_read_finished(connection), tcp_connection_local_port(connection),
                   tcp_connection_remote_port(connection));
}

static void state(struct dut *dut, struct request *request)
{
    const struct tcp_connection *connection = take_connection(dut, request);

    if (!request_has_failed(request)) {
        connection_answer_state(request, connection);
    }
}

const struct command connection_commands[] = {
    {"conn.listen", 1, 2, start_listening},
    {"conn.unlisten", 1, 1, stop_listening},
    {"conn.accept", 1, 1, accept_one},
    {"conn.connect", 2, 3, connect_to},
    {"conn.write", 2, 2, write_bytes},
    {"conn.read", 2, 2, read_bytes},
    {"conn.shutdown", 1, 1, shut_down},
    {"conn.abort", 1, 1, abort_it},
    {"conn.release", 1, 1, release},
    {"conn.nagle", 2, 2, set_nagle},
    {"conn.r2", 2, 2, set_r2},
    {"conn.state", 1, 1, state},
    {0},
};
