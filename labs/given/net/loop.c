#define _GNU_SOURCE
#include "loop.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* MUST-59 wants segments that arrived together to be processed before any is acknowledged; the
 * bound keeps a fast peer from shutting out the threads that wait for the lock. */
enum { BATCH = 64, LARGEST_PACKET = 65535 };

#define NEVER UINT64_MAX

struct loop {
    struct stack *stack;
    struct pcap_writer *capture;
    struct lossy_link *outbound, *inbound; /* NULL: perfect */
    int wire_fd, wake_fd;
    bool wire_is_socket;
    bool wire_gone;
    uint64_t told_us;          /* the time of which the stack knows */
    uint64_t epoch_us;         /* what to add to the monotonic clock for the time of day */
    uint64_t tick_us;          /* the longest time between two ticks */
    uint64_t pump_waits_until; /* what loop_pause said last */
    uint64_t refused;
    size_t kept_len; /* of a packet that the wire had no room for; 0: there is none */
    uint8_t kept[LARGEST_PACKET];
    uint8_t packet[LARGEST_PACKET];
};

static uint64_t clock_us(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static bool make_nonblocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);

    return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) >= 0;
}

static bool is_socket(int fd)
{
    struct stat status;

    return fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode);
}

static bool open_links(struct loop *loop, const struct loop_config *config)
{
    if (config->outbound != NULL) {
        loop->outbound = lossy_link_new(config->outbound);
        if (loop->outbound == NULL) {
            return false;
        }
    }
    if (config->inbound != NULL) {
        loop->inbound = lossy_link_new(config->inbound);
        if (loop->inbound == NULL) {
            return false;
        }
    }
    return true;
}

struct loop *loop_new(const struct loop_config *config)
{
    struct loop *loop = calloc(1, sizeof *loop);

    if (loop == NULL) {
        return NULL;
    }
    loop->stack = config->stack;
    loop->capture = config->capture;
    loop->wire_fd = config->wire_fd;
    loop->wire_is_socket = is_socket(config->wire_fd);
    loop->tick_us = 1000 * (uint64_t)(config->tick_ms == 0 ? 1 : config->tick_ms);
    loop->told_us = clock_us(CLOCK_MONOTONIC);
    loop->epoch_us = clock_us(CLOCK_REALTIME) - loop->told_us;
    loop->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (loop->wake_fd < 0 || !make_nonblocking(loop->wire_fd) || !open_links(loop, config)) {
        int reason = errno;
        loop_free(loop);
        errno = reason;
        return NULL;
    }
    return loop;
}

void loop_free(struct loop *loop)
{
    if (loop == NULL) {
        return;
    }
    if (loop->wake_fd >= 0) {
        close(loop->wake_fd);
    }
    lossy_link_free(loop->outbound);
    lossy_link_free(loop->inbound);
    free(loop);
}

/* --- time ------------------------------------------------------------------------------------ */

/* Only whole milliseconds are told; the rest of one is kept for the next time. */
void loop_catch_up(struct loop *loop)
{
    uint64_t elapsed_ms = (clock_us(CLOCK_MONOTONIC) - loop->told_us) / 1000;

    if (elapsed_ms == 0) {
        return;
    }
    loop->told_us += elapsed_ms * 1000;
    stack_tick(loop->stack, elapsed_ms > UINT32_MAX ? UINT32_MAX : (uint32_t)elapsed_ms);
}

static void capture(struct loop *loop, const uint8_t *packet, size_t len)
{
    if (loop->capture != NULL) {
        uint64_t now_us = loop->epoch_us + clock_us(CLOCK_MONOTONIC);
        pcap_writer_add(loop->capture, now_us, packet, len);
    }
}

/* --- out ------------------------------------------------------------------------------------- */

/* Gives one packet to the wire; false if the wire has no room now. A packet that the wire does not
 * want, such as one that the link has damaged beyond being IP, is gone. */
static bool put_on_wire(struct loop *loop, const uint8_t *packet, size_t len)
{
    ssize_t sent;

    do {
        sent = loop->wire_is_socket ? send(loop->wire_fd, packet, len, MSG_NOSIGNAL)
                                    : write(loop->wire_fd, packet, len);
    } while (sent < 0 && errno == EINTR);

    if (sent >= 0) {
        return true;
    }
    if (errno == EAGAIN) {
        return false;
    }
    if (errno == EPIPE || errno == ECONNRESET || errno == EBADFD) {
        loop->wire_gone = true;
    }
    loop->refused++;
    return true;
}

