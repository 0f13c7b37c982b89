#define _GNU_SOURCE
#include "http.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

void http_reader_init(struct http_reader *reader, struct tcp_socket *socket)
{
    reader->socket = socket;
    reader->begin = 0;
    reader->end = 0;
}

/* Where the head in the buffer ends, the empty line included; 0 if it does not end there. A line
 * may end in a bare LF (RFC 9112, 2.2). */
static size_t find_end_of_head(const struct http_reader *reader)
{
    for (size_t i = reader->begin; i + 1 < reader->end; i++) {
        if (reader->buffer[i] != '\n') {
            continue;
        }
        if (reader->buffer[i + 1] == '\n') {
            return i + 2;
        }
        if (i + 2 < reader->end && memcmp(reader->buffer + i + 1, "\r\n", 2) == 0) {
            return i + 3;
        }
    }
    return 0;
}

/* Adds to the buffer what has arrived. As tcp_read, and EMSGSIZE if the buffer is full. */
static ssize_t read_more(struct http_reader *reader)
{
    memmove(reader->buffer, reader->buffer + reader->begin, reader->end - reader->begin);
    reader->end -= reader->begin;
    reader->begin = 0;
    if (reader->end == sizeof reader->buffer) {
        errno = EMSGSIZE;
        return -1;
    }
    ssize_t got =
        tcp_read(reader->socket, reader->buffer + reader->end, sizeof reader->buffer - reader->end);
    if (got > 0) {
        reader->end += (size_t)got;
    }
    return got;
}

ssize_t http_read_head(struct http_reader *reader, char head[HTTP_HEAD_SIZE])
{
    size_t end;

    while ((end = find_end_of_head(reader)) == 0) {
        ssize_t got = read_more(reader);
        if (got < 0) {
            return -1;
        }
        if (got == 0 && reader->end == 0) {
            return 0;
        }
        if (got == 0) {
            errno = EPROTO;
            return -1;
        }
    }
    size_t len = end - reader->begin;
    memcpy(head, reader->buffer + reader->begin, len);
    reader->begin = end;
    while (len > 0 && (head[len - 1] == '\n' || head[len - 1] == '\r')) {
        len--;
    }
    head[len] = '\0'; /* an empty line was there, so there is room */
    if (strlen(head) != len) {
        errno = EPROTO;
        return -1;
    }
    return (ssize_t)len;
}

ssize_t http_read_body(struct http_reader *reader, void *bytes, size_t size)
{
    size_t waiting = reader->end - reader->begin;

    if (waiting == 0) {
        return tcp_read(reader->socket, bytes, size);
    }
    if (waiting > size) {
        waiting = size;
    }
    memcpy(bytes, reader->buffer + reader->begin, waiting);
    reader->begin += waiting;
    return (ssize_t)waiting;
}

/* The value of the field on this line, up to the end of the head; NULL if it has another name. */
static const char *value_on_line(const char *line, const char *name)
{
    size_t length = strlen(name);

    if (strncasecmp(line, name, length) != 0 || line[length] != ':') {
        return NULL;
    }
    line += length + 1;
    return line + strspn(line, " \t");
}

bool http_header(const char *head, const char *name, char *value, size_t size)
{
    const char *line = strchr(head, '\n'); /* the first line is no header field */

    while (line != NULL) {
        const char *found = value_on_line(line + 1, name);
        if (found != NULL) {
            size_t length = strcspn(found, "\r\n");
            while (length > 0 && (found[length - 1] == ' ' || found[length - 1] == '\t')) {
                length--;
            }
            length = length < size ? length : size - 1;
            memcpy(value, found, length);
            value[length] = '\0';
            return true;
        }
        line = strchr(line + 1, '\n');
    }
    return false;
}

bool http_header_lists(const char *head, const char *name, const char *word)
{
    char value[256];
    char *rest;

    if (!http_header(head, name, value, sizeof value)) {
        return false;
    }
    for (char *item = strtok_r(value, ", \t", &rest); item != NULL;
         item = strtok_r(NULL, ", \t", &rest)) {
        if (strcasecmp(item, word) == 0) {
            return true;
        }
    }
    return false;
}

static int hex_digit(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    int letter = tolower((unsigned char)digit);
    return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

bool http_decode_percent(char *text)
{
    char *to = text;

    for (const char *from = text; *from != '\0'; from++) {
        if (*from != '%') {
            *to++ = *from;
            continue;
        }
        int high = hex_digit(from[1]);
        int low = high < 0 ? -1 : hex_digit(from[2]);
        if (low < 0 || (high == 0 && low == 0)) {
            return false;
        }
        *to++ = (char)(16 * high + low);
        from += 2;
    }
    *to = '\0';
    return true;
}
