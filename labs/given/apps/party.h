/*
 * One side of a measurement: our own TCP, or the kernel's. Both are used in the same way, so that
 * tcpbench measures the same thing whichever is on which side.
 *
 * Connections and listeners are opaque pointers. Failures end the program: a measurement with holes
 * is worth nothing.
 */
#pragma once

#include "tcp_socket.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct party {
    const char *name;
    uint32_t address;
    struct tcp_host *host; /* of a stack; NULL for the kernel */
    char congestion[16];   /* of the kernel: its algorithm for the sockets made last */
    void *(*listen)(struct party *party, uint16_t port);
    void *(*accept)(void *listener); /* NULL when the listener was stopped */
    void (*stop)(void *listener);    /* makes accept return NULL */
    void (*unlisten)(void *listener);
    void *(*connect)(struct party *party, uint32_t address, uint16_t port);
    ssize_t (*read)(void *connection, void *bytes, size_t size);
    bool (*write)(void *connection, const void *bytes, size_t size);
    void (*shutdown)(void *connection);
    void (*close)(void *connection);
};

struct party party_of_stack(const char *name, struct tcp_host *host);

/* Its sockets are told to use cubic, or reno where that is not allowed: bbr, the default of some
 * machines, is made for other networks and several times slower here. */
struct party party_of_kernel(uint32_t address);
