/*
 * The IPv4 header (RFC 791, 3.1), byte for byte:
 *
 *    0  version, header length in words      8  time to live
 *    1  type of service                      9  protocol
 *    2  total length                        10  header checksum
 *    4  identification                      12  source address
 *    6  flags, fragment offset              16  destination address
 */
#include "ipv4.h"

#include <string.h>

#define VERSION 4u
#define DONT_FRAGMENT 0x4000u
#define MORE_FRAGMENTS 0x2000u
#define FRAGMENT_OFFSET 0x1fffu

static uint16_t read_u16(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static uint32_t read_u32(const uint8_t *bytes)
{
    return (uint32_t)read_u16(bytes) << 16 | read_u16(bytes + 2);
}

static void write_u16(uint8_t *bytes, uint16_t value)
{
    bytes[0] = (uint8_t)(value >> 8);
    bytes[1] = (uint8_t)value;
}

static void write_u32(uint8_t *bytes, uint32_t value)
{
    write_u16(bytes, (uint16_t)(value >> 16));
    write_u16(bytes + 2, (uint16_t)value);
}

uint16_t ipv4_checksum(const uint8_t *bytes, size_t len)
{
    uint64_t sum = 0;

    for (size_t i = 0; i + 1 < len; i += 2) {
        sum += read_u16(bytes + i);
    }
    if (len % 2 == 1) {
        sum += (uint64_t)bytes[len - 1] << 8;
    }
    while (sum > 0xffff) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return (uint16_t)~sum;
}

bool ipv4_parse(struct ipv4_packet *out, const uint8_t *bytes, size_t len)
{
    if (len < IPV4_HEADER_SIZE || bytes[0] >> 4 != VERSION) {
        return false;
    }
    size_t header_len = (size_t)(bytes[0] & 0x0f) * 4;
    size_t total_len = read_u16(bytes + 2);
    if (header_len < IPV4_HEADER_SIZE || header_len > total_len || total_len > len) {
        return false;
    }
    if (ipv4_checksum(bytes, header_len) != 0) {
        return false;
    }
    if ((read_u16(bytes + 6) & (MORE_FRAGMENTS | FRAGMENT_OFFSET)) != 0) {
        return false;
    }
    *out = (struct ipv4_packet){
        .source = read_u32(bytes + 12),
        .destination = read_u32(bytes + 16),
        .protocol = bytes[9],
        .ttl = bytes[8],
        .identification = read_u16(bytes + 4),
        .payload = bytes + header_len,
        .payload_len = total_len - header_len,
    };
    return out->ttl != 0;
}

void ipv4_write_header(const struct ipv4_packet *packet, uint8_t *header)
{
    memset(header, 0, IPV4_HEADER_SIZE);
    header[0] = VERSION << 4 | IPV4_HEADER_SIZE / 4;
    write_u16(header + 2, (uint16_t)(IPV4_HEADER_SIZE + packet->payload_len));
    write_u16(header + 4, packet->identification);
    write_u16(header + 6, DONT_FRAGMENT);
    header[8] = packet->ttl;
    header[9] = packet->protocol;
    write_u32(header + 12, packet->source);
    write_u32(header + 16, packet->destination);
    write_u16(header + 10, ipv4_checksum(header, IPV4_HEADER_SIZE));
}

bool ipv4_is_unicast(uint32_t address, uint32_t host, uint32_t netmask)
{
    bool is_multicast = address >> 28 == 0xe;
    bool is_limited_broadcast = address == UINT32_MAX;
    /* A link of one or two addresses has none to spare for broadcasts (RFC 3021). */
    bool link_has_broadcast = ~netmask > 1;
    bool is_link_broadcast = link_has_broadcast && address == (host | ~netmask);

    return address != 0 && !is_multicast && !is_limited_broadcast && !is_link_broadcast;
}
