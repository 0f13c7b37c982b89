/*
 * One request and the reply to it. A command takes the arguments one by one, in order; when one is
 * wrong the request has failed, and the values taken then and later are zeros. So a command takes
 * all of them first, asks once whether it may go on, and only then does something:
 *
 *      struct byte_stream *stream = dut_take_stream(dut, request);
 *      size_t n = request_take_size(request);
 *      if (request_has_failed(request)) {
 *          return;
 *      }
 */
#pragma once

#include "seqno.h"
#include "text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    REQUEST_ARGUMENTS_MAX = 32,
    OBJECT_IDS = 1024,  /* for each kind of object */
    REPLY_MAX = 400000, /* bytes; about the longest packet that a SOCK_SEQPACKET socket takes */
};

struct request {
    char *verb;
    char *arguments[REQUEST_ARGUMENTS_MAX];
    size_t count; /* of arguments */
    size_t taken; /* so many of them were taken */
    bool has_failed;
    struct bytes data; /* the argument that is bytes; request_destroy frees it */
    char *reply;       /* REPLY_MAX bytes; text with no terminator */
    size_t reply_len;
};

/* One key of the arguments that have the form key=value. */
struct option {
    const char *key;
    bool (*read)(const char *word, void *value); /* a text_to_… function */
    void *value;                                 /* stays as it is if the key is not given */
};

/* Splits `text`, which the request borrows and changes. `reply` is REPLY_MAX bytes, borrowed too.
 * The request has failed at once if the text has no proper form. */
void request_init(struct request *request, char *text, size_t len, char *reply);
void request_destroy(struct request *request);

/* --- arguments -------------------------------------------------------------------------------- */

bool request_has_more(const struct request *request);   /* arguments not taken yet */
size_t request_take_id(struct request *request);        /* below OBJECT_IDS */
const char *request_take_word(struct request *request); /* "" if there is none */
bool request_take_flag(struct request *request);
uint16_t request_take_u16(struct request *request);
uint32_t request_take_u32(struct request *request);
uint64_t request_take_u64(struct request *request);
size_t request_take_size(struct request *request);
struct seqno request_take_seqno(struct request *request);
uint32_t request_take_address(struct request *request);
/* The bytes live as long as the request. */
struct bytes request_take_bytes(struct request *request);

/* Takes all that are left, each of which is to be one of the `count` options, none of them twice.
 */
void request_take_options(struct request *request, const struct option *options, size_t count);
/* The text after `key=`; NULL if no argument gives this key. */
const char *request_option(const struct request *request, const char *key);

/* --- the reply, which is `ok` to begin with --------------------------------------------------- */

bool request_has_failed(const struct request *request);
/* The reply becomes `error`, and the text. Only the first failure counts. */
void request_fail(struct request *request, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Adds text to the reply, unless it is an error; what would not fit makes it one. */
void request_answer(struct request *request, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Adds bytes in the form in which a request would name them. */
void request_answer_bytes(struct request *request, const uint8_t *bytes, size_t len);
/* Adds bytes to which somebody has handed out a pointer; after them a word if it leads nowhere:
 * `unset` if nothing was handed out at all, `past` if they were a local variable of a call that has
 * ended (then none are added), `dangling` if there are none and it is not NULL. */
void request_answer_borrowed(struct request *request, const uint8_t *bytes, size_t len,
                             bool is_of_past_call);
/* Adds bytes as digits, and nothing if there are none: for output that comes in pieces. */
void request_answer_digits(struct request *request, const uint8_t *bytes, size_t len);
/* Adds text even to an error. */
void request_note(struct request *request, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
