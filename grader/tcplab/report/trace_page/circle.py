"""Sequence numbers on their circle: 0 is at the top, one goes forward clockwise, and 2^32 is 0."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import cos, pi, sin

from tcplab.components.seqno import show_number
from tcplab.packet import CIRCLE, forward

CENTRE_X, CENTRE_Y, RADIUS = 190, 112, 70
SAID_Y = 232
VIEW_BOX = "0 0 380 256"
_APART = 36.0  # degrees: numbers that are close are drawn this far from each other
_LABEL = RADIUS + 14
_FULL = 360.0


@dataclass(frozen=True)
class Dot:
    """A number on the circle, and where its names and itself stand."""

    x: str
    y: str
    label_x: str
    label_y: str
    anchor: str
    names: str
    number: str


@dataclass(frozen=True)
class Circle:
    """A call of seqno.h. `way` is the arc from one number forward to another; `ahead` the half of
    the circle before which the first one is, if that is what the call is about."""

    dots: tuple[Dot, ...]
    way: str
    ahead: str
    said: tuple[str, ...]

    @property
    def words(self) -> str:
        """The same for those who do not see it."""
        return "; ".join([*(f"{dot.names} {dot.number}" for dot in self.dots), *self.said])


def circle_of(call: Mapping[str, str]) -> Circle:
    """What the recorder has noted of a call: its name, its arguments and the answer."""
    numbers = {name: int(value) for name, value in call.items() if name != "call"}
    if call["call"] == "before":
        start, end = numbers["a"], numbers["b"]
        places = _spread({"a": start, "b": end})
        answer = "true" if numbers["answer"] == 1 else "false"
        way = show_number(forward(start, end))
        told = (f"from a to b it is {way} forward", f"a before b: {answer}")
        return _drawn({"a": start, "b": end}, places, "a", "b", told, shows_half=True)
    isn, absolute = numbers["isn"], numbers.get("absolute", numbers["answer"])
    raw = numbers["raw"] if "raw" in numbers else numbers["answer"]
    points = {"isn": isn, "raw": raw}
    said: tuple[str, ...] = (f"absolute {show_number(absolute)}",)
    if "checkpoint" in numbers:
        points["checkpoint"] = (isn + numbers["checkpoint"]) % CIRCLE
        said += (f"the checkpoint is {show_number(numbers['checkpoint'])}",)
    return _drawn(points, _spread(points), "isn", "raw", said, shows_half=False)


def _spread(points: Mapping[str, int]) -> dict[str, float]:
    """Degrees from the top, in the order of the numbers; different numbers are kept apart."""
    order = _from_the_widest_gap(sorted({number % CIRCLE for number in points.values()}))
    true = [_FULL * (order[0] + forward(order[0], number)) / CIRCLE for number in order]
    degrees: list[float] = []
    for degree in true:
        degrees.append(max(degree, degrees[-1] + _APART) if degrees else degree)
    shift = max(now - was for now, was in zip(degrees, true)) / 2
    places = {number: degree - shift for number, degree in zip(order, degrees)}
    return {name: places[number % CIRCLE] for name, number in points.items()}


def _from_the_widest_gap(numbers: list[int]) -> list[int]:
    """The same numbers, once round the circle, beginning after the widest gap between two."""
    gaps = [forward(before, number) for before, number in zip([numbers[-1], *numbers], numbers)]
    first = gaps.index(max(gaps))
    return [*numbers[first:], *numbers[:first]]


def _drawn(
    points: Mapping[str, int],
    places: Mapping[str, float],
    start: str,
    end: str,
    said: tuple[str, ...],
    *,
    shows_half: bool,
) -> Circle:
    together: dict[float, list[str]] = {}
    for name in points:
        together.setdefault(places[name], []).append(name)
    way = (places[end] - places[start]) % _FULL
    return Circle(
        dots=tuple(_dot(degrees, names, points[names[0]]) for degrees, names in together.items()),
        way=_arc(places[start], way, RADIUS - 12) if way else "",
        ahead=_half(places[start]) if shows_half else "",
        said=said,
    )


def _dot(degrees: float, names: list[str], number: int) -> Dot:
    x, y = _point(degrees, RADIUS)
    label_x, label_y = _point(degrees, _LABEL)
    side = sin(degrees * pi / 180)
    anchor = "middle" if abs(side) < 0.2 else "start" if side > 0 else "end"
    label_y += -12 * (label_y < CENTRE_Y - RADIUS) + 10 * (label_y > CENTRE_Y + RADIUS)
    words = ", ".join(names)
    return Dot(
        f"{x:.1f}",
        f"{y:.1f}",
        f"{label_x:.1f}",
        f"{label_y:.1f}",
        anchor,
        words,
        show_number(number % CIRCLE),
    )


def _point(degrees: float, radius: float) -> tuple[float, float]:
    angle = degrees * pi / 180
    return CENTRE_X + radius * sin(angle), CENTRE_Y - radius * cos(angle)


def _arc(start: float, length: float, radius: float) -> str:
    (x, y), (to_x, to_y) = _point(start, radius), _point(start + length, radius)
    large = int(length > _FULL / 2)
    return f"M{x:.1f} {y:.1f} A{radius} {radius} 0 {large} 1 {to_x:.1f} {to_y:.1f}"


def _half(start: float) -> str:
    return f"{_arc(start, _FULL / 2, RADIUS)} Z"
