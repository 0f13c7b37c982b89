/*
 * The preload library: with it, the TCP sockets of a program that was never told about it belong to
 * tcprun's stack (run_protocol.h says how). It stands in front of those functions of the C library
 * that are about addresses, opening and options; everything else reaches the kernel's socket pair.
 *
 * What is not TCP over IPv4, and what goes to a loopback address, stays with the kernel.
 */

#define _DEFAULT_SOURCE
#include "ask.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PUBLIC __attribute__((visibility("default")))

/* The functions have the parameter names that the C library's headers use. NEXT is the function
 * behind the one of ours that has this name. */
#define NEXT(name) ((__typeof__(&(name)))next_function(#name))

/* Declared only for those who ask for GNU extensions, which change the types of all the others. */
int accept4(int fd, struct sockaddr *addr, socklen_t *addr_len, int flags);

enum { TYPE_MASK = 0xf }; /* of a socket's type: without its flags */

static int fail_with(int reason)
{
    errno = reason;
    return -1;
}

/* --- addresses -------------------------------------------------------------------------------- */

struct end {
    uint32_t address;
    uint16_t port;
};

/* Reads an IPv4 address of a program. Returns 0, or an errno. */
static int read_end(struct end *end, const struct sockaddr *address, socklen_t length)
{
    struct sockaddr_in inet;

    if (address == NULL || length < sizeof inet) {
        return EINVAL;
    }
    memcpy(&inet, address, sizeof inet);
    if (inet.sin_family != AF_INET) {
        return EAFNOSUPPORT;
    }
    *end = (struct end){.address = ntohl(inet.sin_addr.s_addr), .port = ntohs(inet.sin_port)};
    return 0;
}

/* Tells a program an address, as much of it as there is room for. */
static void write_end(const struct end *end, struct sockaddr *address, socklen_t *length)
{
    struct sockaddr_in inet = {
        .sin_family = AF_INET,
        .sin_port = htons(end->port),
        .sin_addr = {.s_addr = htonl(end->address)},
    };

    if (address != NULL && length != NULL) {
        memcpy(address, &inet, *length < sizeof inet ? *length : sizeof inet);
        *length = sizeof inet;
    }
}

static bool is_loopback(uint32_t address)
{
    return address >> 24 == 127;
}

/* --- making ----------------------------------------------------------------------------------- */

static int new_socket(int type)
{
    const struct run_request request = {.question = RUN_NEW};
    struct run_reply reply;
    int fd = -1;

    if (ask(&request, &reply, &fd) < 0) {
        return -1;
    }
    if (fd < 0) {
        return fail_with(EMFILE); /* the kernel had no number for it in this process */
    }
    if ((type & SOCK_NONBLOCK) != 0) {
        fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK);
    }
    if ((type & SOCK_CLOEXEC) == 0) {
        fcntl(fd, F_SETFD, 0);
    }
    return fd;
}

PUBLIC int socket(int domain, int type, int protocol)
{
    bool is_tcp = (type & TYPE_MASK) == SOCK_STREAM &&
                  (protocol == 0 || protocol == IPPROTO_TCP || protocol == IPPROTO_MPTCP);

    if (!is_tcp || (domain != AF_INET && domain != AF_INET6)) {
        return NEXT(socket)(domain, type, protocol);
    }
    if (domain == AF_INET6) {
        return fail_with(EAFNOSUPPORT);
    }
    if (protocol == IPPROTO_MPTCP) {
        return fail_with(EPROTONOSUPPORT);
    }
    return new_socket(type);
}

/* The program wants a loopback address: gives it a socket of the kernel's under the same number. */
static int give_to_kernel(int fd)
{
    int status_flags = fcntl(fd, F_GETFL);
    int is_cloexec = fcntl(fd, F_GETFD) & FD_CLOEXEC;
    int kernels = NEXT(socket)(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);

    if (kernels < 0) {
        return -1;
    }
    int result = dup2(kernels, fd);
    int reason = errno;
    close(kernels);
    if (result < 0) {
        return fail_with(reason);
    }
    fcntl(fd, F_SETFL, status_flags);
    fcntl(fd, F_SETFD, is_cloexec);
    return 0;
}

/* --- opening ---------------------------------------------------------------------------------- */

PUBLIC int bind(int fd, const struct sockaddr *addr, socklen_t len)
{
    uint64_t number = number_of(fd);
    struct run_reply reply;
    struct end end;

    if (number == 0) {
        return NEXT(bind)(fd, addr, len);
    }
    int failure = read_end(&end, addr, len);
    if (failure != 0) {
        return fail_with(failure);
    }
    if (is_loopback(end.address)) {
        return give_to_kernel(fd) < 0 ? -1 : NEXT(bind)(fd, addr, len);
    }
    const struct run_request request = {
        .socket = number, .question = RUN_BIND, .address = end.address, .port = end.port};
    return ask(&request, &reply, NULL);
}

