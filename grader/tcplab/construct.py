"""What a plan needs before its cases can be run: a sandbox, and programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tcplab.build import Builder
from tcplab.target import Target
from tcplab.errors import BuildError
from tcplab.kit import Checkpoint, Kit
from tcplab.plan import Plan
from tcplab.sandbox import Launcher, choose_launcher


@dataclass(frozen=True)
class Construction:
    """`built` has, by checkpoint, what was built or why that was not possible."""

    launcher: Launcher
    builder: Builder
    built: Mapping[int, Path | BuildError]
    started: float | None = None  # time.monotonic() at which it was begun, if that was earlier


def construct(plan: Plan, checkpoints: Sequence[Checkpoint]) -> Construction:
    """Builds the devices for some checkpoints. Raises InfrastructureError."""
    launcher = choose_launcher(plan.sandbox)
    builder = builder_for(plan)
    return Construction(launcher, builder, builder.build_all(checkpoints, plan.mode))


def builder_for(plan: Plan) -> Builder:
    """Raises UsageError if there is no such target."""
    kit = Kit.find()
    return Builder(kit, Target.find(kit, plan.target), sandboxed=plan.sandbox != "none")
