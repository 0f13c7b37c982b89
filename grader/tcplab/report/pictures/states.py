"""The eleven states and the ways between them, as in figure 5 of RFC 9293 and in its words, each
with a case that shows it; and what the figure leaves out."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from html import escape

from tcplab.report.pictures.svg import Svg

CLOSED, END = "CLOSED", "CLOSED (end)"  # one state, drawn at the top and at the bottom
WIDTH, HEIGHT = 720, 626
_HALF_WIDTH, _HALF_HEIGHT = 62, 16
_LINE = 14

_BOXES = {
    CLOSED: (360, 20),
    "LISTEN": (360, 110),
    "SYN-RECEIVED": (80, 210),
    "SYN-SENT": (640, 210),
    "ESTABLISHED": (360, 300),
    "FIN-WAIT-1": (80, 392),
    "CLOSE-WAIT": (640, 392),
    "FIN-WAIT-2": (80, 500),
    "CLOSING": (360, 500),
    "LAST-ACK": (640, 500),
    "TIME-WAIT": (360, 600),
    END: (640, 600),
}


@dataclass(frozen=True)
class Arrow:
    """A way of the figure: what happens, and what TCP does about it, which is nothing where there
    is an x. A bar ends a line. `event`: by what a change is known as this way; none if the kit has
    no such thing."""

    start: str
    end: str
    cause: str
    action: str
    event: str

    @property
    def key(self) -> tuple[str, str, str]:
        """As changes are told apart."""
        return self.start, self.end.removesuffix(" (end)"), self.event


@dataclass(frozen=True)
class _Place:
    """Where an arrow runs, and where its words begin or end."""

    path: str
    x: int
    y: int
    anchor: str


_SR, _SS, _ES, _TW = "SYN-RECEIVED", "SYN-SENT", "ESTABLISHED", "TIME-WAIT"
_F1, _F2, _CW, _LA = "FIN-WAIT-1", "FIN-WAIT-2", "CLOSE-WAIT", "LAST-ACK"
ARROWS = (
    Arrow(CLOSED, "LISTEN", "passive OPEN", "create TCB", "passive OPEN"),
    Arrow("LISTEN", CLOSED, "CLOSE", "delete TCB", "CLOSE"),
    Arrow(CLOSED, _SS, "active OPEN", "create TCB,|snd SYN", "active OPEN"),
    Arrow("LISTEN", _SR, "rcv SYN", "snd SYN,ACK", "rcv SYN"),
    Arrow("LISTEN", _SS, "SEND", "snd SYN", ""),
    Arrow(_SS, CLOSED, "CLOSE", "delete TCB", "CLOSE"),
    Arrow(_SS, _SR, "rcv SYN", "snd SYN,ACK", "rcv SYN"),
    Arrow(_SS, _ES, "rcv SYN,ACK", "snd ACK", "rcv SYN,ACK"),
    Arrow(_SR, _ES, "rcv ACK of SYN", "x", "rcv ACK"),
    Arrow(_SR, "LISTEN", "rcv RST|(note 1)", "", "rcv RST"),
    Arrow(_SR, _F1, "CLOSE", "snd FIN", "rcv ACK"),  # the reference closes when it is heard
    Arrow(_ES, _F1, "CLOSE", "snd FIN", "CLOSE"),
    Arrow(_ES, _CW, "rcv FIN", "snd ACK", "rcv FIN"),
    Arrow(_F1, _F2, "rcv ACK of FIN", "x", "rcv ACK"),
    Arrow(_F1, "CLOSING", "rcv FIN", "snd ACK", "rcv FIN"),
    Arrow(_F1, _TW, "rcv FIN and|ACK of FIN", "snd ACK", "rcv FIN"),
    Arrow(_F2, _TW, "rcv FIN", "snd ACK", "rcv FIN"),
    Arrow("CLOSING", _TW, "rcv ACK of FIN", "x", "rcv ACK"),
    Arrow(_CW, _LA, "CLOSE", "snd FIN", "CLOSE"),
    Arrow(_LA, END, "rcv ACK of FIN", "x", "rcv ACK"),
    Arrow(_TW, END, "Timeout=2MSL", "delete TCB", "timeout"),
)
_PLACES = {
    (CLOSED, "LISTEN"): _Place("M345 37V93", 337, 60, "end"),
    ("LISTEN", CLOSED): _Place("M375 93V37", 383, 60, "start"),
    (CLOSED, _SS): _Place("M423 14C600 14 684 100 684 193", 636, 36, "start"),
    ("LISTEN", _SR): _Place("M300 127L143 197", 244, 168, "start"),
    ("LISTEN", _SS): _Place("M420 127L577 197", 478, 168, "end"),
    (_SS, CLOSED): _Place("M620 193C620 130 560 30 424 26", 556, 112, "end"),
    (_SS, _SR): _Place("M577 213H144", 360, 243, "middle"),
    (_SS, _ES): _Place("M590 227L424 290", 524, 266, "start"),
    (_SR, _ES): _Place("M130 227L296 290", 196, 266, "end"),
    (_SR, "LISTEN"): _Place("M50 193C50 130 170 108 296 108", 66, 118, "end"),
    (_SR, _F1): _Place("M50 227V374", 58, 320, "start"),
    (_ES, _F1): _Place("M304 317L130 375", 226, 356, "start"),
    (_ES, _CW): _Place("M416 317L590 375", 494, 356, "end"),
    (_F1, _F2): _Place("M40 409V482", 46, 440, "start"),
    (_F1, "CLOSING"): _Place("M142 402L300 485", 244, 426, "start"),
    (_F1, _TW): _Place("M120 409C170 440 190 560 296 592", 264, 532, "start"),
    (_F2, _TW): _Place("M80 517C80 575 170 602 296 604", 76, 566, "end"),
    ("CLOSING", _TW): _Place("M360 517V582", 368, 546, "start"),
    (_CW, _LA): _Place("M640 409V482", 648, 442, "start"),
    (_LA, END): _Place("M640 517V582", 632, 546, "end"),
    (_TW, END): _Place("M423 600H576", 500, 594, "middle"),
}
# The two of them differ from what runs of the reference show.
UNSEEN = ("LISTEN", _SS)
LATE = (_SR, _F1)


@dataclass(frozen=True)
class LeftOut:
    """Changes that the figure does not have, and why they come about."""

    event: str
    why: str
    starts: tuple[str, ...]
    end: str = CLOSED

    @property
    def keys(self) -> list[tuple[str, str, str]]:
        return [(start, self.end, self.event) for start in self.starts]


_OPEN = (_ES, _F1, _F2, _CW, "CLOSING", _LA, _TW)
LEFT_OUT = (
    LeftOut("rcv RST", "a reset that counts (note 3)", (_SS, _SR, *_OPEN)),
    LeftOut("ABORT", "the application gives up", ("LISTEN", _SS, _SR, *_OPEN)),
    LeftOut(
        "timeout",
        "the peer has been silent for too long",
        (_SS, _SR, _ES, _F1, _CW, "CLOSING", _LA),
    ),
    LeftOut("rcv SYN", "in the window, after a passive OPEN", (_SR,), "LISTEN"),
    LeftOut("rcv SYN,ACK,FIN", "two ways at once", (_SS,), _CW),
    LeftOut("rcv ACK", "with the text before an early FIN", (_ES,), _CW),
    LeftOut("rcv ACK", "with the text before an early FIN", (_F1,), "CLOSING"),
    LeftOut("rcv ACK", "with the text before an early FIN", (_F2,), _TW),
)


@dataclass(frozen=True)
class Shown:
    """A case that shows a way, and the address of its page at the step."""

    case: str
    link: str


def states_svg(
    shown: Mapping[tuple[str, str, str], Shown],
    *,
    visited: Collection[str] = (),
    taken: Collection[tuple[str, str]] = (),
    words: str,
    links: bool = True,
) -> str:
    """The picture's text. `visited` are states, and `taken` ways, with (end) where one is at the
    bottom; `words` are for those who do not see it. `links`: the ways lead to what shows them."""
    svg = Svg()
    for arrow in ARROWS:
        _draw_arrow(svg, arrow, shown.get(arrow.key), (arrow.start, arrow.end) in taken, links)
    for state, (x, y) in _BOXES.items():
        kind = "box visited" if state in visited else "box"
        left, top = x - _HALF_WIDTH, y - _HALF_HEIGHT
        svg.add(
            f'<rect class="{kind}" x="{left}" y="{top}" width="{2 * _HALF_WIDTH}"'
            f' height="{2 * _HALF_HEIGHT}" rx="7"/>'
        )
        svg.text(f"name {kind}", x, y + 5, state.removesuffix(" (end)"), "middle")
    role = "group" if links else "img"  # what is in an image cannot be reached
    return (
        f'<svg class="states" viewBox="0 0 {WIDTH} {HEIGHT}" role="{role}"'
        f' aria-label="{escape(words)}">{svg}</svg>'
    )


def _draw_arrow(svg: Svg, arrow: Arrow, seen: Shown | None, is_taken: bool, links: bool) -> None:
    place = _PLACES[arrow.start, arrow.end]
    kind = "way taken" if is_taken else "way" if seen else "way unseen"
    tip = "picture-tip-taken" if is_taken else "picture-tip"
    svg.add(f'<path class="{kind}" d="{place.path}" marker-end="url(#{tip})"/>')
    label = Svg()
    lines = [("event", one) for one in arrow.cause.split("|")]
    lines += [("action", one) for one in arrow.action.split("|") if one]
    top = place.y - _LINE * (len(lines) - 1) if place.anchor == "middle" else place.y
    for at, (what, line) in enumerate(lines):
        label.text(what, place.x, top + _LINE * at, line, place.anchor)
    if seen is None or not links:
        svg.add(str(label))
        return
    about = f"{arrow.start} to {arrow.key[1]}: {one_line(arrow.cause)}, shown by {seen.case}"
    svg.add(f'<a href="{escape(seen.link)}" aria-label="{escape(about)}">{label}</a>')


def one_line(words: str) -> str:
    """Of an arrow, in text."""
    return words.replace("|", " ")


def tips() -> str:
    """What arrows need, once on a page."""
    return "".join(
        f'<marker id="{name}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="{size}"'
        f' markerHeight="{size}" markerUnits="userSpaceOnUse" orient="auto">'
        f'<path class="{kind}" d="M0 .5L8 4L0 7.5z"/></marker>'
        for name, size, kind in (
            ("picture-tip", 10, "tip"),
            ("picture-tip-taken", 13, "tip taken"),
        )
    )
