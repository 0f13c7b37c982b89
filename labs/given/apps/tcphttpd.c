/*
 * tcphttpd: serves a folder to browsers, over our own stack.
 */
#define _GNU_SOURCE
#include "app.h"
#include "files.h"
#include "http.h"
#include "server.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
    "usage: tcphttpd [OPTION]... FOLDER\n"
    "\n"
    "Serves the files of a folder by HTTP/1.1 until SIGINT or SIGTERM. GET and HEAD; index.html\n"
    "stands for its folder; symbolic links are not followed.\n"
    "\n"
    "  -p, --port PORT     where to listen (80)\n"
    "  -t, --timeout S     close a connection that is silent for so many seconds (60)\n"
    "  -v, --verbose       a line on standard error for every request\n"
    "  -h, --help          this text\n"
    "\n" HOST_OPTIONS_HELP
    "\n"
    "Exit status: 0 stopped by a signal, 1 the wire is gone, 2 wrong usage or nothing to serve.\n";

enum { BACKLOG = 256, CHUNK = 65536 };

struct settings {
    struct host_options host;
    int root_fd;
    uint16_t port;
    uint32_t timeout_s;
    bool verbose;
};

/* What a request asks for. */
struct request {
    char method[16];
    char target[2048];
    bool keep_alive;
};

static const char *reason_of(int status)
{
    switch (status) {
    case 200:
        return "OK";
    case 301:
        return "Moved Permanently";
    case 400:
        return "Bad Request";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 431:
        return "Request Header Fields Too Large";
    default:
        return "HTTP Version Not Supported";
    }
}

/* --- requests -------------------------------------------------------------------------------- */

/* A body would stand where the next request is looked for, and nobody here wants one. */
static bool has_body(const char *head)
{
    char value[32];

    return http_header(head, "Transfer-Encoding", value, sizeof value) ||
           (http_header(head, "Content-Length", value, sizeof value) && strcmp(value, "0") != 0);
}

/* 200, or the status with which the request is to be refused. */
static int parse_request(const char *head, struct request *request)
{
    int minor;

    *request = (struct request){0};
    if (sscanf(head, "%15s %2047s HTTP/1.%1d", request->method, request->target, &minor) != 3) {
        return strstr(head, " HTTP/") != NULL && strstr(head, " HTTP/1.") == NULL ? 505 : 400;
    }
    if (has_body(head)) {
        return 400;
    }
    request->keep_alive = minor >= 1 ? !http_header_lists(head, "Connection", "close")
                                     : http_header_lists(head, "Connection", "keep-alive");
    return strcmp(request->method, "GET") == 0 || strcmp(request->method, "HEAD") == 0 ? 200 : 405;
}

/* From the target to the file: without the query, decoded. */
static int find_file(int root_fd, const struct request *request, struct served_file *file)
{
    char path[sizeof request->target];

    memcpy(path, request->target, sizeof path);
    path[strcspn(path, "?#")] = '\0';
    return http_decode_percent(path) ? open_served_file(root_fd, path, file) : 400;
}

/* --- answers --------------------------------------------------------------------------------- */

static bool write_all(struct tcp_socket *socket, const void *data, size_t size)
{
    return tcp_write(socket, data, size) == (ssize_t)size;
}

static bool send_head(struct tcp_socket *socket, int status, const char *type, uint64_t size,
                      const struct request *request)
{
    char location[sizeof request->target + 32] = "";
    char head[sizeof location + 512];

    if (status == 301) {
        snprintf(location, sizeof location, "Location: %s/\r\n", request->target);
    }
    int length = snprintf(head, sizeof head,
                          "HTTP/1.1 %d %s\r\n"
                          "Server: tcphttpd\r\n"
                          "Content-Type: %s\r\n"
                          "Content-Length: %llu\r\n"
                          "%s%s"
                          "Connection: %s\r\n\r\n",
                          status, reason_of(status), type, (unsigned long long)size, location,
                          status == 405 ? "Allow: GET, HEAD\r\n" : "",
                          request->keep_alive ? "keep-alive" : "close");
    return write_all(socket, head, (size_t)length);
}

/* Anything but a file: a page that says what the matter is. */
static bool send_status(struct tcp_socket *socket, int status, const struct request *request)
{
    char page[256];
    int length = snprintf(page, sizeof page, "<!doctype html><title>%d</title><h1>%d %s</h1>\n",
                          status, status, reason_of(status));

    return send_head(socket, status, "text/html; charset=utf-8", (uint64_t)length, request) &&
           (strcmp(request->method, "HEAD") == 0 || write_all(socket, page, (size_t)length));
}

