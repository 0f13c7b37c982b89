"""Is a packet a whole, correct IPv4 packet with a whole, correct TCP segment in it?

Written out here, byte by byte, because a library that is kind to broken packets is no judge.
"""

from __future__ import annotations

import ipaddress

_EOL, _NOP, _MSS = 0, 1, 2


def checksum_is_right(data: bytes) -> bool:
    """The Internet checksum over data that includes its checksum field: the sum of all 16-bit words
    in one's complement is zero exactly if the number that they form is a multiple of 65,535."""
    if len(data) % 2:
        data += b"\0"
    return int.from_bytes(data, "big") % 0xFFFF == 0


def ip_problem(raw: bytes) -> str:
    """What is wrong with the IPv4 header, in words; empty if nothing is."""
    if len(raw) < 20 or raw[0] >> 4 != 4:
        return "no IPv4 header"
    header = (raw[0] & 15) * 4
    if header < 20 or header > len(raw):
        return f"an IPv4 header length of {header} bytes"
    total = int.from_bytes(raw[2:4], "big")
    if total != len(raw):
        return f"an IPv4 total length of {total} in a packet of {len(raw)} bytes"
    if not checksum_is_right(raw[:header]):
        return "a wrong IPv4 header checksum"
    if int.from_bytes(raw[6:8], "big") & 0x3FFF:
        return "a fragment"
    if raw[8] == 0:
        return "a TTL of 0"
    return ""


def tcp_problem(raw: bytes) -> str:
    """What is wrong with the TCP header of a correct IPv4 packet; empty if nothing is."""
    header = (raw[0] & 15) * 4
    segment = raw[header:]
    if len(segment) < 20:
        return f"a TCP segment of {len(segment)} bytes"
    pseudo = raw[12:20] + b"\0\x06" + len(segment).to_bytes(2, "big")
    if not checksum_is_right(pseudo + segment):
        return "a wrong TCP checksum"
    offset = (segment[12] >> 4) * 4
    if offset < 20 or offset > len(segment):
        return f"a data offset of {segment[12] >> 4}"
    return options_problem(segment[20:offset])


def options_problem(options: bytes) -> str:
    """What is wrong with the options; empty if nothing is (RFC 9293, 3.1)."""
    at = 0
    while at < len(options):
        kind = options[at]
        if kind == _EOL:
            if any(options[at:]):
                return "something other than zeros after the end of the options"
            return ""
        if kind == _NOP:
            at += 1
            continue
        if at + 1 >= len(options):
            return f"option {kind} without a length"
        length = options[at + 1]
        if length < 2 or at + length > len(options):
            return f"option {kind} with length {length}"
        at += length
    return ""


def is_whole(raw: bytes) -> bool:
    """Would a careful receiver take this packet? Trailing bytes after the total length are no
    part of it."""
    if len(raw) < 20:
        return False
    total = int.from_bytes(raw[2:4], "big")
    raw = raw[:total] if 20 <= total <= len(raw) else raw
    if ip_problem(raw) or raw[9] != 6:
        return False
    problem = tcp_problem(raw)
    if problem and not problem.startswith("something other"):
        return False
    source = ipaddress.IPv4Address(raw[12:16])
    return not (source.is_multicast or source == ipaddress.IPv4Address(0xFFFFFFFF))


def mss_values(raw: bytes) -> list[int]:
    """All values of well-formed MSS options, in order."""
    header = (raw[0] & 15) * 4
    offset = (raw[header + 12] >> 4) * 4
    options = raw[header + 20 : header + offset]
    values, at = [], 0
    while at < len(options) and options[at] != _EOL:
        if options[at] == _NOP:
            at += 1
            continue
        length = options[at + 1] if at + 1 < len(options) else 0
        if length < 2 or at + length > len(options):
            break
        if options[at] == _MSS and length == 4:
            values.append(int.from_bytes(options[at + 2 : at + 4], "big"))
        at += length
    return values


def reserved_bits(raw: bytes) -> int:
    return raw[(raw[0] & 15) * 4 + 12] & 15
