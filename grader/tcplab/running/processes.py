"""Starting processes, waiting for them, and ending them."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from tcplab.errors import UsageError
from tcplab.namespace import die_with_parent, fix_addresses

_ENDING_S = 2.0  # from being asked to end to being made to
_LINGERING_S = 0.5  # for a program at the other end that is about to end by itself
_INTERRUPTS = {signal.SIGINT, signal.SIGTERM}


@contextmanager
def descriptor_of(process: subprocess.Popen[bytes]) -> Iterator[int]:
    """One that becomes readable when the process ends; it must not have been waited for."""
    descriptor = os.pidfd_open(process.pid)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def end(process: subprocess.Popen[bytes], patience_s: float = _ENDING_S) -> bool:
    """Asks it to end; False if it had to be made."""
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(patience_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return False
    return True


def dismiss(process: subprocess.Popen[bytes]) -> None:
    """The same for a whole group of processes, which may end by itself."""
    try:
        process.wait(_LINGERING_S)
    except subprocess.TimeoutExpired:
        pass
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except (ProcessLookupError, PermissionError):
            break  # nobody is left in it
        try:
            process.wait(_ENDING_S)
        except subprocess.TimeoutExpired:
            continue
    process.wait()


@contextmanager
def started(
    words: Sequence[str],
    ending: Callable[[subprocess.Popen[bytes]], object] = end,
    fixed: bool = False,
    **options: Any,
) -> Iterator[subprocess.Popen[bytes]]:
    """A process, which has ended when the block has. An interrupt waits until it is known what has
    to be ended. `fixed`: it is laid out in memory as it always is, like a device that is graded.
    Raises UsageError if there is nothing of this name to be started."""
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, _INTERRUPTS)
    try:
        process = _start(words, mask, fixed, options)
        try:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            yield process
        finally:
            ending(process)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _start(
    words: Sequence[str], mask: set[int | signal.Signals], fixed: bool, options: dict[str, Any]
) -> subprocess.Popen[bytes]:
    def prepare() -> None:
        die_with_parent()
        if fixed:
            fix_addresses()
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)

    try:
        return subprocess.Popen(words, preexec_fn=prepare, **options)
    except FileNotFoundError:
        raise UsageError(f"{words[0]}: there is no such program") from None
    except PermissionError:
        raise UsageError(f"{words[0]}: this is no program that you may start") from None
