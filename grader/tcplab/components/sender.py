"""Checkpoint 4 on the bench. Numbers are relative: the sender's own SYN is 0. They do not wrap:
after 2^32 - 1 comes 2^32.

The sequence numbers of the other side (`seq` of what it receives) are relative to nothing: small
numbers that only have to grow.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from tcplab import far
from tcplab.check import differing_in, expect_bytes, expect_equal, expect_true
from tcplab.components.borrowed import expect_sound_pointer
from tcplab.components.stream import StreamBench
from tcplab.difference import SegmentDifference
from tcplab.dut import Reply
from tcplab.errors import CaseFailed
from tcplab.fields import compared
from tcplab.packet import CIRCLE, signed_distance
from tcplab.transcript import show_bytes

if TYPE_CHECKING:
    from tcplab.lab import Lab


class SenderBench:
    """One sender; `stream` is its outbound stream."""

    def __init__(self, lab: Lab, isn: int, config: Mapping[str, int]):
        self._lab = lab
        self.isn = isn
        self._near = 0  # numbers on the circle are read as the ones nearest to this
        self.identity = lab.new_id()
        knobs = [f"{name}={int(value)}" for name, value in config.items()]
        lab.transcript.step(f"New sender{' with ' if knobs else ''}{', '.join(knobs)}")
        lab.request(" ".join(["sender.new", str(self.identity), f"isn={isn % CIRCLE}", *knobs]))
        outbound = lab.new_id()
        lab.request(f"sender.stream {self.identity} {outbound}")
        self.stream = StreamBench(lab, outbound, "outbound stream")

    # --- what is done to it ----------------------------------------------------------------------

    def open(self, *, window: int = 65535, mss: int | None = None) -> None:
        """The handshake: a SYN goes out, and is acknowledged with this window."""
        self.expect_segment(seq=0, syn=True)
        if mss is not None:
            self.set_mss(mss)
        self.receive(ack=1, window=window, seq=0)

    def write(self, data: bytes, *, accepts: int | None = None) -> None:
        """The application writes."""
        self.stream.write(data, accepts=accepts)

    def write_many(self, first: int, until: int) -> bool:
        """The application writes bytes, from the number `first` up to `until`; all are sent,
        and acknowledged. False if the device is too slow for that."""
        self._lab.transcript.step(
            f"write {until - first:,} bytes, {far.PIECE:,} at a time; acknowledge all that is sent"
        )
        self._near = until

        def request(_before: int, now: int) -> str:
            return f"sender.churn {self.identity} {far.PIECE} {now}"

        return far.move(self._lab, "bytes acknowledged", request, until - first)

    def close(self) -> None:
        """The application closes the stream: a FIN is wanted after its last byte."""
        self.stream.close()

    def receive(
        self, *, ack: int | None = None, window: int = 65535, seq: int | None = None
    ) -> None:
        """An acknowledgment and a window arrive. Without `ack`, has_ack is false."""
        words = f"ack={ack} " if ack is not None else "no ack, "
        words += f"window={window}" + (f" seq={seq}" if seq is not None else "")
        self._lab.transcript.step(f"receive {words}")
        parts = [f"sender.receive {self.identity} window={window}"]
        parts += [f"ack={(self.isn + ack) % CIRCLE}"] if ack is not None else []
        parts += [f"seq={seq % CIRCLE}"] if seq is not None else []
        self._lab.request(" ".join(parts))

    def tick(self, ms: int) -> None:
        """Time passes, in one call."""
        self._lab.transcript.step(f"tick {ms}")
        self._lab.request(f"sender.tick {self.identity} {ms}")

    def set_mss(self, mss: int) -> None:
        self._lab.transcript.step(f"set_mss {mss}")
        self._lab.request(f"sender.mss {self.identity} {mss}")

    def set_nagle(self, on: bool) -> None:
        self._lab.transcript.step(f"set_nagle {str(on).lower()}")
        self._lab.request(f"sender.nagle {self.identity} {int(on)}")

    # --- what comes out of it --------------------------------------------------------------------

    def expect_segment(
        self,
        *,
        seq: int | None = None,
        data: bytes | None = None,
        begins: bytes | None = None,
        length: int | None = None,
        syn: bool | None = None,
        fin: bool | None = None,
        psh: bool | None = None,
    ) -> None:
        """The next segment has these fields; what is not named is not checked. `begins`: it has
        some of these bytes, from the first on, or all; where it may be cut in more than one way."""
        named: dict[str, object] = {"seq": seq, "data": data, "from the first on": begins}
        named |= {"length": length, "syn": syn, "fin": fin, "psh": psh}
        wanted = {name: value for name, value in named.items() if value is not None}
        self._lab.transcript.step(f"next; expected: {_fields(wanted)}")
        reply = self._next()
        if reply.words[:1] == ["none"]:
            missing = SegmentDifference(False, True, compared({}, _named(wanted), {}))
            raise CaseFailed("no segment came", "segment", _fields(wanted), "none", missing)
        payload = _payload(reply)
        self._lab.transcript.detail(self._describe(reply, payload))
        with differing_in(lambda: self._difference(reply, wanted)):
            for name, value in wanted.items():
                self._check_field(reply, payload, name, value)

    def _check_field(self, reply: Reply, payload: bytes, name: str, value: object) -> None:
        if name == "data":
            assert isinstance(value, bytes)
            expect_bytes("data", value, payload)
        elif name == "from the first on":
            assert isinstance(value, bytes)
            expect_true("the payload", bool(payload), "some bytes", "none")
            expect_bytes("data", value[: max(len(payload), 1)], payload)
        elif name == "length":
            expect_equal("length", value, len(payload))
        elif name == "seq":
            expect_equal("seq", value, self._relative(reply.number_of("seq")))
        else:
            expect_equal(name, value, reply.flag_of(name))

    def expect_nothing(self) -> None:
        """There is no segment to send now."""
        self._lab.transcript.step("next; expected: no segment")
        reply = self._next()
        if reply.words[:1] != ["none"]:
            words = self._describe(reply, _payload(reply))
            raise CaseFailed(
                f"{words} came, expected no segment",
                "segment",
                "none",
                words,
                self._difference(reply, {}),
            )

    def expect_data(self, data: bytes, *, seq: int | None = None, fin: bool | None = None) -> None:
        """These bytes come now, all of them, in segments of any size; `fin`: on the last one."""
        self._lab.transcript.step(f"next, until all came; expected: {show_bytes(data)}")
        got = b""
        at = seq
        while len(got) < len(data):
            reply = self._next()
            if reply.words[:1] == ["none"]:
                break
            payload = _payload(reply)
            self._lab.transcript.detail(self._describe(reply, payload))
            got += payload
            wanted = {} if at is None else {"seq": at}
            wanted |= {} if fin is None else {"fin": fin and len(got) == len(data)}
            with differing_in(lambda: self._difference(reply, wanted)):
                if at is not None:
                    expect_equal("seq", at, self._relative(reply.number_of("seq")))
                    at += len(payload)
                expect_true("the payload", bool(payload), "some bytes", "none")
                if fin is not None:
                    expect_equal("fin", wanted["fin"], reply.flag_of("fin"))
        expect_bytes("data", data, got)

    def expect(
        self,
        *,
        in_flight: int | None = None,
        consecutive: int | None = None,
        rto: int | None = None,
        snd_una: int | None = None,
        snd_nxt: int | None = None,
        syn_acked: bool | None = None,
        fin_acked: bool | None = None,
    ) -> None:
        """Compares the queries; what is not named is not checked."""
        named = {
            "in_flight": in_flight,
            "consecutive": consecutive,
            "rto": rto,
            "snd_una": snd_una,
            "snd_nxt": snd_nxt,
            "syn_acked": syn_acked,
            "fin_acked": fin_acked,
        }
        wanted = {name: value for name, value in named.items() if value is not None}
        self._lab.transcript.step(
            "look; expected: "
            + ", ".join(f"{name} {str(value).lower()}" for name, value in wanted.items())
        )
        state = self._lab.request(f"sender.state {self.identity}")
        for name, value in wanted.items():
            actual: int | bool = state.number_of(name)
            if name in ("snd_una", "snd_nxt"):
                actual = self._relative(actual)
            expect_equal(name, value, bool(actual) if isinstance(value, bool) else actual)

    def _next(self) -> Reply:
        reply = self._lab.request(f"sender.next {self.identity}")
        expect_sound_pointer("the payload", reply)
        return reply

    def _relative(self, raw: int) -> int:
        return self._near + signed_distance((self.isn + self._near) % CIRCLE, raw)

    def _difference(self, reply: Reply, wanted: Mapping[str, object]) -> SegmentDifference:
        payload = _payload(reply)
        actual: dict[str, object] = {
            "seq": self._relative(reply.number_of("seq")),
            "length": len(payload),
            "data": payload,
            **{name: reply.flag_of(name) for name in _FLAGS},
        }
        shown = {
            "SEQ": str(actual["seq"]),
            "CTL": " ".join(name.upper() for name in _FLAGS if actual[name]) or "no flags",
            "LEN": str(len(payload)),
            "DATA": show_bytes(payload, 12) if payload else "",
        }
        return SegmentDifference(True, bool(wanted), compared(shown, _named(wanted), actual))

    def _describe(self, reply: Reply, payload: bytes) -> str:
        flags = [name.upper() for name in _FLAGS if reply.flag_of(name)]
        seq = self._relative(reply.number_of("seq"))
        words = [" ".join(flags) or "data", f"seq={seq}"]
        words += [f"len={len(payload)} {show_bytes(payload)}"] if payload else []
        return " ".join(words)


_FLAGS = ("syn", "fin", "psh")


def _named(wanted: Mapping[str, object]) -> dict[str, object]:
    """The fields that have a name in the header."""
    return {name: value for name, value in wanted.items() if name != "from the first on"}


def _payload(reply: Reply) -> bytes:
    return bytes.fromhex(reply.value("data")) if reply.value("data") != "-" else b""


def _fields(wanted: Mapping[str, object]) -> str:
    words = []
    for name, value in wanted.items():
        if isinstance(value, bool):
            words.append(name.upper() if value else f"no {name.upper()}")
        elif isinstance(value, bytes):
            words.append(show_bytes(value))
        else:
            words.append(f"{name}={value}")
    return " ".join(words) or "a segment"