/* The next packet that is to go on the wire now; 0 if there is none. */
static size_t next_outgoing(struct loop *loop)
{
    uint64_t now_us = loop->outbound != NULL ? clock_us(CLOCK_MONOTONIC) : 0;
    size_t len;

    while ((len = stack_transmit(loop->stack, loop->packet, sizeof loop->packet)) > 0) {
        capture(loop, loop->packet, len);
        if (loop->outbound == NULL) {
            return len;
        }
        lossy_link_push(loop->outbound, now_us, loop->packet, len);
    }
    if (loop->outbound == NULL) {
        return 0;
    }
    return lossy_link_pop(loop->outbound, now_us, loop->packet, sizeof loop->packet);
}

static bool send_kept(struct loop *loop)
{
    if (loop->kept_len > 0 && put_on_wire(loop, loop->kept, loop->kept_len)) {
        loop->kept_len = 0;
    }
    return loop->kept_len == 0;
}

/* When the links have something to deliver; NEVER if they are empty. */
static uint64_t links_due(const struct loop *loop)
{
    uint64_t due = NEVER, other;

    if (loop->outbound != NULL && lossy_link_next_due(loop->outbound, &other)) {
        due = other;
    }
    if (loop->inbound != NULL && lossy_link_next_due(loop->inbound, &other) && other < due) {
        due = other;
    }
    return due;
}

void loop_transmit(struct loop *loop)
{
    size_t len;

    while (send_kept(loop) && (len = next_outgoing(loop)) > 0) {
        if (!put_on_wire(loop, loop->packet, len)) {
            memcpy(loop->kept, loop->packet, len);
            loop->kept_len = len;
        }
    }
    if (loop->kept_len > 0 || links_due(loop) < loop->pump_waits_until) {
        loop_wake(loop);
    }
}

/* --- in -------------------------------------------------------------------------------------- */

/* Takes one packet from the wire; 0 if there is none. */
static size_t take_from_wire(struct loop *loop)
{
    ssize_t len;

    do {
        len = read(loop->wire_fd, loop->packet, sizeof loop->packet);
    } while (len < 0 && errno == EINTR);

    if (len > 0) {
        return (size_t)len;
    }
    if (len == 0 || errno != EAGAIN) {
        loop->wire_gone = true;
    }
    return 0;
}

static void deliver(struct loop *loop, size_t len)
{
    capture(loop, loop->packet, len);
    stack_receive(loop->stack, loop->packet, len);
}

static void receive_batch(struct loop *loop)
{
    size_t len;

    for (int i = 0; i < BATCH && (len = take_from_wire(loop)) > 0; i++) {
        if (loop->inbound == NULL) {
            deliver(loop, len);
        } else {
            lossy_link_push(loop->inbound, clock_us(CLOCK_MONOTONIC), loop->packet, len);
        }
    }
    if (loop->inbound == NULL) {
        return;
    }
    uint64_t now_us = clock_us(CLOCK_MONOTONIC);
    while ((len = lossy_link_pop(loop->inbound, now_us, loop->packet, sizeof loop->packet)) > 0) {
        deliver(loop, len);
    }
}

bool loop_exchange(struct loop *loop)
{
    loop_catch_up(loop);
    receive_batch(loop);
    loop_transmit(loop);
    return !loop->wire_gone;
}

/* --- waiting --------------------------------------------------------------------------------- */

struct loop_pause loop_pause(struct loop *loop)
{
    uint64_t until = links_due(loop);

    if (loop->told_us + loop->tick_us < until) {
        until = loop->told_us + loop->tick_us;
    }
    loop->pump_waits_until = until;
    return (struct loop_pause){.until_us = until, .for_room = loop->kept_len > 0};
}

bool loop_wait(struct loop *loop, struct loop_pause pause)
{
    uint64_t now_us = clock_us(CLOCK_MONOTONIC);
    uint64_t rest_us = pause.until_us > now_us ? pause.until_us - now_us : 0;
    const struct timespec rest = {
        .tv_sec = (time_t)(rest_us / 1000000),
        .tv_nsec = (long)(rest_us % 1000000) * 1000,
    };
    struct pollfd events[] = {
        {.fd = loop->wire_fd, .events = (short)(pause.for_room ? POLLIN | POLLOUT : POLLIN)},
        {.fd = loop->wake_fd, .events = POLLIN},
    };
    uint64_t wakes;

    if (ppoll(events, 2, &rest, NULL) <= 0) {
        return true;
    }
    if (events[1].revents != 0) {
        (void)!read(loop->wake_fd, &wakes, sizeof wakes);
    }
    return (events[0].revents & (POLLERR | POLLNVAL)) == 0;
}

void loop_wake(struct loop *loop)
{
    const uint64_t one = 1;

    (void)!write(loop->wake_fd, &one, sizeof one);
}

struct loop_counters loop_counters(const struct loop *loop)
{
    struct loop_counters counters = {.refused = loop->refused};

    if (loop->outbound != NULL) {
        counters.outbound = lossy_link_counters(loop->outbound);
    }
    if (loop->inbound != NULL) {
        counters.inbound = lossy_link_counters(loop->inbound);
    }
    return counters;
}
