/* The requests that do much work in one go: they do all of it. */
#include "dut.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char text[200];
static char reply[REPLY_MAX];

static int new_dut(void **state)
{
    *state = calloc(1, sizeof(struct dut));
    return *state == NULL ? -1 : 0;
}

static int free_dut(void **state)
{
    struct dut *dut = *state;

    objects_drop_all(&dut->objects);
    free(dut);
    return 0;
}

/* Stream 1 of this capacity, with reassembler 1. */
static struct dut *dut_with_stream(void **state, size_t capacity)
{
    struct dut *dut = *state;
    struct byte_stream *stream = byte_stream_new(capacity);

    objects_put_stream(&dut->objects, 1, stream, NULL);
    objects_put_reassembler(&dut->objects, 1, reassembler_new(stream), stream);
    return dut;
}

static void expect_reply(struct dut *dut, const char *words, const char *expected)
{
    struct request request;
    const struct command *command = churn_commands;

    memcpy(text, words, strlen(words) + 1);
    request_init(&request, text, strlen(words), reply);
    while (command->verb != NULL && strcmp(command->verb, request.verb) != 0) {
        command++;
    }
    assert_non_null(command->verb);
    command->run(dut, &request);
    assert_true(request.reply_len >= strlen(expected));
    assert_memory_equal(reply, expected, strlen(expected));
    request_destroy(&request);
}

static void all_bytes_go_through_a_stream(void **state)
{
    struct dut *dut = dut_with_stream(state, 100);

    expect_reply(dut, "stream.churn 1 90 7 10", "ok 160");
    expect_reply(dut, "stream.churn 1 0 1 3", "ok 163");
    assert_int_equal(byte_stream_buffered(dut->objects.streams[1].stream), 0);
}

static void a_full_stream_ends_the_work(void **state)
{
    expect_reply(dut_with_stream(state, 8), "stream.churn 1 20 4 3", "ok 16");
}

static void all_pieces_go_through_a_reassembler(void **state)
{
    static const char *const shapes[] = {"forwards", "backwards", "every-second",
                                         "twice",    "scattered", "apart"};
    struct dut *dut = dut_with_stream(state, 16 * 5);

    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        char words[100];
        char expected[100];
        snprintf(words, sizeof words, "reassembler.churn 1 1 %s 16 5 3", shapes[i]);
        snprintf(expected, sizeof expected, "ok %zu", (i + 1) * 16 * 5 * 3);
        expect_reply(dut, words, expected);
        assert_int_equal(reassembler_bytes_pending(dut->objects.reassemblers[1].reassembler), 0);
    }
}

static void a_receiver_takes_segment_after_segment(void **state)
{
    struct dut *dut = *state;
    struct tcp_config config = tcp_config_default();
    config.recv_capacity = 8;
    struct tcp_receiver *receiver = tcp_receiver_new(&config);
    struct tcp_sender_message syn = {.seq = {UINT32_MAX}, .syn = true};

    objects_put_receiver(&dut->objects, 1, receiver);
    tcp_receiver_receive(receiver, &syn);
    expect_reply(dut, "receiver.churn 1 0 7 20", "ok 20");
    expect_reply(dut, "receiver.churn 1 20 8 3", "ok 23");
    expect_reply(dut, "receiver.churn 1 24 1 5", "ok 23"); /* not what comes next */
    assert_int_equal(tcp_receiver_rcv_nxt(receiver).raw, 23);
    /* Each segment was acknowledged: three bytes after the first 20 do not move the edge again. */
    assert_int_equal(tcp_receiver_rcv_wnd(receiver), 5);
}

static void a_sender_sends_all_that_is_written(void **state)
{
    struct dut *dut = *state;
    struct tcp_config config = tcp_config_default();
    config.isn.raw = UINT32_MAX;
    config.send_capacity = 8;
    struct tcp_sender *sender = tcp_sender_new(&config);

    objects_put_sender(&dut->objects, 1, sender);
    expect_reply(dut, "sender.churn 1 7 20", "ok 20");
    assert_int_equal(tcp_sender_snd_una(sender).raw, 20);
    assert_int_equal(tcp_sender_bytes_in_flight(sender), 0);
    expect_reply(dut, "sender.churn 1 9 18", "ok 20"); /* 9 are more than it takes at a time */
}

static void numbers_near_the_checkpoint_are_unwrapped(void **state)
{
    /* The first number is 0: 1985229329 steps after the ISN, 0x89abcdef, and rounds of 2^32. */
    expect_reply(*state, "seqno.churn 5000000000 1", "ok 6280196625");
}

static void what_makes_no_sense_is_refused(void **state)
{
    struct dut *dut = dut_with_stream(state, 8);

    expect_reply(dut, "stream.churn 2 0 1 1", "error there is no stream 2");
    expect_reply(dut, "stream.churn 1 0 0 1", "error pieces have 1 to 65535 bytes");
    expect_reply(dut, "reassembler.churn 1 1 sideways 4 1 1", "error there is no such shape");
    expect_reply(dut, "reassembler.churn 2 1 forwards 4 1 1", "error there is no reassembler 2");
    expect_reply(dut, "receiver.churn 1 0 1 1", "error there is no receiver 1");
    expect_reply(dut, "sender.churn 1 1 1", "error there is no sender 1");
}

#define with_dut(test) cmocka_unit_test_setup_teardown(test, new_dut, free_dut)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_dut(all_bytes_go_through_a_stream),
        with_dut(a_full_stream_ends_the_work),
        with_dut(all_pieces_go_through_a_reassembler),
        with_dut(a_receiver_takes_segment_after_segment),
        with_dut(a_sender_sends_all_that_is_written),
        with_dut(numbers_near_the_checkpoint_are_unwrapped),
        with_dut(what_makes_no_sense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
