"""Runs cases in real time: many at once, for they spend their time waiting.

Each case gets a process of its own, forked from this one, which ends with it.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from tcplab.case import Case
from tcplab.errors import InfrastructureError
from tcplab.foreign.trial import Trial
from tcplab.namespace import become_worker
from tcplab.progress import Progress
from tcplab.result import Outcome

_FORK = multiprocessing.get_context("fork")
_HANG_S = 120.0

Run = Callable[[Case], Trial]


@dataclass
class Team:
    """Runs cases, `at_once` of them at a time. `total` is for the progress bar."""

    run: Run
    at_once: int
    total: int
    progress: Progress
    done: int = 0

    def try_all(self, cases: Sequence[Case]) -> dict[str, Trial]:
        """What came of them, by case id. Raises InfrastructureError when one cannot be run."""
        waiting, working = deque(cases), dict[Connection, _Hand]()
        trials: dict[str, Trial] = {}
        try:
            while waiting or working:
                while waiting and len(working) < self.at_once:
                    hand = _Hand(waiting.popleft(), self.run)
                    working[hand.reports] = hand
                for hand in _finished(working):
                    trials[hand.case.id] = hand.trial()
                    self.done = min(self.done + 1, self.total)
                    self.progress(self.done, self.total, hand.case.id)
            return trials
        finally:
            for hand in working.values():
                hand.dismiss()


class _Hand:
    """A process that runs one case, and our end of its pipe."""

    def __init__(self, case: Case, run: Run):
        self.case = case
        self.reports, theirs = _FORK.Pipe(duplex=False)
        self.process: BaseProcess = _FORK.Process(
            target=_work, args=(case, run, self.reports, theirs), daemon=True
        )
        self.process.start()
        self._started = time.monotonic()
        theirs.close()

    def hangs(self) -> bool:
        return time.monotonic() - self._started > _HANG_S

    def trial(self) -> Trial:
        """What it has reported; it is dismissed. Raises InfrastructureError."""
        try:
            said = None if self.hangs() else self.reports.recv()
        except EOFError:
            said = "a process of the grader died: is the machine out of memory?"
        self.dismiss()
        if isinstance(said, str):
            raise InfrastructureError(said)
        if isinstance(said, Trial):
            return said
        return Trial(Outcome("timeout", f"no end after {_HANG_S:.0f} s"))

    def dismiss(self) -> None:
        if self.process.is_alive():
            self.process.kill()
        self.process.join()
        self.reports.close()


def _finished(working: dict[Connection, _Hand]) -> list[_Hand]:
    """Those that have reported, or never will; they are no longer in `working`."""
    ends = [end for end in wait(list(working), timeout=1.0) if isinstance(end, Connection)]
    ends += [end for end, hand in working.items() if hand.hangs() and end not in ends]
    return [working.pop(end) for end in ends]


def _work(case: Case, run: Run, parents_end: Connection, reports: Connection) -> None:
    become_worker()
    parents_end.close()
    try:
        reports.send(run(case))
    except BrokenPipeError:
        pass  # nobody is interested any more
    except InfrastructureError as error:
        reports.send(str(error))
    except OSError as error:
        reports.send(f"the grader could not go on with {case.id}: {error}")
    finally:
        reports.close()
        os._exit(0)
