#include "request.h"

#include "strict_caller.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- the text of a request ---------------------------------------------------------------------
 */

/* Ends the word at `text` and returns the next one; NULL if there is none. */
static char *next_word(char *text)
{
    char *space = strchr(text, ' ');

    if (space == NULL) {
        return NULL;
    }
    *space = '\0';
    return space + 1;
}

/* False if there are too many words, or if two spaces stand where one should. */
static bool split(struct request *request, char *text)
{
    char *word = next_word(text);

    request->verb = text;
    for (; word != NULL; request->count++) {
        char *following = next_word(word);
        if (*word == '\0' || request->count == REQUEST_ARGUMENTS_MAX) {
            return false;
        }
        request->arguments[request->count] = word;
        word = following;
    }
    return *request->verb != '\0';
}

void request_init(struct request *request, char *text, size_t len, char *reply)
{
    *request = (struct request){.verb = text, .reply = reply};
    request_answer(request, "ok");
    if (strlen(text) != len || !split(request, text)) {
        request_fail(request, "a request is a verb and up to %d arguments, one space between them",
                     REQUEST_ARGUMENTS_MAX);
    }
}

void request_destroy(struct request *request)
{
    free(request->data.data);
    request->data = (struct bytes){0};
}

/* --- arguments ---------------------------------------------------------------------------------
 */

bool request_has_more(const struct request *request)
{
    return request->taken < request->count;
}

static void take(struct request *request, bool (*read)(const char *, void *), void *value,
                 const char *what)
{
    if (request->has_failed) {
        return;
    }
    if (!request_has_more(request)) {
        request_fail(request, "argument %zu is missing", request->taken + 1);
    } else if (!read(request->arguments[request->taken++], value)) {
        request_fail(request, "argument %zu is not %s", request->taken, what);
    }
}

static bool text_to_id(const char *word, void *value)
{
    size_t id;
    bool is_good = text_to_size(word, &id) && id < OBJECT_IDS;

    if (is_good) {
        *(size_t *)value = id;
    }
    return is_good;
}

size_t request_take_id(struct request *request)
{
    size_t id = 0;
    take(request, text_to_id, &id, "an ID from 0 to 1023");
    return id;
}

static bool text_to_word(const char *word, void *value)
{
    *(const char **)value = word;
    return true;
}

const char *request_take_word(struct request *request)
{
    const char *word = "";
    take(request, text_to_word, &word, "a word");
    return word;
}

bool request_take_flag(struct request *request)
{
    bool flag = false;
    take(request, text_to_flag, &flag, "0 or 1");
    return flag;
}

uint16_t request_take_u16(struct request *request)
{
    uint16_t number = 0;
    take(request, text_to_u16, &number, "a number up to 65535");
    return number;
}

uint32_t request_take_u32(struct request *request)
{
    uint32_t number = 0;
    take(request, text_to_u32, &number, "a number below 2^32");
    return number;
}

uint64_t request_take_u64(struct request *request)
{
    uint64_t number = 0;
    take(request, text_to_u64, &number, "a number below 2^64");
    return number;
}

size_t request_take_size(struct request *request)
{
    size_t number = 0;
    take(request, text_to_size, &number, "a number below 2^64");
    return number;
}

struct seqno request_take_seqno(struct request *request)
{
    return (struct seqno){request_take_u32(request)};
}

uint32_t request_take_address(struct request *request)
{
    uint32_t address = 0;
    take(request, text_to_address, &address, "an IPv4 address");
    return address;
}

struct bytes request_take_bytes(struct request *request)
{
    take(request, text_to_bytes, &request->data, "hexadecimal bytes");
    return request->data;
}

/* Does the argument have the form key=…? Then returns what follows the `=`, otherwise NULL. */
static const char *value_of(const char *argument, const char *key)
{
    size_t len = strlen(key);

    return strncmp(argument, key, len) == 0 && argument[len] == '=' ? argument + len + 1 : NULL;
}

/* The index of the option that the argument gives, and its value; `count` if there is none. */
static size_t find_option(const struct option *options, size_t count, const char *argument,
                          const char **value)
{
    size_t i = 0;

    while (i < count && (*value = value_of(argument, options[i].key)) == NULL) {
        i++;
    }
    return i;
}

void request_take_options(struct request *request, const struct option *options, size_t count)
{
    uint64_t given = 0; /* bit i: options[i] */

    while (!request->has_failed && request_has_more(request)) {
        const char *argument = request->arguments[request->taken++];
        const char *value = NULL;
        size_t i = find_option(options, count, argument, &value);
        if (i == count) {
            request_fail(request, "argument %zu is not one of the keys", request->taken);
        } else if ((given >> i & 1) != 0) {
            request_fail(request, "%s is given twice", options[i].key);
        } else if (!options[i].read(value, options[i].value)) {
            request_fail(request, "the value of %s makes no sense", options[i].key);
        } else {
            given |= UINT64_C(1) << i;
        }
    }
}

const char *request_option(const struct request *request, const char *key)
{
    const char *value = NULL;

    for (size_t i = 0; i < request->count && value == NULL; i++) {
        value = value_of(request->arguments[i], key);
    }
    return value;
}

/* --- the reply ---------------------------------------------------------------------------------
 */

bool request_has_failed(const struct request *request)
{
    return request->has_failed;
}

/* Adds formatted text; false, and nothing is added, if it does not fit. */
static bool append(struct request *request, const char *format, va_list values)
{
    size_t room = REPLY_MAX - request->reply_len;
    int len = vsnprintf(request->reply + request->reply_len, room, format, values);
    bool fits = len >= 0 && (size_t)len < room;

    if (fits) {
        request->reply_len += (size_t)len;
    }
    return fits;
}

void request_note(struct request *request, const char *format, ...)
{
    va_list values;

    va_start(values, format);
    append(request, format, values);
    va_end(values);
}

void request_fail(struct request *request, const char *format, ...)
{
    va_list values;

    if (request->has_failed) {
        return;
    }
    request->has_failed = true;
    request->reply_len = 0;
    request_note(request, "error ");
    va_start(values, format);
    append(request, format, values);
    va_end(values);
}

void request_answer(struct request *request, const char *format, ...)
{
    va_list values;

    if (request->has_failed) {
        return;
    }
    va_start(values, format);
    bool fits = append(request, format, values);
    va_end(values);
    if (!fits) {
        request_fail(request, "the reply is too long");
    }
}

void request_answer_digits(struct request *request, const uint8_t *bytes, size_t len)
{
    if (request->has_failed) {
        return;
    }
    if (len > (REPLY_MAX - request->reply_len) / 2) {
        request_fail(request, "the reply is too long");
        return;
    }
    text_from_bytes(request->reply + request->reply_len, bytes, len);
    request->reply_len += 2 * len;
}

void request_answer_bytes(struct request *request, const uint8_t *bytes, size_t len)
{
    if (len == 0) {
        request_answer(request, "-");
    }
    request_answer_digits(request, bytes, len);
}

void request_answer_borrowed(struct request *request, const uint8_t *bytes, size_t len,
                             bool is_of_past_call)
{
    if (len > UINT16_MAX || (len > 0 && is_rubbish(bytes))) {
        request_answer(request, "- unset");
    } else if (len > 0 && is_of_past_call) {
        request_answer(request, "- past");
    } else {
        request_answer_bytes(request, bytes, len);
        request_answer(request, len == 0 && bytes != NULL ? " dangling" : "");
    }
}
