/* Checkpoint 5: the connection. What each function has to do stands in connection.h. */
#include "connection.h"

#include "receiver.h"
#include "sender.h"

struct tcp_connection {
    enum tcp_state state;
    struct tcp_sender *sender;
    struct tcp_receiver *receiver; /* TODO: what else has a connection to remember? */
};

/* Makes a connection in CLOSED. */
struct tcp_connection *tcp_connection_new(const struct tcp_config *config)
{
    (void)config;
    /* TODO: yours */
    return NULL;
}

/* Gives back all that the connection owns. */
void tcp_connection_free(struct tcp_connection *connection)
{
    (void)connection;
    /* TODO: yours */
}

/* Active OPEN: the SYN is next. */
bool tcp_connection_open_active(struct tcp_connection *connection, uint16_t local_port,
                                uint16_t remote_port)
{
    (void)connection;
    (void)local_port;
    (void)remote_port;
    /* TODO: yours */
    return false;
}

/* Passive OPEN: waits for a SYN. */
bool tcp_connection_open_passive(struct tcp_connection *connection, uint16_t local_port)
{
    (void)connection;
    (void)local_port;
    /* TODO: yours */
    return false;
}

/* SEND: queues what fits. */
size_t tcp_connection_write(struct tcp_connection *connection, const void *data, size_t len)
{
    (void)connection;
    (void)data;
    (void)len;
    /* TODO: yours */
    return 0;
}

/* RECEIVE: hands over what has arrived. */
size_t tcp_connection_read(struct tcp_connection *connection, void *buffer, size_t capacity)
{
    (void)connection;
    (void)buffer;
    (void)capacity;
    /* TODO: yours */
    return 0;
}

/* CLOSE: there is no more to send. */
void tcp_connection_shutdown(struct tcp_connection *connection)
{
    (void)connection;
    /* TODO: yours */
}

/* ABORT: ends the connection now. */
void tcp_connection_abort(struct tcp_connection *connection)
{
    (void)connection;
    /* TODO: yours */
}

/* Turns Nagle's algorithm on or off. */
void tcp_connection_set_nagle(struct tcp_connection *connection, bool on)
{
    (void)connection;
    (void)on;
    /* TODO: yours */
}

/* Sets after how many retransmissions to give up. */
void tcp_connection_set_max_retransmissions(struct tcp_connection *connection, uint32_t count)
{
    (void)connection;
    (void)count;
    /* TODO: yours */
}

/* SEGMENT ARRIVES: RFC 9293, 3.10.7, in the order of its steps. */
void tcp_connection_segment_arrives(struct tcp_connection *connection,
                                    const struct tcp_segment *segment)
{
    (void)connection;
    (void)segment;
    /* TODO: yours */
}

/* Lets time pass; timers may expire. */
void tcp_connection_tick(struct tcp_connection *connection, uint32_t ms)
{
    (void)connection;
    (void)ms;
    /* TODO: yours */
}

/* Gives the next segment to send, if there is one. */
bool tcp_connection_next_segment(struct tcp_connection *connection, struct tcp_segment *out)
{
    (void)connection;
    (void)out;
    /* TODO: yours */
    return false;
}

/* STATUS: the state. */
enum tcp_state tcp_connection_state(const struct tcp_connection *connection)
{
    (void)connection;
    /* TODO: yours */
    return TCP_CLOSED;
}

/* Why the connection ended. */
enum tcp_error tcp_connection_error(const struct tcp_connection *connection)
{
    (void)connection;
    /* TODO: yours */
    return TCP_ERROR_NONE;
}

/* Our port. */
uint16_t tcp_connection_local_port(const struct tcp_connection *connection)
{
    (void)connection;
    /* TODO: yours */
    return 0;
}

/* The peer's port. */
uint16_t tcp_connection_remote_port(const struct tcp_connection *connection)
{
    (void)connection;
    /* TODO: yours */
    return 0;
}

/* The bytes that read would give now. */
size_t tcp_connection_readable(const struct tcp_connection *connection)
{
    (void)connection;
    /* TODO: yours */
    return 0;
}

/* The bytes that write would take now. */
size_t tcp_connection_writable(const struct tcp_connection *connection)
{
    (void)connection;
    /* TODO: yours */
    return 0;
}

/* Has the peer closed, and has everything been read? */
bool tcp_connection_read_finished(const struct tcp_connection *connection)
{
    (void)connection;
    /* TODO: yours */
    return false;
}

/* The bytes written, and the FIN wanted, that the peer has not acknowledged. */
size_t tcp_connection_unacknowledged(const struct tcp_connection *connection)
{
    (void)connection;
    /* TODO: yours */
    return 0;
}

/* What a port answers on which nobody listens. */
bool tcp_reply_to_closed(const struct tcp_segment *segment, struct tcp_segment *out)
{
    (void)segment;
    (void)out;
    /* TODO: yours */
    return false;
}
