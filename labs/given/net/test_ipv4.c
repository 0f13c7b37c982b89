#include "ipv4.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define HOST 0x0a000002u /* 10.0.0.2 */
#define PEER 0x0a000001u
#define SLASH_24 0xffffff00u

enum { PAYLOAD = 4, TOTAL = 24 };

/* A correct packet with four bytes of payload, and six bytes more behind it. */
static void make_packet(uint8_t packet[30])
{
    struct ipv4_packet fields = {
        .source = PEER,
        .destination = HOST,
        .protocol = IPV4_PROTOCOL_TCP,
        .ttl = 64,
        .identification = 0x1234,
        .payload_len = PAYLOAD,
    };

    memset(packet, 0xee, 30);
    ipv4_write_header(&fields, packet);
    memcpy(packet + 20, "abcd", PAYLOAD);
}

static void correct_checksum(uint8_t *packet)
{
    size_t header_len = (size_t)(packet[0] & 0x0f) * 4;

    packet[10] = packet[11] = 0;
    uint16_t sum = ipv4_checksum(packet, header_len);
    packet[10] = (uint8_t)(sum >> 8);
    packet[11] = (uint8_t)sum;
}

static void a_written_header_reads_back(void **state)
{
    (void)state;
    uint8_t packet[30];
    struct ipv4_packet out;

    make_packet(packet);
    assert_true(ipv4_parse(&out, packet, TOTAL));
    assert_int_equal(out.source, PEER);
    assert_int_equal(out.destination, HOST);
    assert_int_equal(out.protocol, IPV4_PROTOCOL_TCP);
    assert_int_equal(out.ttl, 64);
    assert_int_equal(out.identification, 0x1234);
    assert_int_equal(out.payload_len, PAYLOAD);
    assert_memory_equal(out.payload, "abcd", PAYLOAD);
}

static void the_header_is_as_rfc_791_draws_it(void **state)
{
    (void)state;
    const uint8_t expected[20] = {
        0x45, 0x00, 0x00, 0x18, 0x12, 0x34, 0x40, 0x00, 0x40, 0x06,
        0x14, 0xaa, 0x0a, 0x00, 0x00, 0x01, 0x0a, 0x00, 0x00, 0x02,
    };
    uint8_t packet[30];

    make_packet(packet);
    assert_memory_equal(packet, expected, sizeof expected);
}

static void the_checksum_follows_rfc_1071(void **state)
{
    (void)state;
    /* The example of RFC 1071, 3: the sum is ddf2. */
    const uint8_t even[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
    const uint8_t odd[] = {0x00, 0x01, 0xf2};

    assert_int_equal(ipv4_checksum(even, sizeof even), 0xffff - 0xddf2);
    assert_int_equal(ipv4_checksum(odd, sizeof odd), 0xffff - 0xf201);
    assert_int_equal(ipv4_checksum(odd, 0), 0xffff);
}

static void padding_behind_the_packet_is_cut_off(void **state)
{
    (void)state;
    uint8_t packet[30];
    struct ipv4_packet out;

    make_packet(packet);
    assert_true(ipv4_parse(&out, packet, sizeof packet));
    assert_int_equal(out.payload_len, PAYLOAD);
}

static void a_packet_cut_short_is_refused_at_every_length(void **state)
{
    (void)state;
    uint8_t packet[30];
    struct ipv4_packet out;

    make_packet(packet);
    for (size_t len = 0; len < TOTAL; len++) {
        assert_false(ipv4_parse(&out, packet, len));
    }
}

static void options_are_skipped(void **state)
{
    (void)state;
    for (size_t header_len = 24; header_len <= 60; header_len += 4) {
        uint8_t packet[64];
        struct ipv4_packet out;
        size_t total = header_len + PAYLOAD;

        make_packet(packet);
        packet[0] = (uint8_t)(0x40 | header_len / 4);
        packet[3] = (uint8_t)total;
        memset(packet + 20, 0x9e, header_len - 20);
        memcpy(packet + header_len, "abcd", PAYLOAD);
        correct_checksum(packet);
        assert_true(ipv4_parse(&out, packet, total));
        assert_int_equal(out.payload_len, PAYLOAD);
        assert_memory_equal(out.payload, "abcd", PAYLOAD);
    }
}

static void what_is_wrong_in_one_field_is_refused(void **state)
{
    (void)state;
    const struct {
        const char *what;
        size_t offset;
        uint8_t value;
    } wrong[] = {
        {"version 6", 0, 0x65},
        {"header of 4 words", 0, 0x44},
        {"header past the end", 0, 0x47},
        {"total length too large", 3, TOTAL + 1},
        {"total length too small", 3, 19},
        {"more fragments", 6, 0x20},
        {"a later fragment", 7, 0x01},
        {"a late fragment", 6, 0x1f},
        {"time to live 0", 8, 0},
    };

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        uint8_t packet[30];
        struct ipv4_packet out;

        make_packet(packet);
        packet[wrong[i].offset] = wrong[i].value;
        correct_checksum(packet);
        if (ipv4_parse(&out, packet, TOTAL)) {
            fail_msg("accepted: %s", wrong[i].what);
        }
    }
}

static void every_damaged_bit_of_the_header_is_noticed(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < 160; bit++) {
        uint8_t packet[30];
        struct ipv4_packet out;

        make_packet(packet);
        packet[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_false(ipv4_parse(&out, packet, sizeof packet));
    }
}

static void only_addresses_of_one_host_are_unicast(void **state)
{
    (void)state;
    assert_true(ipv4_is_unicast(PEER, HOST, SLASH_24));
    assert_true(ipv4_is_unicast(0x08080808, HOST, SLASH_24));
    assert_true(ipv4_is_unicast(0x0a0001ff, HOST, SLASH_24));

    assert_false(ipv4_is_unicast(0, HOST, SLASH_24));
    assert_false(ipv4_is_unicast(0xffffffff, HOST, SLASH_24));
    assert_false(ipv4_is_unicast(0x0a0000ff, HOST, SLASH_24));
    assert_false(ipv4_is_unicast(0xe0000001, HOST, SLASH_24));
    assert_false(ipv4_is_unicast(0xefffffff, HOST, SLASH_24));
}

static void a_link_of_two_addresses_has_no_broadcast(void **state)
{
    (void)state;
    assert_true(ipv4_is_unicast(0x0a000003, HOST, 0xfffffffe));
    assert_true(ipv4_is_unicast(0x0a000003, HOST, 0xffffffff));
    assert_false(ipv4_is_unicast(0x0a000003, HOST, 0xfffffffc));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_written_header_reads_back),
        cmocka_unit_test(the_header_is_as_rfc_791_draws_it),
        cmocka_unit_test(the_checksum_follows_rfc_1071),
        cmocka_unit_test(padding_behind_the_packet_is_cut_off),
        cmocka_unit_test(a_packet_cut_short_is_refused_at_every_length),
        cmocka_unit_test(options_are_skipped),
        cmocka_unit_test(what_is_wrong_in_one_field_is_refused),
        cmocka_unit_test(every_damaged_bit_of_the_header_is_noticed),
        cmocka_unit_test(only_addresses_of_one_host_are_unicast),
        cmocka_unit_test(a_link_of_two_addresses_has_no_broadcast),
    };

    return cmocka_run_group_tests_name("ipv4", tests, NULL, NULL);
}
