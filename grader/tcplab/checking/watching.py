"""`check --watch`: a check after each save, and single keys.

       this process ── looks at the files, listens to the keyboard
             └── child ── one check; given up as soon as a file is saved again
"""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console

from tcplab.checking.child import Child
from tcplab.checking.early import Early
from tcplab.checking.following import following, root_cause
from tcplab.checking.keyboard import Keyboard
from tcplab.checking.saves import LOOK_S, Saves
from tcplab.checking.session import check
from tcplab.kit import Kit
from tcplab.report.check_terminal import CheckScreen
from tcplab.runner import Plan
from tcplab.runner import select as select_cases
from tcplab.work.record import standings

_CLEAR = "\x1b[H\x1b[2J\x1b[3J"
_KEYS = "n next   h hint   t trace   a all failures   ? keys   q quit"
_HELP = """
n  go on to the next checkpoint that is unfinished
h  a hint about this checkpoint; again, the next one
t  the ladder of the failure that is explained
a  check again, and give each failure its line, however many there are
?  these keys
q  end; Ctrl-C does so as well
"""


@dataclass
class _State:
    """What is watched, and what is known of it."""

    plan: Plan
    folder: Path
    root: Path | None  # if it is a work folder
    cause: str = ""  # the case that was explained last
    shows_all: bool = False
    note: str = ""  # a line above the check

    @property
    def number(self) -> int:
        [number] = self.plan.checkpoints
        return number


def watch(plan: Plan, folder: Path, root: Path | None) -> None:
    """Checks now and after each save, until `q` or an interrupt."""
    select_cases(Kit.find(), plan)  # loads all cases, once and not for each check
    state = _State(plan, folder, root)
    with Keyboard() as keyboard:
        _Loop(state, keyboard).run()


class _Loop:
    """The life of the watching process."""

    def __init__(self, state: _State, keyboard: Keyboard):
        self._state = state
        self._keyboard = keyboard
        self._saves = Saves(state.folder)
        self._child: Child | None = None

    def run(self) -> None:
        try:
            self._check()
            while True:
                if self._saves.look():
                    self._state.shows_all = False
                    self._check()
                ready = self._wait()
                if self._child is not None and self._child.fd in ready:
                    self._finish(self._child)
                if self._keyboard.fd is not None and self._keyboard.fd in ready:
                    if any(self._press(key) for key in self._keyboard.read()):
                        return
        finally:
            self._give_up()

    def _wait(self) -> list[int]:
        """Until something happens, or it is time to look at the files."""
        fds = [] if self._child is None else [self._child.fd]
        fds += [] if self._keyboard.fd is None else [self._keyboard.fd]
        return select.select(fds, [], [], LOOK_S)[0]

    # --- checks --------------------------------------------------------------------------------

    def _check(self, note: str = "") -> None:
        self._give_up()
        self._state.note = note
        if sys.stdout.isatty():
            print(_CLEAR, end="")
        if note:
            print(note, flush=True)
        state = self._state
        self._child = Child(lambda: _check_once(state))

    def _give_up(self) -> None:
        if self._child is not None:
            child, self._child = self._child, None
            child.give_up()

    def _finish(self, child: Child) -> None:
        self._child = None
        result = child.result()
        self._state.cause = str(result.get("cause", self._state.cause))
        self._prompt()

    def _prompt(self) -> None:
        keys = _KEYS if self._keyboard.fd is not None else "Ctrl-C ends it"
        print(f"\nwatching {len(self._saves.names)} files   {keys}", flush=True)

    # --- keys ----------------------------------------------------------------------------------

    def _press(self, key: str) -> bool:
        """Does what a key is for; True if that is to end."""
        if key == "q":
            return True
        if key == "n":
            self._go_on()
        elif key == "a":
            self._state.shows_all = True
            self._check()
        elif key == "?" and self._child is None:
            print(_HELP, end="")
            self._prompt()
        elif key == "h" and self._child is None:
            self._command("hint", str(self._state.number))
        elif key == "t" and self._child is None and self._state.cause:
            plan = self._state.plan
            words = [self._state.cause, str(self._state.folder), "--mode", plan.mode]
            self._command("trace", *words, "--seed", str(plan.seed))
        return False

    def _go_on(self) -> None:
        before, following_number = self._state.number, _next_number(self._state)
        self._state.plan = replace(self._state.plan, checkpoints=(following_number,))
        self._state.cause = ""
        self._state.shows_all = False
        self._check(_how_it_goes_on(before, following_number))

    def _command(self, *words: str) -> None:
        """Another command of the command line, in a process of its own."""
        from tcplab.cli import main

        def work() -> Mapping[str, Any]:
            os.chdir(self._state.folder)
            return {"status": main(list(words))}

        self._child = Child(work)


def _next_number(state: _State) -> int:
    """The next checkpoint that is unfinished, after the last one the first; the next at all if
    that is not known."""
    checkpoints = Kit.find().checkpoints()
    after: list[int] = [*range(state.number + 1, len(checkpoints)), *range(state.number)]
    if state.root is None:
        return after[0]
    done = {one.number for one in standings(state.root, checkpoints) if one.is_done}
    return next((number for number in after if number not in done), state.number)


def _how_it_goes_on(before: int, after: int) -> str:
    """Where the next checkpoint is none further on: why."""
    if after == before:
        return f"all others are done: checkpoint {before} again"
    if after < before:
        return f"after checkpoint {before} nothing is left: back to checkpoint {after}"
    return ""


def _check_once(state: _State) -> Mapping[str, Any]:
    """In the child: one check, and what the parent has to know of it."""
    screen = CheckScreen(
        Console(),
        state.folder,
        fits=not state.shows_all,
        above=1 if state.note else 0,
        names_all=state.shows_all,
    )
    with Early(state.plan) as early:
        checked = check(state.plan, early, screen)
    screen.end(checked, following(checked, state.plan, state.root))
    cause = root_cause(checked)
    return {"passed": checked.passed, "cause": cause.id if cause is not None else ""}
