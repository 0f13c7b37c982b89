"""The first half of checkpoint 5 on the bench: segments to bytes and back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tcplab import packet as p
from tcplab.check import differing_in, expect_bytes, expect_equal, expect_true
from tcplab.components.borrowed import expect_sound_pointer
from tcplab.difference import Field, SegmentDifference
from tcplab.monitors.wholeness import options_problem
from tcplab.packet import Segment

if TYPE_CHECKING:
    from tcplab.dut import Reply
    from tcplab.lab import Lab

SOURCE = "10.0.0.1"
DESTINATION = "10.0.0.2"
_NUMBERS = ("source_port", "destination_port", "seq", "ack", "flags", "window", "urgent")


class SegmentBench:
    """segment.h, and tcp_reply_to_closed. Numbers are absolute; `flags` is a number made of
    tcplab.packet.SYN, ACK, …"""

    def __init__(self, lab: Lab):
        self._lab = lab

    def parse(
        self, raw: bytes, *, source: str = SOURCE, destination: str = DESTINATION, **expected: Any
    ) -> None:
        """Bytes of a TCP segment are parsed; `expected` are keys of the reply, such as seq,
        flags, mss (None: no option), data. `result="bad-checksum"` expects a refusal."""
        expected.setdefault("result", "ok")
        self._lab.transcript.step(f"parse {len(raw)} bytes; expected: {_fields(expected)}")
        reply = self._lab.request(f"segment.parse {source} {destination} {raw.hex() or '-'}")
        expect_equal("result", expected.pop("result"), reply.value("result"))
        expect_sound_pointer("the payload", reply)
        with differing_in(lambda: _difference(_numbers_of(reply), expected)):
            for name, value in expected.items():
                if name == "data":
                    expect_bytes("data", value, _unhex(reply.value("data")))
                elif name == "mss":
                    expect_equal("mss", "none" if value is None else str(value), reply.value("mss"))
                else:
                    expect_equal(name, value, reply.number_of(name))

    def serialize(
        self,
        *,
        source: str = SOURCE,
        destination: str = DESTINATION,
        capacity: int | None = None,
        **fields: Any,
    ) -> bytes:
        """A segment is serialised; what scapy reads from the bytes has to be what was asked for,
        with the right checksum. `capacity` is what there is for the bytes, by default enough.
        Returns the bytes."""
        self._lab.transcript.step(
            f"serialize {_fields(fields)}{_within(capacity)}; expected: the same when read"
        )
        raw = self._serialize(source, destination, capacity, fields)
        self._check(raw, source, destination, fields)
        return raw

    def does_not_fit(self, *, capacity: int, **fields: Any) -> None:
        """A segment is to be serialised where there is too little room for its bytes."""
        self._lab.transcript.step(f"serialize {_fields(fields)}{_within(capacity)}; expected: 0")
        raw = self._serialize(SOURCE, DESTINATION, capacity, fields)
        expect_equal("the number of bytes written", 0, len(raw))

    def _serialize(
        self, source: str, destination: str, capacity: int | None, fields: dict[str, Any]
    ) -> bytes:
        words = [f"segment.serialize {source} {destination}"]
        words += [f"{name}={_text(value)}" for name, value in fields.items()]
        words += [] if capacity is None else [f"capacity={capacity}"]
        return self._lab.request(" ".join(words)).hex(0)

    def reply_to_closed(self, *, answer: dict[str, Any] | None, **fields: Any) -> None:
        """What a port without a listener answers to this segment: `answer` None is nothing."""
        self._lab.transcript.step(
            f"a segment for nobody: {_fields(fields)}; expected: "
            + ("no answer" if answer is None else _fields(answer))
        )
        words = ["segment.reply_to_closed"]
        words += [f"{name}={_text(value)}" for name, value in fields.items()]
        reply = self._lab.request(" ".join(words))
        expect_sound_pointer("the payload", reply)
        with differing_in(lambda: _difference_of_answer(reply, answer or {})):
            if answer is None:
                expect_equal("the answer", ["none"], reply.words)
                return
            expect_equal("the answer", [], reply.words)
            for name, value in answer.items():
                expect_equal(name, value, reply.number_of(name))

    def _check(self, raw: bytes, source: str, destination: str, fields: dict[str, Any]) -> None:
        packet = bytes(p.IP(src=source, dst=destination, proto=6) / p.Raw(raw))
        try:
            seen = Segment.dissect(packet, 0, True)
        except p.NotASegment as problem:
            raise_unreadable(raw, problem)
        with differing_in(lambda: _difference_when_read(seen, fields)):
            for name in _NUMBERS:
                expect_equal(name, fields.get(name, 0), getattr(seen, name))
            expect_equal("mss", fields.get("mss"), seen.mss)
        expect_bytes("data", fields.get("data", b""), seen.data)
        expect_equal("the reserved field", 0, raw[12] & 15)
        wrong = options_problem(raw[20 : (raw[12] >> 4) * 4])
        expect_true("the options", not wrong, "whole, and zeros behind their end", wrong)
        expect_equal("checksum", right_checksum(packet), int.from_bytes(raw[16:18], "big"))


def right_checksum(packet: bytes) -> int:
    """The TCP checksum that an IPv4 packet should have, as scapy computes it."""
    copy = p.IP(packet)
    copy[p.TCP].chksum = None
    header = (packet[0] & 15) * 4
    return int.from_bytes(bytes(copy)[header + 16 : header + 18], "big")


def raise_unreadable(raw: bytes, problem: Exception) -> None:
    """Fails the case: the bytes are no segment at all."""
    expect_equal("the bytes", "a TCP segment", f"{raw[:24].hex(' ')} ({problem})")


_NAMES = {
    "source_port": "SRC",
    "destination_port": "DST",
    "seq": "SEQ",
    "ack": "ACK",
    "flags": "CTL",
    "window": "WND",
    "urgent": "UP",
    "mss": "MSS",
}


def _difference(actual: dict[str, Any], expected: dict[str, Any]) -> SegmentDifference:
    """Fields by their names in the cases; None is an option that is not there."""
    fields = []
    for name, label in _NAMES.items():
        if name in actual or name in expected:
            is_asked = name in expected
            wish, value = expected.get(name), actual.get(name)
            if not is_asked and not value:
                continue
            shown = _in_words(name, wish) if is_asked else ""
            fields.append(Field(label, _in_words(name, value), shown, is_asked and wish != value))
    return SegmentDifference(True, True, tuple(fields))


def _in_words(name: str, value: Any) -> str:
    if name == "flags" and value is not None:
        return p.flag_names(value)
    return "none" if value is None else str(value)


def _numbers_of(reply: Reply) -> dict[str, Any]:
    """What a reply tells of a segment's fields."""
    words = {name: reply.values[name] for name in _NAMES if name in reply.values}
    return {name: int(word) if word.isdigit() else None for name, word in words.items()}


