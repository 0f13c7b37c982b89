"""Packets are crafted and dissected in a short way where nothing is unusual about the IP header: it
comes to the same as scapy's own."""

from __future__ import annotations

import random
from typing import Any

import pytest

from tcplab.errors import CaseFailed
from tcplab.fields import match_fields
from tcplab.packet import ACK, IP, RST, TCP, NotASegment, Segment, craft, relative_words


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


@pytest.mark.parametrize(
    ("start", "number", "wish", "words"),
    [
        (1000, 1001, None, "1"),
        (1000, 900, None, "-100"),
        (4294967000, 60_000, None, "60296"),
        (4294967000, 3_294_967_000, None, "3294967000(raw)"),
        (9_000_000, 1_639_004, None, "1639004(raw)"),
        (9_000_000, 1_009_000_000, None, "1009000000(raw)"),
        (9_000_000, 1_009_000_000, 1_000_000_000, "1000000000"),
        (9_000_000, 1_009_000_000, 0, "1009000000(raw)"),
    ],
)
def test_a_number_that_leads_nowhere_is_shown_as_it_is(
    start: int, number: int, wish: int | None, words: str
) -> None:
    assert relative_words(start, number, wish) == words


def sent(from_dut: bool, seq: int, ack: int) -> Segment:
    raw = craft(
        source="10.0.0.2",
        destination="10.0.0.1",
        source_port=80,
        destination_port=40000,
        seq=seq,
        ack=ack,
        flags=RST | ACK,
        window=0,
    )
    return Segment.dissect(raw, 0, from_dut)


def test_rubbish_of_the_stacks_is_no_relative_number() -> None:
    mine, others = 3_000_000_000, 500_000_000
    words = sent(True, 246_763_718, others + 5).describe(mine, others)
    assert words == "RST ACK     seq=246763718(raw) ack=5 win=0"
    # The tester means what it sends. And what is not known is 0: such numbers are no relative ones.
    assert "seq=-100000000 ack=1" in sent(False, mine - 10**8, others + 1).describe(mine, others)
    assert "seq=3000000000 ack=5" in sent(True, mine, others + 5).describe(0, others)
    with pytest.raises(CaseFailed) as failed:
        match_fields(sent(True, 246_763_718, others - 7_360_996), {"ack": 1}, others, None, "it")
    assert str(failed.value) == "ack is 492639004(raw), expected 1, in it"
    assert failed.value.difference is not None
    rows = {one["name"]: one["actual"] for one in failed.value.difference.to_json()["fields"]}
    assert (rows["SEQ"], rows["ACK"]) == ("246763718(raw)", "492639004(raw)")