/* Sends exactly as many bytes as the head has promised. */
static bool send_contents(struct tcp_socket *socket, const struct served_file *file)
{
    uint8_t *bytes = malloc(CHUNK);
    uint64_t left = file->size;

    while (bytes != NULL && left > 0) {
        ssize_t got = read(file->fd, bytes, left < CHUNK ? left : CHUNK);
        if (got <= 0 || !write_all(socket, bytes, (size_t)got)) {
            break;
        }
        left -= (uint64_t)got;
    }
    free(bytes);
    return left == 0;
}

static bool send_file(struct tcp_socket *socket, const struct served_file *file,
                      const struct request *request)
{
    bool sent = send_head(socket, 200, file->type, file->size, request) &&
                (strcmp(request->method, "HEAD") == 0 || send_contents(socket, file));

    close(file->fd);
    return sent;
}

/* True if the connection is good for another request. */
static bool answer(struct tcp_socket *socket, const struct settings *settings, const char *head)
{
    struct request request;
    struct served_file file;
    char address[ADDRESS_TEXT_SIZE];
    int status = parse_request(head, &request);

    if (status != 200) {
        request.keep_alive = request.keep_alive && status == 405;
    } else {
        status = find_file(settings->root_fd, &request, &file);
    }
    if (settings->verbose) {
        complain("%s %s %s: %d", address_text(tcp_remote_address(socket), address), request.method,
                 request.target, status);
    }
    bool sent =
        status == 200 ? send_file(socket, &file, &request) : send_status(socket, status, &request);
    return sent && request.keep_alive;
}

/* --- connections ----------------------------------------------------------------------------- */

static void talk(struct tcp_socket *socket, void *context)
{
    const struct settings *settings = context;
    struct http_reader *reader = malloc(sizeof *reader);
    char *head = malloc(HTTP_HEAD_SIZE);
    ssize_t length = 1;

    tcp_set_nodelay(socket, true); /* the end of an answer must not wait for an acknowledgment */
    tcp_set_timeout(socket, settings->timeout_s * 1000);
    if (reader != NULL && head != NULL) {
        http_reader_init(reader, socket);
        do {
            length = http_read_head(reader, head);
        } while (length > 0 && answer(socket, settings, head));
        if (length < 0 && (errno == EMSGSIZE || errno == EPROTO)) {
            send_status(socket, errno == EMSGSIZE ? 431 : 400, &(struct request){0});
        }
    }
    free(head);
    free(reader);
    /* The peer is to have the answer first: bytes left unread turn the close into a reset. */
    if (tcp_shutdown(socket) == 0) {
        tcp_flush(socket);
    }
}

/* --- the command line ------------------------------------------------------------------------ */

static void take_option(struct settings *settings, int code)
{
    switch (code) {
    case 'p':
        settings->port = parse_port(optarg);
        break;
    case 't':
        settings->timeout_s = (uint32_t)parse_number(optarg, 1, 1000000, "--timeout");
        break;
    case 'v':
        settings->verbose = true;
        break;
    case 'h':
        fputs(usage, stdout);
        exit(0);
    default:
        host_option(&settings->host, code, optarg);
    }
}

static struct settings parse_command_line(int argc, char **argv)
{
    static const struct option options[] = {
        HOST_OPTIONS,
        {"port", required_argument, NULL, 'p'},
        {"timeout", required_argument, NULL, 't'},
        {"verbose", no_argument, NULL, 'v'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    struct settings settings = {.host = host_options_default(), .port = 80, .timeout_s = 60};
    int code;

    while ((code = getopt_long(argc, argv, "p:t:vh", options, NULL)) != -1) {
        take_option(&settings, code);
    }
    if (argc - optind != 1) {
        fail(EXIT_USAGE, "one folder is wanted; see tcphttpd --help");
    }
    settings.root_fd = open(argv[optind], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (settings.root_fd < 0) {
        fail(EXIT_USAGE, "cannot serve %s: %s", argv[optind], strerror(errno));
    }
    return settings;
}

int main(int argc, char **argv)
{
    char address[ADDRESS_TEXT_SIZE];

    app_begin(argv);
    struct settings settings = parse_command_line(argc, argv);
    serve_prepare();
    struct app_host app_host = app_host_start(&settings.host);
    struct tcp_listener *listener = tcp_listen(app_host.host, settings.port, BACKLOG);
    if (listener == NULL) {
        fail(EXIT_USAGE, "cannot listen on port %u: %s", settings.port, strerror(errno));
    }
    complain("listening on http://%s:%u/", address_text(tcp_host_address(app_host.host), address),
             settings.port);

    int failure = serve(listener, talk, &settings);
    if (failure != 0) {
        complain("stopped: %s", strerror(failure));
    }
    app_host_stop(&app_host);
    close(settings.root_fd);
    return failure == 0 ? 0 : EXIT_NETWORK;
}
