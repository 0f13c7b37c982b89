/*
 * tcpcat: a TCP connection as a pipe, over our own stack.
 *
 *      standard input ──▶ connection ──▶ the peer
 *      standard output ◀─ connection ◀── the peer
 *
 * End of standard input closes our side only; the program ends when both sides have ended.
 */
#include "app.h"
#include "server.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

static const char usage[] =
    "usage: tcpcat [OPTION]... ADDRESS PORT       connect\n"
    "       tcpcat [OPTION]... --listen PORT      wait for a connection\n"
    "\n"
    "Copies standard input to the peer and what the peer sends to standard output. The end of\n"
    "standard input ends our direction only (half-close).\n"
    "\n"
    "  -l, --listen        wait for a connection instead of opening one\n"
    "  -e, --echo          send back what arrives, instead of standard input and output\n"
    "  -d, --discard       throw away what arrives, and send nothing\n"
    "  -k, --keep          with --listen and one of the two: serve connections, many at once,\n"
    "                      until SIGINT or SIGTERM\n"
    "  -c, --connections N without --listen, with one of the two: open N at once\n"
    "  -h, --help          this text\n"
    "\n" HOST_OPTIONS_HELP
    "\n"
    "Exit status: 0 both sides were closed in order, 1 the connection failed, 2 wrong usage.\n";

enum mode { RELAY, ECHO, DISCARD };

enum { CHUNK = 65536, BACKLOG = 128, MOST_CONNECTIONS = 1000 };

struct settings {
    struct host_options host;
    enum mode mode;
    bool listens, keeps;
    unsigned connections;
    uint32_t address;
    uint16_t port;
};

/* --- conversations --------------------------------------------------------------------------- */

/* Ends our side and waits until the peer has all of it. */
static int end_our_side(struct tcp_socket *socket)
{
    return tcp_shutdown(socket) == 0 ? tcp_flush(socket) : -1;
}

/* Reads to the end; sends it all back if asked to. -1 with errno if the connection failed. */
static int absorb(struct tcp_socket *socket, bool send_back)
{
    uint8_t *bytes = malloc(CHUNK);
    ssize_t got = -1;

    while (bytes != NULL && (got = tcp_read(socket, bytes, CHUNK)) > 0) {
        if (send_back && tcp_write(socket, bytes, (size_t)got) != got) {
            got = -1;
            break;
        }
    }
    int reason = errno;
    free(bytes);
    errno = reason;
    return got == 0 ? end_our_side(socket) : -1;
}

/* What the thread that sends standard input has to know. */
struct sending {
    struct tcp_socket *socket;
    int stop_fd; /* becomes readable when nobody wants the input any more */
    int failure; /* 0, or an errno value */
};

/* Waits for standard input; false when the wait was called off. */
static bool input_is_ready(const struct sending *sending)
{
    struct pollfd events[] = {{.fd = STDIN_FILENO, .events = POLLIN},
                              {.fd = sending->stop_fd, .events = POLLIN}};

    while (poll(events, 2, -1) < 0 && errno == EINTR) {
    }
    return events[1].revents == 0;
}

static void *send_input(void *argument)
{
    struct sending *sending = argument;
    static uint8_t bytes[CHUNK];
    ssize_t got;

    while (input_is_ready(sending)) {
        got = read(STDIN_FILENO, bytes, sizeof bytes);
        if (got == 0) {
            sending->failure = end_our_side(sending->socket) == 0 ? 0 : errno;
            break;
        }
        if (got < 0 || tcp_write(sending->socket, bytes, (size_t)got) != got) {
            sending->failure = errno;
            break;
        }
    }
    return NULL;
}

static int receive_output(struct tcp_socket *socket)
{
    static uint8_t bytes[CHUNK];
    ssize_t got;

    while ((got = tcp_read(socket, bytes, sizeof bytes)) > 0) {
        if (!write_fully(STDOUT_FILENO, bytes, (size_t)got)) {
            return errno;
        }
    }
    return got == 0 ? 0 : errno;
}

/* Both directions at once, a thread each. */
static int relay(struct tcp_socket *socket)
{
    const uint64_t one = 1;
    pthread_t sender;
    struct sending sending = {.socket = socket, .stop_fd = eventfd(0, EFD_CLOEXEC)};
    int failure = sending.stop_fd < 0 ? errno : 0;

    if (failure == 0) {
        failure = pthread_create(&sender, NULL, send_input, &sending);
    }
    if (failure == 0) {
        failure = receive_output(socket);
        if (failure != 0) {
            tcp_abort(socket);
            (void)!write(sending.stop_fd, &one, sizeof one);
        }
        pthread_join(sender, NULL);
    }
    if (sending.stop_fd >= 0) {
        close(sending.stop_fd);
    }
    errno = failure != 0 ? failure : sending.failure;
    return errno == 0 ? 0 : -1;
}

static int converse(struct tcp_socket *socket, enum mode mode)
{
    int result = mode == RELAY ? relay(socket) : absorb(socket, mode == ECHO);

    if (result < 0) {
        complain("connection failed: %s", strerror(errno));
    }
    return result;
}

/* --- listening ------------------------------------------------------------------------------- */

