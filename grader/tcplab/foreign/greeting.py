"""Finds out whether a program answers at all, and whether it echoes or discards."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from tcplab.errors import UsageError
from tcplab.foreign.attach import AttachedWire
from tcplab.lab import DUT_ADDRESS, TESTER_ADDRESS
from tcplab.packet import ACK, CIRCLE, PSH, RST, SYN, NotASegment, Segment, craft

_TRIES, _WAIT_S = 3, 1.0
_WORDS = b"tcplab\n"
_ISS = 9293


@dataclass
class Greeting:
    """A short conversation over a wire, from the port `source_port` of the cases to `port`."""

    wire: AttachedWire
    name: str  # of the program, in words
    source_port: int = 40000
    port: int = 80

    def find_mode(self) -> str:
        """echo or discard. Raises UsageError, with one line, if nothing answers."""
        answer = self._open()
        self._send(_ISS + 1, answer.seq + 1, ACK | PSH, _WORDS)
        echo = self._await(lambda one: bool(one.data))
        if echo is not None and not _WORDS.startswith(echo.data):
            raise UsageError(f"{self.name} sends {echo.data[:20]!r}: it should echo, or discard")
        self._send(_ISS + 1 + len(_WORDS), 0, RST)
        return "discard" if echo is None else "echo"

    def _open(self) -> Segment:
        for _ in range(_TRIES):
            self._send(_ISS, 0, SYN)
            answer = self._await(lambda one: one.has(SYN) or one.has(RST))
            if answer is not None and answer.has(RST):
                raise UsageError(f"{self.name} refuses: start the program to be probed first")
            if answer is not None:
                return answer
        raise UsageError(f"nothing answers at {self.name}: is the program running?")

    def _send(self, seq: int, ack: int, flags: int, data: bytes = b"") -> None:
        try:
            self.wire.inject(
                craft(
                    source=TESTER_ADDRESS,
                    destination=DUT_ADDRESS,
                    source_port=self.source_port,
                    destination_port=self.port,
                    seq=seq,
                    ack=ack % CIRCLE,
                    flags=flags,
                    window=65535,
                    data=data,
                )
            )
        except OSError as error:
            raise UsageError(f"nothing can be sent to {self.name}: {error.strerror}") from None

    def _await(self, wanted: Callable[[Segment], bool]) -> Segment | None:
        end = time.monotonic() + _WAIT_S
        while (left := end - time.monotonic()) > 0:
            self.wire.wait(max(int(left * 1000), 1))
            self.wire.gather()
            for raw in self.wire.collect():
                try:
                    segment = Segment.dissect(raw, 0, from_dut=True)
                except NotASegment:
                    continue
                if wanted(segment):
                    return segment
        return None
