"""The segment on the bench: bytes to fields, fields to bytes, and what answers nobody's segment."""

from __future__ import annotations

from typing import Any

from tcplab import packet as p
from tcplab.case import case
from tcplab.components.segment import DESTINATION, SOURCE
from tcplab.lab import Lab
from tcplab.packet import ACK, FIN, RST, SYN

BUILDS_ON = ("segment.checksum-of-a-header", "segment.fields-in-their-places")


def _bytes_of(flags: int = ACK, **fields: Any) -> bytes:
    """A correct TCP segment, without its IPv4 header."""
    values: dict[str, Any] = {
        "source": SOURCE,
        "destination": DESTINATION,
        "source_port": 40000,
        "destination_port": 80,
        "seq": 1,
        "ack": 2,
        "window": 1000,
    }
    return p.craft(flags=flags, **{**values, **fields})[20:]


@case(
    "segment.checksum-of-a-header",
    checkpoint=5,
    rfc=["9293 3.1", "MUST-2", "MUST-3", "C-CSUM-1"],
    rule="The checksum covers the header, and in front of it the pseudo-header: both addresses, the"
    " protocol and the length. Otherwise the segment is refused.",
    hint="Sum the 16-bit words of source, destination, 6, length, and header; all ones is right.",
    kills=["segment.one-address-twice"],
    weight=2,
)
def checksum_of_a_header(lab: Lab) -> None:
    for _ in range(5):
        raw = _bytes_of(seq=lab.random.getrandbits(32), ack=lab.random.getrandbits(32))
        lab.segment.parse(raw)
        lab.segment.parse(raw, source="10.0.0.77", result="bad-checksum")
        lab.segment.parse(raw, destination="10.0.0.77", result="bad-checksum")


@case(
    "segment.fields-in-their-places",
    checkpoint=5,
    rfc=["9293 3.1", "MUST-1", "D-RECV-3"],
    rule="Every field of the header stands in its place, most significant byte first.",
    hint="Read numbers byte by byte, then neither the processor's byte order nor alignment counts.",
    kills=["segment.window-in-host-order", "segment.option-left-as-it-was"],
    weight=3,
)
def fields_in_places(lab: Lab) -> None:
    for _ in range(5):
        numbers: dict[str, Any] = {name: lab.random.getrandbits(32) for name in ("seq", "ack")}
        halves = ("source_port", "destination_port", "window", "urgent")
        numbers.update({name: lab.random.randrange(1, 65536) for name in halves})
        # Without a payload: how the checksum covers that has a case of its own.
        raw = _bytes_of(p.PSH | ACK, **numbers)
        lab.segment.parse(raw, flags=p.PSH | ACK, data=b"", mss=None, **numbers)
        lab.segment.serialize(flags=p.PSH | ACK, **numbers)


@case(
    "segment.each-flag-is-its-own-bit",
    checkpoint=5,
    rfc=["9293 3.1", "D-RECV-19"],
    rule="Eight flags, eight bits: each is read and written by itself.",
    hint="Byte 13 of the header, all of it; CWR and ECE are flags too.",
    kills=["segment.six-flags-only"],
    weight=2,
)
def each_flag(lab: Lab) -> None:
    for flags in [1 << bit for bit in range(8)] + [0, 0xFF, SYN | ACK, FIN | ACK]:
        lab.segment.parse(_bytes_of(flags), flags=flags, seq=1, ack=2)
        lab.segment.serialize(flags=flags, seq=1, ack=2)


@case(
    "segment.checksum-of-any-length",
    checkpoint=5,
    rfc=["9293 3.1", "MUST-2", "MUST-3", "C-CSUM-1", "D-CONN-1", "D-CONN-2"],
    rule="The checksum covers the payload; an odd last byte is padded with a zero on its right.",
    hint="The sum of many 16-bit words needs more bits; the carries come in again below.",
    kills=["segment.checksum-without-payload", "segment.odd-byte-low", "segment.carry-added-once"],
    weight=3,
)
def checksum_any_length(lab: Lab) -> None:
    payloads = [lab.bytes(n) for n in (0, 1, 2, 3, 9, 1459, 1460)]
    for data in [*payloads, b"\xff" * 8, b"\xff" * 1459, b"\x00\xff" * 700]:
        lab.segment.parse(_bytes_of(data=data, window=65535), data=data, window=65535)
        lab.segment.serialize(flags=ACK, window=65535, seq=0xFFFFFFFF, ack=0xFFFFFFFF, data=data)
    data = b"\xff" * 1459
    before = int.from_bytes(lab.segment.serialize(flags=ACK, data=data)[16:18], "big")
    lab.segment.serialize(flags=ACK, data=data, urgent=before + 1)  # adding the carry carries


