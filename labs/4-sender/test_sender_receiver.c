/*
 * A sender (checkpoint 4) and a receiver (checkpoint 3) talk over a channel that loses, repeats and
 * reorders their messages. Whatever it does, every byte arrives, once, in order.
 *
 *      application ▶ sender ══ forth ══▶ receiver ▶ application
 *                           ◀══ back ═══
 */
#include "sender_test.h"

#include "receiver.h"

#define LONGEST_QUEUE 512
#define STEP_MS 10u

/* A message on its way, in one of the two directions. */
struct carried {
    uint32_t due_ms;
    bool forth;
    struct tcp_sender_message message;
    uint8_t payload[1000];
    struct tcp_receiver_message answer;
};

struct channel {
    struct tcp_sender *sender;
    struct tcp_receiver *receiver;
    struct carried queue[LONGEST_QUEUE];
    size_t queued;
    struct dice dice;
    uint32_t loss, duplication; /* per cent */
    uint32_t delay_ms;          /* at most; a spread of delays reorders */
    uint32_t now_ms;
    uint32_t isn;
    uint64_t allowed; /* the highest number that the receiver ever allowed, from the ISN */
};

static struct channel *channel_of(void **state, uint64_t seed, uint32_t isn, size_t recv_capacity)
{
    struct tcp_config config = sender_config();
    struct channel *channel = calloc(1, sizeof *channel);

    assert_non_null(channel);
    *state = channel;
    config.isn = (struct seqno){isn};
    config.recv_capacity = recv_capacity;
    channel->isn = isn;
    channel->dice = dice_new(seed);
    channel->sender = tcp_sender_new(&config);
    channel->receiver = tcp_receiver_new(&config);
    assert_non_null(channel->sender);
    assert_non_null(channel->receiver);
    tcp_sender_set_mss(channel->sender, 1000);
    end_word();
    return channel;
}

static int free_channel(void **state)
{
    struct channel *channel = *state;

    if (channel != NULL) {
        tcp_sender_free(channel->sender);
        tcp_receiver_free(channel->receiver);
        free(channel);
    }
    return 0;
}

/* --- the channel --------------------------------------------------------------------------- */

static void put(struct channel *channel, const struct carried *carried)
{
    int copies = chance(&channel->dice, channel->duplication) ? 2 : 1;

    for (int i = 0; i < copies; i++) {
        if (chance(&channel->dice, channel->loss) || channel->queued == LONGEST_QUEUE) {
            continue;
        }
        struct carried *place = &channel->queue[channel->queued++];
        *place = *carried;
        place->due_ms = channel->now_ms + 1 + roll_below(&channel->dice, channel->delay_ms + 1);
    }
}

/* The number of sequence numbers from the ISN to `seq`, for streams shorter than 4 GiB. */
static uint32_t since_isn(const struct channel *channel, struct seqno seq)
{
    return seq.raw - channel->isn;
}

static void receiver_answers(struct channel *channel)
{
    struct carried carried = {.forth = false, .answer = tcp_receiver_send(channel->receiver)};

    if (carried.answer.has_ack) {
        uint64_t edge = since_isn(channel, carried.answer.ack) + carried.answer.window;

        channel->allowed = edge > channel->allowed ? edge : channel->allowed;
    }
    put(channel, &carried);
}

/* RFC 9293, 3.3.1, figure 3: nothing goes beyond what was allowed, but for the SYN and a probe. */
static void expect_inside_the_window(struct channel *channel,
                                     const struct tcp_sender_message *message)
{
    uint64_t end = since_isn(channel, message->seq) + tcp_sender_message_length(message);

    assert_rolled(&channel->dice, end <= channel->allowed + 1, true);
}

static void sender_sends(struct channel *channel)
{
    struct carried carried = {.forth = true};

    for (int i = 0; i < LONGEST_QUEUE; i++) {
        if (!tcp_sender_next(channel->sender, &carried.message)) {
            return;
        }
        expect_inside_the_window(channel, &carried.message);
        assert_rolled(&channel->dice, carried.message.payload_len <= 1000, true);
        if (carried.message.payload_len > 0) {
            memcpy(carried.payload, carried.message.payload, carried.message.payload_len);
        }
        put(channel, &carried);
    }
    fail_msg("the sender has something to send without end");
}

static void deliver(struct channel *channel, struct carried carried)
{
    if (carried.forth) {
        carried.message.payload = carried.payload;
        tcp_receiver_receive(channel->receiver, &carried.message);
        receiver_answers(channel);
    } else {
        tcp_sender_receive(channel->sender, &carried.answer);
    }
    sender_sends(channel);
}

static void deliver_what_is_due(struct channel *channel)
{
    for (size_t i = 0; i < channel->queued;) {
        if (channel->queue[i].due_ms > channel->now_ms) {
            i++;
            continue;
        }
        struct carried carried = channel->queue[i];
        memmove(&channel->queue[i], &channel->queue[i + 1],
                (channel->queued - i - 1) * sizeof channel->queue[0]);
        channel->queued--;
        deliver(channel, carried);
    }
}

/* --- the applications ---------------------------------------------------------------------- */

