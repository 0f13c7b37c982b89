"""What is said of a TCP that is to serve the handouts: how far it has come, and where to look."""

from __future__ import annotations

import shlex

from tcplab.build import Target
from tcplab.kit import Kit
from tcplab.work.folder import MARK
from tcplab.work.record import Standing, standings


def words_before(kit: Kit, tcp: str) -> str | None:
    """How the last checkpoint stands: a line, or None if nothing is known of it."""
    last = _last(kit, tcp)
    if last is None or last.points is None:
        return None
    if last.is_done:
        return f"checkpoint {last.number} is passed: congratulations"
    if not last.is_current:
        return f"your files have changed since checkpoint {last.number} was checked"
    return (
        f"checkpoint {last.number} is not passed yet: {last.points:g} of {last.max_points:g} points"
    )


def where_to_look(kit: Kit, tcp: str) -> str:
    """A command that says what such a TCP lacks."""
    if _last(kit, tcp) is None:
        return f"./tcplab grade {shlex.quote(tcp)} --mode stack"
    return f"./tcplab status {shlex.quote(tcp)}"


def _last(kit: Kit, tcp: str) -> Standing | None:
    """None if it is no work folder."""
    folder = Target.find(kit, tcp).folder
    return standings(folder, kit.checkpoints())[-1] if (folder / MARK).is_file() else None
