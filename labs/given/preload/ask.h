/*
 * Inside the preload library: which sockets are ours, and what tcprun says about them.
 */
#pragma once

#include "run_protocol.h"

#include <stdbool.h>
#include <stdint.h>

/* The function of this name that the program would have called without us. NULL if there is none.
 */
void *next_function(const char *name);

/* The number of the socket behind a descriptor; 0 if it is none of ours. Leaves errno alone. */
uint64_t number_of(int fd);

/* Asks tcprun. Returns 0, or -1 with errno: what the reply said, or ENETDOWN if tcprun is gone.
 * `received` is the descriptor that came with the reply, or -1; NULL if none is wanted. */
int ask(const struct run_request *request, struct run_reply *reply, int *received);

/* Takes a message of `size` bytes from a socket, and the descriptor that came with it, or -1.
 * `flags` as for recvmsg. Returns what recvmsg does. */
long receive_with_descriptor(int fd, void *message, unsigned long size, int *received, int flags);
