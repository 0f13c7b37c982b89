#define _GNU_SOURCE
#include "pump.h"

#include "failure.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/*
 * The kernel counts whole packets of up to 48 KB or so, even when but their last byte is left, and
 * calls a pair's end writable while at most a quarter of its buffer is in use. So the program's
 * buffer must be more than four times as large as such a packet. The kernel doubles these sizes.
 */
enum { PROGRAMS_BUFFER = 212992, OUR_BUFFER = 32768, PLUG_PIECE = 16384 };

/* --- making and unmaking ---------------------------------------------------------------------- */

static bool name_end(int fd, uint64_t number)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int length = snprintf(name.sun_path + 1, sizeof name.sun_path - 1, RUN_NAME "%ld/%llu",
                          (long)getpid(), (unsigned long long)number);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length);

    return bind(fd, (const struct sockaddr *)&name, size) == 0;
}

static bool is_writable(int fd)
{
    struct pollfd question = {.fd = fd, .events = POLLOUT};

    return poll(&question, 1, 0) > 0;
}

/* Puts bytes into the pair from the program's side: one, or as many as make it full. Returns how
 * many; 0 with errno. */
static size_t put_plug(int fd, bool make_full)
{
    static const uint8_t bytes[PLUG_PIECE];
    size_t total = 0;

    do {
        ssize_t sent = send(fd, bytes, make_full ? sizeof bytes : 1, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent <= 0) {
            return 0;
        }
        total += (size_t)sent;
    } while (make_full && is_writable(fd));
    return total;
}

static bool set_buffer(int fd, int size)
{
    return setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size) == 0;
}

/* A pair, ours first and with a name, and the first bytes from the program's side in it. Returns
 * how many; 0 with errno. */
static size_t make_pair(int pair[2], uint64_t number, bool make_full)
{
    size_t plug = 0;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
        return 0;
    }
    if (set_buffer(pair[0], OUR_BUFFER) && set_buffer(pair[1], PROGRAMS_BUFFER) &&
        name_end(pair[0], number)) {
        plug = put_plug(pair[1], make_full);
    }
    if (plug == 0) {
        int reason = errno;
        close(pair[0]);
        close(pair[1]);
        errno = reason;
    }
    return plug;
}

struct pump_socket *pump_socket_new(struct pump *pump, enum pump_phase phase, int *programs_end)
{
    struct pump_socket *new = calloc(1, sizeof *new);
    struct epoll_event event = {
        .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
        .data.ptr = new,
    };
    int pair[2];

    if (new != NULL) {
        new->plug = make_pair(pair, pump->last_number + 1, phase == PUMP_FRESH);
    }
    if (new == NULL || new->plug == 0) {
        free(new);
        return NULL;
    }
    if (epoll_ctl(pump->epoll_fd, EPOLL_CTL_ADD, pair[0], &event) < 0) {
        close(pair[0]);
        close(pair[1]);
        free(new);
        return NULL;
    }
    new->number = ++pump->last_number;
    new->phase = phase;
    new->fd = pair[0];
    new->nagle = true;
    new->caller = -1;
    new->arrival_fd = -1;
    list_append(&pump->sockets, &new->link);
    *programs_end = pair[1];
    return new;
}

static void close_if_open(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
        *fd = -1;
    }
}

void pump_socket_free(struct pump *pump, struct pump_socket *socket)
{
    close_if_open(&socket->caller); /* who waits there reads the end */
    close_if_open(&socket->arrival_fd);
    close_if_open(&socket->fd);
    if (socket->listener != NULL) {
        stack_unlisten(pump->stack, socket->listener);
    }
    if (socket->connection != NULL) {
        tcp_connection_abort(socket->connection);
        stack_release(pump->stack, socket->connection);
    }
    list_remove(&socket->link);
    free(socket);
}

struct pump_socket *pump_find(const struct pump *pump, uint64_t number)
{
    for (struct list *link = pump->sockets.next; link != &pump->sockets; link = link->next) {
        struct pump_socket *socket = CONTAINER_OF(link, struct pump_socket, link);

        if (socket->number == number && socket->fd >= 0) {
            return socket;
        }
    }
    return NULL;
}

/* --- what the pair says ----------------------------------------------------------------------- */

void pump_socket_event(struct pump_socket *socket, uint32_t events)
{
    socket->may_write = socket->may_write || (events & EPOLLOUT) != 0;
    socket->may_read = socket->may_read || (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP)) != 0;
    socket->program_ended = socket->program_ended || (events & (EPOLLRDHUP | EPOLLHUP)) != 0;
    socket->program_gone = socket->program_gone || (events & EPOLLHUP) != 0;
    socket->program_reset = socket->program_reset || (events & EPOLLERR) != 0;
}

/* Takes bytes that have been looked at before. */
static void take(int fd, size_t size)
{
    uint8_t bytes[PUMP_CHUNK];

    while (size > 0) {
        ssize_t got = recv(fd, bytes, size < sizeof bytes ? size : sizeof bytes, MSG_DONTWAIT);
        if (got <= 0) {
            return;
        }
        size -= (size_t)got;
    }
}

