"""Packets are crafted and dissected in a short way where nothing is unusual about the IP header: it
comes to the same as scapy's own."""

from __future__ import annotations

import random
from typing import Any

import pytest

from tcplab.packet import IP, TCP, NotASegment, Segment, craft


def fields(dice: random.Random) -> dict[str, Any]:
    options: list[Any] = [b"", [("MSS", 1460)], [("NOP", None), ("WScale", 3)], dice.randbytes(7)]
    return {
        "source": f"10.0.0.{dice.randrange(256)}",
        "destination": f"1.2.{dice.randrange(256)}.4",
        "source_port": dice.randrange(1 << 16),
        "destination_port": dice.randrange(1 << 16),
        "seq": dice.getrandbits(32),
        "ack": dice.getrandbits(32),
        "flags": dice.randrange(256),
        "window": dice.randrange(1 << 16),
        "urgent": dice.randrange(1 << 16),
        "reserved": dice.randrange(8),
        "options": dice.choice(options),
        "data": dice.randbytes(dice.randrange(40)),
    }


@pytest.mark.parametrize("seed", range(200))
def test_crafted_as_scapy_would(seed: int) -> None:
    wanted = fields(random.Random(seed))
    assert craft(**wanted) == craft(**wanted, ip={})
    assert craft(**wanted, bad_checksum=True) == craft(**wanted, ip={}, bad_checksum=True)


def damaged(raw: bytes, dice: random.Random) -> bytes:
    changed = bytearray(raw)
    for _ in range(dice.randrange(3)):
        changed[dice.randrange(len(changed))] = dice.randrange(256)
    end = dice.choice([len(raw), len(raw), dice.randrange(len(raw))])
    return bytes(changed[:end]) + dice.randbytes(dice.choice([0, 0, 5]))


@pytest.mark.parametrize("seed", range(200))
def test_dissected_as_scapy_would(seed: int) -> None:
    dice = random.Random(seed)
    for _ in range(5):
        raw = damaged(craft(**fields(dice)), dice)
        try:
            found = Segment.dissect(raw, 0, False)
        except NotASegment:
            assert len(raw) < 40 or raw[0] >> 4 != 4 or raw[9] != 6 or TCP not in IP(raw)
            continue
        packet = IP(raw)
        tcp = packet[TCP]
        assert (found.source, found.destination) == (packet.src, packet.dst)
        assert (found.source_port, found.destination_port) == (tcp.sport, tcp.dport)
        assert (found.seq, found.ack, found.window) == (tcp.seq, tcp.ack, tcp.window)
        assert found.urgent == tcp.urgptr and found.flags == int(tcp.flags) & 0xFF
        begin = packet.ihl * 4 + max(tcp.dataofs, 5) * 4
        assert found.data == raw[begin : packet.len]
