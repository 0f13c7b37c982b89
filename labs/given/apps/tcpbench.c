/*
 * tcpbench: how fast is this TCP? Throughput in both directions, and connections a second, against
 * the kernel or against itself.
 */
#define _GNU_SOURCE
#include "app.h"
#include "party.h"

#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static const char usage[] =
    "usage: tcpbench [OPTION]...\n"
    "\n"
    "Measures, each for some seconds: throughput in both directions, and how many connections a\n"
    "second are opened, used for one byte and closed, one after another. The peer is the kernel "
    "at\n"
    "the other end of the TUN interface, or a second stack in this program.\n"
    "\n"
    "  -p, --peer ADDRESS  the kernel's address (10.0.0.1)\n"
    "  -S, --self          measure two of our stacks on a socket pair; needs no TUN and no rights\n"
    "  -s, --seconds S     for each figure (2)\n"
    "  -o, --only PATTERN  only figures whose name matches, like 'kernel-*' or '*throughput'\n"
    "  -j, --json          the result as JSON\n"
    "  -h, --help          this text\n"
    "\n" HOST_OPTIONS_HELP
    "\n"
    "Here the default of --msl is 5: TIME-WAIT would fill the tables otherwise.\n"
    "Exit status: 0 measured, 1 the network failed, 2 wrong usage.\n";

enum { CHUNK = 65536, FIRST_PORT = 5001, NAME_SIZE = 64 };

struct settings {
    struct host_options host;
    uint32_t peer;
    bool self, json;
    double seconds;
    const char *only; /* NULL: everything */
};

/* One line of the result. */
struct figure {
    char name[NAME_SIZE]; /* kernel-to-stack-throughput */
    const char *unit;
    double value;   /* in that unit */
    uint64_t count; /* bytes, or connections */
    double seconds;
};

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

/* --- throughput ------------------------------------------------------------------------------ */

/* The thread that takes in what is sent. */
struct sink {
    struct party *party;
    void *listener;
    uint64_t bytes;
};

static void *swallow(void *argument)
{
    struct sink *sink = argument;
    struct party *party = sink->party;
    static uint8_t bytes[4 * CHUNK];
    void *connection = party->accept(sink->listener);
    ssize_t got;

    if (connection == NULL) {
        fail(EXIT_NETWORK, "%s cannot accept: %s", party->name, strerror(errno));
    }
    while ((got = party->read(connection, bytes, sizeof bytes)) > 0) {
        sink->bytes += (uint64_t)got;
    }
    if (got < 0) {
        fail(EXIT_NETWORK, "%s cannot read: %s", party->name, strerror(errno));
    }
    party->shutdown(connection);
    party->close(connection);
    return NULL;
}

static struct figure measure_throughput(struct party *from, struct party *to, uint16_t port,
                                        double seconds)
{
    static uint8_t bytes[CHUNK];
    struct sink sink = {.party = to, .listener = to->listen(to, port)};
    struct figure figure = {.unit = "Gbit/s"};
    pthread_t thread;

    if (pthread_create(&thread, NULL, swallow, &sink) != 0) {
        fail(EXIT_NETWORK, "no thread to be had");
    }
    void *connection = from->connect(from, to->address, port);
    double begin = now();
    while (now() - begin < seconds) {
        if (!from->write(connection, bytes, sizeof bytes)) {
            fail(EXIT_NETWORK, "%s cannot write: %s", from->name, strerror(errno));
        }
    }
    from->shutdown(connection);
    pthread_join(thread, NULL);
    figure.seconds = now() - begin;
    from->close(connection);
    to->unlisten(sink.listener);
    figure.count = sink.bytes;
    figure.value = (double)sink.bytes * 8e-9 / figure.seconds;
    return figure;
}

/* --- connections ----------------------------------------------------------------------------- */

/* Gives everyone who comes one byte, and closes first: TIME-WAIT is on this side. */
static void *greet(void *argument)
{
    struct sink *sink = argument;
    struct party *party = sink->party;
    void *connection;

    while ((connection = party->accept(sink->listener)) != NULL) {
        party->write(connection, "x", 1);
        party->close(connection);
    }
    return NULL;
}

static void visit(struct party *from, uint32_t address, uint16_t port)
{
    uint8_t bytes[2];
    void *connection = from->connect(from, address, port);
    size_t total = 0;
    ssize_t got;

    while ((got = from->read(connection, bytes, sizeof bytes)) > 0) {
        total += (size_t)got;
    }
    if (got < 0 || total != 1) {
        fail(EXIT_NETWORK, "%s got %zu bytes instead of 1: %s", from->name, total,
             got < 0 ? strerror(errno) : "end of file");
    }
    from->close(connection);
}

static struct figure measure_connections(struct party *from, struct party *to, uint16_t port,
                                         double seconds)
{
    struct sink sink = {.party = to, .listener = to->listen(to, port)};
    struct figure figure = {.unit = "per second"};
    pthread_t thread;

    if (pthread_create(&thread, NULL, greet, &sink) != 0) {
        fail(EXIT_NETWORK, "no thread to be had");
    }
    double begin = now();
    while ((figure.seconds = now() - begin) < seconds) {
        visit(from, to->address, port);
        figure.count++;
    }
    to->stop(sink.listener);
    pthread_join(thread, NULL);
    to->unlisten(sink.listener);
    figure.value = (double)figure.count / figure.seconds;
    return figure;
}