@case(
    "segment.a-checksum-of-zero",
    checkpoint=5,
    rfc=["9293 3.1", "C-CSUM-3"],
    rule="A checksum that happens to be 0x0000 is as good as any other.",
    hint="Only UDP knows a checksum that was not computed.",
    kills=["segment.checksum-zero-means-none"],
)
def checksum_of_zero(lab: Lab) -> None:
    data = lab.bytes(20)
    before = int.from_bytes(_bytes_of(data=data, urgent=0)[16:18], "big")
    raw = _bytes_of(data=data, urgent=before)
    assert raw[16:18] == b"\0\0"
    lab.segment.parse(raw, data=data, urgent=before)
    lab.segment.parse(_flipped(raw, 25, 1), result="bad-checksum")


def _flipped(raw: bytes, at: int, bit: int) -> bytes:
    return raw[:at] + bytes([raw[at] ^ (1 << bit)]) + raw[at + 1 :]


@case(
    "segment.data-offset-in-bounds",
    checkpoint=5,
    rfc=["9293 3.1", "U-2", "D-CONN-5"],
    rule="A header is at least 20 bytes long, and ends inside the segment.",
    hint="Check the length before you read a byte, and the data offset before you follow it.",
    kills=["segment.offset-below-five", "segment.offset-past-the-end"],
    weight=2,
)
def data_offset(lab: Lab) -> None:
    for length in (0, 1, 12, 19):
        lab.segment.parse(_bytes_of()[:length], result="too-short")
    for words in (0, 1, 4):
        lab.segment.parse(_bytes_of(tcp={"dataofs": words}), result="bad-offset")
    lab.segment.parse(_bytes_of(tcp={"dataofs": 6}), result="bad-offset")
    lab.segment.parse(_bytes_of(data=bytes(39), tcp={"dataofs": 15}), result="bad-offset")
    lab.segment.parse(_bytes_of(data=bytes(40), tcp={"dataofs": 15}), data=b"")
    lab.segment.parse(_bytes_of(options=[("NOP", None)] * 4, data=b"text"), data=b"text")


@case(
    "segment.options-at-any-place",
    checkpoint=5,
    rfc=["9293 3.1", "MUST-4", "MUST-6", "MUST-64", "C-OPT-2"],
    rule="Options follow one another without alignment; unknown ones are skipped by their length.",
    hint="No-op is one byte; every other kind tells its length in its second byte.",
    kills=[
        "segment.nop-has-a-length",
        "segment.unknown-option-ends-the-list",
        "segment.option-without-value-refused",
        "segment.mss-read-in-host-order",
    ],
    weight=2,
)
def options_at_any_place(lab: Lab) -> None:
    mss = b"\x02\x04\x02\xbc"
    for options in (
        mss,
        b"\x01" + mss + b"\x01\x01\x01",
        b"\xfd\x03\x00" + mss + b"\x01",
        b"\xfd\x06\x02\x04\x00\x64" + mss,
        b"\x08\x0a" + bytes(8) + mss + b"\x00",
        b"\x01" * 36 + mss,
        b"\xfd\x02" + mss + b"\xfe\x02",
    ):
        lab.segment.parse(_bytes_of(SYN, options=options, data=b"x"), mss=700, data=b"x")
    lab.segment.parse(_bytes_of(SYN, options=b"\x01" * 40), mss=None)


@case(
    "segment.impossible-option-lengths",
    checkpoint=5,
    rfc=["9293 3.1", "MUST-7", "C-OPT-3", "D-CONN-6"],
    rule="An option of length 0 or 1, or one that leaves the header, makes the segment bad.",
    hint="The length counts kind and length themselves. What does your loop do with a 0?",
    kills=["segment.option-length-one", "segment.option-past-the-header"],
    weight=2,
)
def impossible_lengths(lab: Lab) -> None:
    for options in (
        b"\xfd\x00\x01\x01",
        b"\xfd\x01\x01\x01",
        b"\x02\x00\x02\xbc",
        b"\x01\x01\x01\xfd",
        b"\x01\x01\x01\x02",
        b"\xfd\x05\x00\x00",
        b"\x01\x02\x04\x02",
    ):
        raw = _bytes_of(SYN, options=options, data=b"data behind the header")
        lab.segment.parse(raw, result="bad-option")
    lab.segment.parse(_bytes_of(SYN, options=b"\xfd\x04\x00\x00"), mss=None)


