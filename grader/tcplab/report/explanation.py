"""What a case is about, for a person and for a script."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from typing import Any

from rich.text import Text

from tcplab.explaining import Explanation
from tcplab.report.ladder import ladder
from tcplab.report.words import rfc_words
from tcplab.story import Act, Passage

VERSION = 1
_NAMES = 10  # columns for what a line is about


def lines_of(one: Explanation, width: int) -> Iterator[Text]:
    """All of it, a line each; the ladder of the reference comes last."""
    yield Text(one.case.id, style="bold")
    yield from _wrapped(one.case.rule, width)
    yield Text()
    about = f"checkpoint {one.case.checkpoint}: {' and '.join(one.files)}"
    yield from _named("about", [about], width)
    yield from _named("says who", _authorities(one), width)
    yield from _named("allows", _labelled(one, "leniency"), width)
    yield from _named("catches", [*_labelled(one, "bug"), *one.catches], width)
    yield from _named("needs", one.needs, width)
    yield from _named("source", [f"{one.source.file}:{one.source.line}"], width)
    if one.source.row:
        row = ", ".join(f"{name} = {value}" for name, value in one.source.row)
        yield from _named("", [f"with {row}"], width)
    yield Text()
    if one.outcome.story is not None:
        yield from ladder(one.outcome.story, one.outcome, width)


def source_lines(one: Explanation) -> Iterator[str]:
    """The text of the case, under its place."""
    yield f"# {one.source.file}:{one.source.line}"
    for name, value in one.source.row:
        yield f"# here: {name} = {value}"
    yield from one.source.text.splitlines()


def to_json(one: Explanation) -> dict[str, Any]:
    """The same for a script. Times are virtual, in ms."""
    story = one.outcome.story
    return {
        "version": VERSION,
        "id": one.case.id,
        "checkpoint": one.case.checkpoint,
        "files": list(one.files),
        "rule": one.case.rule,
        "rfc": [{"section": word, "title": title} for word, title in one.sections],
        "requirements": [
            {"label": label.name, "kind": label.kind, "text": label.text} for label in one.labels
        ],
        "catches": list(one.catches),
        "needs": list(one.needs),
        "source": {"file": one.source.file, "line": one.source.line, "row": dict(one.source.row)},
        "status": one.outcome.status,
        "steps": [_step(act) for act in story.acts] if story is not None else [],
    }


def _step(act: Act) -> dict[str, Any]:
    return {
        "number": act.number,
        "text": act.text,
        "time_ms": act.time_ms,
        "packets": [
            {
                "time_ms": line.time_ms,
                "from": "stack" if line.from_dut else "tester",
                "text": line.words,
            }
            for line in act.lines
            if isinstance(line, Passage)
        ],
        "notes": [line for line in act.lines if isinstance(line, str)],
    }


def _authorities(one: Explanation) -> list[str]:
    """The sections by their titles, and the labels by what they demand."""
    sections = [f"{rfc_words(word)} {title}".rstrip() for word, title in one.sections]
    return sections + _labelled(one, "demand", "monitor")


def _labelled(one: Explanation, *kinds: str) -> list[str]:
    return [f"{label.name}: {label.text}" for label in one.labels if label.kind in kinds]


def _named(name: str, items: Iterable[str], width: int) -> Iterator[Text]:
    """Items beside a name, wrapped; the first line of the first has the name."""
    for item in items:
        for line in textwrap.wrap(item, width - _NAMES, subsequent_indent="  "):
            yield Text.assemble((f"{name:<{_NAMES}}", "bold"), line)
            name = ""


def _wrapped(words: str, width: int) -> Iterator[Text]:
    return (Text(line) for line in textwrap.wrap(words, width))