/* --- the result ------------------------------------------------------------------------------ */

static void print_figure(const struct figure *figure, bool json, bool first)
{
    if (json) {
        printf("%s\n    {\"name\": \"%s\", \"value\": %.3f, \"unit\": \"%s\", \"count\": %" PRIu64
               ", \"seconds\": %.3f}",
               first ? "" : ",", figure->name, figure->value, figure->unit, figure->count,
               figure->seconds);
    } else {
        bool small = figure->value < 1000;
        printf("%-30s %9.*f %s\n", figure->name, small ? 2 : 0, figure->value, figure->unit);
        fflush(stdout);
    }
}

typedef struct figure measurement(struct party *from, struct party *to, uint16_t port,
                                  double seconds);

/* Measures one thing, if it is wanted, and prints it. True if it was. */
static bool measure(const struct settings *settings, measurement *measure_it, const char *what,
                    struct party *from, struct party *to, bool first)
{
    static uint16_t port = FIRST_PORT; /* each has its own: nothing is left from the one before */
    char name[NAME_SIZE];

    snprintf(name, sizeof name, "%s-to-%s-%s", from->name, to->name, what);
    if (settings->only != NULL && fnmatch(settings->only, name, 0) != 0) {
        return false;
    }
    struct figure figure = measure_it(from, to, port++, settings->seconds);
    memcpy(figure.name, name, sizeof name);
    print_figure(&figure, settings->json, first);
    return true;
}

static void measure_all(const struct settings *settings, struct party *ours, struct party *other,
                        uint16_t mtu)
{
    unsigned measured = 0;

    if (settings->json) {
        printf("{\"version\": 1, \"mtu\": %u, \"peer\": \"%s\", \"figures\": [", mtu,
               settings->self ? "self" : "kernel");
    }
    measured += measure(settings, measure_throughput, "throughput", other, ours, measured == 0);
    measured += measure(settings, measure_throughput, "throughput", ours, other, measured == 0);
    measured += measure(settings, measure_connections, "connections", other, ours, measured == 0);
    measured += measure(settings, measure_connections, "connections", ours, other, measured == 0);
    if (settings->json) {
        printf("\n  ], \"congestion_control\": \"%s\"}\n", other->congestion);
    } else if (measured > 0 && other->congestion[0] != '\0') {
        printf("MTU %u; the kernel's congestion control: %s\n", mtu, other->congestion);
    }
    if (measured == 0) {
        fail(EXIT_USAGE, "no figure has a name like '%s'", settings->only);
    }
}

/* --- the two set-ups ------------------------------------------------------------------------- */

static void measure_with_kernel(const struct settings *settings)
{
    struct app_host app_host = app_host_start(&settings->host);
    struct party stack = party_of_stack("stack", app_host.host);
    struct party kernel = party_of_kernel(settings->peer);

    measure_all(settings, &stack, &kernel, app_host.mtu);
    app_host_stop(&app_host);
}

static void measure_with_itself(const struct settings *settings)
{
    struct host_options options[2] = {settings->host, settings->host};
    int wire[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, wire) < 0) {
        fail(EXIT_USAGE, "no socket pair: %s", strerror(errno));
    }
    options[0].tun_fd = wire[0];
    options[1].tun_fd = wire[1];
    options[1].stack.address = settings->peer;
    options[1].pcap = NULL;
    struct app_host hosts[2] = {app_host_start(&options[0]), app_host_start(&options[1])};
    struct party one = party_of_stack("stack", hosts[0].host);
    struct party two = party_of_stack("other", hosts[1].host);

    measure_all(settings, &one, &two, hosts[0].mtu);
    app_host_stop(&hosts[0]);
    app_host_stop(&hosts[1]);
}

/* --- the command line ------------------------------------------------------------------------ */

static void take_option(struct settings *settings, int code)
{
    switch (code) {
    case 'p':
        settings->peer = parse_address(optarg);
        break;
    case 'S':
        settings->self = true;
        break;
    case 's':
        settings->seconds = (double)parse_number(optarg, 1, 3600, "--seconds");
        break;
    case 'o':
        settings->only = optarg;
        break;
    case 'j':
        settings->json = true;
        break;
    case 'h':
        fputs(usage, stdout);
        exit(0);
    default:
        host_option(&settings->host, code, optarg);
    }
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        HOST_OPTIONS,
        {"peer", required_argument, NULL, 'p'},
        {"self", no_argument, NULL, 'S'},
        {"seconds", required_argument, NULL, 's'},
        {"only", required_argument, NULL, 'o'},
        {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    struct settings settings = {.host = host_options_default(), .peer = 0x0a000001, .seconds = 2};
    int code;

    app_begin(argv);
    settings.host.stack.tcp.msl_ms = 5;
    while ((code = getopt_long(argc, argv, "p:Ss:o:jh", options, NULL)) != -1) {
        take_option(&settings, code);
    }
    if (optind < argc) {
        fail(EXIT_USAGE, "'%s' is one argument too many; see tcpbench --help", argv[optind]);
    }
    if (settings.self) {
        measure_with_itself(&settings);
    } else {
        measure_with_kernel(&settings);
    }
    return 0;
}
