/*
 * The program: reads requests from the command channel, carries them out and replies, until `quit`
 * or until the caller is gone.
 */
#define _POSIX_C_SOURCE 200809L

#include "dut.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    REQUEST_MAX = 1 << 20, /* bytes */
    SEND_BUFFER = 1 << 20, /* as much as the system lets us have of it */
};

/* A batch of requests begins with this, and between two of them stands that. */
#define BATCH "batch "
#define BATCH_SEPARATOR ';'

/* --- sanitizers --------------------------------------------------------------------------------
 */

/* The environment is empty where a DUT runs, so their options stand here. They are part of the file
 * with main, since nobody calls them by name: a linker would leave them in a library. */

#if defined(__has_feature)
#if __has_feature(address_sanitizer) && !defined(__SANITIZE_ADDRESS__)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif

#ifdef __SANITIZE_ADDRESS__
const char *__asan_default_options(void);
const char *__ubsan_default_options(void);

/* A crash, an abort and a leak all end in a report on standard error and in status 99. An
 * allocation that is too large fails, as it would without sanitizers. */
const char *__asan_default_options(void)
{
    return "exitcode=99:abort_on_error=0:handle_abort=1:handle_sigfpe=1:handle_sigill=1:"
           "detect_leaks=1:allocator_may_return_null=1:detect_stack_use_after_return=1";
}

const char *__ubsan_default_options(void)
{
    return "exitcode=99:print_stacktrace=1:halt_on_error=1";
}
#endif

/* --- the command channel -----------------------------------------------------------------------
 */

/* No leak is looked for here: nobody has asked us to tidy up. */
_Noreturn void channel_lost(void)
{
    _exit(0);
}

size_t channel_receive(const struct dut *dut, char *text, size_t capacity)
{
    ssize_t len;

    do {
        /* With MSG_TRUNC the length is that of the whole packet, even if it did not fit. */
        len = recv(dut->command_fd, text, capacity - 1, MSG_TRUNC);
    } while (len < 0 && errno == EINTR);
    if (len <= 0) {
        channel_lost();
    }
    text[(size_t)len < capacity ? (size_t)len : capacity - 1] = '\0';
    return (size_t)len;
}

void channel_send(const struct dut *dut, const char *text, size_t len)
{
    static const char too_long[] = "error the reply is longer than the channel allows";

    while (send(dut->command_fd, text, len, MSG_NOSIGNAL) < 0) {
        if (errno == EMSGSIZE && text != too_long) {
            text = too_long;
            len = strlen(too_long);
        } else if (errno != EINTR) {
            channel_lost();
        }
    }
}

/* --- requests ----------------------------------------------------------------------------------
 */

static const struct command *const FAMILIES[] = {
    seqno_commands,  stream_commands, receiver_commands, sender_commands, segment_commands,
    memory_commands, tcp_commands,    churn_commands,    stack_commands,  connection_commands,
};

static bool concerns_the_wire(const struct command *family)
{
    return family == stack_commands || family == connection_commands;
}

static const struct command *find_verb(const struct command *family, const char *verb)
{
    for (; family->verb != NULL; family++) {
        if (strcmp(family->verb, verb) == 0) {
            return family;
        }
    }
    return NULL;
}

static void run_command(struct dut *dut, const struct command *command, struct request *request)
{
    if (request->count < command->least || request->count > command->most) {
        request_fail(request, "%s takes %u to %u arguments", command->verb, command->least,
                     command->most);
    } else {
        command->run(dut, request);
    }
}

static void carry_out(struct dut *dut, struct request *request, bool may_use_wire)
{
    for (size_t i = 0; i < sizeof FAMILIES / sizeof FAMILIES[0]; i++) {
        const struct command *command = find_verb(FAMILIES[i], request->verb);
        if (command == NULL) {
            continue;
        }
        if (!concerns_the_wire(FAMILIES[i])) {
            run_command(dut, command, request);
            return;
        }
        if (!may_use_wire) {
            request_fail(request, "%s is not for a batch", request->verb);
            return;
        }
        wire_receive(dut);
        run_command(dut, command, request);
        wire_transmit(dut);
        wire_answer_times(dut, request);
        return;
    }
    request_fail(request, "there is no such verb");
}

/* One part of a batch; returns the length of the reply. */
static size_t serve_part(struct dut *dut, char *text, char *reply)
{
    struct request request;

    request_init(&request, text, strlen(text), reply);
    if (!request_has_failed(&request)) {
        carry_out(dut, &request, false);
    }
    size_t len = request.reply_len;
    request_destroy(&request);
    return len;
}

