/*
 * As much of HTTP/1.1 (RFC 9112) as a small server and a small client need: message heads.
 */
#pragma once

#include "tcp_socket.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Longer heads are refused. */
enum { HTTP_HEAD_SIZE = 16384 };

/* Reads a connection message by message. What was read beyond a head waits in the buffer. */
struct http_reader {
    struct tcp_socket *socket; /* borrowed */
    char buffer[HTTP_HEAD_SIZE];
    size_t begin, end; /* of what is in the buffer and not taken yet */
};

void http_reader_init(struct http_reader *reader, struct tcp_socket *socket);

/* Reads the next head, and writes it to `head` as text: its lines without the empty one at the end.
 * Returns its length; 0 if the peer has ended its side before a head began. -1 with errno: EMSGSIZE
 * (too long), EPROTO (the end came in the midst of it, or there is a null byte in it), or what
 * tcp_read said. */
ssize_t http_read_head(struct http_reader *reader, char head[HTTP_HEAD_SIZE]);

/* Reads bytes of a message's body; otherwise like tcp_read. */
ssize_t http_read_body(struct http_reader *reader, void *bytes, size_t size);

/* The value of a header field, whatever the case of its name: copies it to `value` without the
 * space around it, cut off at `size`. False if there is none of that name. */
bool http_header(const char *head, const char *name, char *value, size_t size);

/* Does a header field whose value is a list contain this word, whatever its case? */
bool http_header_lists(const char *head, const char *name, const char *word);

/* Replaces %41 and the like in place. False, if a % is not followed by two hexadecimal digits, or
 * stands for a null byte. */
bool http_decode_percent(char *text);
