/*
 * tcprun: a stack for programs that know nothing of it. They run with the preload library and find
 * tcprun by a control socket; preload/run_protocol.h says what goes over it, pump.h what tcprun
 * does with their sockets.
 */

#define _GNU_SOURCE
#include "app.h"
#include "pump.h"
#include "tun.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum {
    TICK_MS = 5,
    EVENTS = 64,
    MOST_LINGERING_MS = 30000, /* at the end, for what programs have written before */
    LEAST_MTU = 68,
    HEADERS = 40,
};

static const char usage[] =
    "Usage: tcprun [OPTIONS] --control PATH\n"
    "\n"
    "A TCP for programs that run with the preload library, and " RUN_VARIABLE
    "=PATH. `./tcplab run`\n"
    "starts both. It ends when it gets SIGTERM and all that programs wrote has been delivered.\n"
    "\n"
    "  --control PATH      the socket on which programs ask for things; tcprun makes it\n"
    "  --events-fd N       where to write `ready`, and `listening PORT` when a program does\n"
    "  -h, --help\n"
    "\n" HOST_OPTIONS_HELP;

enum { OPTION_CONTROL = 1, OPTION_EVENTS_FD };

static const struct option long_options[] = {
    HOST_OPTIONS,
    {"control", required_argument, NULL, OPTION_CONTROL},
    {"events-fd", required_argument, NULL, OPTION_EVENTS_FD},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

struct options {
    struct host_options host;
    const char *control;
    int events_fd;
};

struct runner {
    struct pump pump;
    struct loop *loop;
    struct pcap_writer *capture;
    int wire_fd, signal_fd;
    bool watches_room; /* does epoll tell when the wire takes packets again? */
    bool stopping;     /* SIGTERM has come: no program is left */
    uint64_t stopped_ms;
};

static uint64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static struct options read_options(int argc, char **argv)
{
    struct options options = {.host = host_options_default(), .events_fd = -1};
    int code;

    while ((code = getopt_long(argc, argv, "h", long_options, NULL)) != -1) {
        switch (code) {
        case 'h':
            fputs(usage, stdout);
            exit(EXIT_SUCCESS);
        case OPTION_CONTROL:
            options.control = optarg;
            break;
        case OPTION_EVENTS_FD:
            options.events_fd = (int)parse_number(optarg, 0, 65535, "--events-fd");
            break;
        default:
            host_option(&options.host, code, optarg);
        }
    }
    if (options.control == NULL || optind != argc) {
        fail(EXIT_USAGE, "it takes --control PATH and nothing else (see --help)");
    }
    return options;
}

/* --- starting --------------------------------------------------------------------------------- */

static int open_control(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (strlen(path) >= sizeof address.sun_path) {
        fail(EXIT_USAGE, "%s: too long for the name of a socket", path);
    }
    memcpy(address.sun_path, path, strlen(path));
    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof address) < 0) {
        fail(EXIT_USAGE, "cannot make the socket %s: %s", path, strerror(errno));
    }
    return fd;
}

static int open_wire(struct host_options *options)
{
    int fd = options->tun_fd >= 0 ? options->tun_fd : tun_open(options->tun);

    if (fd < 0) {
        fail(EXIT_USAGE, "cannot open the TUN interface %s: %s", options->tun, strerror(errno));
    }
    int mtu = options->has_mtu ? -1 : tun_mtu(fd);
    if (mtu >= LEAST_MTU && mtu <= UINT16_MAX) {
        options->stack.mtu = (uint16_t)mtu;
        options->stack.tcp.mss = (uint16_t)(mtu - HEADERS);
    }
    return fd;
}

