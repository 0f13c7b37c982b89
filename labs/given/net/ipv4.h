/*
 * IPv4, as much of it as a TCP host behind one link needs (RFC 791; RFC 1122, 3.2): whole packets
 * in and out, no fragments, no options of our own. Addresses are integers in host byte order.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IPV4_HEADER_SIZE 20u
#define IPV4_PROTOCOL_TCP 6u

struct ipv4_packet {
    uint32_t source;
    uint32_t destination;
    uint8_t protocol;
    uint8_t ttl;
    uint16_t identification;
    const uint8_t *payload; /* borrowed: points into the packet that was parsed */
    size_t payload_len;     /* bytes, without the padding that a link may have added */
};

/*
 * Reads `len` bytes as a packet. False if they are not a whole, correct IPv4 packet that can be
 * taken as it is: wrong version, length or header checksum, a TTL of zero, or a fragment (it never
 * is reassembled). Options are skipped unread (RFC 9293, 3.9.2, MUST-50).
 */
bool ipv4_parse(struct ipv4_packet *out, const uint8_t *bytes, size_t len);

/* Writes the 20-byte header for the packet, whose payload need not be in place yet. The packet is
 * never to be fragmented (the DF bit). `payload_len` is at most 65,515. */
void ipv4_write_header(const struct ipv4_packet *packet, uint8_t *header);

/* The Internet checksum of RFC 1071 in host byte order; 0 over bytes that include a correct one. */
uint16_t ipv4_checksum(const uint8_t *bytes, size_t len);

/* Can the address be one end of a TCP connection on a link with this netmask? Not if it is zero,
 * a multicast address, or a broadcast address of the link of `host` or of all links (RFC 9293,
 * MUST-46, MUST-57, MUST-63). */
bool ipv4_is_unicast(uint32_t address, uint32_t host, uint32_t netmask);
