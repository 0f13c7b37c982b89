"""One check in a process of its own, so that it can be given up at any time."""

from __future__ import annotations

import json
import os
import select
import signal
import sys
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from tcplab.errors import InfrastructureError
from tcplab.harmless import harmless
from tcplab.namespace import adopt_orphans, bury_orphans, die_with_parent

_INTERRUPTS = (signal.SIGINT, signal.SIGTERM)
_END_S = 5.0  # for a check to end everything that it has started

Work = Callable[[], Mapping[str, Any]]


class Child:
    """A process that does some work, and tells what came of it. It is a copy of this one, in which
    everything is loaded already; this one must have no threads."""

    def __init__(self, work: Work):
        self.fd, theirs = os.pipe()
        parent = os.getpid()
        sys.stdout.flush()
        sys.stderr.flush()
        adopt_orphans()
        # An interrupt waits until it is clear which of the two it finds.
        signal.pthread_sigmask(signal.SIG_BLOCK, _INTERRUPTS)
        try:
            self._pid = os.fork()
            if self._pid == 0:
                os.close(self.fd)
                _live(work, parent, theirs)
            os.close(theirs)
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _INTERRUPTS)

    def result(self) -> Mapping[str, Any]:
        """When `fd` can be read: what came of it; nothing if it failed, and has said so."""
        raw = bytearray()
        while chunk := os.read(self.fd, 1 << 16):
            raw += chunk
        self._bury()
        try:
            record = json.loads(raw)
        except ValueError:
            return {}
        return record if isinstance(record, dict) else {}

    def give_up(self) -> None:
        """Ends it, and waits until nothing of it is left."""
        os.kill(self._pid, signal.SIGTERM)
        while select.select([self.fd], [], [], _END_S)[0]:
            if not os.read(self.fd, 1 << 16):
                break
        else:
            os.kill(self._pid, signal.SIGKILL)
        self._bury()

    def _bury(self) -> None:
        os.waitpid(self._pid, 0)
        os.close(self.fd)
        bury_orphans()


def _end(number: int, frame: object) -> None:
    """Once: whoever tidies up is not to be interrupted."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt


def _live(work: Work, parent: int, out: int) -> NoReturn:
    """The life of such a process. Only the terminal's owner decides what an interrupt means."""
    status = 1
    try:
        die_with_parent(parent)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, _end)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _INTERRUPTS)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        record = work()
        sys.stdout.flush()
        os.write(out, json.dumps(record).encode("ascii"))
        status = 0
    except KeyboardInterrupt:
        pass  # it was given up
    except (InfrastructureError, OSError) as error:
        print(f"tcplab: {harmless(str(error))}", file=sys.stderr, flush=True)
    except BaseException as error:
        words = harmless(f"{type(error).__name__}: {error}")
        print(f"tcplab: a mistake in the kit: {words}", file=sys.stderr, flush=True)
    finally:
        os._exit(status)