/* The program finds its socket writable from now on. One byte stays, as always. */
static void pull_plug(const struct pump_socket *socket)
{
    take(socket->fd, socket->plug - 1);
}

/* --- from the program to the connection ------------------------------------------------------- */

/* Moves one chunk; false when there is no more, or no room for it. */
static bool move_from_program(struct pump *pump, struct pump_socket *socket)
{
    uint8_t bytes[1 + PUMP_CHUNK];
    size_t room = tcp_connection_writable(socket->connection);
    size_t most = 1 + (room < PUMP_CHUNK ? room : PUMP_CHUNK);

    if (!socket->may_read || (room == 0 && !socket->program_ended)) {
        return false;
    }
    ssize_t seen = recv(socket->fd, bytes, most > 2 ? most : 2, MSG_PEEK | MSG_DONTWAIT);
    if (seen > 1 && room == 0) {
        return false; /* not yet the end */
    }
    if (seen <= 1) {
        socket->may_read = false;
        socket->input_ended = socket->program_ended;
        return false;
    }
    size_t taken = tcp_connection_write(socket->connection, bytes + 1, (size_t)seen - 1);
    take(socket->fd, taken);
    stack_poll(pump->stack, socket->connection);
    return taken > 0;
}

static void take_from_program(struct pump *pump, struct pump_socket *socket)
{
    if (socket->input_ended) {
        return;
    }
    while (move_from_program(pump, socket)) {
    }
    if (socket->input_ended) {
        tcp_connection_shutdown(socket->connection);
        stack_poll(pump->stack, socket->connection);
    }
}

/* --- from the connection to the program ------------------------------------------------------- */

static bool has_bytes_to_give(struct pump *pump, struct pump_socket *socket)
{
    if (socket->kept == 0) {
        socket->kept_at = 0;
        socket->kept = tcp_connection_read(socket->connection, socket->buffer, PUMP_CHUNK);
        if (socket->kept > 0) {
            stack_poll(pump->stack, socket->connection);
        }
    }
    return socket->kept > 0;
}

/* After this the program does not read any more: what comes is thrown away. */
static void give_to_program(struct pump *pump, struct pump_socket *socket)
{
    while (socket->may_write && has_bytes_to_give(pump, socket)) {
        ssize_t given = send(socket->fd, socket->buffer + socket->kept_at, socket->kept,
                             MSG_DONTWAIT | MSG_NOSIGNAL);
        if (given < 0 && errno == EAGAIN) {
            socket->may_write = false;
        } else if (given < 0) {
            socket->kept = 0; /* the program has shut down its receiving side */
        } else {
            socket->kept -= (size_t)given;
            socket->kept_at += (size_t)given;
        }
    }
    if (socket->kept == 0 && !socket->end_given &&
        tcp_connection_read_finished(socket->connection)) {
        shutdown(socket->fd, SHUT_WR);
        socket->end_given = true;
    }
}

/* --- how connections end ---------------------------------------------------------------------- */

int pump_failure_of(const struct tcp_connection *connection)
{
    int failure = connection_failure(connection);

    /* A peer that resets us when it has closed its side ends the connection as if in order, but it
     * has not got everything. */
    bool is_lost = tcp_connection_state(connection) == TCP_CLOSED &&
                   tcp_connection_unacknowledged(connection) > 0;
    return failure == 0 && is_lost ? ECONNRESET : failure;
}

/* The program gets ECONNRESET, and may ask for the true reason. */
static void fail_socket(struct pump *pump, struct pump_socket *socket, int reason)
{
    size_t place = socket->number % PUMP_FAILURES;

    pump->failures[place].socket = socket->number;
    pump->failures[place].error = reason;
    pump_socket_free(pump, socket);
}

/* Both directions have ended, and all bytes have been moved; or the program has closed. In the
 * latter case, as the kernel does it, what it has not read makes that a reset. */
static void begin_to_linger(struct pump *pump, struct pump_socket *socket)
{
    bool is_unread = socket->kept > 0 || tcp_connection_readable(socket->connection) > 0;

    if (is_unread || (socket->reset_on_close && !socket->end_given)) {
        pump_socket_free(pump, socket);
        return;
    }
    take(socket->fd, 1); /* with nothing left in the pair, the program reads the end */
    close_if_open(&socket->fd);
    socket->phase = PUMP_LINGERING;
}

/* What was written is still delivered. Nobody is there for what the peer sends; so the stack, which
 * knows what to answer, gets the connection as soon as there is any. */
static void linger(struct pump *pump, struct pump_socket *socket)
{
    struct tcp_connection *connection = socket->connection;

    if (tcp_connection_state(connection) == TCP_CLOSED ||
        tcp_connection_unacknowledged(connection) == 0 || tcp_connection_readable(connection) > 0) {
        stack_release(pump->stack, connection);
        socket->connection = NULL;
        pump_socket_free(pump, socket);
    }
}