/* Several requests in one packet, and the replies in one: a conversation of hundreds of thousands
 * of words takes less time that way. `reply` has room for two. */
static void serve_batch(struct dut *dut, char *text, char *reply)
{
    size_t len = 0;

    while (text != NULL && len < REPLY_MAX) {
        char *separator = strchr(text, BATCH_SEPARATOR);
        if (separator != NULL) {
            *separator = '\0';
        }
        if (len > 0) {
            reply[len++] = BATCH_SEPARATOR;
        }
        len += serve_part(dut, text, reply + len);
        text = separator != NULL ? separator + 1 : NULL;
    }
    channel_send(dut, reply, len);
}

static void serve(struct dut *dut, char *text, char *reply)
{
    struct request request;
    size_t len = channel_receive(dut, text, REQUEST_MAX);

    if (strncmp(text, BATCH, strlen(BATCH)) == 0 && len < REQUEST_MAX) {
        serve_batch(dut, text + strlen(BATCH), reply);
        return;
    }
    request_init(&request, text, len, reply);
    if (len >= REQUEST_MAX) {
        request_fail(&request, "the request is too long");
    }
    if (!request_has_failed(&request) && strcmp(request.verb, "quit") == 0) {
        dut->is_done = true;
    } else if (!request_has_failed(&request)) {
        carry_out(dut, &request, true);
    }
    if (!dut->is_done) {
        channel_send(dut, request.reply, request.reply_len);
    }
    request_destroy(&request);
}

/* Says so only when it is done: a crash while freeing is no success. */
static void quit(struct dut *dut)
{
    objects_drop_all(&dut->objects);
    dut_free_stack(dut);
    channel_send(dut, "ok", 2);
}

/* --- the program -------------------------------------------------------------------------------
 */

static void print_usage(FILE *out)
{
    fprintf(out,
            "usage: dut --command-fd N [--wire-fd M]\n"
            "Obeys the requests that come on descriptor N, a SOCK_SEQPACKET socket, and takes\n"
            "descriptor M, a TUN device or SOCK_SEQPACKET socket, as its wire. The requests\n"
            "are described in PROTOCOL.md.\n");
}

/* The descriptor that a word names; -1 if it is no open one. */
static int read_descriptor(const char *word)
{
    uint16_t number;

    return text_to_u16(word, &number) && fcntl(number, F_GETFD) >= 0 ? number : -1;
}

/* False if the program was started in a wrong way. */
static bool read_arguments(int argc, char **argv, int *command_fd, int *wire_fd)
{
    *command_fd = -1;
    *wire_fd = -1;
    for (int i = 1; i + 1 < argc; i += 2) {
        int fd = read_descriptor(argv[i + 1]);
        if (strcmp(argv[i], "--command-fd") == 0 && fd >= 0) {
            *command_fd = fd;
        } else if (strcmp(argv[i], "--wire-fd") == 0 && fd >= 0) {
            *wire_fd = fd;
        } else {
            return false;
        }
    }
    return argc % 2 == 1 && *command_fd >= 0;
}

static void prepare_descriptors(const struct dut *dut)
{
    int size = SEND_BUFFER;

    setsockopt(dut->command_fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    if (dut->wire_fd >= 0) {
        fcntl(dut->wire_fd, F_SETFL, fcntl(dut->wire_fd, F_GETFL) | O_NONBLOCK);
        signal(SIGPIPE, SIG_IGN);
    }
}

/* Serves until `quit`. Returns the exit status. */
static int run(struct dut *dut)
{
    static char text[REQUEST_MAX];
    static char reply[2 * REPLY_MAX + 1]; /* two, for a batch, and what stands between them */

    prepare_descriptors(dut);
    setvbuf(stdout, NULL, _IOLBF, 0); /* what was printed before a crash is not lost in it */
    while (!dut->is_done) {
        serve(dut, text, reply);
    }
    quit(dut);
    return 0;
}

int main(int argc, char **argv)
{
    int command_fd, wire_fd;

    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        print_usage(stdout);
        return 0;
    }
    if (!read_arguments(argc, argv, &command_fd, &wire_fd)) {
        print_usage(stderr);
        return 2;
    }
    /* Not from malloc, like the texts above: a sanitizer would touch all of it, which takes longer
     * than most cases. */
    static struct dut dut;
    dut.command_fd = command_fd;
    dut.wire_fd = wire_fd;
    return run(&dut);
}
