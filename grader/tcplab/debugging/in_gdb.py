"""Runs inside gdb, in gdb's own Python: lets the device run up to the request that matters, and
then stops where the student's code begins. Everything that it knows stands in the file that
TCPLAB_DEBUG names; see session.py.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import gdb

_PLACE = "carry_out"  # of dut.c: obeys one request, and what lies on the wire before it


class _Known:
    """What is known about the case, and how far it has come."""

    def __init__(self) -> None:
        told: dict[str, Any] = json.loads(Path(os.environ["TCPLAB_DEBUG"]).read_text("utf-8"))
        self.skip: int = told["skip"]  # requests
        self.requests: list[str] = told["requests"]  # all of them, in words
        self.whole_stack: list[bool] = told["whole_stack"]  # is it a request to all of it?
        self.functions: list[str] = told["functions"]  # of the file that the case is about
        self.others: list[str] = told["others"]
        self.file: str = told["file"]
        self.folder: str = told["folder"]
        self.intro: list[str] = told["intro"]
        self.ending: list[str] = told["ending"]
        self.news: int = told["news"]
        self.at = 0  # requests that have begun
        self.told = 0  # the last request that the student was told of
        self.is_inside = True  # has this request come to the student's code?
        self.is_scouting = False  # is it only to be seen which requests do?
        self.entered = 0  # the last request that did

    def words(self) -> str:
        return self.requests[self.at - 1] if self.at <= len(self.requests) else "the end"

    def is_to_the_whole_stack(self) -> bool:
        return self.at <= len(self.whole_stack) and self.whole_stack[self.at - 1]


class _Request(gdb.Breakpoint):
    """At the beginning of every request. It stops once, to let the functions be watched."""

    def __init__(self, known: _Known) -> None:
        super().__init__(_PLACE, internal=True)
        self.silent = True
        self.commands = "silent\npython tcplab_watch()\ncontinue"
        self._known = known

    def stop(self) -> bool:
        self._known.at += 1
        self._known.is_inside = False
        return self._known.at == self._known.skip + 1


class _Function(gdb.Breakpoint):
    """At the beginning of one of the student's functions: the first one of each request stops. But
    where the whole stack is at work, others ask it this and that before it has anything to do."""

    def __init__(self, name: str, known: _Known) -> None:
        super().__init__(name, internal=True)
        self.silent = True  # it has no number to be called by
        self._known = known
        self._is_query = _is_query(name)
        self._frees = name.endswith("_free")  # the device frees all in the end, whatever failed

    def stop(self) -> bool:
        if self._known.is_inside or self._frees:
            return False
        if self._is_query and self._known.is_to_the_whole_stack():
            return False
        self._known.is_inside = True
        self._known.entered = self._known.at
        return not self._known.is_scouting


def _is_query(name: str) -> bool:
    """Has it one argument, and only looks at what that points to? To make a thing is no query."""
    function = gdb.lookup_global_symbol(name)
    fields = function.type.fields() if function is not None else []
    if len(fields) != 1 or fields[0].type.code != gdb.TYPE_CODE_PTR or name.endswith("_new"):
        return False
    pointed = fields[0].type.target()
    return bool(pointed == pointed.const())


_known = _Known()
_watched: list[_Function] = []


def tcplab_watch() -> None:
    """From now on the student's functions stop."""
    _watched.extend(_Function(name, _known) for name in _known.functions)


def tcplab_run() -> None:
    """Starts the device. If none of the functions is called from the place to stop at to the end,
    those of the student's other files have to do; then, the last request that did call one."""
    gdb.execute("run")
    if not _known.entered and _known.others:
        _say(
            [f"from there on none of your functions in {_known.file} is called: any other will do"]
        )
        _known.functions += _known.others
        gdb.execute("run")
    if _known.entered:
        return
    _say(["from there on none of your functions is called: back to the last one that is"])
    _known.is_scouting, _known.skip = True, 0
    gdb.execute("run")
    _known.is_scouting, _known.skip = False, max(0, _known.entered - 1)
    if _known.entered:
        gdb.execute("run")
    else:
        _say(["none of your functions is called in this case"])


def _stopped(event: object) -> None:
    if isinstance(event, gdb.BreakpointEvent) and event.breakpoint is _requests:
        return
    if isinstance(event, gdb.SignalEvent) and event.stop_signal != "SIGINT":
        _go_to_own_code()
    if _known.told != _known.at and _known.at > _known.skip:
        _known.told = _known.at
        _say([_known.words()])
    if isinstance(event, gdb.BreakpointEvent) and isinstance(event.breakpoint, _Function):
        _say([gdb.execute("frame", to_string=True).rstrip()])


def _go_to_own_code() -> None:
    """What stopped it is the sanitizer's, or the C library's: up to the student's own frame."""
    frame = gdb.newest_frame()
    while frame is not None:
        table = frame.find_sal().symtab
        if table is not None and os.path.dirname(table.fullname()) == _known.folder:
            frame.select()
            _say([f"in your code: {frame.name()}, {table.filename}:{frame.find_sal().line}"])
            return
        frame = frame.older()


def _exited(event: object) -> None:
    if hasattr(event, "exit_code") and not _known.is_scouting:  # it was not made to
        _say(_known.ending)
    _known.at = _known.told = 0
    for one in _watched:
        one.delete()
    _watched.clear()
    os.write(_known.news, b"!")  # all begins anew, if it is started again


def _say(lines: list[str]) -> None:
    gdb.write("".join(f"{line}\n" for line in lines))
    gdb.flush()


for _setting in ("pagination off", "print pretty on", "breakpoint pending on", "confirm off"):
    gdb.execute(f"set {_setting}")
_requests = _Request(_known)
gdb.events.stop.connect(_stopped)
gdb.events.exited.connect(_exited)
_say(_known.intro)