def _difference_when_read(seen: Segment, asked: dict[str, Any]) -> SegmentDifference:
    wishes: dict[str, Any] = {name: 0 for name in _NUMBERS}
    wishes |= {"mss": None, **asked}
    actual = {name: getattr(seen, name) for name in _NAMES}
    return _difference(actual, {name: wishes[name] for name in _NAMES})


def _difference_of_answer(reply: Reply, wanted: dict[str, Any]) -> SegmentDifference:
    if "none" in reply.words:
        missing = _difference({}, wanted)
        fields = (replace(one, actual="", differs=False) for one in missing.fields)
        return SegmentDifference(False, True, tuple(fields))
    return replace(_difference(_numbers_of(reply), wanted), expected=bool(wanted))


def _unhex(text: str) -> bytes:
    return b"" if text == "-" else bytes.fromhex(text)


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.hex() or "-"
    return "none" if value is None else str(int(value))


def _within(capacity: int | None) -> str:
    return "" if capacity is None else f" into {capacity} bytes"


def _fields(fields: dict[str, Any]) -> str:
    words = []
    for name, value in fields.items():
        if name == "flags":
            words.append(p.flag_names(value))
        elif isinstance(value, bytes):
            words.append(f"{len(value)} bytes of data")
        else:
            words.append(f"{name}={'none' if value is None else value}")
    return " ".join(words)
