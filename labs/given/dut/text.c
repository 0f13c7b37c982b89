#define _POSIX_C_SOURCE 200809L

#include "text.h"

#include "seqno.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

static bool read_number(const char *word, uint64_t max, uint64_t *number)
{
    uint64_t sum = 0;

    if (*word == '\0') {
        return false;
    }
    for (; *word != '\0'; word++) {
        if (*word < '0' || *word > '9') {
            return false;
        }
        uint64_t digit = (uint64_t)(*word - '0');
        if (digit > max || sum > (max - digit) / 10) {
            return false;
        }
        sum = sum * 10 + digit;
    }
    *number = sum;
    return true;
}

bool text_to_flag(const char *word, void *value)
{
    uint64_t number;
    bool is_good = read_number(word, 1, &number);

    if (is_good) {
        *(bool *)value = number == 1;
    }
    return is_good;
}

bool text_to_u8(const char *word, void *value)
{
    uint64_t number;
    bool is_good = read_number(word, UINT8_MAX, &number);

    if (is_good) {
        *(uint8_t *)value = (uint8_t)number;
    }
    return is_good;
}

bool text_to_u16(const char *word, void *value)
{
    uint64_t number;
    bool is_good = read_number(word, UINT16_MAX, &number);

    if (is_good) {
        *(uint16_t *)value = (uint16_t)number;
    }
    return is_good;
}

bool text_to_u32(const char *word, void *value)
{
    uint64_t number;
    bool is_good = read_number(word, UINT32_MAX, &number);

    if (is_good) {
        *(uint32_t *)value = (uint32_t)number;
    }
    return is_good;
}

bool text_to_u64(const char *word, void *value)
{
    return read_number(word, UINT64_MAX, value);
}

bool text_to_size(const char *word, void *value)
{
    uint64_t number;
    bool is_good = read_number(word, SIZE_MAX, &number);

    if (is_good) {
        *(size_t *)value = (size_t)number;
    }
    return is_good;
}

bool text_to_seqno(const char *word, void *value)
{
    return text_to_u32(word, &((struct seqno *)value)->raw);
}

bool text_to_address(const char *word, void *value)
{
    struct in_addr address;
    bool is_good = inet_pton(AF_INET, word, &address) == 1;

    if (is_good) {
        *(uint32_t *)value = ntohl(address.s_addr);
    }
    return is_good;
}

/* --- bytes ----------------------------------------------------------------------------------- */

static const char DIGITS[] = "0123456789abcdef";

/* 0 … 15, or -1. */
static int digit_value(char digit)
{
    const char *place = digit == '\0' ? NULL : strchr(DIGITS, digit);
    return place == NULL ? -1 : (int)(place - DIGITS);
}

/* `len` pairs of digits. */
static bool read_pairs(const char *word, uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        int high = digit_value(word[2 * i]);
        int low = digit_value(word[2 * i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

bool text_to_bytes(const char *word, void *value)
{
    struct bytes *bytes = value;
    struct bytes read = {0};

    if (strcmp(word, "-") != 0) {
        size_t digits = strlen(word);
        read.len = digits / 2;
        if (digits == 0 || digits % 2 == 1) {
            return false;
        }
        read.data = malloc(read.len);
        if (read.data == NULL || !read_pairs(word, read.data, read.len)) {
            free(read.data);
            return false;
        }
    }
    free(bytes->data);
    *bytes = read;
    return true;
}

void text_from_bytes(char *out, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        *out++ = DIGITS[bytes[i] >> 4];
        *out++ = DIGITS[bytes[i] & 0x0f];
    }
}
