"""What is said of a TCP that is to serve the handouts: how far it has come, and where to look."""

from __future__ import annotations

from collections.abc import Sequence

from tcplab.target import Target
from tcplab.kit import Kit
from tcplab.again import launcher_word, quote, target_words
from tcplab.work.folder import MARK
from tcplab.work.record import Standing, standings


def words_before(kit: Kit, tcp: str) -> str | None:
    """How far it has come: a line about the last checkpoint, and if that is passed about the
    others; None if nothing is known of it."""
    stands = _standings(kit, tcp)
    if not stands or stands[-1].points is None:
        return None
    last = stands[-1]
    if last.is_done:
        return _when_the_last_is_done(stands)
    if not last.is_current:
        return f"your files have changed since checkpoint {last.number} was checked"
    points = f"{last.points:g} of {last.max_points:g} points"
    units = f", {last.units_failed} unit tests fail" if last.units_failed else ""
    return f"checkpoint {last.number} is not passed yet: {points}{units}"


def where_to_look(kit: Kit, tcp: str) -> str:
    """A command that says what such a TCP lacks."""
    if not _standings(kit, tcp):
        return f"{launcher_word()} grade {quote(tcp)} --mode stack"
    return " ".join([launcher_word(), "status", *target_words(tcp)])


def _when_the_last_is_done(stands: Sequence[Standing]) -> str:
    """Whoever went on to the last one at once is not through yet."""
    left = [str(one.number) for one in stands if not one.is_done]
    if not left:
        return f"all {len(stands)} checkpoints are passed: congratulations"
    rest = f"{', '.join(left[:-1])} and {left[-1]} are" if len(left) > 1 else f"{left[0]} is"
    return f"checkpoint {stands[-1].number} is passed; {rest} not yet"


def _standings(kit: Kit, tcp: str) -> Sequence[Standing]:
    """None of them if it is no work folder."""
    folder = Target.find(kit, tcp).folder
    return standings(folder, kit.checkpoints()) if (folder / MARK).is_file() else ()
