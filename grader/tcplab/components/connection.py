"""The second half of checkpoint 5 on the bench: a connection by itself, call by call. No wire, no
stack, no clock. Numbers are relative: the SYN is 0, the first byte 1, each way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from tcplab import packet as p
from tcplab.check import differing_in, expect_bytes, expect_equal, expect_true
from tcplab.components.borrowed import expect_sound_pointer
from tcplab.difference import SegmentDifference
from tcplab.fields import compared
from tcplab.packet import CIRCLE, signed_distance
from tcplab.transcript import show_bytes

if TYPE_CHECKING:
    from tcplab.dut import Reply
    from tcplab.lab import Lab

LOCAL_PORT, REMOTE_PORT = 80, 40000
_FLAGS = {"fin": p.FIN, "syn": p.SYN, "rst": p.RST, "psh": p.PSH, "has_ack": p.ACK}


class ConnectionBench:
    """One connection, which is told its initial sequence number."""

    def __init__(self, lab: Lab, config: Mapping[str, int]):
        self._lab = lab
        self.identity = lab.new_id()
        self.isn, self.irs = lab.isn(), lab.isn()
        knobs = [f"{name}={value}" for name, value in config.items()]
        lab.transcript.step(f"New connection{' with ' if knobs else ''}{', '.join(knobs)}")
        lab.request(" ".join([f"tcp.new {self.identity} isn={self.isn}", *knobs]))

    # --- the application ---------------------------------------------------------------------

    def open(
        self,
        *,
        passive: bool = False,
        gives: bool = True,
        local_port: int = LOCAL_PORT,
        remote_port: int = REMOTE_PORT,
    ) -> None:
        """OPEN, active unless told otherwise; `gives` is what the call has to return."""
        self._step(f"{'passive' if passive else 'active'} OPEN; expected: {str(gives).lower()}")
        ports = f"{local_port}" if passive else f"{local_port} {remote_port}"
        reply = self._lab.request(f"tcp.open {self.identity} {ports}")
        expect_equal("what OPEN returns", gives, bool(reply.number(0)))

    def write(self, data: bytes, *, accepts: int | None = None) -> None:
        """SEND; `accepts` is how many bytes have to be taken, by default all."""
        accepts = len(data) if accepts is None else accepts
        self._step(f"SEND {show_bytes(data)}; expected: {accepts} accepted")
        reply = self._lab.request(f"tcp.write {self.identity} {data.hex() or '-'}")
        expect_equal("the number of bytes accepted", accepts, reply.number(0))

    def read(self, most: int, *, gives: bytes) -> None:
        """RECEIVE, once."""
        self._step(f"RECEIVE up to {most}; expected: {show_bytes(gives)}")
        reply = self._lab.request(f"tcp.read {self.identity} {most}")
        expect_bytes("the bytes read", gives, reply.hex(0))

    def close(self) -> None:
        self._step("CLOSE")
        self._lab.request(f"tcp.shutdown {self.identity}")

    def abort(self) -> None:
        self._step("ABORT")
        self._lab.request(f"tcp.abort {self.identity}")

    def nagle(self, on: bool) -> None:
        self._step(f"Nagle {'on' if on else 'off'}")
        self._lab.request(f"tcp.nagle {self.identity} {int(on)}")

    def expect(self, **wanted: str | int | bool) -> None:
        """Compares the queries: state, error, readable, writable, unacknowledged, eof, local_port,
        remote_port. What is not named is not checked."""
        words = ", ".join(f"{name}={value}" for name, value in wanted.items())
        self._step(f"look; expected: {words}")
        reply = self._lab.request(f"tcp.state {self.identity}")
        for name, value in wanted.items():
            if isinstance(value, str):
                expect_equal(name, value, reply.value(name))
            else:
                expect_equal(name, int(value), reply.number_of(name))

    def state(self) -> str:
        """The state, to go by."""
        return self._lab.request(f"tcp.state {self.identity}").value("state")

    def max_retransmissions(self, count: int) -> None:
        self._step(f"at most {count} retransmissions")
        self._lab.request(f"tcp.max_retransmissions {self.identity} {count}")

    # --- events --------------------------------------------------------------------------------

    def tick(self, ms: int) -> None:
        """So much time has passed, in one call."""
        self._step(f"tick {ms} ms")
        self._lab.request(f"tcp.tick {self.identity} {ms}")

    def arrive(
        self,
        seq: int = 0,
        *,
        ack: int | None = None,
        data: bytes = b"",
        syn: bool = False,
        fin: bool = False,
        rst: bool = False,
        window: int = 65535,
        port: int = REMOTE_PORT,
    ) -> None:
        """A segment of the peer's arrives, from `port`."""
        flags = syn * p.SYN | fin * p.FIN | rst * p.RST | (ack is not None) * p.ACK
        names = [name.upper() for name, on in (("syn", syn), ("fin", fin), ("rst", rst)) if on]
        names += [f"ack={ack}"] if ack is not None else []
        names += [show_bytes(data)] if data else []
        self._step(" ".join(["a segment arrives: seq=" + str(seq), *names]))
        self._lab.request(
            f"tcp.arrive {self.identity} source_port={port} destination_port={LOCAL_PORT}"
            f" seq={(self.irs + seq) % CIRCLE} ack={(self.isn + (ack or 0)) % CIRCLE}"
            f" flags={flags} window={window} data={data.hex() or '-'}"
        )

    def expect_segment(
        self,
        *,
        seq: int | None = None,
        ack: int | None = None,
        data: bytes | None = None,
        port: int | None = None,
        **flags: bool,
    ) -> int:
        """The next segment has these fields. Flags: syn fin rst psh has_ack. Returns what it
        acknowledges: a SYN may come with text that is taken, or left for later."""
        named = {"seq": seq, "ack": ack, "data": data, "port": port, **flags}
        wanted = {name: value for name, value in named.items() if value is not None}
        words = " ".join(f"{name}={value!r}" for name, value in wanted.items())
        self._step(f"next segment; expected: {words or 'any'}")
        reply = self._next()
        with differing_in(lambda: self._difference(reply, wanted)):
            expect_true("the next segment", "none" not in reply.words, words or "one", "none")
            got = reply.number_of("flags")
            for name, on in flags.items():
                expect_equal(name, on, bool(got & _FLAGS[name]))
            if seq is not None:
                expect_equal("seq", seq, (reply.number_of("seq") - self.isn) % CIRCLE)
            if ack is not None:
                expect_equal("the ACK flag", True, bool(got & p.ACK))
                expect_equal("ack", ack % CIRCLE, (reply.number_of("ack") - self.irs) % CIRCLE)
            if data is not None:
                expect_bytes("data", data, _payload(reply))
        if port is not None:
            expect_equal("the port it goes to", port, reply.number_of("destination_port"))
        return (reply.number_of("ack") - self.irs) % CIRCLE

    def expect_nothing(self) -> None:
        """There is no segment to send."""
        self._step("next segment; expected: none")
        reply = self._next()
        with differing_in(lambda: self._difference(reply, {})):
            expect_equal("the next segment", ["none"], reply.words)

    def drain(self) -> None:
        """Takes all segments that are to be sent, whatever they are."""
        self._step("all segments that are waiting are taken")
        for _ in range(100):
            if "none" in self._next().words:
                return
        expect_true("the number of segments", False, "an end", "more than 100")

    def establish(self, *, passive: bool = False) -> None:
        """To ESTABLISHED, by either kind of OPEN."""
        self.open(passive=passive)
        if passive:
            self.arrive(0, syn=True)
            self.expect_segment(seq=0, ack=1, syn=True)
            self.arrive(1, ack=1)
        else:
            self.expect_segment(seq=0, syn=True, has_ack=False)
            self.arrive(0, ack=1, syn=True)
            self.expect_segment(seq=1, ack=1, syn=False)
        self.expect(state="ESTABLISHED", error="none")

    # --- inside --------------------------------------------------------------------------------

    def _difference(self, reply: Reply, wanted: Mapping[str, object]) -> SegmentDifference:
        wishes = {name: value for name, value in wanted.items() if name != "port"}
        if "none" in reply.words:
            return SegmentDifference(False, True, compared({}, wishes, {}))
        flags, payload = reply.number_of("flags"), _payload(reply)
        actual: dict[str, object] = {
            "seq": signed_distance(self.isn, reply.number_of("seq")),
            "ack": signed_distance(self.irs, reply.number_of("ack")) if flags & p.ACK else None,
            "data": payload,
            **{name: bool(flags & bit) for name, bit in _FLAGS.items()},
        }
        shown = {
            "SEQ": str(actual["seq"]),
            "ACK": str(actual["ack"]) if flags & p.ACK else "",
            "CTL": p.flag_names(flags),
            "WND": str(reply.number_of("window")),
            "LEN": str(len(payload)),
            "DATA": show_bytes(payload, 12) if payload else "",
        }
        return SegmentDifference(True, bool(wanted), compared(shown, wishes, actual))

    def _next(self) -> Reply:
        reply = self._lab.request(f"tcp.next {self.identity}")
        expect_sound_pointer("the payload", reply)
        return reply

    def _step(self, text: str) -> None:
        self._lab.transcript.step(f"connection: {text}")


def _payload(reply: Reply) -> bytes:
    text = reply.value("data")
    return b"" if text == "-" else bytes.fromhex(text)
