"""The unit tests of a checkpoint (labs/N-*/test_*.c), run on the library that is graded.

All tests of a checkpoint become one program, which is made once: it takes the components from a
library that is only there when it runs. So nothing has to be linked when the student's code
changes, and what runs is confined like the code that is graded.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tcplab.build import Builder
from tcplab.target import Target
from tcplab.errors import InfrastructureError
from tcplab.harmless import cut, harmless, one_line
from tcplab.kit import Checkpoint, Kit
from tcplab.namespace import fix_addresses
from tcplab.sandbox import Launcher
from tcplab.sanitizer import explain_report
from tcplab.watch import Watch

_COMPILE = (
    "-std=c11 -O0 -g -w -DTESTS_FEWER_ROUNDS".split()
)  # nobody waits for the tests, but for their compilation
_LINK = "-fsanitize=address,undefined -Wl,--no-as-needed".split()
_LIBRARY = "/device.so"  # as seen in the sandbox
_CPU_LIMIT_S = 2.0  # a sound implementation takes a fifth of that
_SLEEP_LIMIT_S = 1.0
_SLICE_MS = 10
_WORDS = 200  # characters of what a test says

_OF_A_COMPONENT = re.compile(r"\b((?:seqno|byte_stream|reassembler|tcp)_\w+)$", re.MULTILINE)
_RUN = re.compile(r"^\[ RUN +\] (\w+)$")
_END = re.compile(r"^\[ +(OK|FAILED) +\] (\w+)$")
_LINE = re.compile(r"\[ +LINE +\] --- ([^:]+:\d+): error: Failure!$")
_ERROR = re.compile(r"^\[ +ERROR +\] --- (?=[^\[])")


@dataclass(frozen=True)
class UnitFailure:
    """A unit test that failed: `place` is file:line in labs/, empty if it was not told."""

    name: str
    place: str
    message: str


@dataclass(frozen=True)
class UnitResult:
    """What came of the unit tests of a checkpoint. `problem` is why they did not run, or not to
    their end, in one line; `total` then counts those that were begun."""

    passed: int
    total: int
    failures: tuple[UnitFailure, ...]
    problem: str = ""
    ran: bool = True

    @property
    def is_good(self) -> bool:
        """Nothing was found; true, too, if nothing could be run."""
        return not self.failures and (not self.ran or not self.problem)

    def to_json(self) -> dict[str, Any]:
        return {
            "passed": self.passed,
            "total": self.total,
            "problem": self.problem,
            "failures": [
                {"name": one.name, "place": one.place, "message": one.message}
                for one in self.failures
            ],
        }


def not_run(why: str) -> UnitResult:
    return UnitResult(0, 0, (), why, ran=False)


class CmockaMissing(Exception):
    """The unit tests cannot be compiled here."""


class UnitBuilder(Builder):
    """The programs of unit tests. They are the kit's own: compiled without a sandbox."""

    def __init__(self, kit: Kit):
        super().__init__(kit, Target.find(kit, "reference"), sandboxed=False)

    def program(self, checkpoint: Checkpoint) -> Path:
        """The program with all tests of a checkpoint. Raises CmockaMissing."""
        finished = self._place_of(checkpoint)
        if finished.exists():
            return finished
        with tempfile.TemporaryDirectory(dir=self._cache, prefix="link-") as name:
            self._make(self._tests_of(checkpoint), Path(name))
            os.replace(Path(name) / "out", finished)
        return finished

    def finished_program(self, checkpoint: Checkpoint) -> Path | None:
        """The same, if it is there already."""
        finished = self._place_of(checkpoint)
        return finished if finished.exists() else None

    def _tests_of(self, checkpoint: Checkpoint) -> list[Path]:
        folder = self._kit.labs / checkpoint.folder
        stems = [name.removesuffix(".c") for name in checkpoint.files]
        return sorted(folder.glob("test_*.c"), key=lambda path: _place(path.stem, stems))

    def _place_of(self, checkpoint: Checkpoint) -> Path:
        sources = self._tests_of(checkpoint)
        texts = [path.read_bytes() for path in (*sources, *self._headers())]
        options = " ".join([*_COMPILE, *_LINK, *(path.name for path in sources)])
        parts = [self._compiler_id, options.encode(), *texts]
        key = hashlib.sha256(b"\0".join(parts)).hexdigest()[:40]
        return self._cache / f"{key}.units"

    def _headers(self) -> list[Path]:
        folders = self._kit.public_include_folders()
        return [path for folder in folders for path in sorted(folder.glob("*.h"))]

    def _make(self, sources: Sequence[Path], scratch: Path) -> None:
        (scratch / "all.c").write_text(_main_of(sources), encoding="utf-8")
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda path: self._compile_test(path, scratch), sources))
        objects = [f"{path.stem}.o" for path in sources]
        (scratch / "stub.c").write_text(self._stub(objects, scratch), encoding="utf-8")
        soname = f"-Wl,-soname,{_LIBRARY}"
        self._gcc([*_COMPILE, "-shared", "-fPIC", soname, "stub.c"], "stub.so", scratch)
        self._gcc([*_COMPILE, *_LINK, *objects, "all.c", "stub.so", "-lcmocka"], "out", scratch)

    def _stub(self, objects: Sequence[str], scratch: Path) -> str:
        """Something that has all that the tests take from the library, as far as a linker knows."""
        listing = subprocess.run(
            ["nm", "-u", *objects], cwd=scratch, capture_output=True, text=True
        )
        names = sorted(set(_OF_A_COMPONENT.findall(listing.stdout)))
        return "".join(f"void {name}(void) {{}}\n" for name in names)

    def _compile_test(self, path: Path, scratch: Path) -> None:
        includes = [f"-I{folder}" for folder in self._kit.public_include_folders()]
        names = [f"-Dmain=main_of_{path.stem}", f"-ffile-prefix-map={self._kit.root}/="]
        self._gcc([*_COMPILE, *includes, *names, "-c", str(path)], f"{path.stem}.o", scratch)

    def _gcc(self, arguments: Sequence[str], out: str, scratch: Path) -> None:
        command = [*self._compiler, *arguments, "-o", out]
        run = subprocess.run(command, cwd=scratch, capture_output=True, text=True)
        if "cmocka" in run.stderr:
            raise CmockaMissing
        if run.returncode != 0:
            said = one_line(run.stderr) or "the compiler says nothing"
            raise InfrastructureError(f"a unit test does not compile: {cut(said, 300)}")


