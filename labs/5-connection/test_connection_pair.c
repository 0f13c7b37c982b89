/*
 * Two connections (checkpoint 5) talk to each other over a network that belongs to the test: it
 * loses, repeats, delays and reorders segments, and it looks at each of them. Time is virtual.
 *
 *      application ▶ client ══ segments ══▶ server ◀ application
 *                           ◀═ segments ══
 */
#include "testing.h"

#include "connection.h"

#define LONGEST_QUEUE 1000
#define LONGEST_PAYLOAD 1000
#define STEP_MS 5u
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

/* --- the rig ------------------------------------------------------------------------------- */

static struct network *network_of(void **state, uint64_t seed)
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

static void make_connections(struct network *network)
{
    for (size_t i = 0; i < 2; i++) {
        network->ends[i].tcp = tcp_connection_new(&network->ends[i].config);
        assert_non_null(network->ends[i].tcp);
    }
}

static int free_network(void **state)
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

static struct end *client_of(struct network *network)
{
    return &network->ends[CLIENT];
}

static struct end *server_of(struct network *network)
{
    return &network->ends[SERVER];
}

static enum tcp_state state_of(const struct end *end)
{
    return tcp_connection_state(end->tcp);
}

static void note_states(struct network *network)
{
    for (size_t i = 0; i < 2; i++) {
        network->ends[i].states |= 1u << state_of(&network->ends[i]);
    }
}

/* The two directions carry different bytes. */
static uint64_t pattern_start(size_t from)
{
    return (uint64_t)from << 40;
}

/* --- what is true of every segment --------------------------------------------------------- */

#define rule(network, condition) assert_rolled(&(network)->dice, (condition), true)

static uint32_t stream_index(const struct end *end, struct seqno seq)
{
    return seq.raw - end->config.isn.raw - 1;
}

