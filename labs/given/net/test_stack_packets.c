#include "test_stack.h"

/* The counter that a dropped packet is to raise. */
enum counter { DROPPED_IP, DROPPED_PROTOCOL, DROPPED_CHECKSUM, DROPPED_SEGMENT };

static uint64_t value_of(const struct stack *host, enum counter counter)
{
    struct stack_counters counters = stack_counters(host);
    const uint64_t values[] = {counters.dropped_ip, counters.dropped_protocol,
                               counters.dropped_checksum, counters.dropped_segment};

    return values[counter];
}

static void expect_dropped(struct stack *host, const uint8_t *packet, size_t len,
                           enum counter counter)
{
    uint64_t before = value_of(host, counter);

    stack_receive(host, packet, len);
    assert_int_equal(value_of(host, counter), before + 1);
    assert_silent(host);
}

static struct stack *server_new(void)
{
    struct stack *host = host_new(SERVER_ADDRESS);

    assert_non_null(stack_listen(host, 80, 16));
    return host;
}

/* The listener answers a SYN: nothing that came before has harmed it. */
static void assert_alive(struct stack *host)
{
    struct tcp_segment syn = syn_to(80, 6000);

    inject(host, CLIENT_ADDRESS, &syn);
    assert_int_equal(next_from(host).flags, TCP_SYN | TCP_ACK);
}

static void packets_from_bad_addresses_are_dropped(void **state)
{
    (void)state;
    const uint32_t bad[] = {
        0,          /* no address */
        0xffffffff, /* everyone */
        0xe0000001, /* a group */
        0x0a0000ff, /* everyone on the link */
        SERVER_ADDRESS,
    };
    struct stack *host = server_new();
    struct tcp_segment syn = syn_to(80, 5000);
    uint8_t packet[PACKET_MAX];

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        size_t len = packet_of(packet, bad[i], SERVER_ADDRESS, &syn);
        expect_dropped(host, packet, len, DROPPED_IP);
    }
    assert_alive(host);
    stack_free(host);
}

static void packets_to_others_are_dropped(void **state)
{
    (void)state;
    const uint32_t others[] = {0, 0xffffffff, 0xe0000001, 0x0a0000ff, SERVER_ADDRESS + 1};
    const uint16_t ports[] = {80, 81};
    struct stack *host = server_new();
    uint8_t packet[PACKET_MAX];

    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        for (size_t j = 0; j < 2; j++) {
            struct tcp_segment syn = syn_to(ports[j], 5000);
            size_t len = packet_of(packet, CLIENT_ADDRESS, others[i], &syn);
            expect_dropped(host, packet, len, DROPPED_IP);
        }
    }
    assert_alive(host);
    stack_free(host);
}

static void a_segment_cut_short_is_dropped(void **state)
{
    (void)state;
    struct stack *host = server_new();
    struct tcp_segment syn = syn_to(80, 5000);
    uint8_t packet[PACKET_MAX];
    size_t len = packet_of(packet, CLIENT_ADDRESS, SERVER_ADDRESS, &syn);

    for (size_t cut = 0; cut < IPV4_HEADER_SIZE + 20; cut++) {
        expect_dropped(host, packet, cut, DROPPED_IP);
    }
    struct ipv4_packet stump = {.source = CLIENT_ADDRESS,
                                .destination = SERVER_ADDRESS,
                                .protocol = IPV4_PROTOCOL_TCP,
                                .ttl = 1,
                                .payload_len = 19};
    ipv4_write_header(&stump, packet);
    expect_dropped(host, packet, len, DROPPED_SEGMENT);
    assert_alive(host);
    stack_free(host);
}

static void a_damaged_segment_is_dropped(void **state)
{
    (void)state;
    struct stack *host = server_new();
    struct tcp_segment syn = syn_to(80, 5000);
    uint8_t packet[PACKET_MAX];
    size_t len = packet_of(packet, CLIENT_ADDRESS, SERVER_ADDRESS, &syn);

    packet[IPV4_HEADER_SIZE + 7] ^= 0x10;
    expect_dropped(host, packet, len, DROPPED_CHECKSUM);
    assert_alive(host);
    stack_free(host);
}

