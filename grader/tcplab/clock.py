"""The virtual clock. It stands still unless a case moves it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tcplab.lab import Lab

# A longer way is gone in pieces, so that no single request takes a time that looks like a hang.
_PIECE_MS = 10_000


class Clock:
    """Milliseconds since the stack was made."""

    def __init__(self, lab: Lab):
        self._lab = lab
        self.now = 0

    def advance(self, ms: int) -> None:
        """Lets `ms` milliseconds pass; packets that become due arrive with their time."""
        self._lab.transcript.step(f"{ms} ms pass")
        self.pass_quietly(ms)

    def latest(self, ms: int) -> int:
        """How long to wait for what has to come within `ms`. Virtual time is exact."""
        return ms

    def earliest(self, ms: int) -> int:
        """After how many ms something may come that must not come before `ms`."""
        return ms

    def silence(self, ms: int) -> int:
        """For how long to watch a silence of `ms`."""
        return ms

    def pass_quietly(self, ms: int) -> None:
        """The same, as part of another step."""
        self._lab.stack()
        while ms > 0:
            piece = min(ms, _PIECE_MS)
            self.now += piece
            self._lab.request_stack(f"clock.advance {piece}")
            self._lab.capture.advanced(self.now)
            ms -= piece
