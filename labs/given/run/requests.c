#define _GNU_SOURCE
#include "ipv4.h"
#include "pump.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    FIRST_EPHEMERAL = 49152, /* RFC 6335, 6 */
    EPHEMERAL_PORTS = 65536 - FIRST_EPHEMERAL,
    MOST_BACKLOG = 4096,
    /* As small as the kernel makes it: a connection that lies in the pair of a listening socket is
     * not in its backlog any more, so only a few of them are put there. */
    LISTENING_BUFFER = 1,
};

/* --- messages with a descriptor --------------------------------------------------------------- */

bool pump_send(int fd, const void *message, size_t size, int descriptor)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {.bytes = {0}};
    struct iovec part = {.iov_base = (void *)(uintptr_t)message, .iov_len = size};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};

    if (descriptor >= 0) {
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type = SCM_RIGHTS;
        control.header.cmsg_len = CMSG_LEN(sizeof descriptor);
        memcpy(CMSG_DATA(&control.header), &descriptor, sizeof descriptor);
        header.msg_control = &control;
        header.msg_controllen = sizeof control;
    }
    return sendmsg(fd, &header, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)size;
}

void pump_reply(int to, const struct run_reply *reply, int descriptor)
{
    pump_send(to, reply, sizeof *reply, descriptor);
    close(to);
}

/* The next request, and the socket that came with it for the answer; -1 if there is none. */
static int next_request(int control_fd, struct run_request *request)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec part = {.iov_base = request, .iov_len = sizeof *request};
    int answer_fd = -1;

    for (;;) {
        struct msghdr header = {
            .msg_iov = &part,
            .msg_iovlen = 1,
            .msg_control = &control,
            .msg_controllen = sizeof control,
        };
        ssize_t got = recvmsg(control_fd, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        if (got < 0) {
            return -1;
        }
        const struct cmsghdr *first = CMSG_FIRSTHDR(&header);
        if (first == NULL || first->cmsg_type != SCM_RIGHTS) {
            continue;
        }
        memcpy(&answer_fd, CMSG_DATA(first), sizeof answer_fd);
        if (got == (ssize_t)sizeof *request) {
            return answer_fd;
        }
        close(answer_fd);
    }
}

/* --- ports ------------------------------------------------------------------------------------ */

/* Has a program bound another socket to this port? Connections that were accepted share theirs. */
static bool is_taken(const struct pump *pump, const struct pump_socket *socket, uint16_t port)
{
    for (struct list *link = pump->sockets.next; link != &pump->sockets; link = link->next) {
        const struct pump_socket *other = CONTAINER_OF(link, struct pump_socket, link);
        bool holds_port = other->phase == PUMP_FRESH || other->phase == PUMP_LISTENING;

        if (other != socket && holds_port && other->local_port == port) {
            return true;
        }
    }
    return false;
}

/* A port for who binds to any; 0 if there is none. */
static uint16_t any_port(struct pump *pump)
{
    for (int tries = 0; tries < EPHEMERAL_PORTS; tries++) {
        pump->last_port = (uint16_t)((pump->last_port + 1) % EPHEMERAL_PORTS);
        uint16_t port = (uint16_t)(FIRST_EPHEMERAL + pump->last_port);

        if (!is_taken(pump, NULL, port)) {
            return port;
        }
    }
    return 0;
}

/* --- the questions: each returns an errno, or 0 ------------------------------------------------
 */

static int answer_bind(struct pump *pump, struct pump_socket *socket,
                       const struct run_request *request)
{
    uint16_t port = request->port != 0 ? request->port : any_port(pump);

    if (socket->phase != PUMP_FRESH || socket->local_port != 0) {
        return EINVAL;
    }
    if (request->address != 0 && request->address != pump->address) {
        return EADDRNOTAVAIL;
    }
    if (port == 0 || is_taken(pump, socket, port)) {
        return EADDRINUSE;
    }
    socket->local_address = request->address;
    socket->local_port = port;
    return 0;
}

static void tell_of_listening(const struct pump *pump, uint16_t port)
{
    if (pump->events_fd >= 0) {
        dprintf(pump->events_fd, "listening %u\n", port);
    }
}