def _place(name: str, stems: Sequence[str]) -> tuple[int, str]:
    """Tests of what is written first come first."""
    of = [at for at, stem in enumerate(stems) if name.startswith(f"test_{stem}")]
    return (of[0] if of else len(stems), name)


def _main_of(sources: Sequence[Path]) -> str:
    """A program that runs the programs."""
    names = [f"main_of_{path.stem}" for path in sources]
    declared = "".join(f"int {name}(void);\n" for name in names)
    called = "".join(f"    status |= {name}();\n" for name in names)
    return f"{declared}int main(void)\n{{\n    int status = 0;\n{called}    return status;\n}}\n"


class UnitRun:
    """The unit tests of a checkpoint while they run."""

    def __init__(self, launcher: Launcher, program: Path, library: Path):
        if launcher.mode != "bwrap":
            raise InfrastructureError("unit tests run in the sandbox only")
        self._is_stopped = False
        fix_addresses()  # for this thread, which starts it
        self._process = launcher.start(program, [], [], beside={_LIBRARY: library})

    def finish(self) -> UnitResult:
        """Waits for the end, and ends what has none."""
        try:
            stopped = self._wait()
            self._process.drain()
            return result_of(self._process.printed(), stopped)
        finally:
            self._process.kill()

    def kill(self) -> None:
        """Ends it, whether `finish` was called or not."""
        self._process.kill()

    def stop(self) -> None:
        """From another thread: `finish` comes to its end at once."""
        self._is_stopped = True

    def _wait(self) -> str:
        watch = Watch(self._process)
        watch.begin()
        while not self._process.wait(_SLICE_MS):
            self._process.drain()
            watch.look()
            if watch.cpu_s > _CPU_LIMIT_S or watch.asleep_s > _SLEEP_LIMIT_S:
                return "it does not come to an end"
            if self._process.flooded:
                return "it prints without end"
            if self._is_stopped:
                return "interrupted"
        status = self._process.exit_status
        return "" if status in (0, 1) else self._why_it_ended()

    def _why_it_ended(self) -> str:
        """In a sanitizer's words, if one has ended it."""
        self._process.drain()
        found = explain_report(self._process.printed())
        if not found.summary:
            return self._process.exit_reason()
        return f"{found.summary}, at {found.where}" if found.where else found.summary


def result_of(printed: str, stopped: str) -> UnitResult:
    """Reads what cmocka has printed. `stopped` is why the program ended early, or empty."""
    passed, failures = 0, []
    running = place = message = ""
    begun = 0
    for line in harmless(printed).splitlines():
        if found := _RUN.match(line):
            running, place, message = found[1], "", ""
            begun += 1
        elif found := _LINE.search(line):
            place = place or found[1]
        elif (found := _END.match(line)) and found[2] == running:
            if found[1] == "OK":
                passed += 1
            else:
                failures.append(UnitFailure(running, _base(place), cut(message, _WORDS)))
            running = ""
        elif running:
            message = message or _ERROR.sub("", line).strip()
    if stopped and running:
        failures.append(UnitFailure(running, "", stopped))
        running = ""
    return UnitResult(passed, begun, tuple(failures), stopped)


def _base(place: str) -> str:
    return place.rsplit("/", 1)[-1]
