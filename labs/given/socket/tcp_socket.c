#include "failure.h"
#include "host.h"

#include <errno.h>
#include <stdlib.h>

static struct tcp_socket *socket_of(struct handle *handle)
{
    return (struct tcp_socket *)handle;
}

static struct tcp_listener *listener_of(struct handle *handle)
{
    return (struct tcp_listener *)handle;
}

/* --- the state of a connection, as errno values and questions -------------------------------- */

/* Why it ended, for what was written. A peer that resets us when it has closed its side already
 * ends the connection as if in order (RFC 9293, 3.10.7.4), but it has not got everything. */
static int failure_to_deliver(const struct tcp_connection *connection)
{
    int failure = connection_failure(connection);

    if (failure == 0 && tcp_connection_unacknowledged(connection) > 0) {
        failure = ECONNRESET;
    }
    return failure;
}

static bool is_opened(struct handle *handle)
{
    enum tcp_state state = tcp_connection_state(socket_of(handle)->connection);

    return state != TCP_SYN_SENT && state != TCP_SYN_RECEIVED;
}

static bool has_news(struct handle *handle)
{
    const struct tcp_connection *connection = socket_of(handle)->connection;

    return tcp_connection_readable(connection) > 0 || tcp_connection_read_finished(connection) ||
           tcp_connection_state(connection) == TCP_CLOSED;
}

static bool takes_a_byte(struct handle *handle)
{
    const struct tcp_socket *socket = socket_of(handle);

    return tcp_connection_writable(socket->connection) > 0 || socket->shut ||
           tcp_connection_state(socket->connection) == TCP_CLOSED;
}

/* A writer that found the buffer full sleeps on until a quarter of it is free: to be woken for
 * every segment that is acknowledged would cost more than it brings. */
static bool has_room(struct handle *handle)
{
    size_t writable = tcp_connection_writable(socket_of(handle)->connection);
    size_t enough = handle->host->send_capacity / 4;

    return writable > 0 ? writable >= enough : takes_a_byte(handle);
}

static bool is_flushed(struct handle *handle)
{
    const struct tcp_connection *connection = socket_of(handle)->connection;

    return tcp_connection_unacknowledged(connection) == 0 ||
           tcp_connection_state(connection) == TCP_CLOSED;
}

static bool has_connection(struct handle *handle)
{
    struct tcp_listener *listener = listener_of(handle);

    if (listener->next == NULL) {
        listener->next = stack_accept(listener->stack_listener);
    }
    return listener->next != NULL || listener->stopped;
}

static bool can_read_or_write(struct handle *handle)
{
    return has_news(handle) || takes_a_byte(handle);
}

/* What a call returns: `done`, or -1 and the reason in errno if there is one. */
static int outcome(int done, int failure)
{
    if (failure == 0) {
        return done;
    }
    errno = failure;
    return -1;
}

/* --- listeners ------------------------------------------------------------------------------- */

struct tcp_listener *tcp_listen(struct tcp_host *host, uint16_t port, unsigned backlog)
{
    if (port == 0 || backlog == 0) {
        errno = EINVAL;
        return NULL;
    }

    struct tcp_listener *listener = calloc(1, sizeof *listener);
    if (listener == NULL) {
        return NULL;
    }
    host_lock(host);
    listener->stack_listener = stack_listen(host->stack, port, backlog);
    int failure = listener->stack_listener == NULL ? errno : 0;
    if (failure == 0) {
        handle_init(&listener->handle, host);
    }
    host_unlock(host);
    if (failure != 0) {
        free(listener);
        errno = failure;
        return NULL;
    }
    return listener;
}

struct tcp_socket *tcp_accept(struct tcp_listener *listener)
{
    struct tcp_host *host = listener->handle.host;
    struct tcp_socket *socket = calloc(1, sizeof *socket);

    if (socket == NULL) {
        return NULL;
    }
    host_lock(host);
    int failure = handle_wait_its_time(&listener->handle, has_connection);
    if (failure == 0 && listener->stopped) {
        failure = ECONNABORTED;
    }
    if (failure == 0) {
        socket->connection = listener->next;
        listener->next = NULL;
        handle_init(&socket->handle, host);
    }
    handle_leave(&listener->handle);
    host_unlock(host);
    if (failure != 0) {
        free(socket);
        errno = failure;
        return NULL;
    }
    return socket;
}

static void drop(struct tcp_host *host, struct tcp_connection *connection)
{
    tcp_connection_abort(connection);
    stack_release(host->stack, connection);
}