static void other_protocols_are_dropped(void **state)
{
    (void)state;
    const uint8_t protocols[] = {1 /* ICMP */, 17 /* UDP */, 0, 255};
    struct stack *host = server_new();
    uint8_t packet[PACKET_MAX] = {0};

    for (size_t i = 0; i < sizeof protocols; i++) {
        struct ipv4_packet ip = {.source = CLIENT_ADDRESS,
                                 .destination = SERVER_ADDRESS,
                                 .protocol = protocols[i],
                                 .ttl = 1,
                                 .payload_len = 40};
        ipv4_write_header(&ip, packet);
        expect_dropped(host, packet, IPV4_HEADER_SIZE + 40, DROPPED_PROTOCOL);
    }
    assert_alive(host);
    stack_free(host);
}

static void padding_is_not_data(void **state)
{
    (void)state;
    struct pair pair = pair_new();
    uint8_t packet[PACKET_MAX] = {0};

    assert_int_equal(tcp_connection_write(pair.client, "x", 1), 1);
    stack_poll(pair.client_host, pair.client);
    size_t len = stack_transmit(pair.client_host, packet, sizeof packet);
    assert_int_equal(len, 41);
    stack_receive(pair.server_host, packet, 46);
    assert_int_equal(tcp_connection_readable(pair.server), 1);
    pair_free(&pair);
}

static void packets_sent_are_correct(void **state)
{
    (void)state;
    struct stack_config config = stack_config_default(CLIENT_ADDRESS);
    config.ttl = 7;
    struct stack *host = stack_new(&config);
    uint8_t packet[PACKET_MAX];
    uint16_t previous = 0;

    for (unsigned i = 0; i < 3; i++) {
        stack_connect(host, SERVER_ADDRESS, 80, 0);
        size_t len = stack_transmit(host, packet, sizeof packet);
        struct ipv4_packet ip;
        assert_true(ipv4_parse(&ip, packet, len));
        assert_int_equal(ip.source, CLIENT_ADDRESS);
        assert_int_equal(ip.destination, SERVER_ADDRESS);
        assert_int_equal(ip.ttl, 7);
        assert_int_equal(ip.payload_len, len - IPV4_HEADER_SIZE);
        assert_int_equal(packet[6], 0x40); /* never to be fragmented */
        assert_true(i == 0 || ip.identification != previous);
        previous = ip.identification;
    }
    assert_int_equal(stack_counters(host).packets_out, 3);
    stack_free(host);
}

static void random_bytes_do_no_harm(void **state)
{
    (void)state;
    struct stack *host = server_new();
    struct tcp_segment syn = syn_to(80, 5000);
    uint8_t packet[PACKET_MAX], answer[PACKET_MAX];
    uint32_t random = 1;

    for (unsigned round = 0; round < 20000; round++) {
        size_t len = packet_of(packet, CLIENT_ADDRESS, SERVER_ADDRESS, &syn);
        for (unsigned changes = 0; changes < 3; changes++) {
            random = random * 1664525 + 1013904223;
            packet[(random >> 8) % len] = (uint8_t)(random >> 24);
        }
        stack_receive(host, packet, len);
        while (stack_transmit(host, answer, sizeof answer) > 0) {
        }
    }
    assert_int_equal(stack_counters(host).packets_in, 20000);
    stack_free(host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packets_from_bad_addresses_are_dropped),
        cmocka_unit_test(packets_to_others_are_dropped),
        cmocka_unit_test(a_segment_cut_short_is_dropped),
        cmocka_unit_test(a_damaged_segment_is_dropped),
        cmocka_unit_test(other_protocols_are_dropped),
        cmocka_unit_test(padding_is_not_data),
        cmocka_unit_test(packets_sent_are_correct),
        cmocka_unit_test(random_bytes_do_no_harm),
    };

    return cmocka_run_group_tests_name("stack packets", tests, NULL, NULL);
}
