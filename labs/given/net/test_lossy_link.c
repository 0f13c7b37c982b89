#include "lossy_link.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { PACKET_SIZE = 64, MANY = 100000 };

static struct lossy_link *make(const struct lossy_link_config *config)
{
    struct lossy_link *link = lossy_link_new(config);

    assert_non_null(link);
    return link;
}

/* A packet that tells its number, and whose other bytes follow from it. */
static void fill(uint8_t *packet, uint32_t number)
{
    memcpy(packet, &number, sizeof number);
    for (size_t i = sizeof number; i < PACKET_SIZE; i++) {
        packet[i] = (uint8_t)(number + i);
    }
}

static void push(struct lossy_link *link, uint64_t now_us, uint32_t number)
{
    uint8_t packet[PACKET_SIZE];

    fill(packet, number);
    lossy_link_push(link, now_us, packet, sizeof packet);
}

/* The number of the packet that comes out, which must be intact; -1 if none is due. */
static int64_t pop(struct lossy_link *link, uint64_t now_us)
{
    uint8_t packet[PACKET_SIZE], expected[PACKET_SIZE];
    uint32_t number;
    size_t len = lossy_link_pop(link, now_us, packet, sizeof packet);

    if (len == 0) {
        return -1;
    }
    assert_int_equal(len, PACKET_SIZE);
    memcpy(&number, packet, sizeof number);
    fill(expected, number);
    assert_memory_equal(packet, expected, PACKET_SIZE);
    return number;
}

static void a_perfect_link_delivers_at_once_and_in_order(void **state)
{
    (void)state;
    struct lossy_link_config config = lossy_link_config_default();
    struct lossy_link *link = make(&config);

    for (uint32_t i = 0; i < 1000; i++) {
        push(link, 5, i);
    }
    for (uint32_t i = 0; i < 1000; i++) {
        assert_int_equal(pop(link, 5), i);
    }
    assert_int_equal(pop(link, 1000000), -1);
    lossy_link_free(link);
}

static void loss_of_one_loses_every_packet(void **state)
{
    (void)state;
    struct lossy_link_config config = lossy_link_config_default();
    config.loss = 1.0;
    struct lossy_link *link = make(&config);

    for (uint32_t i = 0; i < 1000; i++) {
        push(link, 0, i);
    }
    assert_int_equal(pop(link, 1000000), -1);
    assert_int_equal(lossy_link_counters(link).lost, 1000);
    lossy_link_free(link);
}

static void duplicate_of_one_delivers_every_packet_twice(void **state)
{
    (void)state;
    struct lossy_link_config config = lossy_link_config_default();
    config.duplicate = 1.0;
    struct lossy_link *link = make(&config);

    push(link, 0, 7);
    push(link, 0, 8);
    assert_int_equal(pop(link, 0), 7);
    assert_int_equal(pop(link, 0), 7);
    assert_int_equal(pop(link, 0), 8);
    assert_int_equal(pop(link, 0), 8);
    assert_int_equal(pop(link, 0), -1);
    lossy_link_free(link);
}

static void corruption_changes_exactly_one_byte(void **state)
{
    (void)state;
    struct lossy_link_config config = lossy_link_config_default();
    config.corrupt = 1.0;
    struct lossy_link *link = make(&config);
    unsigned places[PACKET_SIZE] = {0};

    for (uint32_t i = 0; i < MANY; i++) {
        uint8_t sent[PACKET_SIZE], received[PACKET_SIZE];
        unsigned changed = 0;

        fill(sent, i);
        lossy_link_push(link, 0, sent, sizeof sent);
        assert_int_equal(lossy_link_pop(link, 0, received, sizeof received), PACKET_SIZE);
        for (size_t k = 0; k < PACKET_SIZE; k++) {
            if (sent[k] != received[k]) {
                changed++;
                places[k]++;
            }
        }
        assert_int_equal(changed, 1);
    }
    for (size_t k = 0; k < PACKET_SIZE; k++) { /* the header is not spared, nor the last byte */
        assert_in_range(places[k], MANY / PACKET_SIZE * 3 / 4, MANY / PACKET_SIZE * 5 / 4);
    }
    lossy_link_free(link);
}

