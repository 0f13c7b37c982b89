"""A process that sleeps is told from one that waits for its turn."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import cast

import pytest

from tcplab.dut import Dut
from tcplab.patience import Patience
from tcplab.process import Process
from tcplab.watch import Usage, Watch


@dataclass
class Scripted:
    """A process whose looks are known beforehand: time, state, and seconds computed and queued."""

    looks: Sequence[tuple[float, str, float, float | None]]
    now: float = 0.0
    _script: Iterator[tuple[float, str, float, float | None]] = field(init=False)

    def __post_init__(self) -> None:
        self._script = iter(self.looks)

    def usage(self) -> Usage:
        self.now, state, cpu_s, queued_s = next(self._script)
        return Usage(state, cpu_s, queued_s)


def watched(process: Scripted) -> Watch:
    watch = Watch(process, lambda: process.now)
    watch.begin()
    for _ in process.looks[1:]:
        watch.look()
    return watch


def test_sleep_is_seen() -> None:
    watch = watched(Scripted([(0, "S", 0, 0), (1, "S", 0, 0), (2, "S", 0, 0)]))
    assert watch.asleep_s == 2 and watch.cpu_s == 0


def test_naps_add_up() -> None:
    looks = [(at / 10, "S", at / 1000, at / 1000) for at in range(11)]
    watch = watched(Scripted(looks))
    assert watch.asleep_s == pytest.approx(0.98)


def test_a_stopped_process_sleeps() -> None:
    assert watched(Scripted([(0, "T", 0, 0), (2, "T", 0, 0)])).asleep_s == 2


def test_waiting_for_its_turn_is_no_sleep() -> None:
    """The kernel counts the time in the queue when it is over."""
    looks = [(0, "R", 0, 0), (30, "R", 0, 0), (60, "R", 0.1, 59.9), (60, "S", 0.1, 59.9)]
    watch = watched(Scripted(looks))
    assert watch.asleep_s == pytest.approx(0) and watch.cpu_s == pytest.approx(0.1)


def test_waiting_for_the_disk_is_no_sleep() -> None:
    looks = [(0, "S", 0, 0), (5, "D", 0, 0), (6, "S", 0, 0)]
    assert watched(Scripted(looks)).asleep_s == 1


def test_without_the_kernels_count_only_unbroken_sleep_is_sleep() -> None:
    looks = [(0, "R", 0, None), (1, "S", 0, None), (2, "S", 0, None), (3, "S", 0.5, None)]
    assert watched(Scripted(looks)).asleep_s == 1


def test_a_slow_machine_uses_up_no_patience() -> None:
    patience = Patience([5] * 120)
    for _ in range(120):  # twenty times as slow as the machines that we know
        patience.charge(5, 0.1, hung=False, packets=30)
    assert patience.end(5) == ""


def test_hangs_use_it_up_in_their_own_checkpoint() -> None:
    patience = Patience([0] * 20 + [1] * 20)
    count = 0
    while not patience.end(0):
        patience.charge(0, 1.1, hung=True, packets=0)
        count += 1
    assert patience.end(0) == f"{count} cases before it timed out" and 2 < count < 6
    assert patience.end(1) == ""


def test_everything_together_has_an_end() -> None:
    patience = Patience([number for number in range(6) for _ in range(200)])
    for at in range(1000):
        patience.charge(at % 6, 0.09, hung=False, packets=0)
    assert "25 s" in patience.end(0)


def test_what_a_device_sleeps_while_nothing_is_asked_costs_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Until 10 it computed for half a second and then slept, for the grader had other things to do:
    on a busy machine, a search for a simpler failure takes seconds."""
    process = Scripted([(0, "S", 0, 0), (10, "S", 0.5, 0)])
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        device = Dut(cast(Process, process), ours)
        monkeypatch.setattr(device, "_watch", Watch(process, lambda: process.now))
        device._watch.begin()
        assert device.effort_s == 0.5
