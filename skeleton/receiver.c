/* Checkpoint 3: the receiver. What each function has to do stands in receiver.h. */
#include "receiver.h"

#include "reassembler.h"

struct tcp_receiver {
    struct byte_stream *inbound;
    struct reassembler *reassembler; /* TODO: what else has a receiver to remember? */
};

/* Makes a receiver with its inbound stream and reassembler. */
struct tcp_receiver *tcp_receiver_new(const struct tcp_config *config)
{
    (void)config;
    /* TODO: yours */
    return NULL;
}

/* Gives back all that the receiver owns. */
void tcp_receiver_free(struct tcp_receiver *receiver)
{
    (void)receiver;
    /* TODO: yours */
}

/* Learns the peer's initial sequence number, and puts bytes and FIN in their place. */
void tcp_receiver_receive(struct tcp_receiver *receiver, const struct tcp_sender_message *message)
{
    (void)receiver;
    (void)message;
    /* TODO: yours */
}

/* Says what is expected next and how much may come; notes that it was said. */
struct tcp_receiver_message tcp_receiver_send(struct tcp_receiver *receiver)
{
    (void)receiver;
    /* TODO: yours */
    return (struct tcp_receiver_message){0};
}

/* Has so much room become free that the peer should hear of it at once? */
bool tcp_receiver_window_update_due(const struct tcp_receiver *receiver)
{
    (void)receiver;
    /* TODO: yours */
    return false;
}

/* Does a segment overlap the window? */
bool tcp_receiver_acceptable(const struct tcp_receiver *receiver, struct seqno seq, size_t seg_len)
{
    (void)receiver;
    (void)seq;
    (void)seg_len;
    /* TODO: yours */
    return false;
}

/* The stream from which the application reads. */
struct byte_stream *tcp_receiver_inbound(const struct tcp_receiver *receiver)
{
    (void)receiver;
    /* TODO: yours */
    return NULL;
}

/* Has a SYN arrived? */
bool tcp_receiver_is_synchronized(const struct tcp_receiver *receiver)
{
    (void)receiver;
    /* TODO: yours */
    return false;
}

/* The next sequence number expected. */
struct seqno tcp_receiver_rcv_nxt(const struct tcp_receiver *receiver)
{
    (void)receiver;
    /* TODO: yours */
    return (struct seqno){0};
}

/* What is left of the window offered last. */
uint32_t tcp_receiver_rcv_wnd(const struct tcp_receiver *receiver)
{
    (void)receiver;
    /* TODO: yours */
    return 0;
}

/* The bytes held out of order. */
size_t tcp_receiver_bytes_pending(const struct tcp_receiver *receiver)
{
    (void)receiver;
    /* TODO: yours */
    return 0;
}
