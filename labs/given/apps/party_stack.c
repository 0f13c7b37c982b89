#include "party.h"

#include "app.h"

#include <errno.h>
#include <string.h>

enum { BACKLOG = 128 };

static void *stack_listen_on(struct party *party, uint16_t port)
{
    struct tcp_listener *listener = tcp_listen(party->host, port, BACKLOG);

    if (listener == NULL) {
        fail(EXIT_NETWORK, "%s cannot listen on port %u: %s", party->name, port, strerror(errno));
    }
    return listener;
}

static void *stack_accept_next(void *listener)
{
    return tcp_accept(listener);
}

static void stack_stop(void *listener)
{
    tcp_listener_stop(listener);
}

static void stack_end_listening(void *listener)
{
    tcp_listener_close(listener);
}

static void *stack_connect_to(struct party *party, uint32_t address, uint16_t port)
{
    char text[ADDRESS_TEXT_SIZE];
    struct tcp_socket *socket = tcp_connect(party->host, address, port);

    if (socket == NULL) {
        fail(EXIT_NETWORK, "%s cannot connect to %s:%u: %s", party->name,
             address_text(address, text), port, strerror(errno));
    }
    return socket;
}

static ssize_t stack_read(void *connection, void *bytes, size_t size)
{
    return tcp_read(connection, bytes, size);
}

static bool stack_write(void *connection, const void *bytes, size_t size)
{
    return tcp_write(connection, bytes, size) == (ssize_t)size;
}

static void stack_shutdown(void *connection)
{
    tcp_shutdown(connection);
}

static void stack_close(void *connection)
{
    tcp_close(connection);
}

struct party party_of_stack(const char *name, struct tcp_host *host)
{
    return (struct party){
        .name = name,
        .address = tcp_host_address(host),
        .host = host,
        .listen = stack_listen_on,
        .accept = stack_accept_next,
        .stop = stack_stop,
        .unlisten = stack_end_listening,
        .connect = stack_connect_to,
        .read = stack_read,
        .write = stack_write,
        .shutdown = stack_shutdown,
        .close = stack_close,
    };
}