static void delay_holds_a_packet_until_exactly_its_time(void **state)
{
    (void)state;
    struct lossy_link_config config = lossy_link_config_default();
    config.delay_us = 1500;
    struct lossy_link *link = make(&config);
    uint64_t due_us;

    assert_false(lossy_link_next_due(link, &due_us));
    push(link, 100, 1);
    push(link, 700, 2);
    assert_true(lossy_link_next_due(link, &due_us));
    assert_int_equal(due_us, 1600);
    assert_int_equal(pop(link, 1599), -1);
    assert_int_equal(pop(link, 1600), 1);
    assert_int_equal(pop(link, 2199), -1);
    assert_int_equal(pop(link, 2200), 2);
    assert_false(lossy_link_next_due(link, &due_us));
    lossy_link_free(link);
}

static void reordered_packets_are_overtaken_but_not_lost(void **state)
{
    (void)state;
    struct lossy_link_config config = lossy_link_config_default();
    config.reorder = 0.1;
    config.reorder_us = 50;
    struct lossy_link *link = make(&config);
    bool seen[1000] = {false};
    unsigned received = 0, overtaken = 0;
    int64_t highest = -1, number;

    for (uint32_t now = 0; now < 1100; now++) { /* one packet each microsecond */
        if (now < 1000) {
            push(link, now, now);
        }
        while ((number = pop(link, now)) >= 0) {
            assert_false(seen[number]);
            assert_true((uint64_t)number + 50 >= now); /* held back by 50 us at most */
            seen[number] = true;
            received++;
            overtaken += number < highest;
            highest = number > highest ? number : highest;
        }
    }
    assert_int_equal(received, 1000);
    assert_int_equal(overtaken, lossy_link_counters(link).reordered);
    assert_in_range(overtaken, 70, 130);
    lossy_link_free(link);
}

static void rate_spaces_packets_by_their_length(void **state)
{
    (void)state;
    struct lossy_link_config config = lossy_link_config_default();
    config.rate_bps = PACKET_SIZE * 8 * 1000; /* one packet a millisecond */
    struct lossy_link *link = make(&config);

    push(link, 0, 1);
    push(link, 0, 2);
    assert_int_equal(pop(link, 999), -1);
    assert_int_equal(pop(link, 1000), 1);
    assert_int_equal(pop(link, 1999), -1);
    assert_int_equal(pop(link, 2000), 2);
    push(link, 10000, 3); /* the line was idle: that time is not saved up */
    assert_int_equal(pop(link, 10999), -1);
    assert_int_equal(pop(link, 11000), 3);
    lossy_link_free(link);
}

static void a_full_queue_drops_what_comes_last(void **state)
{
    (void)state;
    struct lossy_link_config config = lossy_link_config_default();
    config.delay_us = 10;
    config.queue_packets = 3;
    struct lossy_link *link = make(&config);

    for (uint32_t i = 0; i < 5; i++) {
        push(link, 0, i);
    }
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(pop(link, 10), i);
    }
    assert_int_equal(pop(link, 10), -1);
    assert_int_equal(lossy_link_counters(link).overflowed, 2);
    lossy_link_free(link);
}

static struct lossy_link_config bad_link(uint64_t seed)
{
    struct lossy_link_config config = lossy_link_config_default();

    config.loss = 0.05;
    config.duplicate = 0.02;
    config.reorder = 0.05;
    config.corrupt = 0.01;
    config.delay_us = 100;
    config.seed = seed;
    return config;
}

/* Everything that comes out of a bad link, as one number. */
static uint64_t digest_of_run(uint64_t seed)
{
    struct lossy_link_config config = bad_link(seed);
    struct lossy_link *link = make(&config);
    uint8_t packet[PACKET_SIZE];
    uint64_t digest = 0;

    for (uint32_t now = 0; now < 10000; now++) {
        push(link, now, now);
        while (lossy_link_pop(link, now, packet, sizeof packet) > 0) {
            for (size_t i = 0; i < sizeof packet; i++) {
                digest = digest * 31 + packet[i];
            }
            digest += now;
        }
    }
    lossy_link_free(link);
    return digest;
}

