"""Checkpoint 3 on the bench. Numbers are relative: the SYN of the other side is 0. They do not
wrap: after 2^32 - 1 comes 2^32."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from tcplab import far
from tcplab.check import expect_equal
from tcplab.components.stream import StreamBench
from tcplab.packet import CIRCLE, signed_distance
from tcplab.transcript import show_bytes

if TYPE_CHECKING:
    from tcplab.lab import Lab


class ReceiverBench:
    """One receiver; `stream` is its inbound stream."""

    def __init__(self, lab: Lab, irs: int, config: Mapping[str, int]):
        self._lab = lab
        self.irs = irs
        self._near = 0  # numbers on the circle are read as the ones nearest to this
        self.identity = lab.new_id()
        knobs = [f"{name}={value}" for name, value in config.items()]
        lab.transcript.step(f"New receiver{' with ' if knobs else ''}{', '.join(knobs)}")
        lab.request(" ".join(["receiver.new", str(self.identity), *knobs]))
        inbound = lab.new_id()
        lab.request(f"receiver.stream {self.identity} {inbound}")
        self.stream = StreamBench(lab, inbound, "inbound stream")

    def receive(
        self,
        seq: int = 0,
        data: bytes = b"",
        *,
        syn: bool = False,
        fin: bool = False,
        psh: bool = False,
    ) -> None:
        """A message arrives. `seq` is that of the SYN if there is one, else of the first byte."""
        flags = [name for name, on in (("syn", syn), ("fin", fin), ("psh", psh)) if on]
        words = "".join(f" {name.upper()}" for name in flags)
        words += f" {show_bytes(data)}" if data else ""
        self._lab.transcript.step(f"receive seq={seq}{words}")
        parts = [f"receiver.receive {self.identity} seq={(self.irs + seq) % CIRCLE}"]
        parts += [f"{name}=1" for name in flags]
        parts += [f"data={data.hex()}"] if data else []
        self._lab.request(" ".join(parts))

    def receive_many(self, first: int, until: int) -> bool:
        """Bytes arrive, from one number up to another; all of them are read, and acknowledged.
        False if the device is too slow for that."""
        self._lab.transcript.step(
            f"receive {until - first:,} bytes from seq={first} on, {far.PIECE:,} at a time;"
            " read and acknowledge them"
        )
        self._near = until

        def request(before: int, now: int) -> str:
            raw = (self.irs + first + before) % CIRCLE
            return f"receiver.churn {self.identity} {raw} {far.PIECE} {now}"

        return far.move(self._lab, "bytes read", request, until - first)

    def send(self, *, ack: int | None = None, window: int | None = None) -> None:
        """Asks for acknowledgment and window, as for a segment that leaves, and compares."""
        wanted = [f"ack={ack}"] if ack is not None else []
        wanted += [f"window={window}"] if window is not None else []
        self._lab.transcript.step(f"send; expected: {', '.join(wanted) or 'anything'}")
        reply = self._lab.request(f"receiver.send {self.identity}")
        if ack is not None:
            expect_equal("has_ack", True, reply.flag_of("has_ack"))
            expect_equal("ack", ack, self._relative(reply.number_of("ack")))
        if window is not None:
            expect_equal("window", window, reply.number_of("window"))

    def send_without_ack(self, *, window: int | None = None) -> None:
        """The same before a SYN: there must be no acknowledgment."""
        words = "" if window is None else f", window={window}"
        self._lab.transcript.step(f"send; expected: no acknowledgment{words}")
        reply = self._lab.request(f"receiver.send {self.identity}")
        expect_equal("has_ack", False, reply.flag_of("has_ack"))
        if window is not None:
            expect_equal("window", window, reply.number_of("window"))

    def acceptable(self, seq: int, length: int, *, gives: bool) -> None:
        """The acceptability test."""
        self._lab.transcript.step(
            f"acceptable(seq={seq}, length={length}); expected: {str(gives).lower()}"
        )
        raw = (self.irs + seq) % CIRCLE
        reply = self._lab.request(f"receiver.acceptable {self.identity} {raw} {length}")
        expect_equal("acceptable", gives, reply.number(0) == 1)

    def expect(
        self,
        *,
        synchronized: bool | None = None,
        rcv_nxt: int | None = None,
        rcv_wnd: int | None = None,
        pending: int | None = None,
        update_due: bool | None = None,
    ) -> None:
        """Compares the queries; what is not named is not checked."""
        named = {
            "synchronized": synchronized,
            "rcv_nxt": rcv_nxt,
            "rcv_wnd": rcv_wnd,
            "pending": pending,
            "update_due": update_due,
        }
        wanted = {name: value for name, value in named.items() if value is not None}
        self._lab.transcript.step(
            "look; expected: "
            + ", ".join(f"{name} {str(value).lower()}" for name, value in wanted.items())
        )
        state = self._lab.request(f"receiver.state {self.identity}")
        for name, value in wanted.items():
            actual: int | bool = state.number_of(name)
            if name == "rcv_nxt":
                actual = self._relative(actual)
            expect_equal(name, value, bool(actual) if isinstance(value, bool) else actual)

    def _relative(self, raw: int) -> int:
        return self._near + signed_distance((self.irs + self._near) % CIRCLE, raw)