static void write_what_fits(struct channel *channel, uint64_t length)
{
    struct byte_stream *outbound = tcp_sender_outbound(channel->sender);
    uint64_t written = byte_stream_total_written(outbound);
    uint8_t bytes[3000];
    size_t len = 1 + roll_below(&channel->dice, sizeof bytes);

    len = len < length - written ? len : (size_t)(length - written);
    fill_pattern(bytes, written, len);
    byte_stream_write(outbound, bytes, len);
    if (byte_stream_total_written(outbound) == length) {
        byte_stream_close(outbound);
    }
    sender_sends(channel);
}

static void read_some(struct channel *channel, uint32_t most)
{
    struct byte_stream *inbound = tcp_receiver_inbound(channel->receiver);
    const uint8_t *data = NULL;
    size_t span = byte_stream_peek(inbound, 0, &data);
    uint32_t n = roll_below(&channel->dice, most + 1);

    span = span < n ? span : n;
    assert_rolled(&channel->dice, is_pattern(data, byte_stream_total_read(inbound), span), true);
    byte_stream_pop(inbound, span);
    if (tcp_receiver_window_update_due(channel->receiver)) {
        receiver_answers(channel);
    }
}

/* Sends `length` bytes and the end; the reader takes at most `appetite` bytes a step. */
static void transfer(struct channel *channel, uint64_t length, uint32_t appetite)
{
    struct byte_stream *inbound = tcp_receiver_inbound(channel->receiver);

    receiver_answers(channel);
    for (int step = 0; step < 200000; step++) {
        if (byte_stream_is_finished(inbound) && tcp_sender_fin_acked(channel->sender)) {
            break;
        }
        write_what_fits(channel, length);
        deliver_what_is_due(channel);
        read_some(channel, appetite);
        channel->now_ms += STEP_MS;
        tcp_sender_tick(channel->sender, STEP_MS);
        sender_sends(channel);
    }
    assert_rolled(&channel->dice, byte_stream_total_read(inbound), length);
    assert_rolled(&channel->dice, byte_stream_is_finished(inbound), true);
    assert_rolled(&channel->dice, tcp_sender_fin_acked(channel->sender), true);
    assert_rolled(&channel->dice, tcp_sender_bytes_in_flight(channel->sender), 0);
}

#define channel_of(state, seed, isn, recv_capacity)                                                \
    word_giving(channel_of(state, seed, isn, recv_capacity))
#define transfer(channel, length, appetite) word(transfer(channel, length, appetite))

/* --- tests --------------------------------------------------------------------------------- */

static void a_stream_crosses_a_perfect_channel(void **state)
{
    struct channel *channel = channel_of(state, 1, ISN, 65535);

    transfer(channel, 200000, 65535);
    assert_true(channel->now_ms < 60000);
}

static void an_empty_stream_crosses(void **state)
{
    transfer(channel_of(state, 2, ISN, 65535), 0, 1000);
}

static void a_stream_crosses_the_wrap(void **state)
{
    struct channel *channel = channel_of(state, 3, UINT32_MAX - 5000, 4000);

    channel->loss = 10;
    transfer(channel, 60000, 4000);
}

static void a_stream_crosses_a_channel_that_reorders(void **state)
{
    struct channel *channel = channel_of(state, 4, ISN, 20000);

    channel->delay_ms = 300;
    transfer(channel, 100000, 20000);
}

static void a_stream_crosses_a_channel_that_repeats_everything(void **state)
{
    struct channel *channel = channel_of(state, 5, ISN, 20000);

    channel->duplication = 100;
    channel->delay_ms = 50;
    transfer(channel, 100000, 20000);
}

static void a_slow_reader_gets_every_byte(void **state)
{
    struct channel *channel = channel_of(state, 6, ISN, 3000);

    transfer(channel, 30000, 20);
}

static void a_buffer_smaller_than_a_segment_is_enough(void **state)
{
    struct channel *channel = channel_of(state, 7, ISN, 100);

    channel->loss = 10;
    transfer(channel, 5000, 100);
}

static void a_stream_survives_whatever_a_channel_does(void **state)
{
    for (uint64_t seed = 0; seed < 60; seed++) {
        struct channel *channel = channel_of(state, seed, (uint32_t)(seed * 0x12345679u), 8000);

        channel->loss = roll_below(&channel->dice, 30);
        channel->duplication = roll_below(&channel->dice, 30);
        channel->delay_ms = roll_below(&channel->dice, 500);
        transfer(channel, roll_below(&channel->dice, 20000), 1 + roll_below(&channel->dice, 3000));
        free_channel(state);
        *state = NULL;
    }
}

#define TEST(name) cmocka_unit_test_teardown(name, free_channel)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_stream_crosses_a_perfect_channel),
        TEST(an_empty_stream_crosses),
        TEST(a_stream_crosses_the_wrap),
        TEST(a_stream_crosses_a_channel_that_reorders),
        TEST(a_stream_crosses_a_channel_that_repeats_everything),
        TEST(a_slow_reader_gets_every_byte),
        TEST(a_buffer_smaller_than_a_segment_is_enough),
        TEST(a_stream_survives_whatever_a_channel_does),
    };

    return run_all("checkpoints 3 and 4: sender and receiver", tests);
}
