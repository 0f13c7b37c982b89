#!/usr/bin/env python3
"""Writes the grader's cases into the tables of the handouts, between the markers.

    python3 handouts/fill_cases.py            writes
    python3 handouts/fill_cases.py --check    only says whether it would (exit status 1)

It needs a Python that has the grader's packages (on Debian: /usr/bin/python3).
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "handouts" / "docs"
sys.path.insert(0, str(ROOT / "grader"))

from tcplab.case import Case, discover  # noqa: E402
from tcplab.kit import Kit  # noqa: E402

_HEAD = "\n| case | rule |\n|---|---|\n"


def table(cases: list[Case]) -> str:
    """A Markdown table, with a blank line on either side: id and rule of each case."""
    rows = (f"| `{case.id}` | {_cell(case.rule)} |\n" for case in cases)
    return _HEAD + "".join(rows) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def filled(text: str, number: int, cases: list[Case]) -> str:
    """The page with its table replaced. Raises ValueError if it has no markers for `number`."""
    pattern = re.compile(rf"(<!-- cases:{number} -->\n).*?(<!-- /cases -->)", re.DOTALL)
    if len(pattern.findall(text)) != 1:
        raise ValueError(f"exactly one pair of markers is wanted for checkpoint {number}")
    return pattern.sub(lambda match: match[1] + table(cases) + match[2], text)


def main(arguments: list[str]) -> int:
    """Returns the exit status."""
    check = arguments == ["--check"]
    if arguments and not check:
        print(__doc__, file=sys.stderr)
        return 0 if arguments in (["-h"], ["--help"]) else 2
    checkpoints = Kit.find().checkpoints()
    everything = discover(checkpoints)
    stale = 0
    for checkpoint in checkpoints:
        page = DOCS / f"{checkpoint.folder}.md"
        old = page.read_text(encoding="utf-8")
        cases = [case for case in everything if case.checkpoint == checkpoint.number]
        new = filled(old, checkpoint.number, cases)
        if new == old:
            continue
        stale += 1
        print(f"{page.relative_to(ROOT)}: {len(cases)} cases")
        if not check:
            page.write_text(new, encoding="utf-8")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
