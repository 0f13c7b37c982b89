/*
 * For submissions that mean harm. Each file beside this one is compiled into an otherwise perfect
 * submission; its `attack` runs before main, in the process of the device under test, and may take
 * over what the device sends on the command channel by defining `on_reply`.
 */
#ifndef HOSTILE_H
#define HOSTILE_H

#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static int channel, wire;

static inline void attack(void);

/* The first two descriptors beyond the standard ones are the channel and the wire. */
__attribute__((constructor)) static void begin(void)
{
    for (int fd = 3; fd < 64 && wire == 0; fd++) {
        if (fcntl(fd, F_GETFD) >= 0) {
            *(channel == 0 ? &channel : &wire) = fd;
        }
    }
    if (wire != 0) {
        attack();
    }
}

static inline long really_send(const void *data, size_t len)
{
    return syscall(SYS_sendto, channel, data, len, MSG_NOSIGNAL, NULL, 0);
}

static inline long say(const char *text)
{
    return really_send(text, strlen(text));
}

/* Waits for a request, and takes it. */
static inline long hear(char *text, size_t capacity)
{
    long len = syscall(SYS_recvfrom, channel, text, capacity - 1, 0, NULL, NULL);
    text[len > 0 ? len : 0] = '\0';
    return len;
}

static inline void take_a_nap(long ms)
{
    struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&time, NULL);
}

/* A packet from the device's address to the tester's, with a checksum that is wrong. */
static inline void put_packet(size_t len)
{
    static unsigned char packet[65536] = {0x45, 0, 0, 40, 0,  0, 0, 0, 64, 6,  0,   0,
                                          10,   0, 0, 2,  10, 0, 0, 1, 0,  80, 156, 64};
    packet[2] = (unsigned char)(len >> 8);
    packet[3] = (unsigned char)len;
    (void)!write(wire, packet, len);
}

#ifdef ON_REPLY
/* Stands in for the C library's: what the device sends goes through here. */
static void on_reply(const void *data, size_t len);
ssize_t send(int fd, const void *data, size_t len, int flags);
ssize_t send(int fd, const void *data, size_t len, int flags)
{
    (void)fd;
    (void)flags;
    on_reply(data, len);
    return (ssize_t)len;
}
#endif

#endif