/* --- each phase ------------------------------------------------------------------------------- */

static void reply_to_connect(struct pump_socket *socket, int error)
{
    const struct run_reply reply = {.error = error};

    pump_reply(socket->caller, &reply, -1);
    socket->caller = -1;
}

/* Nobody waits for a connect that fails: the program is told by way of its socket. Otherwise it is
 * told by the call, and may try again. */
static void fail_to_connect(struct pump *pump, struct pump_socket *socket)
{
    int reason = pump_failure_of(socket->connection);

    reason = reason == 0 ? ECONNABORTED : reason;
    if (socket->caller < 0) {
        fail_socket(pump, socket, reason);
        return;
    }
    stack_release(pump->stack, socket->connection);
    socket->connection = NULL;
    socket->phase = PUMP_FRESH;
    reply_to_connect(socket, reason);
}

static void work_on_connecting(struct pump *pump, struct pump_socket *socket)
{
    enum tcp_state state = tcp_connection_state(socket->connection);

    if (socket->program_gone) {
        pump_socket_free(pump, socket);
    } else if (state == TCP_CLOSED) {
        fail_to_connect(pump, socket);
    } else if (state != TCP_SYN_SENT && state != TCP_SYN_RECEIVED) {
        socket->phase = PUMP_CONNECTED;
        pull_plug(socket);
        if (socket->caller >= 0) {
            reply_to_connect(socket, 0);
        }
    }
}

static void work_on_connected(struct pump *pump, struct pump_socket *socket)
{
    if (socket->program_reset) {
        pump_socket_free(pump, socket);
        return;
    }
    take_from_program(pump, socket);
    if (!socket->program_gone) {
        give_to_program(pump, socket);
    }
    int failure = pump_failure_of(socket->connection);
    if (failure != 0) {
        fail_socket(pump, socket, failure);
    } else if (socket->input_ended && (socket->program_gone || socket->end_given)) {
        begin_to_linger(pump, socket);
    }
}

/* Makes a socket of a new connection, for the listener to hand over. False without memory. */
static bool wrap_arrival(struct pump *pump, struct pump_socket *listening,
                         struct tcp_connection *connection)
{
    struct pump_socket *accepted = pump_socket_new(pump, PUMP_CONNECTED, &listening->arrival_fd);

    if (accepted == NULL) {
        tcp_connection_abort(connection);
        stack_release(pump->stack, connection);
        return false;
    }
    accepted->connection = connection;
    accepted->local_address = pump->address;
    accepted->local_port = listening->local_port;
    listening->arrival = (struct run_arrival){
        .remote_address = stack_remote_address(pump->stack, connection),
        .remote_port = tcp_connection_remote_port(connection),
    };
    return true;
}

/* Hands over one connection; false if there is none, or no room. */
static bool hand_over(struct pump *pump, struct pump_socket *socket)
{
    struct tcp_connection *connection;

    if (socket->arrival_fd < 0) {
        connection = stack_accept(socket->listener);
        if (connection == NULL || !wrap_arrival(pump, socket, connection)) {
            return false;
        }
    }
    if (!pump_send(socket->fd, &socket->arrival, sizeof socket->arrival, socket->arrival_fd)) {
        if (errno == EAGAIN) {
            socket->may_write = false;
            return false;
        }
    }
    close_if_open(&socket->arrival_fd); /* the accepted socket lives in the pair, or it dies */
    return true;
}

static void work_on_listening(struct pump *pump, struct pump_socket *socket)
{
    while (!socket->program_gone && socket->may_write && hand_over(pump, socket)) {
    }
    if (socket->program_gone) {
        pump_socket_free(pump, socket);
    }
}

static void work_on(struct pump *pump, struct pump_socket *socket)
{
    switch (socket->phase) {
    case PUMP_FRESH:
        if (socket->program_gone) {
            pump_socket_free(pump, socket);
        }
        break;
    case PUMP_LISTENING:
        work_on_listening(pump, socket);
        break;
    case PUMP_CONNECTING:
        work_on_connecting(pump, socket);
        break;
    case PUMP_CONNECTED:
        work_on_connected(pump, socket);
        break;
    case PUMP_LINGERING:
        linger(pump, socket);
        break;
    }
}

void pump_work(struct pump *pump)
{
    struct list *link = pump->sockets.next;

    while (link != &pump->sockets) {
        struct pump_socket *socket = CONTAINER_OF(link, struct pump_socket, link);

        link = link->next; /* the socket may go */
        work_on(pump, socket);
    }
}

bool pump_is_idle(const struct pump *pump)
{
    for (struct list *link = pump->sockets.next; link != &pump->sockets; link = link->next) {
        enum pump_phase phase = CONTAINER_OF(link, struct pump_socket, link)->phase;

        if (phase == PUMP_CONNECTED || phase == PUMP_LINGERING) {
            return false;
        }
    }
    return true;
}