void tcp_listener_stop(struct tcp_listener *listener)
{
    host_lock(listener->handle.host);
    listener->stopped = true;
    host_wake_waiters(listener->handle.host);
    host_unlock(listener->handle.host);
}

void tcp_listener_close(struct tcp_listener *listener)
{
    if (listener == NULL) {
        return;
    }

    struct tcp_host *host = listener->handle.host;
    host_lock(host);
    if (listener->next != NULL) {
        drop(host, listener->next);
    }
    stack_unlisten(host->stack, listener->stack_listener);
    handle_close(&listener->handle);
    host_unlock(host);
}

void tcp_listener_set_timeout(struct tcp_listener *listener, uint32_t ms)
{
    host_lock(listener->handle.host);
    listener->handle.timeout_ms = ms;
    host_unlock(listener->handle.host);
}

/* --- opening --------------------------------------------------------------------------------- */

/* Waits for the handshake of a socket that nobody else knows yet. */
static int finish_opening(struct tcp_socket *socket)
{
    int failure = handle_wait(&socket->handle, is_opened, NULL);

    return failure != 0 ? failure : connection_failure(socket->connection);
}

struct tcp_socket *tcp_connect(struct tcp_host *host, uint32_t address, uint16_t port)
{
    if (port == 0) {
        errno = EINVAL;
        return NULL;
    }

    struct tcp_socket *socket = calloc(1, sizeof *socket);
    int failure = 0;
    if (socket == NULL) {
        return NULL;
    }
    host_lock(host);
    socket->connection = stack_connect(host->stack, address, port, 0);
    if (socket->connection == NULL) {
        failure = errno;
        free(socket);
    } else {
        handle_init(&socket->handle, host);
        failure = finish_opening(socket);
        if (failure != 0) {
            drop(host, socket->connection);
            handle_close(&socket->handle);
        }
    }
    host_unlock(host);
    errno = failure;
    return failure == 0 ? socket : NULL;
}

/* --- reading and writing --------------------------------------------------------------------- */

ssize_t tcp_read(struct tcp_socket *socket, void *buffer, size_t size)
{
    struct tcp_host *host = socket->handle.host;
    ssize_t result = 0;

    if (size == 0) {
        return 0;
    }
    host_lock(host);
    int failure = handle_wait_its_time(&socket->handle, has_news);
    if (failure == 0) {
        result = (ssize_t)tcp_connection_read(socket->connection, buffer, size);
        stack_poll(host->stack, socket->connection);
        if (result == 0 && !tcp_connection_read_finished(socket->connection)) {
            failure = connection_failure(socket->connection);
        }
    }
    handle_leave(&socket->handle);
    host_unlock(host);
    if (failure != 0) {
        errno = failure;
        return -1;
    }
    return result;
}

/* Waits for room and takes what fits. */
static int write_some(struct tcp_socket *socket, const uint8_t **data, size_t *size,
                      const struct timespec *deadline)
{
    struct tcp_host *host = socket->handle.host;
    bool full = tcp_connection_writable(socket->connection) == 0;
    int failure = handle_wait(&socket->handle, full ? has_room : takes_a_byte, deadline);

    if (failure == EAGAIN && tcp_connection_writable(socket->connection) > 0) {
        failure = 0; /* not as much room as was hoped for */
    }
    if (failure != 0) {
        return failure;
    }
    if (connection_failure(socket->connection) != 0) {
        return connection_failure(socket->connection);
    }
    if (socket->shut) {
        return EPIPE;
    }

    size_t taken = tcp_connection_write(socket->connection, *data, *size);
    stack_poll(host->stack, socket->connection);
    loop_transmit(host->loop);
    *data += taken;
    *size -= taken;
    return 0;
}

ssize_t tcp_write(struct tcp_socket *socket, const void *data, size_t size)
{
    struct tcp_host *host = socket->handle.host;
    const uint8_t *rest = data;
    size_t left = size;
    int failure = 0;

    host_lock(host);
    uint32_t timeout_ms = socket->handle.timeout_ms;
    struct timespec deadline = deadline_after(timeout_ms);
    while (left > 0 && failure == 0) {
        failure = write_some(socket, &rest, &left, timeout_ms == 0 ? NULL : &deadline);
    }
    handle_leave(&socket->handle);
    host_unlock(host);
    if (failure != 0) {
        errno = failure;
    }
    return failure != 0 && left == size ? -1 : (ssize_t)(size - left);
}

