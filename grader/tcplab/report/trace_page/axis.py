"""A scale on which five bytes and a window of 65,535 can both be seen: not a true one."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from itertools import accumulate, pairwise
from math import log2

_LEAST = 1.2  # of the width that a single byte has
TRUE_TO_SCALE = 64  # numbers, up to which there is no need for a logarithm


class Axis:
    """From 0 to the largest of the points, in percent. The way between two neighbouring points
    grows with the logarithm of their distance, unless all are small; it is the same in every step
    of a page."""

    def __init__(self, points: Iterable[int]):
        self._points = sorted({0, *(max(point, 0) for point in points)})
        is_short = self._points[-1] <= TRUE_TO_SCALE
        ways = [
            right - left if is_short else _LEAST + log2(right - left)
            for left, right in pairwise(self._points)
        ]
        places = [0.0, *accumulate(ways)]
        self._places = [100 * place / (places[-1] or 1) for place in places]

    @property
    def last(self) -> int:
        """The largest of the points."""
        return self._points[-1]

    def at(self, number: int) -> float:
        """The place of a number, 0 … 100."""
        at = bisect_right(self._points, number) - 1
        if at < 0:
            return 0.0
        if at + 1 >= len(self._points):
            return self._places[-1]
        left, right = self._points[at], self._points[at + 1]
        share = (number - left) / (right - left)
        return self._places[at] + share * (self._places[at + 1] - self._places[at])
