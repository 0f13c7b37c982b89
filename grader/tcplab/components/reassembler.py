"""Checkpoint 2 on the bench."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tcplab.check import expect_equal
from tcplab.components.stream import StreamBench
from tcplab.transcript import show_bytes

if TYPE_CHECKING:
    from tcplab.lab import Lab


class ReassemblerBench:
    """One reassembler, and the stream that it writes to: `stream`."""

    def __init__(self, lab: Lab, capacity: int):
        self._lab = lab
        self.identity = lab.new_id()
        self.stream = StreamBench.new(lab, capacity)
        lab.request(f"reassembler.new {self.identity} {self.stream.identity}")

    def insert(self, index: int, data: bytes, *, last: bool = False) -> None:
        """A piece arrives, whose first byte has this index in the stream."""
        end = ", the last" if last else ""
        self._lab.transcript.step(f"insert at {index}: {show_bytes(data)}{end}")
        self._lab.request(
            f"reassembler.insert {self.identity} {index} {data.hex() or '-'} {int(last)}"
        )

    def expect(self, *, pending: int) -> None:
        """So many bytes are held for later."""
        self._lab.transcript.step(f"look; expected: bytes_pending {pending}")
        actual = self._lab.request(f"reassembler.pending {self.identity}").number(0)
        expect_equal("bytes_pending", pending, actual)

    def expect_delivered(self, data: bytes) -> None:
        """Reads the stream: exactly these bytes have been delivered since the last read."""
        self.stream.read(1 << 16, gives=data)

    def expect_finished(self, finished: bool = True) -> None:
        """The stream has ended and was read to its end; or not."""
        self.stream.expect(finished=finished)
