"""Compiles a mix of components into the device under test.

One fixed compiler line, whatever a submission brings with it. Objects are kept in a cache under the
hash of everything that goes into them, so that a grade of unchanged code compiles nothing.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from tcplab.cache_folder import cache_folder
from tcplab.compiling import LIMITS, Compilers, first_complaint, warnings_in
from tcplab.errors import BuildError, InfrastructureError
from tcplab.harmless import harmless
from tcplab.kit import COMPONENT_FILES, Checkpoint, Kit
from tcplab.target import Target

_FLAGS = (
    "-std=c11 -O1 -g -fPIC -fno-omit-frame-pointer -Wall -Wextra"
    " -fsanitize=address,undefined -fno-sanitize-recover=all"
).split()
_SANITIZERS = "-fsanitize=address,undefined"
# --wrap: see dut/commands_memory.c. -Bsymbolic: a function of a submission's that is called like
# one of the C library's is meant where the submission calls it.
DEVICE_WRAPS = ("-Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc",)
_LIBRARY = ["-shared", "-Wl,-Bsymbolic", *DEVICE_WRAPS, "-lm"]
_PROGRAM = "-ldl -Wl,--no-as-needed -lm".split()
_ENCLOSURE = (
    "bwrap --unshare-all --die-with-parent --new-session --clearenv"
    " --setenv PATH /usr/bin:/bin --setenv LC_ALL C --tmpfs /tmp"
).split()
_PRIVATE_FOLDERS = ("net", "socket", "dut", "apps", "preload", "run")
_MAX_SOURCE_BYTES = 4 << 20
_MAX_STATIC_BYTES = 64 << 20
_MAX_EXTRAS = 40  # files beside those of the contract
_WORKERS = 2
_MOST_SAID = 100_000  # characters of warnings, for one file


@dataclass(frozen=True)
class Source:
    """One C file as it was read. `trusted` is the kit's own, which may include private headers."""

    path: Path
    text: bytes
    trusted: bool