int tcp_flush(struct tcp_socket *socket)
{
    struct tcp_host *host = socket->handle.host;

    host_lock(host);
    int failure = handle_wait_its_time(&socket->handle, is_flushed);
    if (failure == 0) {
        failure = failure_to_deliver(socket->connection);
    }
    handle_leave(&socket->handle);
    host_unlock(host);
    return outcome(0, failure);
}

int tcp_wait(struct tcp_socket *socket, int wanted, int timeout_ms)
{
    static handle_question *const questions[] = {
        NULL, [TCP_CAN_READ] = has_news, [TCP_CAN_WRITE] = takes_a_byte,
        [TCP_CAN_READ | TCP_CAN_WRITE] = can_read_or_write};
    struct tcp_host *host = socket->handle.host;
    struct timespec deadline = deadline_after(timeout_ms < 0 ? 0 : (uint32_t)timeout_ms);

    if (wanted < TCP_CAN_READ || wanted > (TCP_CAN_READ | TCP_CAN_WRITE)) {
        return outcome(0, EINVAL);
    }
    host_lock(host);
    int possible = 0;
    int failure =
        handle_wait(&socket->handle, questions[wanted], timeout_ms < 0 ? NULL : &deadline);
    if (failure == 0 && has_news(&socket->handle)) {
        possible |= TCP_CAN_READ;
    }
    if (failure == 0 && takes_a_byte(&socket->handle)) {
        possible |= TCP_CAN_WRITE;
    }
    handle_leave(&socket->handle);
    host_unlock(host);
    return outcome(possible & wanted, failure == EAGAIN ? 0 : failure);
}

/* --- closing --------------------------------------------------------------------------------- */

int tcp_shutdown(struct tcp_socket *socket)
{
    struct tcp_host *host = socket->handle.host;

    host_lock(host);
    socket->shut = true;
    tcp_connection_shutdown(socket->connection);
    stack_poll(host->stack, socket->connection);
    int failure = connection_failure(socket->connection);
    host_wake_waiters(host);
    host_unlock(host);
    return outcome(0, failure);
}

void tcp_abort(struct tcp_socket *socket)
{
    struct tcp_host *host = socket->handle.host;

    host_lock(host);
    tcp_connection_abort(socket->connection);
    stack_poll(host->stack, socket->connection);
    host_wake_waiters(host);
    host_unlock(host);
}

void tcp_close(struct tcp_socket *socket)
{
    if (socket == NULL) {
        return;
    }

    struct tcp_host *host = socket->handle.host;
    host_lock(host);
    stack_release(host->stack, socket->connection);
    socket->connection = NULL;
    handle_close(&socket->handle);
    host_unlock(host);
}

/* --- settings and questions ------------------------------------------------------------------ */

void tcp_set_timeout(struct tcp_socket *socket, uint32_t ms)
{
    host_lock(socket->handle.host);
    socket->handle.timeout_ms = ms;
    host_unlock(socket->handle.host);
}

void tcp_set_nodelay(struct tcp_socket *socket, bool on)
{
    struct tcp_host *host = socket->handle.host;

    host_lock(host);
    tcp_connection_set_nagle(socket->connection, !on);
    stack_poll(host->stack, socket->connection);
    host_unlock(host);
}

void tcp_set_max_retransmissions(struct tcp_socket *socket, uint32_t count)
{
    host_lock(socket->handle.host);
    tcp_connection_set_max_retransmissions(socket->connection, count);
    host_unlock(socket->handle.host);
}

uint32_t tcp_remote_address(struct tcp_socket *socket)
{
    struct tcp_host *host = socket->handle.host;

    host_lock(host);
    uint32_t address = stack_remote_address(host->stack, socket->connection);
    host_unlock(host);
    return address;
}

uint16_t tcp_remote_port(struct tcp_socket *socket)
{
    host_lock(socket->handle.host);
    uint16_t port = tcp_connection_remote_port(socket->connection);
    host_unlock(socket->handle.host);
    return port;
}

uint16_t tcp_local_port(struct tcp_socket *socket)
{
    host_lock(socket->handle.host);
    uint16_t port = tcp_connection_local_port(socket->connection);
    host_unlock(socket->handle.host);
    return port;
}

enum tcp_state tcp_socket_state(struct tcp_socket *socket)
{
    host_lock(socket->handle.host);
    enum tcp_state state = tcp_connection_state(socket->connection);
    host_unlock(socket->handle.host);
    return state;
}
