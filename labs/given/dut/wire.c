/*
 * Packets between the wire and the stack. Reading and writing never block by themselves: the
 * descriptor is set so. What cannot be written at once is waited for.
 */
#define _POSIX_C_SOURCE 200809L

#include "dut.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* MUST-59 of RFC 9293: of segments that arrived together, none is answered before all are read. */
#define BATCH 64u

/* --- in ----------------------------------------------------------------------------------------
 */

/* The stack sees a copy that is exactly as long as the packet: a sanitizer notices who reads past
 * its end. */
static void give_to_stack(struct dut *dut, size_t len)
{
    uint8_t *copy = malloc(len);

    if (copy != NULL && dut->stack != NULL) {
        memcpy(copy, dut->packet, len);
        stack_receive(dut->stack, copy, len);
    }
    free(copy);
}

/* Reads up to BATCH packets and returns how many there were. */
static unsigned receive_batch(struct dut *dut)
{
    unsigned count = 0;

    while (count < BATCH) {
        ssize_t len = read(dut->wire_fd, dut->packet, sizeof dut->packet);
        if (len < 0 && errno == EINTR) {
            continue;
        }
        if (len <= 0) {
            break;
        }
        give_to_stack(dut, (size_t)len);
        count++;
    }
    return count;
}

void wire_receive(struct dut *dut)
{
    while (dut->wire_fd >= 0 && !dut->is_done && receive_batch(dut) > 0) {
        wire_transmit(dut);
    }
}

/* --- out ---------------------------------------------------------------------------------------
 */

/* Until the wire takes a packet, or the caller is gone. */
static void wait_for_room(const struct dut *dut)
{
    struct pollfd fds[] = {
        {.fd = dut->wire_fd, .events = POLLOUT},
        {.fd = dut->command_fd, .events = 0}, /* wakes us up when it is hung up */
    };

    if (poll(fds, 2, -1) > 0 && fds[1].revents != 0) {
        channel_lost();
    }
}

/* False if the wire does not take packets at all: an interface that is down, say. */
static bool write_packet(struct dut *dut, size_t len)
{
    while (write(dut->wire_fd, dut->packet, len) < 0) {
        if (errno == EAGAIN) {
            wait_for_room(dut);
        } else if (errno != EINTR) {
            return false;
        }
    }
    return true;
}

/* Writes ` tx=T,T,…` and returns its length; nothing, if no packet was written. */
static size_t format_times(struct dut *dut, char *text, size_t capacity)
{
    size_t len = 0;

    for (unsigned i = 0; i < dut->sent; i++) {
        len += (size_t)snprintf(text + len, capacity - len, "%s%" PRIu64, i == 0 ? " tx=" : ",",
                                dut->sent_at[i]);
    }
    dut->sent = 0;
    return len;
}

enum { TIMES_MAX = 5 + 21 * WIRE_PACKETS_BEFORE_PAUSE };

void wire_answer_times(struct dut *dut, struct request *request)
{
    char times[TIMES_MAX];
    size_t len = format_times(dut, times, sizeof times);

    request_note(request, "%.*s", (int)len, times);
}

/* Lets the caller collect the packets. Returns when it says that we go on, or end. */
static void pause_for_caller(struct dut *dut)
{
    static const char impatient[] = "error a request is not finished: continue";
    char text[16], more[sizeof "more" + TIMES_MAX] = "more";
    size_t len = strlen(more);

    len += format_times(dut, more + len, sizeof more - len);
    channel_send(dut, more, len);
    for (;;) {
        channel_receive(dut, text, sizeof text);
        if (strcmp(text, "continue") == 0) {
            return;
        }
        if (strcmp(text, "quit") == 0) {
            dut->is_done = true;
            return;
        }
        channel_send(dut, impatient, strlen(impatient));
    }
}

void wire_transmit(struct dut *dut)
{
    while (!dut->is_done && dut->stack != NULL) {
        size_t len = stack_transmit(dut->stack, dut->packet, sizeof dut->packet);
        if (len == 0) {
            return;
        }
        if (dut->sent == WIRE_PACKETS_BEFORE_PAUSE) {
            pause_for_caller(dut);
        }
        if (write_packet(dut, len)) {
            dut->sent_at[dut->sent++] = dut->now_ms;
        }
    }
}
