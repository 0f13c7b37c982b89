#include "isn.h"

/* One tick of the ISN clock lasts 4 microseconds. */
#define ISN_TICKS_PER_MS 250u

#define PURPOSE_ISN 0u

/* --- SipHash-2-4 --------------------------------------------------------------------------- */

struct sip_state {
    uint64_t v0, v1, v2, v3;
};

static uint64_t rotate_left(uint64_t word, unsigned bits)
{
    return word << bits | word >> (64 - bits);
}

/* Up to 8 bytes as a little-endian number. */
static uint64_t read_little_endian(const uint8_t *bytes, size_t len)
{
    uint64_t word = 0;

    for (size_t i = 0; i < len; i++) {
        word |= (uint64_t)bytes[i] << (8 * i);
    }
    return word;
}

static void sip_rounds(struct sip_state *s, unsigned count)
{
    while (count-- > 0) {
        s->v0 += s->v1;
        s->v2 += s->v3;
        s->v1 = rotate_left(s->v1, 13) ^ s->v0;
        s->v3 = rotate_left(s->v3, 16) ^ s->v2;
        s->v0 = rotate_left(s->v0, 32);
        s->v2 += s->v1;
        s->v0 += s->v3;
        s->v1 = rotate_left(s->v1, 17) ^ s->v2;
        s->v3 = rotate_left(s->v3, 21) ^ s->v0;
        s->v2 = rotate_left(s->v2, 32);
    }
}

static void sip_absorb(struct sip_state *s, uint64_t word)
{
    s->v3 ^= word;
    sip_rounds(s, 2);
    s->v0 ^= word;
}

uint64_t isn_siphash(const uint8_t key[ISN_SECRET_SIZE], const uint8_t *bytes, size_t len)
{
    uint64_t k0 = read_little_endian(key, 8);
    uint64_t k1 = read_little_endian(key + 8, 8);
    /* The constants are the ASCII text "somepseudorandomlygeneratedbytes". */
    struct sip_state s = {
        .v0 = k0 ^ UINT64_C(0x736f6d6570736575),
        .v1 = k1 ^ UINT64_C(0x646f72616e646f6d),
        .v2 = k0 ^ UINT64_C(0x6c7967656e657261),
        .v3 = k1 ^ UINT64_C(0x7465646279746573),
    };
    size_t whole = len - len % 8;

    for (size_t i = 0; i < whole; i += 8) {
        sip_absorb(&s, read_little_endian(bytes + i, 8));
    }
    /* The last word holds the bytes that are left, and on top the length modulo 256. */
    sip_absorb(&s, read_little_endian(bytes + whole, len % 8) | (uint64_t)len << 56);
    s.v2 ^= 0xff;
    sip_rounds(&s, 4);
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

/* --- what it is used for -------------------------------------------------------------------- */

static uint8_t *put_number(uint8_t *out, uint32_t number, unsigned bytes)
{
    while (bytes-- > 0) {
        *out++ = (uint8_t)(number >> (8 * bytes));
    }
    return out;
}

uint64_t isn_hash_ends(const uint8_t secret[ISN_SECRET_SIZE], const struct isn_ends *ends,
                       uint8_t purpose)
{
    uint8_t input[13];
    uint8_t *end = input;

    end = put_number(end, ends->local_address, 4);
    end = put_number(end, ends->local_port, 2);
    end = put_number(end, ends->remote_address, 4);
    end = put_number(end, ends->remote_port, 2);
    end = put_number(end, purpose, 1);
    return isn_siphash(secret, input, (size_t)(end - input));
}

struct seqno isn_choose(const uint8_t secret[ISN_SECRET_SIZE], const struct isn_ends *ends,
                        uint64_t now_ms)
{
    uint32_t clock = (uint32_t)(now_ms * ISN_TICKS_PER_MS);
    uint32_t offset = (uint32_t)isn_hash_ends(secret, ends, PURPOSE_ISN);

    return (struct seqno){clock + offset};
}
