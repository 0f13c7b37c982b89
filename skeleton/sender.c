/* Checkpoint 4: the sender. What each function has to do stands in sender.h. */
#include "sender.h"

struct tcp_sender {
    struct tcp_config config;
    struct byte_stream *outbound; /* TODO: what else has a sender to remember? */
};

/* Makes a sender that has sent nothing. */
struct tcp_sender *tcp_sender_new(const struct tcp_config *config)
{
    (void)config;
    /* TODO: yours */
    return NULL;
}

/* Gives back all that the sender owns. */
void tcp_sender_free(struct tcp_sender *sender)
{
    (void)sender;
    /* TODO: yours */
}

/* Sets the size of the largest segment from now on. */
void tcp_sender_set_mss(struct tcp_sender *sender, uint16_t mss)
{
    (void)sender;
    (void)mss;
    /* TODO: yours */
}

/* Turns Nagle's algorithm on or off. */
void tcp_sender_set_nagle(struct tcp_sender *sender, bool on)
{
    (void)sender;
    (void)on;
    /* TODO: yours */
}

/* Takes note of what the peer acknowledges and of how much more it can take. */
void tcp_sender_receive(struct tcp_sender *sender, const struct tcp_receiver_message *message)
{
    (void)sender;
    (void)message;
    /* TODO: yours */
}

/* Lets time pass; the timer may expire. */
void tcp_sender_tick(struct tcp_sender *sender, uint32_t ms)
{
    (void)sender;
    (void)ms;
    /* TODO: yours */
}

/* Gives the next segment to send, if there is one. */
bool tcp_sender_next(struct tcp_sender *sender, struct tcp_sender_message *out)
{
    (void)sender;
    (void)out;
    /* TODO: yours */
    return false;
}

/* The stream into which the application writes. */
struct byte_stream *tcp_sender_outbound(const struct tcp_sender *sender)
{
    (void)sender;
    /* TODO: yours */
    return NULL;
}

/* The sequence numbers sent and not acknowledged. */
uint64_t tcp_sender_bytes_in_flight(const struct tcp_sender *sender)
{
    (void)sender;
    /* TODO: yours */
    return 0;
}

/* How often in a row the timer has expired. */
uint32_t tcp_sender_consecutive_retransmissions(const struct tcp_sender *sender)
{
    (void)sender;
    /* TODO: yours */
    return 0;
}

/* The retransmission timeout, backed off or not. */
uint32_t tcp_sender_rto_ms(const struct tcp_sender *sender)
{
    (void)sender;
    /* TODO: yours */
    return 0;
}

/* The oldest sequence number not acknowledged. */
struct seqno tcp_sender_snd_una(const struct tcp_sender *sender)
{
    (void)sender;
    /* TODO: yours */
    return (struct seqno){0};
}

/* The next sequence number that was never sent. */
struct seqno tcp_sender_snd_nxt(const struct tcp_sender *sender)
{
    (void)sender;
    /* TODO: yours */
    return (struct seqno){0};
}

/* Has our SYN been acknowledged? */
bool tcp_sender_syn_acked(const struct tcp_sender *sender)
{
    (void)sender;
    /* TODO: yours */
    return false;
}

/* Has our FIN been acknowledged? */
bool tcp_sender_fin_acked(const struct tcp_sender *sender)
{
    (void)sender;
    /* TODO: yours */
    return false;
}
