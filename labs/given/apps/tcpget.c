/*
 * tcpget: fetches a URL, over our own stack.
 */
#define _GNU_SOURCE
#include "app.h"
#include "http.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static const char usage[] =
    "usage: tcpget [OPTION]... http://HOST[:PORT]/PATH\n"
    "\n"
    "Fetches one file by HTTP and writes it to standard output.\n"
    "\n"
    "  -o, --output FILE   write to this file instead\n"
    "  -h, --help          this text\n"
    "\n" HOST_OPTIONS_HELP
    "\n"
    "Exit status: 0 the file is complete, 1 the network or the server failed, 2 wrong usage.\n";

enum { CHUNK = 65536 };

struct settings {
    struct host_options host;
    const char *output; /* NULL: standard output */
    char name[256];     /* of the server */
    uint16_t port;
    const char *path;
};

/* --- the URL --------------------------------------------------------------------------------- */

static void parse_url(struct settings *settings, const char *url)
{
    static const char scheme[] = "http://";

    if (strncasecmp(url, scheme, strlen(scheme)) != 0) {
        fail(EXIT_USAGE, "'%s' does not begin with http://", url);
    }
    const char *name = url + strlen(scheme);
    size_t length = strcspn(name, ":/?#");
    const char *rest = name + length;
    if (length == 0 || length >= sizeof settings->name) {
        fail(EXIT_USAGE, "there is no host in '%s'", url);
    }
    memcpy(settings->name, name, length);
    settings->port = 80;
    if (*rest == ':') {
        char port[16];
        length = strcspn(rest + 1, "/?#");
        snprintf(port, sizeof port, "%.*s", (int)length, rest + 1);
        settings->port = parse_port(port);
        rest += 1 + length;
    }
    if (*rest != '\0' && *rest != '/') {
        fail(EXIT_USAGE, "after the host, '%s' needs a path that begins with /", url);
    }
    settings->path = *rest == '/' ? rest : "/";
}

/* Names are looked up by the machine's resolver, not over our stack. */
static uint32_t look_up(const char *name)
{
    const struct addrinfo wanted = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found;
    struct sockaddr_in address;
    int failure = getaddrinfo(name, NULL, &wanted, &found);

    if (failure != 0) {
        fail(EXIT_NETWORK, "cannot find %s: %s", name, gai_strerror(failure));
    }
    memcpy(&address, found->ai_addr, sizeof address);
    freeaddrinfo(found);
    return ntohl(address.sin_addr.s_addr);
}

/* --- the transfer ---------------------------------------------------------------------------- */

/* HTTP/1.0, so that the server does not cut its answer into chunks. */
static bool send_request(struct tcp_socket *socket, const struct settings *settings)
{
    char *request;
    int length = asprintf(&request,
                          "GET %s HTTP/1.0\r\n"
                          "Host: %s:%u\r\n"
                          "User-Agent: tcpget\r\n"
                          "Connection: close\r\n\r\n",
                          settings->path, settings->name, settings->port);

    if (length < 0) {
        return false;
    }
    bool sent = tcp_write(socket, request, (size_t)length) == length;
    free(request);
    return sent;
}

/* Reads the answer's head: true if a file follows. `*size` is its length, UINT64_MAX if the head
 * does not say. */
static bool read_answer(struct http_reader *reader, uint64_t *size)
{
    char head[HTTP_HEAD_SIZE], value[32];
    int status;
    ssize_t length = http_read_head(reader, head);

    if (length <= 0) {
        complain("no answer: %s",
                 length == 0 ? "the server closed the connection" : strerror(errno));
        return false;
    }
    if (sscanf(head, "HTTP/1.%*1d %3d", &status) != 1) {
        complain("what the server answers is not HTTP/1");
        return false;
    }
    if (status != 200) {
        complain("the server answers: %.*s", (int)strcspn(head, "\r\n"), head);
        return false;
    }
    *size = UINT64_MAX;
    if (http_header(head, "Content-Length", value, sizeof value)) {
        *size = strtoull(value, NULL, 10);
    }
    return true;
}

/* Copies the body to the descriptor. */
static bool receive_file(struct http_reader *reader, uint64_t size, int fd)
{
    static uint8_t bytes[CHUNK];
    uint64_t received = 0;
    ssize_t got = 1;

    while (received < size) {
        uint64_t left = size - received;
        got = http_read_body(reader, bytes, left < sizeof bytes ? (size_t)left : sizeof bytes);
        if (got <= 0) {
            break;
        }
        if (!write_fully(fd, bytes, (size_t)got)) {
            complain("cannot write: %s", strerror(errno));
            return false;
        }
        received += (uint64_t)got;
    }
    if (got < 0) {
        complain("the transfer failed after %" PRIu64 " bytes: %s", received, strerror(errno));
        return false;
    }
    if (size != UINT64_MAX && received < size) {
        complain("the server closed after %" PRIu64 " of %" PRIu64 " bytes", received, size);
        return false;
    }
    return true;
}

static int open_output(const struct settings *settings)
{
    if (settings->output == NULL) {
        return STDOUT_FILENO;
    }
    int fd = open(settings->output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0) {
        complain("cannot write %s: %s", settings->output, strerror(errno));
    }
    return fd;
}

static bool converse(struct tcp_socket *socket, const struct settings *settings)
{
    static struct http_reader reader;
    uint64_t size;

    http_reader_init(&reader, socket);
    if (!send_request(socket, settings)) {
        complain("cannot send the request: %s", strerror(errno));
        return false;
    }
    if (!read_answer(&reader, &size)) {
        return false;
    }
    int fd = open_output(settings);
    bool received = fd >= 0 && receive_file(&reader, size, fd);
    if (fd > STDOUT_FILENO && close(fd) < 0) {
        complain("cannot write %s: %s", settings->output, strerror(errno));
        received = false;
    }
    return received;
}

static bool fetch(struct tcp_host *host, const struct settings *settings)
{
    struct tcp_socket *socket = tcp_connect(host, look_up(settings->name), settings->port);

    if (socket == NULL) {
        complain("cannot connect to %s:%u: %s", settings->name, settings->port, strerror(errno));
        return false;
    }
    bool fetched = converse(socket, settings);
    if (fetched && tcp_shutdown(socket) == 0) {
        tcp_flush(socket);
    }
    tcp_close(socket);
    return fetched;
}

/* --- the command line ------------------------------------------------------------------------ */

static struct settings parse_command_line(int argc, char **argv)
{
    static const struct option options[] = {
        HOST_OPTIONS,
        {"output", required_argument, NULL, 'o'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    struct settings settings = {.host = host_options_default()};
    int code;

    while ((code = getopt_long(argc, argv, "o:h", options, NULL)) != -1) {
        if (code == 'o') {
            settings.output = optarg;
        } else if (code == 'h') {
            fputs(usage, stdout);
            exit(0);
        } else {
            host_option(&settings.host, code, optarg);
        }
    }
    if (argc - optind != 1) {
        fail(EXIT_USAGE, "one URL is wanted; see tcpget --help");
    }
    parse_url(&settings, argv[optind]);
    return settings;
}

int main(int argc, char **argv)
{
    app_begin(argv);
    struct settings settings = parse_command_line(argc, argv);
    struct app_host app_host = app_host_start(&settings.host);
    bool fetched = fetch(app_host.host, &settings);

    app_host_stop(&app_host);
    return fetched ? 0 : EXIT_NETWORK;
}
