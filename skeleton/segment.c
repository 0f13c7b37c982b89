/* Checkpoint 5: the segment. What each function has to do stands in segment.h. */
#include "segment.h"

/* Reads bytes as a segment, if they are one. */
enum tcp_parse_result tcp_segment_parse(struct tcp_segment *out, const uint8_t *bytes, size_t len,
                                        uint32_t source, uint32_t destination)
{
    (void)out;
    (void)bytes;
    (void)len;
    (void)source;
    (void)destination;
    /* TODO: yours */
    return TCP_PARSE_TOO_SHORT;
}

/* Writes a segment as bytes. */
size_t tcp_segment_serialize(const struct tcp_segment *segment, uint32_t source,
                             uint32_t destination, uint8_t *bytes, size_t capacity)
{
    (void)segment;
    (void)source;
    (void)destination;
    (void)bytes;
    (void)capacity;
    /* TODO: yours */
    return 0;
}
