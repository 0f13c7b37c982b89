#!/usr/bin/env python3
"""Writes code of the kit into the pages that show it, between the markers.

    python3 handouts/fill_code.py            writes
    python3 handouts/fill_code.py --check    only says whether it would (exit status 1)

How a marker names what it wants: grader/tcplab/handouts/excerpts.py.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "grader"))

from tcplab.handouts.excerpts import filled  # noqa: E402
from tcplab.handouts.pages import all_pages  # noqa: E402


def main(arguments: list[str]) -> int:
    """Returns the exit status."""
    check = arguments == ["--check"]
    if arguments and not check:
        print(__doc__, file=sys.stderr)
        return 0 if arguments in (["-h"], ["--help"]) else 2
    stale = 0
    for page in all_pages(ROOT):
        old = page.read_text(encoding="utf-8")
        try:
            new = filled(old, ROOT)
        except ValueError as error:
            print(f"{page.relative_to(ROOT)}: {error}", file=sys.stderr)
            return 2
        if new == old:
            continue
        stale += 1
        print(f"{page.relative_to(ROOT)}: code")
        if not check:
            page.write_text(new, encoding="utf-8")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