/* Signals come as events; and each program's socket takes a descriptor here. */
static int prepare_process(void)
{
    struct rlimit files;
    sigset_t ending;

    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    sigemptyset(&ending);
    sigaddset(&ending, SIGTERM);
    sigprocmask(SIG_BLOCK, &ending, NULL);
    signal(SIGINT, SIG_IGN); /* it is for the program in front; we are told when that has ended */
    return signalfd(-1, &ending, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void watch(const struct runner *runner, int operation, int *fd, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = fd};

    if (epoll_ctl(runner->pump.epoll_fd, operation, *fd, &event) < 0) {
        fail(EXIT_USAGE, "cannot wait for events: %s", strerror(errno));
    }
}

static void start_loop(struct runner *runner, const struct host_options *options)
{
    struct lossy_link_config inbound = options->link;

    inbound.seed = ~options->link.seed; /* the two directions have accidents of their own */
    if (options->pcap != NULL) {
        runner->capture = pcap_writer_open(options->pcap);
        if (runner->capture == NULL) {
            fail(EXIT_USAGE, "cannot write %s: %s", options->pcap, strerror(errno));
        }
    }
    const struct loop_config config = {
        .stack = runner->pump.stack,
        .wire_fd = runner->wire_fd,
        .tick_ms = TICK_MS,
        .outbound = options->is_lossy ? &options->link : NULL,
        .inbound = options->is_lossy ? &inbound : NULL,
        .capture = runner->capture,
    };
    runner->loop = loop_new(&config);
    if (runner->loop == NULL) {
        fail(EXIT_USAGE, "cannot start TCP on this wire: %s", strerror(errno));
    }
}

static void start(struct runner *runner, struct options *options)
{
    struct pump *pump = &runner->pump;

    runner->signal_fd = prepare_process();
    runner->wire_fd = open_wire(&options->host);
    list_init(&pump->sockets);
    pump->address = options->host.stack.address;
    pump->netmask = options->host.stack.netmask;
    pump->events_fd = options->events_fd;
    pump->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    pump->control_fd = open_control(options->control);
    pump->stack = stack_new(&options->host.stack);
    if (pump->stack == NULL) {
        fail(EXIT_USAGE, "no memory for a stack");
    }
    start_loop(runner, &options->host);
    watch(runner, EPOLL_CTL_ADD, &pump->control_fd, EPOLLIN);
    watch(runner, EPOLL_CTL_ADD, &runner->signal_fd, EPOLLIN);
    watch(runner, EPOLL_CTL_ADD, &runner->wire_fd, EPOLLIN);
    if (pump->events_fd >= 0) {
        dprintf(pump->events_fd, "ready\n");
    }
}

/* --- running ---------------------------------------------------------------------------------- */

static void handle(struct runner *runner, const struct epoll_event *event)
{
    struct signalfd_siginfo info;

    if (event->data.ptr == &runner->wire_fd) {
        return; /* each turn begins with the wire */
    }
    if (event->data.ptr == &runner->pump.control_fd) {
        pump_answer_requests(&runner->pump);
    } else if (event->data.ptr == &runner->signal_fd) {
        (void)!read(runner->signal_fd, &info, sizeof info);
        runner->stopping = true;
        runner->stopped_ms = now_ms();
    } else {
        pump_socket_event(event->data.ptr, event->events);
    }
}

/* Until something happens, or time is up for the stack. */
static void wait_for_events(struct runner *runner)
{
    struct epoll_event events[EVENTS];
    struct loop_pause pause = loop_pause(runner->loop);
    struct timespec now;

    if (pause.for_room != runner->watches_room) {
        runner->watches_room = pause.for_room;
        watch(runner, EPOLL_CTL_MOD, &runner->wire_fd, EPOLLIN | (pause.for_room ? EPOLLOUT : 0u));
    }
    clock_gettime(CLOCK_MONOTONIC, &now);
    uint64_t now_us = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
    uint64_t rest_us = pause.until_us > now_us ? pause.until_us - now_us : 0;
    int count = epoll_wait(runner->pump.epoll_fd, events, EVENTS, (int)((rest_us + 999) / 1000));

    for (int i = 0; i < count; i++) {
        handle(runner, &events[i]);
    }
}

static bool is_done(const struct runner *runner)
{
    return runner->stopping &&
           (pump_is_idle(&runner->pump) || now_ms() - runner->stopped_ms > MOST_LINGERING_MS);
}

/* Returns the exit status. */
static int run(struct runner *runner)
{
    while (!is_done(runner)) {
        if (!loop_exchange(runner->loop)) {
            /* At the end the other host may go first. */
            return runner->stopping ? EXIT_SUCCESS : EXIT_NETWORK;
        }
        pump_work(&runner->pump);
        loop_transmit(runner->loop);
        wait_for_events(runner);
    }
    return EXIT_SUCCESS;
}

static void stop(struct runner *runner)
{
    while (!list_is_empty(&runner->pump.sockets)) {
        pump_socket_free(&runner->pump,
                         CONTAINER_OF(runner->pump.sockets.next, struct pump_socket, link));
    }
    loop_transmit(runner->loop); /* the resets */
    loop_free(runner->loop);
    stack_free(runner->pump.stack);
    if (!pcap_writer_close(runner->capture)) {
        complain("the recording is incomplete: %s", strerror(errno));
    }
    close(runner->wire_fd);
    close(runner->signal_fd);
    close(runner->pump.control_fd);
    close(runner->pump.epoll_fd);
}

int main(int argc, char **argv)
{
    app_begin(argv);
    struct options options = read_options(argc, argv);
    struct runner *runner = calloc(1, sizeof *runner);
    if (runner == NULL) {
        fail(EXIT_USAGE, "no memory");
    }

    start(runner, &options);
    int status = run(runner);
    stop(runner);
    unlink(options.control);
    free(runner);
    return status;
}
