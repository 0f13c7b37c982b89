"""Points. They are hundredths of a point throughout, so that what is shown adds up."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from tcplab.case import Case

_PARTS = 100  # of a point


def points_of_cases(cases: Iterable[Case], total: int) -> dict[str, Fraction]:
    """Splits a checkpoint's points over all of its cases by their weights; by case id. Each gets a
    whole number of hundredths, at most one away from its exact share, and together they are exactly
    the total. The order in which the cases are taught makes no difference."""
    weights = {case.id: case.weight for case in sorted(cases, key=lambda case: case.id)}
    whole = sum(weights.values())
    points: dict[str, Fraction] = {}
    weight_so_far = given = 0
    for identity, weight in weights.items():
        weight_so_far += weight
        due = total * _PARTS * weight_so_far // whole
        points[identity] = Fraction(due - given, _PARTS)
        given = due
    return points


def shown(points: Fraction) -> float:
    """For JSON: at most two decimals."""
    return round(float(points), 2)


def in_words(points: Fraction) -> str:
    """For people: at most two decimals, and none that says nothing."""
    return f"{float(points):.2f}".rstrip("0").rstrip(".")
