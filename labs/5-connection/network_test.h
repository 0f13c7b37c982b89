/*
 * Two connections, the applications on top of them, and the network between them, which belongs to
 * the test: it loses, repeats, delays and reorders segments, and it looks at each of them. Time is
 * virtual.
 *
 *      application ▶ client ══ segments ══▶ server ◀ application
 *                           ◀═ segments ══
 */
#pragma once

#include "testing.h"

#include "connection.h"

#define LONGEST_QUEUE 1000
#define LONGEST_PAYLOAD 1000
#define STEP_MS 10u
#define CLIENT 0
#define SERVER 1
#define NEVER SIZE_MAX

struct packet {
    struct tcp_segment segment;
    uint8_t payload[LONGEST_PAYLOAD];
    size_t to;
    uint32_t due_ms;
};

/* A connection and the application on top of it. */
struct end {
    struct tcp_config config;
    struct tcp_connection *tcp;
    uint64_t length;     /* bytes that the application has to send */
    uint64_t written;    /* of them so far */
    uint64_t read;       /* bytes received */
    uint32_t appetite;   /* at most so many bytes are read in a step */
    bool keeps_open;     /* does not shut down when all is written */
    bool waits_for_end;  /* writes nothing before the peer has shut down */
    unsigned states;     /* those seen, as bits */
    bool has_acked;      /* the numbers below are known */
    uint32_t ack;        /* highest acknowledgment sent */
    uint32_t right_edge; /* highest that it has offered */
};

struct network {
    struct end ends[2];
    struct packet queue[LONGEST_QUEUE];
    size_t queued;
    size_t sent; /* segments, ever */
    struct dice dice;
    uint32_t loss, duplication; /* per cent */
    uint32_t delay_ms;          /* at most; at least 1 */
    size_t lost, doubled, late; /* the number of the one segment that meets this fate, or NEVER */
    bool resets_allowed;
    uint32_t now_ms;
};

/* --- the rig ---------------------------------------------------------------------------------- */

static inline struct network *network_of(void **state, uint64_t seed)
{
    struct network *network = calloc(1, sizeof *network);

    assert_non_null(network);
    *state = network;
    network->dice = dice_new(seed);
    network->lost = network->doubled = network->late = NEVER;
    for (size_t i = 0; i < 2; i++) {
        struct end *end = &network->ends[i];

        end->config = tcp_config_default();
        end->config.mss = LONGEST_PAYLOAD;
        end->config.recv_capacity = 8000;
        end->config.send_capacity = 8000;
        end->config.isn = (struct seqno){(uint32_t)roll(&network->dice)};
        end->config.max_retransmissions = 100;
        end->config.max_syn_retransmissions = 100;
        end->config.user_timeout_ms = 0;
        end->appetite = 10000;
    }
    return network;
}

static inline void make_connections(struct network *network)
{
    for (size_t i = 0; i < 2; i++) {
        network->ends[i].tcp = tcp_connection_new(&network->ends[i].config);
        assert_non_null(network->ends[i].tcp);
    }
}

static inline int free_network(void **state)
{
    struct network *network = *state;

    if (network != NULL) {
        tcp_connection_free(network->ends[CLIENT].tcp);
        tcp_connection_free(network->ends[SERVER].tcp);
        free(network);
    }
    *state = NULL;
    return 0;
}

static inline struct end *client_of(struct network *network)
{
    return &network->ends[CLIENT];
}

static inline struct end *server_of(struct network *network)
{
    return &network->ends[SERVER];
}

static inline enum tcp_state state_of(const struct end *end)
{
    return tcp_connection_state(end->tcp);
}

static inline void note_states(struct network *network)
{
    for (size_t i = 0; i < 2; i++) {
        network->ends[i].states |= 1u << state_of(&network->ends[i]);
    }
}

/* The two directions carry different bytes. */
static inline uint64_t pattern_start(size_t from)
{
    return (uint64_t)from << 40;
}

/* --- what is true of every segment ------------------------------------------------------------ */

#define rule(network, condition) assert_rolled(&(network)->dice, (condition), true)

