"""What is said of a TCP that is to serve the handouts: how far it has come, and where to look."""

from __future__ import annotations

from tcplab.target import Target
from tcplab.kit import Kit
from tcplab.again import launcher_word, quote, target_words
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
    points = f"{last.points:g} of {last.max_points:g} points"
    units = f", {last.units_failed} unit tests fail" if last.units_failed else ""
    return f"checkpoint {last.number} is not passed yet: {points}{units}"


def where_to_look(kit: Kit, tcp: str) -> str:
    """A command that says what such a TCP lacks."""
    if _last(kit, tcp) is None:
        return f"{launcher_word()} grade {quote(tcp)} --mode stack"
    return " ".join([launcher_word(), "status", *target_words(tcp)])


def _last(kit: Kit, tcp: str) -> Standing | None:
    """None if it is no work folder."""
    folder = Target.find(kit, tcp).folder
    return standings(folder, kit.checkpoints())[-1] if (folder / MARK).is_file() else None