class Builder:
    """Builds programs for one target. Errors that are the target's are BuildError."""

    def __init__(
        self, kit: Kit, target: Target, *, sandboxed: bool = True, cache: Path | None = None
    ):
        """`cache`: a folder, which exists, to keep objects in instead of the usual one."""
        self._kit = kit
        self._target = target
        self._sandboxed = sandboxed
        self._own_cache = cache
        self._compilers = Compilers()
        self.flags: tuple[str, ...] = tuple(_FLAGS)

    def build(self, checkpoint: Checkpoint, mode: str) -> Path:
        """The device for grading `checkpoint`; `mode` is solo or stack. Raises BuildError."""
        outcome = self.build_all([checkpoint], mode)[checkpoint.number]
        if isinstance(outcome, BuildError):
            raise outcome
        return outcome

    def build_all(
        self, checkpoints: Sequence[Checkpoint], mode: str
    ) -> dict[int, Path | BuildError]:
        """The devices for several checkpoints, or why there is none, by number."""
        stage_program(self._sandboxed)  # which is made once, here, and not by each worker
        pool = ThreadPoolExecutor(_WORKERS)
        try:
            mixes = {one.number: self._mix_or_error(one, mode) for one in checkpoints}
            sources = {
                (source.path, source.trusted): source
                for mix in mixes.values()
                if not isinstance(mix, BuildError)
                for source in mix
            }
            objects = dict(zip(sources, pool.map(self._object_or_error, sources.values())))
            linking = {
                number: pool.submit(self._link_or_error, mix, objects)
                for number, mix in mixes.items()
            }
            return {number: future.result() for number, future in linking.items()}
        except BaseException:  # an interrupt, too
            pool.shutdown(wait=False, cancel_futures=True)
            self._compilers.stop()
            raise
        finally:
            pool.shutdown()

    def stop(self) -> None:
        """From another thread: whatever is being built, ends with an error."""
        self._compilers.stop()

    def objects(self, checkpoint: Checkpoint, mode: str) -> list[Path]:
        """All that goes into the device, compiled but not linked. Raises BuildError."""
        with ThreadPoolExecutor(_WORKERS) as pool:
            return list(pool.map(self._object, self._mix(checkpoint, mode)))

    def warnings(self, checkpoint: Checkpoint, mode: str) -> list[str]:
        """What the compiler has to say about the target's files, once they are built: a line each,
        with file and line."""
        mine = [source for source in self._mix(checkpoint, mode) if not source.trusted]
        kept = [self._cache / f"{self._key(source)}.log" for source in mine]
        said = [log.read_text(encoding="utf-8") for log in kept if log.exists()]
        return [line for output in said for line in warnings_in(output)]

    def _mix_or_error(self, checkpoint: Checkpoint, mode: str) -> list[Source] | BuildError:
        try:
            return self._mix(checkpoint, mode)
        except BuildError as error:
            return error

    def _object_or_error(self, source: Source) -> Path | BuildError:
        try:
            return self._object(source)
        except BuildError as error:
            return error

    def _link_or_error(
        self,
        mix: list[Source] | BuildError,
        objects: Mapping[tuple[Path, bool], Path | BuildError],
    ) -> Path | BuildError:
        if isinstance(mix, BuildError):
            return mix
        ready: list[Path] = []
        for source in mix:
            outcome = objects[source.path, source.trusted]
            if isinstance(outcome, BuildError):
                return outcome
            ready.append(outcome)
        try:
            return self._link(ready)
        except BuildError as error:
            return error

    # --- which sources -------------------------------------------------------------------------

    def _mix(self, checkpoint: Checkpoint, mode: str) -> list[Source]:
        all_of_them = mode == "stack" or self._target.whole
        wanted = COMPONENT_FILES if all_of_them else checkpoint.files
        sources = list(self._given)
        is_reference = self._target.folder == self._kit.reference.resolve()
        for name in COMPONENT_FILES:
            if name in wanted and not is_reference:
                sources.append(self._targets_own(name))
            else:
                sources.append(_read(self._kit.reference / name, trusted=True))
        return sources + ([] if is_reference else self._extras)

    def _targets_own(self, name: str) -> Source:
        path = self._target.folder / name
        if not path.exists():
            raise BuildError(f"{name} is missing in {self._target.name}")
        return _read(path, trusted=False)

    @cached_property
    def _extras(self) -> list[Source]:
        """What a student keeps beside the files of the contract."""
        paths = sorted(self._target.folder.glob("*.c"))
        extras = [path for path in paths if path.name not in COMPONENT_FILES]
        if len(extras) > _MAX_EXTRAS:
            raise BuildError(f"more than {_MAX_EXTRAS} files beside the seven of the contract")
        return [_read(path, trusted=False) for path in extras]

    @cached_property
    def _given(self) -> list[Source]:
        given = self._kit.given
        paths = [given / "tcp_config.c"]
        for folder in ("net", "dut"):
            found = sorted((given / folder).glob("*.c"))
            paths += [path for path in found if not path.name.startswith("test_")]
        return [_read(path, trusted=True) for path in paths]

    # --- compiling -----------------------------------------------------------------------------

    @cached_property
    def _compiler(self) -> list[str]:
        gcc, clang = shutil.which("gcc"), shutil.which("clang")
        if gcc is not None:
            return [gcc]
        if clang is not None:
            return [clang]
        raise InfrastructureError("no C compiler: install gcc or clang (apt-get install gcc)")

    @cached_property
    def _compiler_id(self) -> bytes:
        path = Path(self._compiler[0]).resolve()
        status = path.stat()
        return f"{path} {status.st_size} {status.st_mtime_ns}".encode()

    @cached_property
    def _cache(self) -> Path:
        if self._own_cache is not None:
            return self._own_cache
        return cache_folder(self._kit)

    @cached_property
    def _header_hash(self) -> dict[bool, bytes]:
        """What all headers say: those that everyone sees, and with the kit's private ones."""
        public = [p for folder in self._kit.public_include_folders() for p in folder.glob("*.h")]
        own = [part for one in self._own_headers for part in (one.path.name.encode(), one.text)]
        private = list(self._kit.given.glob("*/*.h"))
        seen_by_all = _hash_files(public)
        return {
            False: _digest([seen_by_all, *own]).encode(),
            True: _digest([seen_by_all, _hash_files(private)]).encode(),
        }

    @cached_property
    def _own_headers(self) -> list[Source]:
        """Those that the target brings with it."""
        paths = sorted(self._target.folder.glob("*.h"))
        return [_read(path, trusted=False) for path in paths]

    def _key(self, source: Source) -> str:
        """The hash of everything that goes into an object."""
        return _digest(
            [self._compiler_id, " ".join(self._command).encode(), source.path.name.encode()]
            + [source.text, self._header_hash[source.trusted], self._home(source).encode()]
        )

    @cached_property
    def _command(self) -> list[str]:
        return [*self._compiler[:1], *self.flags]

    def _object(self, source: Source) -> Path:
        finished = self._cache / f"{self._key(source)}.o"
        if finished.exists():
            return finished
        with tempfile.TemporaryDirectory(dir=self._cache, prefix="compile-") as scratch:
            said = self._compile(source, Path(scratch))
            if said and not source.trusted:
                log = Path(scratch) / "out.log"
                log.write_text(said, encoding="utf-8")
                os.replace(log, finished.with_suffix(".log"))
            os.replace(Path(scratch) / "out.o", finished)
        return finished

    def _compile(self, source: Source, scratch: Path) -> str:
        """Compiles a copy, in a place from which nothing but public headers can be included.
        Returns what the compiler says."""
        (scratch / source.path.name).write_bytes(source.text)
        includes = self._kit.public_include_folders()
        if source.trusted:
            includes = includes + [self._kit.given / name for name in _PRIVATE_FOLDERS]
        else:
            for header in self._own_headers:
                (scratch / header.path.name).write_bytes(header.text)
        arguments = [f"-I{folder}" for folder in includes]
        arguments += [f"-ffile-prefix-map={self._kit.root}/="]
        arguments += [f"-ffile-prefix-map={scratch}={self._home(source)}"]
        arguments += ["-c", source.path.name, "-o", "out.o"]
        command = self._enclose(self._command + arguments, scratch, includes)
        run = self._compilers.run(command, scratch, source.path.name)
        if run.returncode != 0 or not (scratch / "out.o").exists():
            written = [] if source.trusted else [path.name for path in scratch.iterdir()]
            line, output = first_complaint(run, source.path.name, written)
            if source.trusted:
                raise InfrastructureError(f"the kit's own code does not compile: {line}")
            raise BuildError(line, output)
        return harmless(run.stderr[:_MOST_SAID])

    def _home(self, source: Source) -> str:
        """The folder that reports show for a source: in the kit, or none."""
        return str(source.path.parent.relative_to(self._kit.root)) if source.trusted else "."

    def _link(self, objects: Sequence[Path]) -> Path:
        """The library that a stage loads. Raises BuildError, also where a function is missing."""
        if "clang" in Path(self._compiler[0]).name:
            # Its sanitizers are part of the program that loads the library, so what is missing in
            # the library shows only when the same is linked as a program.
            self._link_as(objects, ["-Wl,--no-as-needed", *_LIBRARY[1:]], "program")
            return self._link_as(objects, _LIBRARY, "so")
        return self._link_as(objects, [*_LIBRARY, "-Wl,-z,defs"], "so")

    def link_stage(self) -> Path:
        """The program that loads such libraries."""
        source = _read(self._kit.given / "stage" / "stage.c", trusted=True)
        return self._link_as([self._object(source)], _PROGRAM, "stage")

    def _link_as(self, objects: Sequence[Path], options: Sequence[str], kind: str) -> Path:
        names = [path.name.encode() for path in objects]
        key = _digest([self._compiler_id, f"{options} {_MAX_STATIC_BYTES}".encode(), *names])
        finished = self._cache / f"{key}.{kind}"
        if finished.exists():
            return finished
        with tempfile.TemporaryDirectory(dir=self._cache, prefix="link-") as name:
            scratch = Path(name)
            command = [*self._compiler, _SANITIZERS, *map(str, objects), *options, "-o", "out"]
            command = self._enclose(command, scratch, [self._cache])
            run = self._compilers.run(command, scratch, "linking")
            if run.returncode != 0 or not (scratch / "out").exists():
                line, output = first_complaint(run, "linking")
                if re.search(r"cannot find .*(asan|ubsan|clang_rt)", output):
                    raise InfrastructureError(
                        "the compiler lacks its sanitizers: install libgcc-12-dev, or"
                        " libclang-rt-14-dev, of your compiler's version"
                    )
                raise BuildError(line, output)
            self._check_static_data(scratch)
            os.replace(scratch / "out", finished)
        return finished

    def _check_static_data(self, scratch: Path) -> None:
        """What no file is too small for: an array of zeros takes no room before it is loaded."""
        command = self._enclose(["size", "out"], scratch, [])
        lines = self._compilers.run(command, scratch, "linking").stdout.splitlines()
        figures = lines[-1].split()[:3] if lines else []
        if len(figures) != 3 or not all(figure.isdigit() for figure in figures):
            raise BuildError("linking: the result cannot be read")
        if sum(map(int, figures)) > _MAX_STATIC_BYTES:
            raise BuildError(f"too much static data: more than {_MAX_STATIC_BYTES >> 20} MB")

    def _enclose(self, command: list[str], scratch: Path, readable: Iterable[Path]) -> list[str]:
        """The compiler, too, reads what a submission says: `#include` of anything on this host."""
        if not self._sandboxed:
            return [*LIMITS, *command]
        binds: list[str] = []
        for system in ("/usr", "/bin", "/lib", "/lib64", "/etc/alternatives"):
            if Path(system).exists():
                binds += ["--ro-bind", system, system]
        for folder in readable:
            binds += ["--ro-bind", str(folder), str(folder)]
        return [
            *LIMITS,
            *_ENCLOSURE,
            *binds,
            *["--bind", str(scratch), str(scratch), "--chdir", str(scratch)],
            *command,
        ]


