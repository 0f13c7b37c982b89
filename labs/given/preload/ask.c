#define _GNU_SOURCE
#include "ask.h"

#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

void *next_function(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

/* System calls are made by number where the library has a function of the same name itself. */
uint64_t number_of(int fd)
{
    struct sockaddr_un name = {0};
    socklen_t length = sizeof name - 1;
    const size_t prefix = sizeof RUN_NAME - 1;
    int before = errno;
    uint64_t number = 0;

    if (syscall(SYS_getpeername, fd, &name, &length) == 0 && name.sun_family == AF_UNIX &&
        name.sun_path[0] == '\0' && memcmp(name.sun_path + 1, RUN_NAME, prefix) == 0) {
        const char *slash = strchr(name.sun_path + 1 + prefix, '/');
        number = slash == NULL ? 0 : strtoull(slash + 1, NULL, 10);
    }
    errno = before;
    return number;
}

long receive_with_descriptor(int fd, void *message, unsigned long size, int *received, int flags)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec part = {.iov_base = message, .iov_len = size};
    struct msghdr header = {
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = &control,
        .msg_controllen = sizeof control,
    };
    long got = recvmsg(fd, &header, flags);

    *received = -1;
    if (got > 0) {
        const struct cmsghdr *first = CMSG_FIRSTHDR(&header);
        if (first != NULL && first->cmsg_type == SCM_RIGHTS) {
            memcpy(received, CMSG_DATA(first), sizeof *received);
        }
    }
    return got;
}

/* Sends the request with the socket for the answer. */
static bool send_request(int control_fd, const struct run_request *request, int answer_fd)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *path = getenv(RUN_VARIABLE);
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {.bytes = {0}};
    struct iovec part = {.iov_base = (void *)(uintptr_t)request, .iov_len = sizeof *request};
    const struct msghdr header = {
        .msg_name = &address,
        .msg_namelen = sizeof address,
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = &control,
        .msg_controllen = sizeof control,
    };

    if (path == NULL || strlen(path) >= sizeof address.sun_path) {
        return false;
    }
    memcpy(address.sun_path, path, strlen(path));
    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = CMSG_LEN(sizeof answer_fd);
    memcpy(CMSG_DATA(&control.header), &answer_fd, sizeof answer_fd);
    return syscall(SYS_sendmsg, control_fd, &header, MSG_NOSIGNAL) == (long)sizeof *request;
}

/* The exchange itself. Returns an errno, or 0. */
static int exchange(const struct run_request *request, struct run_reply *reply, int *received)
{
    int ends[2];
    int control_fd = (int)syscall(SYS_socket, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (control_fd < 0) {
        return errno;
    }
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) {
        int reason = errno;
        close(control_fd);
        return reason;
    }
    bool sent = send_request(control_fd, request, ends[1]);
    close(ends[1]);
    close(control_fd);

    int failure = ENETDOWN;
    if (sent) {
        long got =
            receive_with_descriptor(ends[0], reply, sizeof *reply, received, MSG_CMSG_CLOEXEC);
        failure = got == (long)sizeof *reply  ? reply->error
                  : got < 0 && errno == EINTR ? EINTR
                                              : ENETDOWN;
    }
    close(ends[0]);
    return failure;
}

int ask(const struct run_request *request, struct run_reply *reply, int *received)
{
    int unwanted = -1;
    int before = errno;
    int failure = exchange(request, reply, received != NULL ? received : &unwanted);

    if (failure != 0) {
        errno = failure;
        return -1;
    }
    errno = before;
    return 0;
}