static inline uint32_t stream_index(const struct end *end, struct seqno seq)
{
    return seq.raw - end->config.isn.raw - 1;
}

/* RFC 9293, 3.8.6, SHLD-14: the right edge never moves left; nor does an acknowledgment. */
static inline void watch_acknowledgment(struct network *network, struct end *end,
                                        const struct tcp_segment *segment)
{
    uint32_t edge = segment->ack.raw + segment->window;

    if (end->has_acked) {
        rule(network, (int32_t)(segment->ack.raw - end->ack) >= 0);
        rule(network, (int32_t)(edge - end->right_edge) >= 0);
    }
    end->has_acked = true;
    end->ack = segment->ack.raw;
    end->right_edge = edge;
}

static inline void watch(struct network *network, size_t from, const struct tcp_segment *segment)
{
    struct end *end = &network->ends[from];
    const struct end *peer = &network->ends[1 - from];
    uint32_t last = segment->seq.raw + (uint32_t)tcp_segment_length(segment);
    bool first_syn = (segment->flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;

    if ((segment->flags & TCP_RST) != 0) {
        rule(network, network->resets_allowed);
        return;
    }
    rule(network, first_syn || (segment->flags & TCP_ACK) != 0);
    rule(network, segment->has_mss == ((segment->flags & TCP_SYN) != 0));
    rule(network, segment->payload_len <= LONGEST_PAYLOAD);
    rule(network,
         segment->payload_len == 0 ||
             is_pattern(segment->payload, pattern_start(from) + stream_index(end, segment->seq),
                        segment->payload_len));
    if (peer->has_acked) { /* one more than the window allows: a probe */
        rule(network, (int32_t)(last - peer->right_edge) <= 1);
    }
    if ((segment->flags & TCP_ACK) != 0) {
        watch_acknowledgment(network, end, segment);
    }
}

/* --- the network ------------------------------------------------------------------------------ */

static inline void put(struct network *network, size_t to, const struct tcp_segment *segment,
                       uint32_t delay_ms)
{
    struct packet *packet;

    assert_true(network->queued < LONGEST_QUEUE);
    packet = &network->queue[network->queued++];
    packet->segment = *segment;
    packet->to = to;
    packet->due_ms = network->now_ms + delay_ms;
    if (segment->payload_len > 0) {
        memcpy(packet->payload, segment->payload, segment->payload_len);
    }
}

static inline void carry(struct network *network, size_t to, const struct tcp_segment *segment)
{
    size_t number = network->sent++;
    uint32_t delay_ms = 1 + roll_below(&network->dice, network->delay_ms + 1);

    if (number == network->lost || chance(&network->dice, network->loss)) {
        return;
    }
    put(network, to, segment, number == network->late ? 2500 : delay_ms);
    if (number == network->doubled || chance(&network->dice, network->duplication)) {
        put(network, to, segment, delay_ms + 30);
    }
}

/* Takes from both connections what they have to send. */
static inline void collect(struct network *network)
{
    for (size_t i = 0; i < 2; i++) {
        struct tcp_segment segment = {0};

        for (int n = 0; tcp_connection_next_segment(network->ends[i].tcp, &segment); n++) {
            assert_true(n < LONGEST_QUEUE);
            watch(network, i, &segment);
            carry(network, 1 - i, &segment);
        }
    }
    note_states(network);
}

static inline void deliver(struct network *network)
{
    for (size_t i = 0; i < network->queued;) {
        struct packet packet = network->queue[i];

        if (packet.due_ms > network->now_ms) {
            i++;
            continue;
        }
        network->queued--;
        memmove(&network->queue[i], &network->queue[i + 1],
                (network->queued - i) * sizeof network->queue[0]);
        if (state_of(&network->ends[packet.to]) == TCP_CLOSED) {
            continue; /* a late copy for a connection that is gone */
        }
        packet.segment.payload = packet.segment.payload_len > 0 ? packet.payload : NULL;
        tcp_connection_segment_arrives(network->ends[packet.to].tcp, &packet.segment);
        collect(network);
    }
}

static inline void pass(struct network *network, uint32_t ms)
{
    network->now_ms += ms;
    tcp_connection_tick(network->ends[CLIENT].tcp, ms);
    tcp_connection_tick(network->ends[SERVER].tcp, ms);
    collect(network);
}

/* --- the applications ------------------------------------------------------------------------- */

static inline void app_writes(struct network *network, size_t from)
{
    struct end *end = &network->ends[from];
    uint8_t bytes[3000];
    size_t len = 1 + roll_below(&network->dice, sizeof bytes);
    size_t too_much = tcp_connection_writable(end->tcp) + 1;

    if (end->waits_for_end && !tcp_connection_read_finished(end->tcp)) {
        return;
    }
    len = len < end->length - end->written ? len : (size_t)(end->length - end->written);
    len = len < too_much ? len : too_much;
    fill_pattern(bytes, pattern_start(from) + end->written, len);
    end->written += tcp_connection_write(end->tcp, bytes, len);
    if (end->written == end->length && !end->keeps_open && state_of(end) != TCP_LISTEN &&
        state_of(end) != TCP_SYN_SENT) {
        tcp_connection_shutdown(end->tcp);
    }
}

static inline void app_reads(struct network *network, size_t from)
{
    struct end *end = &network->ends[from];
    uint8_t bytes[10000];
    size_t n = tcp_connection_read(end->tcp, bytes, end->appetite);

    rule(network, is_pattern(bytes, pattern_start(1 - from) + end->read, n));
    end->read += n;
}

static inline void step(struct network *network)
{
    for (size_t i = 0; i < 2; i++) {
        app_writes(network, i);
        app_reads(network, i);
    }
    collect(network);
    deliver(network);
    pass(network, STEP_MS);
}

/* What has arrived can be read after the end too, so wait for that as well. */
static inline bool has_ended(const struct end *end)
{
    bool closed = state_of(end) == TCP_CLOSED || state_of(end) == TCP_TIME_WAIT;

    return closed && tcp_connection_readable(end->tcp) == 0;
}

static inline void live(struct network *network, uint32_t ms)
{
    for (uint32_t until = network->now_ms + ms; network->now_ms < until;) {
        step(network);
    }
}

/* Lets the two talk until both are through, and checks that everything arrived. */
static inline void expect_all_arrives(struct network *network)
{
    struct end *client = client_of(network);
    struct end *server = server_of(network);

    for (int i = 0; i < 1000000 && !(has_ended(client) && has_ended(server)); i++) {
        step(network);
    }
    rule(network, has_ended(client) && has_ended(server));
    assert_rolled(&network->dice, server->read, client->length);
    assert_rolled(&network->dice, client->read, server->length);
    rule(network, tcp_connection_read_finished(client->tcp));
    rule(network, tcp_connection_read_finished(server->tcp));
    assert_rolled(&network->dice, tcp_connection_error(client->tcp), TCP_ERROR_NONE);
    assert_rolled(&network->dice, tcp_connection_error(server->tcp), TCP_ERROR_NONE);
    assert_rolled(&network->dice, tcp_connection_unacknowledged(client->tcp), 0);
    assert_rolled(&network->dice, tcp_connection_unacknowledged(server->tcp), 0);
}

static inline void open_connection(struct network *network)
{
    make_connections(network);
    assert_number(tcp_connection_open_passive(network->ends[SERVER].tcp, 80), true);
    assert_number(tcp_connection_open_active(network->ends[CLIENT].tcp, 40000, 80), true);
    note_states(network);
}

static inline void open_connection_from_both_sides(struct network *network)
{
    make_connections(network);
    assert_number(tcp_connection_open_active(network->ends[SERVER].tcp, 80, 40000), true);
    assert_number(tcp_connection_open_active(network->ends[CLIENT].tcp, 40000, 80), true);
    note_states(network);
}

/* --- the same, as tests use them: a failure on the way is one of the test's line -------------- */

#define expect_all_arrives(network) from_here(expect_all_arrives(network))
#define open_connection(network) from_here(open_connection(network))
#define open_connection_from_both_sides(network) from_here(open_connection_from_both_sides(network))
