/* A server: takes connections until it is told to stop, and gives each of them a thread. */
#pragma once

#include "tcp_socket.h"

/* Has a conversation with one peer. The socket is closed for it afterwards. */
typedef void conversation(struct tcp_socket *socket, void *context);

/* Lets SIGINT and SIGTERM wait for `serve` instead of ending the program. Call it before any other
 * thread is started. */
void serve_prepare(void);

/* Serves until SIGINT or SIGTERM arrives, or the wire is gone; then resets the connections that are
 * still open, waits for their threads, and closes the listener. Returns 0, or the errno value of
 * why it could not go on. */
int serve(struct tcp_listener *listener, conversation *talk, void *context);