@cache
def stage_program(sandboxed: bool) -> Path:
    """The program on which devices appear."""
    kit = Kit.find()
    builder = Builder(kit, Target.find(kit, "reference"), sandboxed=sandboxed)
    try:
        return builder.link_stage()
    except BuildError as error:
        raise InfrastructureError(f"the kit's own code does not compile: {error}") from None


@cache
def reference_program(sandboxed: bool) -> Path:
    """The device made of the reference alone: what others are measured against."""
    kit = Kit.find()
    builder = Builder(kit, Target.find(kit, "reference"), sandboxed=sandboxed)
    first = kit.checkpoints()[0]
    program = builder.build_all([first], "stack")[first.number]
    if isinstance(program, BuildError):
        raise InfrastructureError(f"the reference does not compile: {program}")
    return program


def _read(path: Path, *, trusted: bool) -> Source:
    """A regular file of sensible size; a link could lead out of the submission."""
    if path.is_symlink():
        raise BuildError(f"{path.name} is a link: put the file itself there")
    if not path.is_file():
        raise BuildError(f"{path.name} is not a regular file")
    if path.stat().st_size > _MAX_SOURCE_BYTES:
        raise BuildError(f"{path.name} is larger than {_MAX_SOURCE_BYTES >> 20} MB")
    try:
        return Source(path, path.read_bytes(), trusted)
    except OSError as error:
        raise BuildError(f"{path.name} cannot be read: {error.strerror}") from None


def _hash_files(paths: Iterable[Path]) -> bytes:
    parts: list[bytes] = []
    for path in sorted(paths):
        if path.is_file() and path.stat().st_size <= _MAX_SOURCE_BYTES:
            parts += [path.name.encode(), path.read_bytes()]
    return _digest(parts).encode()


def _digest(parts: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()[:40]
