/*
 * What the preload library and the program `tcprun` say to each other.
 *
 * Every TCP socket of a program is one end of a socket pair that tcprun has made; tcprun holds the
 * other end, and moves bytes between it and a connection of the stack. So reading, writing,
 * closing, dup, fork, poll and epoll are the kernel's business alone. Whatever concerns TCP itself
 * is asked for: the library sends a datagram to the control socket, whose path is in the
 * environment, and with it a socket on which it waits for the answer.
 *
 * The library remembers nothing. A socket is known by the name of tcprun's end, which getpeername
 * shows: an abstract one, "\0tcplab-run/PID/NUMBER". This survives whatever a program does to its
 * descriptors, exec included, and needs no lock.
 *
 * A listening socket's end becomes readable when a connection waits: each comes over the pair as a
 * struct run_arrival, with its descriptor.
 */
#pragma once

#include <stdint.h>

/* The environment variable with the path of the control socket. */
#define RUN_VARIABLE "TCPLAB_RUN"
/* How the names of tcprun's ends begin, after their zero byte. */
#define RUN_NAME "tcplab-run/"

enum run_question {
    RUN_NEW = 1, /* a new socket; it comes with the reply */
    RUN_BIND,    /* to address:port */
    RUN_LISTEN,  /* value: the backlog */
    RUN_CONNECT, /* to address:port; value: not 0 if the program does not want to wait. Otherwise
                    the reply comes when the connection is established, or has failed */
    RUN_NAMES,   /* the two ends of the socket; value: not 0 if it listens */
    RUN_NODELAY, /* value: not 0 for sending small pieces at once */
    RUN_LINGER,  /* value: not 0 for a reset when the program closes */
    RUN_FAILURE, /* value: the errno with which the connection ended; 0 if it is not known */
};

/* Addresses and ports are in host byte order. */
struct run_request {
    uint64_t socket; /* the NUMBER in its name; 0 for RUN_NEW */
    uint32_t question;
    uint32_t address;
    uint32_t value;
    uint16_t port;
};

struct run_reply {
    int32_t error; /* an errno, or 0 */
    uint32_t value;
    uint32_t local_address, remote_address;
    uint16_t local_port, remote_port; /* remote_port 0: not connected */
};

struct run_arrival {
    uint32_t remote_address;
    uint16_t remote_port;
};
