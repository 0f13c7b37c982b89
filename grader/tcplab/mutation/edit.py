"""One mechanical mutant: a piece of a source file that is replaced by another."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Edit:
    """Bytes `start` to `end` of `file`, which lie in `function`, become `new`.

    `id` stays the same as long as the function, the line and the change do, wherever in the file
    they stand; two equal changes in equal lines of one function are told apart by their order.
    """

    file: str
    function: str
    operator: str  # which kind of slip: a name from tcplab.mutation.operators
    start: int
    end: int
    line: int  # of `start`, counted from 1
    source_line: str  # the line's text, without the white space around it
    old: str
    new: str
    id: str = ""

    @property
    def change(self) -> str:
        """For people: what stands there, and what stands there instead."""
        old, new = (" ".join(text.split()) for text in (self.old, self.new))
        return f"{old or 'nothing'} → {new or 'nothing'}"

    def apply(self, source: bytes) -> bytes:
        """The file with the slip in it. Its lines keep their numbers."""
        lost_lines = source[self.start : self.end].count(b"\n") - self.new.count("\n")
        padding = b"\n" * max(0, lost_lines)
        return source[: self.start] + self.new.encode() + padding + source[self.end :]


def with_ids(edits: Iterable[Edit]) -> list[Edit]:
    """The edits, ordered by place, each with its id."""
    seen: Counter[str] = Counter()
    named = []
    for edit in sorted(edits, key=lambda one: (one.start, one.end, one.operator, one.new)):
        column = edit.source_line.find(edit.old.split("\n")[0].strip())
        key = "\0".join(
            (edit.function, edit.operator, edit.source_line, str(column), edit.old, edit.new)
        )
        seen[key] += 1
        digest = hashlib.sha256(f"{key}\0{seen[key]}".encode()).hexdigest()[:8]
        stem = edit.file.removesuffix(".c").replace("_", "-")
        named.append(replace(edit, id=f"{stem}-{digest}"))
    return named