@case(
    "segment.end-of-list-ends-the-list",
    checkpoint=5,
    rfc=["9293 3.1", "C-OPT-1"],
    rule="After the end-of-list option nothing is an option any more.",
    hint="Kind 0 ends the loop, wherever it stands.",
    kills=["segment.end-of-list-skipped"],
)
def end_of_list(lab: Lab) -> None:
    for options in (b"\x00\x02\x04\x00\x64\x00\x00\x00", b"\x00\xfd\x00\xfd"):
        lab.segment.parse(_bytes_of(SYN, options=options, data=b"x"), mss=None, data=b"x")
    lab.segment.parse(_bytes_of(SYN, options=b"\x02\x04\x02\xbc\x00\xff\xff\xff"), mss=700)


@case(
    "segment.mss-counts-on-a-syn-only",
    checkpoint=5,
    rfc=["9293 3.2", "C-OPT-4", "C-OPT-5", "C-OPT-6"],
    rule="An MSS option counts on a SYN only, and only with its length of 4.",
    hint="With another length it is skipped, like an option that you do not know.",
    kills=["segment.mss-without-syn", "segment.mss-of-any-length"],
    weight=2,
)
def mss_on_syn_only(lab: Lab) -> None:
    for flags, mss in ((SYN, 700), (SYN | ACK, 700), (ACK, None), (FIN | ACK, None)):
        lab.segment.parse(_bytes_of(flags, options=b"\x02\x04\x02\xbc"), mss=mss)
    lab.segment.parse(_bytes_of(SYN, options=b"\x02\x03\x02\x01"), mss=None)
    lab.segment.parse(_bytes_of(SYN, options=b"\x02\x06\x02\xbc\x01\x01\x01\x01"), mss=None)
    lab.segment.parse(_bytes_of(SYN, options=b"\x02\x04\x02\xbc\x02\x04\x01\xf4"), mss=500)


@case(
    "segment.mss-is-written",
    checkpoint=5,
    rfc=["9293 3.2", "MUST-14", "MUST-69", "U-1", "D-CONN-7", "MUST-68"],
    rule="An MSS option makes the header 24 bytes long; reserved bits are zero.",
    hint="The data offset counts words of four bytes, options included.",
    kills=[
        "segment.offset-without-options",
        "segment.sets-a-reserved-bit",
        "segment.mss-written-in-host-order",
    ],
    weight=2,
)
def mss_is_written(lab: Lab) -> None:
    for mss in (1460, 536, 65535, 1):
        lab.segment.serialize(flags=SYN, seq=7, window=65535, mss=mss)
        lab.segment.serialize(flags=SYN | ACK, seq=7, ack=8, mss=mss, data=b"with a byte or two")


@case(
    "segment.any-damage-is-noticed",
    checkpoint=5,
    rfc=["9293 3.1", "MUST-3"],
    rule="One flipped bit, in header, options, payload or addresses, makes the checksum wrong.",
    hint="Pseudo-header (both addresses, protocol, length), header, options, payload: all of it.",
    kills=["segment.checksum-without-payload", "segment.checksum-not-verified"],
    weight=2,
)
def any_damage(lab: Lab) -> None:
    raw = _bytes_of(SYN | ACK, options=[("MSS", 1460)], data=lab.bytes(31))
    lab.segment.parse(raw, mss=1460)
    for at in (1, 5, 9, 13, 15, 16, 19, 23, 24, 40, len(raw) - 1):
        lab.segment.parse(_flipped(raw, at, lab.random.randrange(8)), result="bad-checksum")
    lab.segment.parse(raw, source="10.0.0.3", result="bad-checksum")
    lab.segment.parse(raw, destination="10.0.1.2", result="bad-checksum")


