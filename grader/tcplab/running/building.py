"""Compiles tcprun with the components of one folder, and the library that programs preload."""

from __future__ import annotations

import hashlib
import os
import tempfile
from functools import cached_property
from pathlib import Path

from tcplab.build import Builder, Source
from tcplab.target import Target
from tcplab.compiling import first_complaint
from tcplab.errors import BuildError, InfrastructureError
from tcplab.kit import Kit

_FOLDERS = ("net", "socket", "run")
_SHARED = ("app.c", "host_options.c")  # of apps/
_PROGRAM = ["-pthread", "-lm"]
# It becomes part of programs that know nothing of sanitizers.
_LIBRARY = "-std=c11 -O2 -g -fPIC -shared -fvisibility=hidden -Wall -Wextra".split()


class RunBuilder(Builder):
    """tcprun, compiled like a device under test, with the sanitizers; but not confined, for those
    who run it run their own code."""

    def __init__(self, kit: Kit, target: Target) -> None:
        super().__init__(kit, target, sandboxed=False)

    @cached_property
    def _given(self) -> list[Source]:
        given = self._kit.given
        paths = [given / "tcp_config.c", *(given / "apps" / name for name in _SHARED)]
        for folder in _FOLDERS:
            found = sorted((given / folder).glob("*.c"))
            paths += [path for path in found if not path.name.startswith("test_")]
        return [Source(path, path.read_bytes(), trusted=True) for path in paths]

    def program(self) -> Path:
        """tcprun. Raises BuildError with the compiler's first complaint."""
        connection = self._kit.checkpoints()[-1]
        return self._link_as(self.objects(connection, "stack"), _PROGRAM, "tcprun")

    def library(self) -> Path:
        """The library to be preloaded; the same for every folder."""
        folder = self._kit.given / "preload"
        sources = sorted(folder.glob("*.[ch]"))
        parts = [self._compiler_id, " ".join(_LIBRARY).encode()]
        parts += [path.read_bytes() for path in sources]
        key = hashlib.sha256(b"\0".join(parts)).hexdigest()[:40]
        finished = self._cache / f"{key}.preload.so"
        if finished.exists():
            return finished
        with tempfile.TemporaryDirectory(dir=self._cache, prefix="link-") as name:
            files = [str(path) for path in sources if path.suffix == ".c"]
            command = [*self._compiler, *_LIBRARY, *files, "-ldl", "-o", "out"]
            run = self._compilers.run(command, Path(name), "linking")
            if run.returncode != 0:
                line, _ = first_complaint(run, "linking")
                raise InfrastructureError(f"the kit's own code does not compile: {line}")
            os.replace(Path(name) / "out", finished)
        return finished


def build_program(kit: Kit, name: str) -> Path:
    """tcprun with the components of `name`: reference, skeleton or a path.

    Raises InfrastructureError, in one line, also where the folder does not compile.
    """
    try:
        return RunBuilder(kit, Target.find(kit, name)).program()
    except BuildError as error:
        raise InfrastructureError(f"{name} does not compile: {error}") from None