PUBLIC int listen(int fd, int n)
{
    uint64_t number = number_of(fd);
    struct run_reply reply;

    if (number == 0) {
        return NEXT(listen)(fd, n);
    }
    const struct run_request request = {
        .socket = number, .question = RUN_LISTEN, .value = n < 0 ? 0 : (uint32_t)n};
    return ask(&request, &reply, NULL);
}

PUBLIC int connect(int fd, const struct sockaddr *addr, socklen_t len)
{
    uint64_t number = number_of(fd);
    struct run_reply reply;
    struct end end;

    if (number == 0) {
        return NEXT(connect)(fd, addr, len);
    }
    int failure = read_end(&end, addr, len);
    if (failure != 0) {
        return fail_with(failure);
    }
    if (is_loopback(end.address)) {
        return give_to_kernel(fd) < 0 ? -1 : NEXT(connect)(fd, addr, len);
    }
    const struct run_request request = {
        .socket = number,
        .question = RUN_CONNECT,
        .address = end.address,
        .port = end.port,
        .value = (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0,
    };
    return ask(&request, &reply, NULL);
}

/* Takes the next connection from a socket that listens. */
static int accept_ours(int fd, struct sockaddr *address, socklen_t *length, int flags)
{
    struct run_arrival arrival;
    int accepted = -1;
    long got = receive_with_descriptor(fd, &arrival, sizeof arrival, &accepted, MSG_CMSG_CLOEXEC);

    if (got < 0) {
        return -1;
    }
    if (got != (long)sizeof arrival) {
        return fail_with(EINVAL); /* it was shut down, or never listened */
    }
    if (accepted < 0) {
        return fail_with(EMFILE);
    }
    if ((flags & SOCK_NONBLOCK) != 0) {
        fcntl(accepted, F_SETFL, O_RDWR | O_NONBLOCK);
    }
    if ((flags & SOCK_CLOEXEC) == 0) {
        fcntl(accepted, F_SETFD, 0);
    }
    const struct end end = {.address = arrival.remote_address, .port = arrival.remote_port};
    write_end(&end, address, length);
    return accepted;
}

PUBLIC int accept4(int fd, struct sockaddr *addr, socklen_t *addr_len, int flags)
{
    if (number_of(fd) == 0) {
        return NEXT(accept4)(fd, addr, addr_len, flags);
    }
    return accept_ours(fd, addr, addr_len, flags);
}

PUBLIC int accept(int fd, struct sockaddr *addr, socklen_t *addr_len)
{
    if (number_of(fd) == 0) {
        return NEXT(accept)(fd, addr, addr_len);
    }
    return accept_ours(fd, addr, addr_len, 0);
}

/* --- names ------------------------------------------------------------------------------------ */

static int ask_names(uint64_t number, struct run_reply *reply)
{
    const struct run_request request = {.socket = number, .question = RUN_NAMES};

    return ask(&request, reply, NULL);
}

PUBLIC int getsockname(int fd, struct sockaddr *addr, socklen_t *len)
{
    uint64_t number = number_of(fd);
    struct run_reply reply;

    if (number == 0) {
        return NEXT(getsockname)(fd, addr, len);
    }
    if (ask_names(number, &reply) < 0) {
        return -1;
    }
    const struct end end = {.address = reply.local_address, .port = reply.local_port};
    write_end(&end, addr, len);
    return 0;
}

PUBLIC int getpeername(int fd, struct sockaddr *addr, socklen_t *len)
{
    uint64_t number = number_of(fd);
    struct run_reply reply;

    if (number == 0) {
        return NEXT(getpeername)(fd, addr, len);
    }
    if (ask_names(number, &reply) < 0) {
        return -1;
    }
    if (reply.remote_port == 0) {
        return fail_with(ENOTCONN);
    }
    const struct end end = {.address = reply.remote_address, .port = reply.remote_port};
    write_end(&end, addr, len);
    return 0;
}

/* --- options ---------------------------------------------------------------------------------- */

static int set_flag(uint64_t number, enum run_question question, bool on)
{
    const struct run_request request = {.socket = number, .question = question, .value = on};
    struct run_reply reply;

    return ask(&request, &reply, NULL);
}

static int set_nodelay(uint64_t number, const void *value, socklen_t length)
{
    int on;

    if (length < sizeof on) {
        return fail_with(EINVAL);
    }
    memcpy(&on, value, sizeof on);
    return set_flag(number, RUN_NODELAY, on != 0);
}

/* Only one kind of lingering needs our TCP: "for zero seconds" means a reset on closing. */
static int set_linger(uint64_t number, const void *value, socklen_t length)
{
    struct linger linger;

    if (length < sizeof linger) {
        return fail_with(EINVAL);
    }
    memcpy(&linger, value, sizeof linger);
    return set_flag(number, RUN_LINGER, linger.l_onoff != 0 && linger.l_linger == 0);
}

/* Times and counts for keep-alives, which our TCP never sends, as RFC 9293 allows (3.8.4). Programs
   that ask for keep-alives take a refusal for a broken connection, so sensible ones are taken. */
static bool is_about_keepalive(int level, int optname)
{
    return level == IPPROTO_TCP &&
           (optname == TCP_KEEPIDLE || optname == TCP_KEEPINTVL || optname == TCP_KEEPCNT);
}

static int check_keepalive(const void *value, socklen_t length)
{
    int number;

    if (length < sizeof number) {
        return fail_with(EINVAL);
    }
    memcpy(&number, value, sizeof number);
    return number > 0 && number <= INT16_MAX ? 0 : fail_with(EINVAL);
}

PUBLIC int setsockopt(int fd, int level, int optname, const void *optval, socklen_t optlen)
{
    bool is_linger = level == SOL_SOCKET && optname == SO_LINGER;
    uint64_t number = level == SOL_SOCKET && !is_linger ? 0 : number_of(fd);

    if (number != 0 && is_linger && set_linger(number, optval, optlen) < 0) {
        return -1;
    }
    if (number == 0 || is_linger) {
        return NEXT(setsockopt)(fd, level, optname, optval, optlen);
    }
    if (level == IPPROTO_TCP && optname == TCP_NODELAY) {
        return set_nodelay(number, optval, optlen);
    }
    if (is_about_keepalive(level, optname)) {
        return check_keepalive(optval, optlen);
    }
    return fail_with(ENOPROTOOPT);
}

/* The kernel knows of a socket pair that it failed, and once only; tcprun knows why. */
static int true_failure(uint64_t number, int seen)
{
    const struct run_request request = {.socket = number, .question = RUN_FAILURE};
    struct run_reply reply;

    return seen != 0 && ask(&request, &reply, NULL) == 0 && reply.value != 0 ? (int)reply.value
                                                                             : seen;
}

/* What our sockets say of themselves in another way than a socket pair would. */
static bool own_answer(uint64_t number, int name, int *answer)
{
    struct run_reply reply = {0};

    switch (name) {
    case SO_DOMAIN:
        *answer = AF_INET;
        return true;
    case SO_PROTOCOL:
        *answer = IPPROTO_TCP;
        return true;
    case SO_ACCEPTCONN:
        *answer = ask_names(number, &reply) == 0 && reply.value != 0;
        return true;
    case SO_ERROR:
        *answer = true_failure(number, *answer);
        return true;
    default:
        return false;
    }
}

PUBLIC int getsockopt(int fd, int level, int optname, void *restrict optval,
                      socklen_t *restrict optlen)
{
    uint64_t number = number_of(fd);
    int answer;

    if (number == 0) {
        return NEXT(getsockopt)(fd, level, optname, optval, optlen);
    }
    if (level != SOL_SOCKET) {
        return fail_with(ENOPROTOOPT);
    }
    int result = NEXT(getsockopt)(fd, level, optname, optval, optlen);
    if (result == 0 && *optlen == sizeof answer) {
        memcpy(&answer, optval, sizeof answer);
        if (own_answer(number, optname, &answer)) {
            memcpy(optval, &answer, sizeof answer);
        }
    }
    return result;
}

/* --- messages --------------------------------------------------------------------------------- */

/* Urgent data is the one thing that a pair would carry and our TCP does not. */
PUBLIC ssize_t send(int fd, const void *buf, size_t n, int flags)
{
    if ((flags & MSG_OOB) != 0 && number_of(fd) != 0) {
        return fail_with(EOPNOTSUPP);
    }
    return NEXT(send)(fd, buf, n, flags);
}

PUBLIC ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    if ((flags & MSG_OOB) != 0 && number_of(fd) != 0) {
        return fail_with(EOPNOTSUPP);
    }
    return NEXT(sendmsg)(fd, message, flags);
}

/* TCP ignores the address given here; a pair would refuse it. */
PUBLIC ssize_t sendto(int fd, const void *buf, size_t n, int flags, const struct sockaddr *addr,
                      socklen_t addr_len)
{
    if (addr == NULL || number_of(fd) == 0) {
        return NEXT(sendto)(fd, buf, n, flags, addr, addr_len);
    }
    return send(fd, buf, n, flags);
}

/* TCP names no sender; a pair would name tcprun. */
PUBLIC ssize_t recvfrom(int fd, void *restrict buf, size_t n, int flags,
                        struct sockaddr *restrict addr, socklen_t *restrict addr_len)
{
    if (addr == NULL || number_of(fd) == 0) {
        return NEXT(recvfrom)(fd, buf, n, flags, addr, addr_len);
    }
    if (addr_len != NULL) {
        *addr_len = 0;
    }
    return NEXT(recvfrom)(fd, buf, n, flags, NULL, NULL);
}
