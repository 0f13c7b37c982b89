"""Compiles the device as a program for a debugger: not optimised, and with places where its sources
can be found."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tcplab.build import DEVICE_WRAPS, Builder, Source
from tcplab.target import Target
from tcplab.errors import BuildError, InfrastructureError
from tcplab.kit import Checkpoint, Kit

_PROGRAM = ["-Wl,--no-as-needed", *DEVICE_WRAPS, "-lm"]


class DebugBuilder(Builder):
    """The device as a program of its own. It is not confined: those who debug it run their own
    code."""

    def __init__(self, kit: Kit, target: Target) -> None:
        super().__init__(kit, target, sandboxed=False)
        self.flags = tuple("-O0" if flag == "-O1" else flag for flag in self.flags)

    def program(self, checkpoint: Checkpoint, mode: str) -> Path:
        """Raises BuildError with the compiler's first complaint."""
        return self._link_as(self.objects(checkpoint, mode), _PROGRAM, "debug")

    def functions(self, checkpoint: Checkpoint, mode: str) -> dict[str, tuple[str, ...]]:
        """The functions that the target's own files offer to others, by file."""
        return {
            source.path.name: tuple(sorted(_offered(self._object(source))))
            for source in self._mix(checkpoint, mode)
            if source.path.parent == self._target.folder
        }

    def _home(self, source: Source) -> str:
        return str(source.path.parent)


def _offered(compiled: Path) -> list[str]:
    """The names of the functions that an object file defines for others."""
    command = ["nm", "--defined-only", "--extern-only", str(compiled)]
    done = subprocess.run(command, capture_output=True, text=True)
    rows = [line.split() for line in done.stdout.splitlines()]
    return [row[-1] for row in rows if len(row) == 3 and row[1] == "T"]


def build(
    kit: Kit, target: Target, checkpoint: Checkpoint, mode: str
) -> tuple[Path, dict[str, tuple[str, ...]]]:
    """The program, and the functions of the target's own in it, by file.

    Raises InfrastructureError, in one line, also where it does not compile.
    """
    builder = DebugBuilder(kit, target)
    try:
        program = builder.program(checkpoint, mode)
        return program, builder.functions(checkpoint, mode)
    except BuildError as error:
        raise InfrastructureError(f"{target.name} does not compile: {error}") from None
