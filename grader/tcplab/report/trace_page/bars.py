"""Scenes as bars and marks, in percent of the width: what the page's template only has to write."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from tcplab.report.trace_page.axis import Axis
from tcplab.report.trace_page.scenes import Buffer, Direction, Scene
from tcplab.report.trace_page.spaces import Space, Span

_VARIABLES = ("SND.UNA", "SND.NXT", "SND.WND", "RCV.NXT", "RCV.WND")
_LETTERS = 48  # bytes, for which there is room in a bar
_MEANINGS = {
    "acked": "acknowledged",
    "flight": "sent, not acknowledged",
    "arrived": "arrived, not acknowledged yet",
    "held": "arrived too early, behind a gap",
    "room": "in the window",
    "read": "read",
    "buffered": "waiting to be read",
    "free": "room for more",
}


@dataclass(frozen=True)
class Band:
    """A part of a bar. `kind` decides on colour and pattern."""

    kind: str
    left: str
    width: str
    words: str


@dataclass(frozen=True)
class Mark:
    """A variable at its place; `lane` 0 is next to the bar."""

    at: str
    anchor: str
    lane: int
    words: str


@dataclass(frozen=True)
class Bar:
    """A row of bands, with marks above or below it. `letters`: where each of its bytes stands."""

    name: str
    bands: tuple[Band, ...]
    marks: tuple[Mark, ...]
    letters: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Picture:
    """One direction of a conversation, or a buffer; `words` say the same for those who do not see
    it."""

    title: str
    words: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True)
class Table:
    """Who has which variables, as text; a dash stands for what is not known."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


Axes = Mapping[str, Axis]


def axes_of(scenes: Iterable[Scene]) -> Axes:
    """One axis for each thing that is drawn, the same in all scenes."""
    points: dict[str, set[int]] = {}
    for scene in scenes:
        for one in scene.directions:
            points.setdefault(one.key, set()).update(one.space.points())
        for buffer in scene.buffers:
            points.setdefault(buffer.key, set()).update(buffer.points())
    return {key: Axis(numbers) for key, numbers in points.items()}


def pictures(scene: Scene, axes: Axes) -> tuple[Picture, ...]:
    """All that a scene has to draw as bars."""
    directions = (_direction(one, axes[one.key]) for one in scene.directions)
    return (*directions, *(_buffer(one, axes[one.key]) for one in scene.buffers))


def table(scene: Scene) -> Table | None:
    """The variables of both ends."""
    found: dict[str, dict[str, str]] = {}
    for one in sorted(scene.directions, key=lambda each: each.key):
        space = one.space
        sender, receiver = found.setdefault(one.sender, {}), found.setdefault(one.receiver, {})
        window = "–" if space.window is None else str(space.window)
        sender.update({"SND.UNA": str(space.una), "SND.NXT": str(space.nxt), "SND.WND": window})
        receiver.update({"RCV.NXT": str(space.una), "RCV.WND": window})
    if not found:
        return None
    rows = tuple((who, *(has.get(name, "–") for name in _VARIABLES)) for who, has in found.items())
    return Table(("", *_VARIABLES), rows)


# --- one direction of a conversation -------------------------------------------------------------


def _direction(one: Direction, axis: Axis) -> Picture:
    space = one.space
    edge = [("SND.UNA + SND.WND", space.edge)] if space.edge is not None else []
    offered = [("RCV.NXT + RCV.WND", space.edge)] if space.edge is not None else []
    above = _marks(axis, [*edge, ("SND.NXT", space.nxt), ("SND.UNA", space.una)])
    below = _marks(axis, [("RCV.NXT", space.una), *offered])
    return Picture(
        title=f"{one.sender} → {one.receiver}",
        words=_direction_words(one),
        bars=(
            Bar(one.sender, tuple(_bands(axis, _sender_spans(space))), above),
            Bar(one.receiver, tuple(_bands(axis, _receiver_spans(one))), below),
        ),
    )


def _sender_spans(space: Space) -> Iterator[tuple[str, Span]]:
    if space.edge is not None:
        yield "room", (space.una, space.edge)
    yield "acked", (0, space.una)
    for start, end in space.sent:
        yield "flight", (max(start, space.una), end)


def _receiver_spans(one: Direction) -> Iterator[tuple[str, Span]]:
    space = one.space
    if space.edge is not None:
        yield "room", (space.una, space.edge)
    yield "acked", (0, space.una)
    if not one.arrives:
        return
    yield "arrived", (space.una, space.arrived)
    for span in space.held:
        yield "held", span


def _direction_words(one: Direction) -> str:
    space = one.space
    words = [f"From {one.sender} to {one.receiver}"]
    words += [f"acknowledged up to {space.una}, sent up to {space.nxt}"]
    if one.arrives:
        words += [f"held behind a gap: {_span(span)}" for span in space.held]
    words += [f"the window ends at {space.edge}"] if space.edge is not None else ["no window yet"]
    return "; ".join(words)


# --- buffers --------------------------------------------------------------------------------------


def _buffer(one: Buffer, axis: Axis) -> Picture:
    spans = [
        ("free", (one.written, one.edge)),
        ("read", (0, one.read)),
        ("buffered", (one.read, one.written)),
        *(("held", span) for span in one.held),
    ]
    places = [("room ends", one.edge), ("written", one.written), ("read", one.read)]
    words = f"Of the {one.name}, {one.read} bytes are read and {one.written} are written"
    held = [f"held behind a gap: {_span(span)}" for span in one.held]
    return Picture(
        title=f"The {one.name}, byte by byte",
        words="; ".join([words, *held, f"the room ends at {one.edge}"]),
        bars=(Bar("", tuple(_bands(axis, spans)), _marks(axis, places), _letters(one, axis)),),
    )


def _letters(one: Buffer, axis: Axis) -> tuple[tuple[str, str], ...]:
    """The bytes themselves, if there is room for a letter each."""
    if axis.last > _LETTERS:
        return ()
    return tuple(
        (f"{axis.at(at) + 50 / axis.last:.2f}%", chr(byte) if 32 < byte < 127 else "·")
        for at, byte in one.content
    )


# --- drawing --------------------------------------------------------------------------------------


def _bands(axis: Axis, spans: Iterable[tuple[str, Span]]) -> Iterator[Band]:
    for kind, (start, end) in spans:
        left, right = axis.at(start), axis.at(end)
        if start < end:
            words = f"{_span((start, end))}: {_MEANINGS[kind]}"
            yield Band(kind, f"{left:.2f}%", f"{max(right - left, 0.2):.2f}%", words)


def _marks(axis: Axis, places: Iterable[tuple[str, int]]) -> tuple[Mark, ...]:
    def mark(lane: int, name: str, number: int) -> Mark:
        at = axis.at(number)
        return Mark(f"{at:.2f}%", "start" if at < 50 else "end", lane, f"{name} = {number}")

    return tuple(mark(lane, name, number) for lane, (name, number) in enumerate(places))


def _span(span: Span) -> str:
    start, end = span
    return str(start) if end == start + 1 else f"{start} to {end - 1}"
