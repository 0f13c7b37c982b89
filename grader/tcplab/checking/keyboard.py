"""Single keys from a terminal, without waiting for the end of a line."""

from __future__ import annotations

import os
import sys
import termios
import tty
from types import TracebackType


class Keyboard:
    """Standard input while it gives single keys; `fd` is None if it is no terminal. However the
    block ends, the terminal is as it was before. Ctrl-C interrupts as ever."""

    fd: int | None = None

    def __enter__(self) -> Keyboard:
        if sys.stdin is not None and sys.stdin.isatty():
            self.fd = sys.stdin.fileno()
            self._before = termios.tcgetattr(self.fd)
            tty.setcbreak(self.fd, termios.TCSANOW)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.fd is not None:
            termios.tcsetattr(self.fd, termios.TCSANOW, self._before)

    def read(self) -> str:
        """The keys that were pressed. At the end of input, it is one no more."""
        assert self.fd is not None
        try:
            keys = os.read(self.fd, 64)
        except OSError:
            keys = b""
        if not keys:
            self.fd = None
        return keys.decode("ascii", errors="ignore")