/* RFC 9293, 3.8.6, SHLD-14: the right edge never moves left; nor does an acknowledgment. */
static void watch_acknowledgment(struct network *network, struct end *end,
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

static void watch(struct network *network, size_t from, const struct tcp_segment *segment)
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

/* --- the network --------------------------------------------------------------------------- */

static void put(struct network *network, size_t to, const struct tcp_segment *segment,
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

static void carry(struct network *network, size_t to, const struct tcp_segment *segment)
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
static void collect(struct network *network)
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

static void deliver(struct network *network)
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

static void pass(struct network *network, uint32_t ms)
{
    network->now_ms += ms;
    tcp_connection_tick(network->ends[CLIENT].tcp, ms);
    tcp_connection_tick(network->ends[SERVER].tcp, ms);
    collect(network);
}

/* --- the applications ---------------------------------------------------------------------- */

static void app_writes(struct network *network, size_t from)
{
    struct end *end = &network->ends[from];
    uint8_t bytes[3000];
    size_t len = 1 + roll_below(&network->dice, sizeof bytes);

    if (end->waits_for_end && !tcp_connection_read_finished(end->tcp)) {
        return;
    }
    len = len < end->length - end->written ? len : (size_t)(end->length - end->written);
    fill_pattern(bytes, pattern_start(from) + end->written, len);
    end->written += tcp_connection_write(end->tcp, bytes, len);
    if (end->written == end->length && !end->keeps_open && state_of(end) != TCP_LISTEN &&
        state_of(end) != TCP_SYN_SENT) {
        tcp_connection_shutdown(end->tcp);
    }
}

static void app_reads(struct network *network, size_t from)
{
    struct end *end = &network->ends[from];
    uint8_t bytes[10000];
    size_t n = tcp_connection_read(end->tcp, bytes, end->appetite);

    rule(network, is_pattern(bytes, pattern_start(1 - from) + end->read, n));
    end->read += n;
}

static void step(struct network *network)
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
static bool has_ended(const struct end *end)
{
    bool closed = state_of(end) == TCP_CLOSED || state_of(end) == TCP_TIME_WAIT;

    return closed && tcp_connection_readable(end->tcp) == 0;
}

static void live(struct network *network, uint32_t ms)
{
    for (uint32_t until = network->now_ms + ms; network->now_ms < until;) {
        step(network);
    }
}

/* Lets the two talk until both are through, and checks that everything arrived. */
static void expect_all_arrives(struct network *network)
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

static void open_connection(struct network *network)
{
    make_connections(network);
    assert_true(tcp_connection_open_passive(network->ends[SERVER].tcp, 80));
    assert_true(tcp_connection_open_active(network->ends[CLIENT].tcp, 40000, 80));
    note_states(network);
}

static void open_connection_from_both_sides(struct network *network)
{
    make_connections(network);
    assert_true(tcp_connection_open_active(network->ends[SERVER].tcp, 80, 40000));
    assert_true(tcp_connection_open_active(network->ends[CLIENT].tcp, 40000, 80));
    note_states(network);
}

/* --- tests --------------------------------------------------------------------------------- */

static void both_sides_send_everything_over_a_perfect_network(void **state)
{
    struct network *network = network_of(state, 1);

    client_of(network)->length = 100000;
    server_of(network)->length = 80000;
    open_connection(network);
    expect_all_arrives(network);
    assert_true(network->now_ms < 60000);
    assert_true(network->sent < 1000);
}

static void an_empty_conversation_opens_and_closes(void **state)
{
    struct network *network = network_of(state, 2);

    open_connection(network);
    expect_all_arrives(network);
    assert_true(network->sent < 12);
}

static void an_open_connection_without_data_is_silent(void **state)
{
    struct network *network = network_of(state, 3);
    size_t sent;

    client_of(network)->keeps_open = server_of(network)->keeps_open = true;
    open_connection(network);
    live(network, 1000);
    sent = network->sent;
    pass(network, 3600000);
    live(network, 1000);
    assert_number(network->sent, sent);
    assert_number(state_of(client_of(network)), TCP_ESTABLISHED);
    assert_number(state_of(server_of(network)), TCP_ESTABLISHED);
}

/* RFC 9293, 3.6, case 1: one side is done, the other goes on. */
static void after_a_half_close_the_other_side_still_sends_everything(void **state)
{
    struct network *network = network_of(state, 4);

    client_of(network)->length = 10;
    server_of(network)->length = 50000;
    server_of(network)->waits_for_end = true;
    open_connection(network);
    expect_all_arrives(network);
}

/* RFC 9293, 3.6.1, MUST-13 */
static void the_side_that_closes_first_lingers_for_240_seconds(void **state)
{
    struct network *network = network_of(state, 5);
    struct end *client = client_of(network);

    server_of(network)->waits_for_end = true;
    open_connection(network);
    expect_all_arrives(network);
    assert_number(state_of(client), TCP_TIME_WAIT);
    assert_number(state_of(server_of(network)), TCP_CLOSED);
    pass(network, 239000);
    assert_number(state_of(client), TCP_TIME_WAIT);
    pass(network, 1000);
    assert_number(state_of(client), TCP_CLOSED);
    assert_number(network->queued, 0);
}

/* RFC 9293, 3.5, figure 7 */
static void both_sides_may_open_at_once(void **state)
{
    struct network *network = network_of(state, 6);

    client_of(network)->length = server_of(network)->length = 20000;
    open_connection_from_both_sides(network);
    expect_all_arrives(network);
    assert_true((client_of(network)->states & 1u << TCP_SYN_RECEIVED) != 0);
    assert_true((server_of(network)->states & 1u << TCP_SYN_RECEIVED) != 0);
}

/* RFC 9293, 3.6, figure 13 */
static void both_sides_may_close_at_once(void **state)
{
    struct network *network = network_of(state, 7);

    client_of(network)->keeps_open = server_of(network)->keeps_open = true;
    open_connection(network);
    live(network, 100);
    client_of(network)->keeps_open = server_of(network)->keeps_open = false;
    expect_all_arrives(network);
    assert_true((client_of(network)->states & 1u << TCP_CLOSING) != 0);
    assert_true((server_of(network)->states & 1u << TCP_CLOSING) != 0);
    pass(network, 240000);
    assert_number(state_of(client_of(network)), TCP_CLOSED);
    assert_number(state_of(server_of(network)), TCP_CLOSED);
}

static unsigned states_of_a_conversation(void **state, bool at_once)
{
    struct network *network = network_of(state, 8);
    unsigned states;

    client_of(network)->length = 1000;
    client_of(network)->keeps_open = server_of(network)->keeps_open = at_once;
    server_of(network)->waits_for_end = !at_once;
    open_connection(network);
    if (at_once) {
        live(network, 500);
        client_of(network)->keeps_open = server_of(network)->keeps_open = false;
    }
    expect_all_arrives(network);
    states = client_of(network)->states | server_of(network)->states;
    free_network(state);
    return states;
}

/* RFC 9293, 3.3.2, figure 5 */
static void all_eleven_states_are_reached(void **state)
{
    unsigned seen = states_of_a_conversation(state, false) | states_of_a_conversation(state, true);

    assert_number(seen, (1u << 11) - 1);
}

static void sequence_numbers_wrap_in_both_directions(void **state)
{
    struct network *network = network_of(state, 9);

    client_of(network)->length = server_of(network)->length = 60000;
    client_of(network)->config.isn.raw = UINT32_MAX;
    server_of(network)->config.isn.raw = UINT32_MAX - 30000;
    network->loss = 5;
    network->delay_ms = 100;
    open_connection(network);
    expect_all_arrives(network);
}

/* RFC 9293, 3.8.6.1: ten minutes without a byte read, and nobody loses patience. */
static void a_reader_may_sleep_for_minutes(void **state)
{
    struct network *network = network_of(state, 10);

    client_of(network)->length = 30000;
    server_of(network)->appetite = 0;
    server_of(network)->waits_for_end = true;
    client_of(network)->config.max_retransmissions = 3;
    open_connection(network);
    live(network, 600000);
    assert_number(state_of(client_of(network)), TCP_ESTABLISHED);
    assert_true(network->sent < 100);
    server_of(network)->appetite = 10000;
    expect_all_arrives(network);
}

static void a_reader_may_read_byte_by_byte(void **state)
{
    struct network *network = network_of(state, 11);

    client_of(network)->length = 20000;
    server_of(network)->appetite = 1;
    open_connection(network);
    expect_all_arrives(network);
    assert_true(network->sent < 200);
}

/* One fate for one segment, each in turn; a small conversation each time. */
static void small_conversation(struct network *network)
{
    client_of(network)->length = 4500;
    server_of(network)->length = 2500;
    open_connection(network);
    expect_all_arrives(network);
}

static void whichever_segment_is_lost_everything_arrives(void **state)
{
    for (size_t number = 0; number < 40; number++) {
        struct network *network = network_of(state, number);

        network->lost = number;
        small_conversation(network);
        free_network(state);
    }
}

static void whichever_segment_comes_twice_everything_arrives_once(void **state)
{
    for (size_t number = 0; number < 40; number++) {
        struct network *network = network_of(state, number);

        network->doubled = number;
        small_conversation(network);
        free_network(state);
    }
}

static void whichever_segment_comes_late_everything_arrives(void **state)
{
    for (size_t number = 0; number < 40; number++) {
        struct network *network = network_of(state, number);

        network->late = number;
        small_conversation(network);
        free_network(state);
    }
}

static void bad_network(struct network *network)
{
    struct dice *dice = &network->dice;

    network->loss = roll_below(dice, 20);
    network->duplication = roll_below(dice, 20);
    network->delay_ms = roll_below(dice, 300);
    for (size_t i = 0; i < 2; i++) {
        struct end *end = &network->ends[i];

        end->length = roll_below(dice, 20000);
        end->appetite = 1 + roll_below(dice, 3000);
        end->waits_for_end = i == SERVER && chance(dice, 30);
        end->config.recv_capacity = 200 + roll_below(dice, 10000);
        end->config.mss = (uint16_t)(100 + roll_below(dice, LONGEST_PAYLOAD - 99));
        end->config.ack_delay_ms = chance(dice, 50) ? 40 : 0;
        end->config.nagle = chance(dice, 50);
    }
}

static void whatever_the_network_does_everything_arrives(void **state)
{
    for (uint64_t seed = 0; seed < 60; seed++) {
        struct network *network = network_of(state, seed);

        bad_network(network);
        open_connection(network);
        expect_all_arrives(network);
        free_network(state);
    }
}

static void whatever_the_network_does_both_sides_may_open_at_once(void **state)
{
    for (uint64_t seed = 100; seed < 140; seed++) {
        struct network *network = network_of(state, seed);

        bad_network(network);
        open_connection_from_both_sides(network);
        expect_all_arrives(network);
        free_network(state);
    }
}

/* RFC 9293, 3.8.3 */
static void a_peer_that_vanishes_is_given_up(void **state)
{
    struct network *network = network_of(state, 12);
    struct end *client = client_of(network);

    client->config.max_retransmissions = 3;
    client->keeps_open = server_of(network)->keeps_open = true;
    open_connection(network);
    live(network, 100);
    network->loss = 100;
    client->length = 100;
    live(network, 60000);
    assert_number(state_of(client), TCP_CLOSED);
    assert_number(tcp_connection_error(client->tcp), TCP_ERROR_TIMED_OUT);
}

/* RFC 9293, 3.10.5 */
static void an_abort_ends_both_sides(void **state)
{
    struct network *network = network_of(state, 13);

    client_of(network)->keeps_open = server_of(network)->keeps_open = true;
    network->resets_allowed = true;
    open_connection(network);
    live(network, 100);
    tcp_connection_abort(client_of(network)->tcp);
    live(network, 100);
    assert_number(state_of(server_of(network)), TCP_CLOSED);
    assert_number(tcp_connection_error(server_of(network)->tcp), TCP_ERROR_RESET);
    assert_number(tcp_connection_error(client_of(network)->tcp), TCP_ERROR_ABORTED);
    assert_number(network->queued, 0);
}

/* RFC 9293, 3.5.1, figure 10: data arrives where the connection is no longer known. */
static void a_server_that_restarted_resets_the_old_connection(void **state)
{
    struct network *network = network_of(state, 14);
    struct end *server = server_of(network);

    client_of(network)->keeps_open = server->keeps_open = true;
    network->resets_allowed = true;
    open_connection(network);
    live(network, 100);
    tcp_connection_free(server->tcp);
    server->tcp = tcp_connection_new(&server->config);
    assert_non_null(server->tcp);
    assert_true(tcp_connection_open_passive(server->tcp, 80));
    client_of(network)->length = 10;
    live(network, 100);
    assert_number(tcp_connection_error(client_of(network)->tcp), TCP_ERROR_RESET);
    assert_number(state_of(server), TCP_LISTEN);
}

#define TEST(name) cmocka_unit_test_teardown(name, free_network)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(both_sides_send_everything_over_a_perfect_network),
        TEST(an_empty_conversation_opens_and_closes),
        TEST(an_open_connection_without_data_is_silent),
        TEST(after_a_half_close_the_other_side_still_sends_everything),
        TEST(the_side_that_closes_first_lingers_for_240_seconds),
        TEST(both_sides_may_open_at_once),
        TEST(both_sides_may_close_at_once),
        TEST(all_eleven_states_are_reached),
        TEST(sequence_numbers_wrap_in_both_directions),
        TEST(a_reader_may_sleep_for_minutes),
        TEST(a_reader_may_read_byte_by_byte),

        TEST(whichever_segment_is_lost_everything_arrives),
        TEST(whichever_segment_comes_twice_everything_arrives_once),
        TEST(whichever_segment_comes_late_everything_arrives),
        TEST(whatever_the_network_does_everything_arrives),
        TEST(whatever_the_network_does_both_sides_may_open_at_once),

        TEST(a_peer_that_vanishes_is_given_up),
        TEST(an_abort_ends_both_sides),
        TEST(a_server_that_restarted_resets_the_old_connection),
    };

    return run_all("checkpoint 5: two connections", tests);
}