static int answer_listen(struct pump *pump, struct pump_socket *socket, uint32_t backlog)
{
    const int buffer = LISTENING_BUFFER;

    if (socket->phase == PUMP_LISTENING) {
        return 0; /* a change of the backlog, at most */
    }
    if (socket->phase != PUMP_FRESH) {
        return EINVAL;
    }
    if (socket->local_port == 0) {
        socket->local_port = any_port(pump);
    }
    backlog = backlog < 1 ? 1 : backlog > MOST_BACKLOG ? MOST_BACKLOG : backlog;
    socket->listener = stack_listen(pump->stack, socket->local_port, backlog);
    if (socket->listener == NULL) {
        return errno;
    }
    setsockopt(socket->fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
    socket->phase = PUMP_LISTENING;
    tell_of_listening(pump, socket->local_port);
    return 0;
}

static void apply_nagle(const struct pump_socket *socket)
{
    if (socket->connection != NULL) {
        tcp_connection_set_nagle(socket->connection, socket->nagle);
    }
}

/* Why a connection cannot be opened now; 0 if it can. */
static int refusal(const struct pump *pump, const struct pump_socket *socket, uint32_t address)
{
    switch (socket->phase) {
    case PUMP_FRESH:
        break;
    case PUMP_CONNECTING:
        return EALREADY;
    case PUMP_LISTENING:
        return EINVAL;
    default:
        return EISCONN;
    }
    bool is_on_link = (address & pump->netmask) == (pump->address & pump->netmask);
    return is_on_link && address != pump->address ? 0 : ENETUNREACH;
}

/* EINPROGRESS: the reply comes later, to `caller` if the program waits. */
static int answer_connect(struct pump *pump, struct pump_socket *socket,
                          const struct run_request *request, int caller)
{
    int failure = refusal(pump, socket, request->address);

    if (failure != 0) {
        return failure;
    }
    if (request->port == 0) {
        return ECONNREFUSED;
    }
    socket->connection =
        stack_connect(pump->stack, request->address, request->port, socket->local_port);
    if (socket->connection == NULL) {
        return errno;
    }
    apply_nagle(socket);
    socket->phase = PUMP_CONNECTING;
    socket->caller = request->value != 0 ? -1 : caller;
    return EINPROGRESS;
}

static int answer_names(const struct pump *pump, const struct pump_socket *socket,
                        struct run_reply *reply)
{
    const struct tcp_connection *connection = socket->connection;

    reply->value = socket->phase == PUMP_LISTENING;
    reply->local_address = socket->local_address;
    reply->local_port = socket->local_port;
    if (connection != NULL) {
        reply->local_address = pump->address;
        reply->local_port = tcp_connection_local_port(connection);
    }
    if (socket->phase == PUMP_CONNECTED) {
        reply->remote_address = stack_remote_address(pump->stack, connection);
        reply->remote_port = tcp_connection_remote_port(connection);
    }
    return 0;
}

/* A socket that is no more: its pair is closed, but the program still holds the other end. */
static int answer_for_dead(const struct pump *pump, const struct run_request *request,
                           struct run_reply *reply)
{
    size_t place = request->socket % PUMP_FAILURES;

    switch (request->question) {
    case RUN_FAILURE:
        if (pump->failures[place].socket == request->socket) {
            reply->value = (uint32_t)pump->failures[place].error;
        }
        return 0;
    case RUN_NAMES:
    case RUN_NODELAY:
    case RUN_LINGER:
        return 0;
    case RUN_CONNECT:
        return ECONNABORTED;
    default:
        return EINVAL;
    }
}

static int answer(struct pump *pump, struct pump_socket *socket, const struct run_request *request,
                  struct run_reply *reply, int caller)
{
    switch (request->question) {
    case RUN_BIND:
        return answer_bind(pump, socket, request);
    case RUN_LISTEN:
        return answer_listen(pump, socket, request->value);
    case RUN_CONNECT:
        return answer_connect(pump, socket, request, caller);
    case RUN_NAMES:
        return answer_names(pump, socket, reply);
    case RUN_NODELAY:
        socket->nagle = request->value == 0;
        apply_nagle(socket);
        return 0;
    case RUN_LINGER:
        socket->reset_on_close = request->value != 0;
        return 0;
    case RUN_FAILURE:
        return 0;
    default:
        return EINVAL;
    }
}

static void answer_new(struct pump *pump, int caller)
{
    int programs_end = -1;
    struct run_reply reply = {0};

    if (pump_socket_new(pump, PUMP_FRESH, &programs_end) == NULL) {
        reply.error = errno;
    }
    pump_reply(caller, &reply, programs_end);
    if (programs_end >= 0) {
        close(programs_end); /* if nobody got it, the socket finds that its program has gone */
    }
}

void pump_answer_requests(struct pump *pump)
{
    struct run_request request;
    int caller;

    while ((caller = next_request(pump->control_fd, &request)) >= 0) {
        if (request.question == RUN_NEW) {
            answer_new(pump, caller);
            continue;
        }
        struct run_reply reply = {0};
        struct pump_socket *socket = pump_find(pump, request.socket);
        reply.error = socket != NULL ? answer(pump, socket, &request, &reply, caller)
                                     : answer_for_dead(pump, &request, &reply);
        if (socket == NULL || socket->caller != caller) {
            pump_reply(caller, &reply, -1);
        }
    }
}
