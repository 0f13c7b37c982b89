"""Where the parts of the kit lie, and what the six checkpoints are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tcplab.errors import InfrastructureError

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    import tomli as tomllib


@dataclass(frozen=True)
class Checkpoint:
    """One of the six. `files` are what the student writes for it."""

    number: int
    name: str  # also the stem of case ids, modules and handouts
    folder: str  # below labs/
    files: tuple[str, ...]
    stems: tuple[str, ...]  # first words that the ids of its cases may have
    title: str
    points: int
    rfc: tuple[str, ...]
    hints: tuple[str, ...]


_OUTLINE: tuple[tuple[str, str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("seqno", "0-seqno", ("seqno.c",), ("seqno",)),
    ("byte_stream", "1-byte-stream", ("byte_stream.c",), ("byte_stream",)),
    ("reassembler", "2-reassembler", ("reassembler.c",), ("reassembler",)),
    ("receiver", "3-receiver", ("receiver.c",), ("receiver",)),
    ("sender", "4-sender", ("sender.c",), ("sender",)),
    ("connection", "5-connection", ("segment.c", "connection.c"), ("segment", "connection")),
)

COUNT = len(_OUTLINE)  # of checkpoints

COMPONENT_FILES: tuple[str, ...] = tuple(name for _, _, files, _ in _OUTLINE for name in files)


# The files of other checkpoints whose functions those of a file call. A connection needs all.
_CALLED_BY: dict[str, tuple[str, ...]] = {
    "reassembler.c": ("byte_stream.c",),
    "receiver.c": ("seqno.c", "byte_stream.c", "reassembler.c"),
    "sender.c": ("seqno.c", "byte_stream.c"),
    "connection.c": ("seqno.c", "byte_stream.c", "reassembler.c", "receiver.c", "sender.c"),
}


def files_called_by(files: Iterable[str]) -> tuple[str, ...]:
    """The files of other checkpoints without which the functions of these do not work, in the order
    in which they are written."""
    called = {one for file in files for one in _CALLED_BY.get(file, ())}
    return tuple(file for file in COMPONENT_FILES if file in called)


def file_of_case(identity: str) -> str:
    """The file of a submission that a case is about, by the first word of the case's name."""
    return f"{identity.split('.')[0]}.c"


def files_beside(file: str) -> tuple[str, ...]:
    """The files of the checkpoint for which a file is written, itself among them."""
    return next((files for _, _, files, _ in _OUTLINE if file in files), (file,))


@dataclass(frozen=True)
class Kit:
    """The folder that the kit is in."""

    root: Path

    @staticmethod
    def find() -> Kit:
        """The kit that this package is part of."""
        root = Path(__file__).resolve().parents[2]
        if not (root / "labs").is_dir():
            raise InfrastructureError(
                f"no labs/ folder in {root}: the grader has to stay inside the kit"
            )
        return Kit(root)

    def checkpoint_called(self, word: str) -> Checkpoint | None:
        """The checkpoint of this number, name, file or folder: 2, reassembler, reassembler.c."""
        wanted = word.replace("-", "_").removesuffix(".c")
        for one in self.checkpoints():
            folder = one.folder.replace("-", "_")
            if wanted in (str(one.number), one.name, folder, *one.stems):
                return one
        return None

    @property
    def labs(self) -> Path:
        return self.root / "labs"

    @property
    def given(self) -> Path:
        return self.root / "labs" / "given"

    @property
    def reference(self) -> Path:
        return self.root / "reference"

    @property
    def skeleton(self) -> Path:
        return self.root / "skeleton"

    def checkpoints(self) -> tuple[Checkpoint, ...]:
        """All six, with what their lab.toml files say."""
        return tuple(self._checkpoint(number) for number in range(len(_OUTLINE)))

    def _checkpoint(self, number: int) -> Checkpoint:
        name, folder, files, stems = _OUTLINE[number]
        path = self.labs / folder / "lab.toml"
        try:
            lab: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
            return Checkpoint(
                number=number,
                name=name,
                folder=folder,
                files=files,
                stems=stems,
                title=str(lab["title"]),
                points=int(lab["points"]),
                rfc=tuple(lab["rfc"]),
                hints=tuple(lab["hints"]),
            )
        except (OSError, KeyError, ValueError) as error:
            raise InfrastructureError(
                f"{path}: not a readable lab description ({error})"
            ) from error

    def public_include_folders(self) -> list[Path]:
        """Where a student's code finds headers: the contracts, nothing else."""
        return [self.labs / folder for _, folder, _, _ in _OUTLINE] + [self.given]
