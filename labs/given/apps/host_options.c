#include "app.h"

#include "tun.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The smallest MTU of IPv4 (RFC 791, 3.2), and the largest. */
enum { LEAST_MTU = 68, LARGEST_MTU = 65535, HEADERS = 40 };

struct host_options host_options_default(void)
{
    return (struct host_options){
        .tun = "tun0",
        .tun_fd = -1,
        .stack = tcp_host_config_default(0x0a000002).stack,
        .link = lossy_link_config_default(),
    };
}

/* A[/BITS] */
static void parse_own_address(struct host_options *options, const char *argument)
{
    char address[ADDRESS_TEXT_SIZE];
    const char *slash = strchr(argument, '/');
    uint64_t bits = slash == NULL ? 24 : parse_number(slash + 1, 1, 30, "the prefix length");
    size_t length = slash == NULL ? strlen(argument) : (size_t)(slash - argument);

    snprintf(address, sizeof address, "%.*s", (int)length, argument);
    if (length >= sizeof address) {
        fail(EXIT_USAGE, "'%s' is no IPv4 address; one looks like 10.0.0.2/24", argument);
    }
    options->stack.address = parse_address(address);
    options->stack.netmask = 0xffffffffu << (32 - bits);
}

static void set_mtu(struct host_options *options, uint16_t mtu)
{
    options->stack.mtu = mtu;
    options->stack.tcp.mss = (uint16_t)(mtu - HEADERS);
}

static uint32_t parse_ms(const char *argument, const char *what)
{
    return (uint32_t)parse_number(argument, 0, 1000000000, what);
}

static bool wire_option(struct host_options *options, int code, const char *argument)
{
    switch (code) {
    case OPTION_TUN:
        options->tun = argument;
        return true;
    case OPTION_TUN_FD:
        options->tun_fd = (int)parse_number(argument, 0, 65535, "--tun-fd");
        return true;
    case OPTION_ADDRESS:
        parse_own_address(options, argument);
        return true;
    case OPTION_MTU:
        set_mtu(options, (uint16_t)parse_number(argument, LEAST_MTU, LARGEST_MTU, "--mtu"));
        options->has_mtu = true;
        return true;
    case OPTION_PCAP:
        options->pcap = argument;
        return true;
    default:
        return false;
    }
}

static bool link_option(struct host_options *options, int code, const char *argument)
{
    struct lossy_link_config *link = &options->link;

    switch (code) {
    case OPTION_SEED:
        link->seed = parse_number(argument, 0, UINT64_MAX, "--seed");
        return true; /* alone it makes nothing lossy */
    case OPTION_LOSS:
        link->loss = parse_probability(argument, "--loss");
        break;
    case OPTION_DUP:
        link->duplicate = parse_probability(argument, "--dup");
        break;
    case OPTION_REORDER:
        link->reorder = parse_probability(argument, "--reorder");
        break;
    case OPTION_CORRUPT:
        link->corrupt = parse_probability(argument, "--corrupt");
        break;
    case OPTION_DELAY:
        link->delay_us = 1000 * parse_number(argument, 0, 1000000, "--delay");
        break;
    case OPTION_RATE:
        link->rate_bps = parse_size(argument, "--rate");
        break;
    default:
        return false;
    }
    options->is_lossy = true;
    return true;
}