static void converse_with_visitor(struct tcp_socket *socket, void *context)
{
    const struct settings *settings = context;

    converse(socket, settings->mode);
}

static int listen_for_peers(struct tcp_host *host, struct settings *settings)
{
    char address[ADDRESS_TEXT_SIZE];
    struct tcp_listener *listener = tcp_listen(host, settings->port, BACKLOG);

    if (listener == NULL) {
        fail(EXIT_USAGE, "cannot listen on port %u: %s", settings->port, strerror(errno));
    }
    complain("listening on %s:%u", address_text(tcp_host_address(host), address), settings->port);
    if (settings->keeps) {
        int failure = serve(listener, converse_with_visitor, settings);
        if (failure != 0) {
            complain("stopped: %s", strerror(failure));
        }
        return failure;
    }

    struct tcp_socket *socket = tcp_accept(listener);
    if (socket == NULL) {
        fail(EXIT_NETWORK, "no connection came: %s", strerror(errno));
    }
    tcp_listener_close(listener);
    int result = converse(socket, settings->mode);
    tcp_close(socket);
    return result;
}

/* --- connecting ------------------------------------------------------------------------------ */

static struct tcp_socket *open_connection(struct tcp_host *host, const struct settings *settings)
{
    char address[ADDRESS_TEXT_SIZE];
    struct tcp_socket *socket = tcp_connect(host, settings->address, settings->port);

    if (socket == NULL) {
        complain("cannot connect to %s:%u: %s", address_text(settings->address, address),
                 settings->port, strerror(errno));
    }
    return socket;
}

struct visit {
    pthread_t thread;
    struct tcp_host *host;
    const struct settings *settings;
    int result;
};

static void *visit_peer(void *argument)
{
    struct visit *visit = argument;
    struct tcp_socket *socket = open_connection(visit->host, visit->settings);

    visit->result = socket == NULL ? -1 : converse(socket, visit->settings->mode);
    tcp_close(socket);
    return NULL;
}

static int connect_many(struct tcp_host *host, const struct settings *settings)
{
    static struct visit visits[MOST_CONNECTIONS];
    unsigned started = 0;
    int result = 0;

    for (; started < settings->connections; started++) {
        visits[started] = (struct visit){.host = host, .settings = settings};
        if (pthread_create(&visits[started].thread, NULL, visit_peer, &visits[started]) != 0) {
            complain("no thread for connection %u", started + 1);
            result = -1;
            break;
        }
    }
    for (unsigned i = 0; i < started; i++) {
        pthread_join(visits[i].thread, NULL);
        result |= visits[i].result;
    }
    return result;
}

/* --- the command line ------------------------------------------------------------------------ */

static void take_option(struct settings *settings, int code)
{
    switch (code) {
    case 'l':
        settings->listens = true;
        break;
    case 'e':
        settings->mode = ECHO;
        break;
    case 'd':
        settings->mode = DISCARD;
        break;
    case 'k':
        settings->keeps = true;
        break;
    case 'c':
        settings->connections =
            (unsigned)parse_number(optarg, 1, MOST_CONNECTIONS, "--connections");
        break;
    case 'h':
        fputs(usage, stdout);
        exit(0);
    default:
        host_option(&settings->host, code, optarg);
    }
}

static void take_arguments(struct settings *settings, int count, char **arguments)
{
    if (count != (settings->listens ? 1 : 2)) {
        fail(EXIT_USAGE, "%s; see tcpcat --help",
             settings->listens ? "--listen takes a port" : "an address and a port are wanted");
    }
    if (settings->keeps && (!settings->listens || settings->mode == RELAY)) {
        fail(EXIT_USAGE, "--keep goes with --listen and --echo or --discard");
    }
    if (settings->connections > 1 && (settings->listens || settings->mode == RELAY)) {
        fail(EXIT_USAGE, "--connections goes with --echo or --discard, without --listen");
    }
    if (!settings->listens) {
        settings->address = parse_address(arguments[0]);
    }
    settings->port = parse_port(arguments[count - 1]);
}

static struct settings parse_command_line(int argc, char **argv)
{
    static const struct option options[] = {
        HOST_OPTIONS,
        {"listen", no_argument, NULL, 'l'},
        {"echo", no_argument, NULL, 'e'},
        {"discard", no_argument, NULL, 'd'},
        {"keep", no_argument, NULL, 'k'},
        {"connections", required_argument, NULL, 'c'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    struct settings settings = {.host = host_options_default(), .connections = 1};
    int code;

    while ((code = getopt_long(argc, argv, "ledkc:h", options, NULL)) != -1) {
        take_option(&settings, code);
    }
    take_arguments(&settings, argc - optind, argv + optind);
    return settings;
}

int main(int argc, char **argv)
{
    app_begin(argv);
    struct settings settings = parse_command_line(argc, argv);

    if (settings.keeps) {
        serve_prepare();
    }
    struct app_host app_host = app_host_start(&settings.host);
    int result = settings.listens ? listen_for_peers(app_host.host, &settings)
                                  : connect_many(app_host.host, &settings);
    app_host_stop(&app_host);
    return result == 0 ? 0 : EXIT_NETWORK;
}
