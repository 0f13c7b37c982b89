"""A variant of the reference: the same seven files, some of them with another text."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def replace_once(text: str, find: str, replace: str) -> str:
    """The text with `replace` in the place of `find`, which has to stand there exactly once: so a
    change of the reference cannot disarm an edit unseen. Raises ValueError."""
    count = text.count(find)
    if count != 1:
        raise ValueError(f"its text stands {count} times")
    return text.replace(find, replace)


def write_variant(reference: Path, folder: Path, changed: Mapping[str, str]) -> None:
    """Copies the reference to `folder`, which exists; the files in `changed` get that text, whether
    the reference has them or not."""
    texts = {path.name: path.read_text(encoding="utf-8") for path in reference.glob("*.[ch]")}
    for name, text in {**texts, **changed}.items():
        (folder / name).write_text(text, encoding="utf-8")