static bool tcp_option(struct host_options *options, int code, const char *argument)
{
    struct tcp_config *tcp = &options->stack.tcp;

    switch (code) {
    case OPTION_ISN_SEED: {
        uint64_t seed = parse_number(argument, 0, UINT64_MAX, "--isn-seed");
        memset(options->stack.isn_secret, 0, sizeof options->stack.isn_secret);
        memcpy(options->stack.isn_secret, &seed, sizeof seed);
        return true;
    }
    case OPTION_BUFFER:
        tcp->recv_capacity = parse_size(argument, "--buffer");
        tcp->send_capacity = tcp->recv_capacity;
        return true;
    case OPTION_RTO_INITIAL:
        tcp->rto_initial_ms = parse_ms(argument, "--rto-initial");
        return true;
    case OPTION_RTO_MIN:
        tcp->rto_min_ms = parse_ms(argument, "--rto-min");
        return true;
    case OPTION_RTO_MAX:
        tcp->rto_max_ms = parse_ms(argument, "--rto-max");
        return true;
    case OPTION_RETRIES:
        tcp->max_retransmissions = parse_ms(argument, "--retries");
        return true;
    case OPTION_SYN_RETRIES:
        tcp->max_syn_retransmissions = parse_ms(argument, "--syn-retries");
        return true;
    case OPTION_USER_TIMEOUT:
        tcp->user_timeout_ms = parse_ms(argument, "--user-timeout");
        return true;
    case OPTION_ACK_DELAY:
        tcp->ack_delay_ms = parse_ms(argument, "--ack-delay");
        return true;
    case OPTION_MSL:
        tcp->msl_ms = parse_ms(argument, "--msl");
        return true;
    case OPTION_NO_NAGLE:
        tcp->nagle = false;
        return true;
    default:
        return false;
    }
}

void host_option(struct host_options *options, int code, const char *argument)
{
    bool is_known = wire_option(options, code, argument) || link_option(options, code, argument) ||
                    tcp_option(options, code, argument);

    if (!is_known) {
        exit(EXIT_USAGE); /* getopt_long has said what is wrong */
    }
}

static int open_wire(const struct host_options *options)
{
    if (options->tun_fd >= 0) {
        return options->tun_fd;
    }
    int fd = tun_open(options->tun);
    if (fd < 0 && errno == EPERM) {
        fail(EXIT_USAGE,
             "may not open the TUN interface %s: make it yours with "
             "'ip tuntap add mode tun user $USER name %s' as root, or run as root",
             options->tun, options->tun);
    }
    if (fd < 0) {
        fail(EXIT_USAGE, "cannot open the TUN interface %s: %s", options->tun,
             errno == EBUSY ? "another program uses it" : strerror(errno));
    }
    return fd;
}

/* The interface knows the MTU, if it is one. */
static void adopt_mtu(struct host_options *options, int wire_fd)
{
    int mtu = options->has_mtu ? -1 : tun_mtu(wire_fd);

    if (mtu >= LEAST_MTU && mtu <= LARGEST_MTU) {
        set_mtu(options, (uint16_t)mtu);
    }
}

struct app_host app_host_start(const struct host_options *wanted)
{
    struct host_options options = *wanted;
    struct lossy_link_config inbound = options.link;
    struct app_host app_host = {.wire_fd = open_wire(&options)};

    adopt_mtu(&options, app_host.wire_fd);
    app_host.mtu = options.stack.mtu;
    if (options.pcap != NULL) {
        app_host.capture = pcap_writer_open(options.pcap);
        if (app_host.capture == NULL) {
            fail(EXIT_USAGE, "cannot write %s: %s", options.pcap, strerror(errno));
        }
    }
    inbound.seed = ~options.link.seed; /* the two directions have accidents of their own */
    const struct tcp_host_config config = {
        .stack = options.stack,
        .wire_fd = app_host.wire_fd,
        .outbound = options.is_lossy ? &options.link : NULL,
        .inbound = options.is_lossy ? &inbound : NULL,
        .capture = app_host.capture,
    };
    app_host.host = tcp_host_new(&config);
    if (app_host.host == NULL) {
        fail(EXIT_USAGE, "cannot start TCP on this wire: %s", strerror(errno));
    }
    return app_host;
}

void app_host_stop(struct app_host *app_host)
{
    tcp_host_free(app_host->host);
    if (!pcap_writer_close(app_host->capture)) {
        complain("the recording is incomplete: %s", strerror(errno));
    }
    close(app_host->wire_fd);
}
