/*
 * The words of a request as values, and bytes as text. Strict: a word is a number, or it is not;
 * nothing is skipped, rounded or guessed.
 *
 * The text_to_… functions have one form, so that tables can name them: they read the whole word,
 * store the value at `value`, which points to the type named in the comment, and return true; or
 * they return false and store nothing.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes on the heap, exactly as long as they are: a sanitizer notices who reads past the end. */
struct bytes {
    uint8_t *data; /* NULL if there are none */
    size_t len;
};

bool text_to_flag(const char *word, void *value);    /* bool: 0 or 1 */
bool text_to_u8(const char *word, void *value);      /* uint8_t */
bool text_to_u16(const char *word, void *value);     /* uint16_t */
bool text_to_u32(const char *word, void *value);     /* uint32_t */
bool text_to_u64(const char *word, void *value);     /* uint64_t */
bool text_to_size(const char *word, void *value);    /* size_t */
bool text_to_seqno(const char *word, void *value);   /* struct seqno */
bool text_to_address(const char *word, void *value); /* uint32_t, from a dotted quad */

/* struct bytes, from lower-case hexadecimal digits in pairs, or `-` for none. The caller frees
 * value->data. Bytes that stood at `value` before are freed. */
bool text_to_bytes(const char *word, void *value);

/* Writes two hexadecimal digits a byte, and no terminator. */
void text_from_bytes(char *out, const uint8_t *bytes, size_t len);
