"""Compiles what is no student's, so that the first check has little left to do."""

from __future__ import annotations

from pathlib import Path

from tcplab.build import Builder
from tcplab.checking.units import CmockaMissing, UnitBuilder
from tcplab.errors import BuildError, InfrastructureError
from tcplab.kit import COUNT, Kit
from tcplab.progress import Progress
from tcplab.sandbox import sandbox_for_own_code
from tcplab.target import Target


def compile_ahead(kit: Kit, folder: Path, progress: Progress) -> None:
    """Devices and unit tests of all checkpoints for a work folder. What is there already takes no
    time. Nothing depends on it: what cannot be compiled now, a check will say."""
    target = Target(str(folder), folder.resolve())
    sandboxed = sandbox_for_own_code("skeleton") != "none"
    builder, tests = Builder(kit, target, sandboxed=sandboxed), UnitBuilder(kit)
    for done, checkpoint in enumerate(kit.checkpoints()):
        progress(done, COUNT, f"compiling, checkpoint {checkpoint.number}")
        try:
            builder.build(checkpoint, "solo")
            tests.program(checkpoint)
        except BuildError:
            continue  # a file that is no longer the skeleton's
        except (CmockaMissing, InfrastructureError):
            return
    progress(COUNT, COUNT, "compiled")
