"""Points. They are fractions until they are shown, so that full marks are exactly the total."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from tcplab.case import Case


def points_of_cases(cases: Iterable[Case], total: int) -> dict[str, Fraction]:
    """Splits a checkpoint's points over all of its cases by their weights; by case id."""
    weights = {case.id: case.weight for case in cases}
    whole = sum(weights.values())
    return {identity: Fraction(total * weight, whole) for identity, weight in weights.items()}


def shown(points: Fraction) -> float:
    """For people and JSON: four decimals; whole if it is whole."""
    return round(float(points), 4)