@case(
    "segment.not-a-byte-too-many",
    checkpoint=5,
    rfc=["9293 3.1", "K-SEG-1"],
    rule="A segment that fits exactly is written; one that does not is not, and nothing overflows.",
    hint="Is the option there when you write it? How long is header, option and payload together?",
    kills=["segment.capacity-is-not-looked-at", "segment.option-always-written"],
    weight=2,
)
def not_a_byte_too_many(lab: Lab) -> None:
    for data in (b"", b"a", b"abc", b"a payload of its own"):
        lab.segment.serialize(flags=ACK, data=data, capacity=20 + len(data))
        lab.segment.does_not_fit(flags=ACK, data=data, capacity=19 + len(data))
        lab.segment.serialize(flags=SYN, mss=700, data=data, capacity=24 + len(data))
        lab.segment.does_not_fit(flags=SYN, mss=700, data=data, capacity=23 + len(data))


@case(
    "segment.reserved-bits-are-ignored",
    checkpoint=5,
    rfc=["9293 3.1", "U-1"],
    rule="Who sets the reserved bits may mean something by it; we read the rest as always.",
    hint="The data offset is the upper half of byte 12 only.",
    kills=["segment.offset-with-reserved-bits"],
)
def reserved_bits(lab: Lab) -> None:
    for reserved in (1, 7):
        raw = _bytes_of(SYN, reserved=reserved, options=[("MSS", 700)], data=b"text")
        lab.segment.parse(raw, flags=SYN, mss=700, data=b"text")


# --- tcp_reply_to_closed -----------------------------------------------------------------------


@case(
    "connection.reset-for-an-ack",
    checkpoint=5,
    rfc=["9293 3.10.7.1", "B-CL-3", "D-CONN-10"],
    rule="Where there is no connection, an ACK is answered by a reset that stands at SEG.ACK.",
    hint="<SEQ=SEG.ACK><CTL=RST>: without an ACK flag. The ports change places.",
    kills=["connection.closed-reset-wrong-seq", "connection.closed-ports-not-swapped"],
    weight=2,
)
def reset_for_ack(lab: Lab) -> None:
    for flags in (ACK, ACK | p.PSH, SYN | ACK, FIN | ACK):
        seq, ack = lab.isn(), lab.isn()
        lab.segment.reply_to_closed(
            source_port=40000,
            destination_port=81,
            seq=seq,
            ack=ack,
            flags=flags,
            window=1000,
            answer={"source_port": 81, "destination_port": 40000, "seq": ack, "flags": RST},
        )


@case(
    "connection.reset-for-anything-else",
    checkpoint=5,
    rfc=["9293 3.10.7.1", "B-CL-2", "D-CONN-10"],
    rule="A segment without ACK is answered by <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK>.",
    hint="SEG.LEN counts the bytes, and one each for SYN and FIN. The sum wraps.",
    kills=["connection.closed-length-without-flags", "connection.closed-ports-not-swapped"],
    weight=2,
)
def reset_for_other(lab: Lab) -> None:
    rows = ((SYN, b"", 1), (SYN, b"12345", 6), (FIN, b"", 1), (SYN | FIN, b"1", 3), (0, b"", 0))
    for seq in (1000, 0xFFFFFFFF):
        for flags, data, length in rows:
            lab.segment.reply_to_closed(
                source_port=40000,
                destination_port=81,
                seq=seq,
                ack=12345,
                flags=flags,
                data=data,
                answer={
                    "source_port": 81,
                    "destination_port": 40000,
                    "seq": 0,
                    "ack": (seq + length) % p.CIRCLE,
                    "flags": RST | ACK,
                },
            )


@case(
    "connection.no-reset-for-a-reset",
    checkpoint=5,
    rfc=["9293 3.10.7.1", "B-CL-1", "U-10", "D-CONN-9"],
    rule="A reset is never answered, with whatever other flags it comes.",
    hint="Two hosts that answer resets with resets would never stop.",
    kills=["connection.reset-answers-reset"],
    weight=2,
)
def no_reset_for_reset(lab: Lab) -> None:
    for flags in (RST, RST | ACK, RST | SYN, RST | FIN | ACK):
        lab.segment.reply_to_closed(seq=1, ack=2, flags=flags, answer=None)
    lab.segment.reply_to_closed(seq=1, ack=2, flags=ACK, answer={"seq": 2, "flags": RST})