static void the_seed_decides_everything(void **state)
{
    (void)state;
    assert_true(digest_of_run(1) == digest_of_run(1));
    assert_true(digest_of_run(1) != digest_of_run(2));
    assert_true(digest_of_run(0) != digest_of_run(1));
}

static void mishaps_are_as_frequent_as_asked(void **state)
{
    (void)state;
    struct lossy_link_config config = bad_link(42);
    config.queue_packets = 0;
    struct lossy_link *link = make(&config);

    for (uint32_t i = 0; i < MANY; i++) {
        push(link, 0, i);
    }
    struct lossy_link_counters counters = lossy_link_counters(link);
    assert_in_range(counters.lost, 4700, 5300);
    assert_in_range(counters.duplicated, 1700, 2100); /* of the 95 % that are not lost */
    assert_in_range(counters.reordered, 4450, 5050);
    assert_in_range(counters.corrupted, 800, 1100);
    lossy_link_free(link);
}

static void one_mishap_does_not_shift_another(void **state)
{
    (void)state;
    struct lossy_link_config config = lossy_link_config_default();
    config.loss = 0.3;
    struct lossy_link *calm = make(&config);
    config.duplicate = 0.5;
    config.reorder = 0.5;
    struct lossy_link *wild = make(&config);

    for (uint32_t i = 0; i < 1000; i++) {
        push(calm, 0, i);
        push(wild, 0, i);
        assert_int_equal(lossy_link_counters(calm).lost, lossy_link_counters(wild).lost);
    }
    lossy_link_free(calm);
    lossy_link_free(wild);
}

static void a_packet_too_long_for_the_buffer_is_cut_off(void **state)
{
    (void)state;
    struct lossy_link_config config = lossy_link_config_default();
    struct lossy_link *link = make(&config);
    uint8_t bytes[10];

    push(link, 0, 3);
    assert_int_equal(lossy_link_pop(link, 0, bytes, sizeof bytes), sizeof bytes);
    assert_int_equal(pop(link, 0), -1);
    lossy_link_free(link);
}

static void senseless_configurations_are_refused(void **state)
{
    (void)state;
    const double senseless[] = {-0.1, 1.1, NAN};

    for (size_t i = 0; i < sizeof senseless / sizeof *senseless; i++) {
        struct lossy_link_config config = lossy_link_config_default();
        config.loss = senseless[i];
        errno = 0;
        assert_null(lossy_link_new(&config));
        assert_int_equal(errno, EINVAL);
    }
    struct lossy_link_config config = lossy_link_config_default();
    config.reorder_us = 0;
    assert_null(lossy_link_new(&config));
    lossy_link_free(NULL);
}

static void packets_under_way_are_freed_with_the_link(void **state)
{
    (void)state;
    struct lossy_link_config config = lossy_link_config_default();
    config.delay_us = 1000;
    struct lossy_link *link = make(&config);

    for (uint32_t i = 0; i < 500; i++) {
        push(link, 0, i);
    }
    lossy_link_free(link); /* the leak checker has the last word */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_perfect_link_delivers_at_once_and_in_order),
        cmocka_unit_test(loss_of_one_loses_every_packet),
        cmocka_unit_test(duplicate_of_one_delivers_every_packet_twice),
        cmocka_unit_test(corruption_changes_exactly_one_byte),
        cmocka_unit_test(delay_holds_a_packet_until_exactly_its_time),
        cmocka_unit_test(reordered_packets_are_overtaken_but_not_lost),
        cmocka_unit_test(rate_spaces_packets_by_their_length),
        cmocka_unit_test(a_full_queue_drops_what_comes_last),
        cmocka_unit_test(the_seed_decides_everything),
        cmocka_unit_test(mishaps_are_as_frequent_as_asked),
        cmocka_unit_test(one_mishap_does_not_shift_another),
        cmocka_unit_test(a_packet_too_long_for_the_buffer_is_cut_off),
        cmocka_unit_test(senseless_configurations_are_refused),
        cmocka_unit_test(packets_under_way_are_freed_with_the_link),
    };

    return cmocka_run_group_tests_name("lossy link", tests, NULL, NULL);
}
