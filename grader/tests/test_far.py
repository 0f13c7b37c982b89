"""Streams that are moved far ahead: in portions, by the pace of the device."""

from __future__ import annotations

import pytest

from tcplab.far import portions

_FAR = 1 << 32
_CASE_S = 3.0  # what a case has, of the processor's time
_REQUEST_S = 1.0  # and a request


def moved(ns_per_byte: float, total: int = _FAR) -> list[tuple[int, float]]:
    """The bytes of each portion, and how long it took."""
    now_s = 0.0
    taken: list[tuple[int, float]] = []
    for before, count in portions(total, lambda: now_s):
        assert before == sum(earlier for earlier, _ in taken)
        took_s = count * ns_per_byte * 1e-9
        taken.append((count, took_s))
        now_s += took_s
    return taken


@pytest.mark.parametrize("ns_per_byte", [0.0, 0.03, 0.06, 0.3])
def test_the_quick_go_all_the_way(ns_per_byte: float) -> None:
    taken = moved(ns_per_byte)
    assert sum(count for count, _ in taken) == _FAR
    assert len(taken) < 12
    assert max(took_s for _, took_s in taken) < _REQUEST_S / 2


@pytest.mark.parametrize("ns_per_byte", [0.4, 1.0, 10.0, 100.0, 800.0])
def test_the_slow_are_let_go_early(ns_per_byte: float) -> None:
    taken = moved(ns_per_byte)
    assert 0 < sum(count for count, _ in taken) < _FAR
    assert sum(took_s for _, took_s in taken) < _CASE_S / 2
    assert max(took_s for _, took_s in taken) < _REQUEST_S


def test_a_short_way_is_one_portion() -> None:
    assert [count for count, _ in moved(1.0, total=1000)] == [1000]
