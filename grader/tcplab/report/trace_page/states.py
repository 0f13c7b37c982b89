"""The eleven states and the ways between them, laid out as in figure 5 of RFC 9293."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

CLOSED, END = "CLOSED", "CLOSED (end)"  # one state, drawn at the top and at the bottom
BOX_WIDTH, BOX_HEIGHT = 98, 24
VIEW_BOX = "0 0 380 363"


@dataclass(frozen=True)
class Box:
    """A state; x and y are its middle."""

    state: str
    x: int
    y: int

    @property
    def name(self) -> str:
        return CLOSED if self.state == END else self.state


@dataclass(frozen=True)
class Way:
    """An arrow, and where its words stand."""

    start: str
    end: str
    words: str
    path: str
    x: int
    y: int
    anchor: str


BOXES = (
    Box(CLOSED, 190, 13),
    Box("LISTEN", 190, 66),
    Box("SYN-RECEIVED", 52, 128),
    Box("SYN-SENT", 328, 128),
    Box("ESTABLISHED", 190, 182),
    Box("FIN-WAIT-1", 52, 236),
    Box("CLOSE-WAIT", 328, 236),
    Box("FIN-WAIT-2", 52, 294),
    Box("CLOSING", 190, 294),
    Box("LAST-ACK", 328, 294),
    Box("TIME-WAIT", 190, 348),
    Box(END, 328, 348),
)
_RECEIVED = "SYN-RECEIVED"
WAYS = (
    Way(CLOSED, "LISTEN", "passive OPEN", "M176 25 V53", 171, 42, "end"),
    Way("LISTEN", CLOSED, "CLOSE", "M204 54 V26", 209, 42, "start"),
    Way(CLOSED, "SYN-SENT", "active OPEN", "M239 9 C300 9 350 52 350 115", 312, 31, "start"),
    Way("LISTEN", _RECEIVED, "SYN comes", "M148 78 L84 115", 122, 106, "start"),
    Way("LISTEN", "SYN-SENT", "SEND", "M232 78 L296 115", 259, 106, "end"),
    Way("SYN-SENT", CLOSED, "CLOSE", "M326 116 C322 72 290 31 240 19", 303, 76, "end"),
    Way("SYN-SENT", _RECEIVED, "SYN comes", "M279 128 H102", 190, 123, "middle"),
    Way("SYN-SENT", "ESTABLISHED", "SYN+ACK comes", "M300 140 L226 169", 274, 160, "start"),
    Way(_RECEIVED, "ESTABLISHED", "ACK comes", "M80 140 L154 169", 106, 160, "end"),
    Way(_RECEIVED, "LISTEN", "RST comes", "M34 116 C34 86 80 66 140 66", 50, 74, "middle"),
    Way(_RECEIVED, "FIN-WAIT-1", "CLOSE", "M22 140 V223", 27, 199, "start"),
    Way("ESTABLISHED", "FIN-WAIT-1", "CLOSE", "M154 194 L86 223", 132, 217, "start"),
    Way("ESTABLISHED", "CLOSE-WAIT", "FIN comes", "M226 194 L294 223", 272, 206, "start"),
    Way("FIN-WAIT-1", "FIN-WAIT-2", "FIN acked", "M36 248 V281", 41, 268, "start"),
    Way("FIN-WAIT-1", "CLOSING", "FIN comes", "M94 248 L154 281", 132, 264, "start"),
    Way("FIN-WAIT-2", "TIME-WAIT", "FIN comes", "M80 306 L146 337", 102, 332, "end"),
    Way("CLOSING", "TIME-WAIT", "FIN acked", "M190 306 V335", 195, 323, "start"),
    Way("CLOSE-WAIT", "LAST-ACK", "CLOSE", "M328 248 V281", 333, 268, "start"),
    Way("LAST-ACK", END, "FIN acked", "M328 306 V335", 323, 323, "end"),
    Way("TIME-WAIT", END, "2 MSL", "M239 348 H278", 258, 342, "middle"),
)
NAMES = frozenset(box.name for box in BOXES)


class History:
    """The states that a connection has been in, and the ways that it went."""

    def __init__(self) -> None:
        self._at = CLOSED
        self.visited: tuple[str, ...] = (CLOSED,)
        self.ways: tuple[Way, ...] = ()

    @property
    def box(self) -> str:
        """The box of the present state."""
        return self._at

    def go(self, state: str) -> None:
        """The connection was seen in a state. States between that nobody saw are filled in, if
        there is a way; a connection that is reset goes none of the ways."""
        goal = END if state == CLOSED and self._has_lived() else state
        if goal == self._at:
            return
        ways = _shortest(self._at, goal)
        if goal == END and len(ways) > 1:  # reset, aborted or given up
            ways = ()
        for way in ways:
            self._visit(way.end)
        self._visit(goal)
        self.ways += ways

    def _has_lived(self) -> bool:
        return bool({*self.visited} - {CLOSED, "LISTEN", "SYN-SENT"})

    def _visit(self, state: str) -> None:
        self._at = state
        if state not in self.visited:
            self.visited += (state,)


def _shortest(start: str, goal: str) -> tuple[Way, ...]:
    found: dict[str, tuple[Way, ...]] = {start: ()}
    queue = deque([start])
    while queue:
        at = queue.popleft()
        for way in WAYS:
            if way.start == at and way.end not in found:
                found[way.end] = (*found[at], way)
                queue.append(way.end)
    return found.get(goal, ())
