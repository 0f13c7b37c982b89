#define _GNU_SOURCE
#include "party.h"

#include "app.h"

#include <errno.h>
#include <linux/tcp.h> /* not netinet/tcp.h: its TCP_ESTABLISHED is not ours */
#include <netinet/in.h>

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 128 };

/* What stands behind the opaque pointers. */
struct descriptor {
    int fd;
};

static void *wrap(int fd)
{
    struct descriptor *descriptor = malloc(sizeof *descriptor);

    if (descriptor == NULL) {
        fail(EXIT_NETWORK, "no memory");
    }
    descriptor->fd = fd;
    return descriptor;
}

static int fd_of(const void *pointer)
{
    return ((const struct descriptor *)pointer)->fd;
}

static void kernel_close(void *pointer)
{
    close(fd_of(pointer));
    free(pointer);
}

static struct sockaddr_in socket_address(uint32_t address, uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(address), .sin_port = htons(port)};
}

static int new_socket(struct party *party)
{
    static const char *const choices[] = {"cubic", "reno"};
    const int one = 1;
    socklen_t length = sizeof party->congestion;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0) {
        fail(EXIT_NETWORK, "no socket of the kernel: %s", strerror(errno));
    }
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    for (size_t i = 0; i < sizeof choices / sizeof *choices; i++) {
        if (setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, choices[i],
                       (socklen_t)strlen(choices[i])) == 0) {
            break;
        }
    }
    memset(party->congestion, 0, sizeof party->congestion);
    getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, party->congestion, &length);
    return fd;
}

static void *kernel_listen(struct party *party, uint16_t port)
{
    struct sockaddr_in address = socket_address(party->address, port);
    int fd = new_socket(party);

    if (bind(fd, (const struct sockaddr *)&address, sizeof address) < 0 ||
        listen(fd, BACKLOG) < 0) {
        fail(EXIT_NETWORK, "the kernel cannot listen on port %u: %s", port, strerror(errno));
    }
    return wrap(fd);
}

/* A reader that the kernel wakes for every single packet would be what is measured. */
static void *kernel_accept(void *listener)
{
    const int enough_to_wake = 16384;
    int fd = accept4(fd_of(listener), NULL, NULL, SOCK_CLOEXEC);

    if (fd < 0) {
        return NULL;
    }
    setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &enough_to_wake, sizeof enough_to_wake);
    return wrap(fd);
}

static void kernel_stop(void *listener)
{
    shutdown(fd_of(listener), SHUT_RD);
}

static void *kernel_connect(struct party *party, uint32_t to, uint16_t port)
{
    char text[ADDRESS_TEXT_SIZE];
    struct sockaddr_in address = socket_address(to, port);
    int fd = new_socket(party);

    if (connect(fd, (const struct sockaddr *)&address, sizeof address) < 0) {
        fail(EXIT_NETWORK, "the kernel cannot connect to %s:%u: %s", address_text(to, text), port,
             strerror(errno));
    }
    return wrap(fd);
}

static ssize_t kernel_read(void *connection, void *bytes, size_t size)
{
    return recv(fd_of(connection), bytes, size, 0);
}

static bool kernel_write(void *connection, const void *bytes, size_t size)
{
    return write_fully(fd_of(connection), bytes, size);
}

static void kernel_shutdown(void *connection)
{
    shutdown(fd_of(connection), SHUT_WR);
}

struct party party_of_kernel(uint32_t address)
{
    return (struct party){
        .name = "kernel",
        .address = address,
        .listen = kernel_listen,
        .accept = kernel_accept,
        .stop = kernel_stop,
        .unlisten = kernel_close,
        .connect = kernel_connect,
        .read = kernel_read,
        .write = kernel_write,
        .shutdown = kernel_shutdown,
        .close = kernel_close,
    };
}
