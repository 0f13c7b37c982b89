"""What to grade, and how. It is by itself so that building can begin before the rest is loaded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Plan:
    """What to grade, and how."""

    target: str
    checkpoints: tuple[int, ...] = ()  # none: all
    mode: str = "solo"
    case: str = "*"
    seed: int = 1
    wire: str = "auto"
    sandbox: str = "auto"
    pcap: Path | None = None
    stories: bool = False  # tell each case from beginning to end
    watched: bool = False  # and what the device says of itself after each step
    skips: bool = False  # leave out cases that build on one that failed
    early: bool = False  # one's own code, which may be loaded once for all cases: see Stage
    again: str = "grade"  # the command that runs a case again
