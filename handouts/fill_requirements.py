#!/usr/bin/env python3
"""Writes the page of requirements: every label, what it says, and the cases that check it.

    python3 handouts/fill_requirements.py            writes
    python3 handouts/fill_requirements.py --check    only says whether it would (exit status 1)

It needs a Python that has the grader's packages (on Debian: /usr/bin/python3).
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "handouts" / "docs" / "requirements.md"
sys.path.insert(0, str(ROOT / "grader"))

from tcplab.coverage import of_kit  # noqa: E402
from tcplab.kit import Kit  # noqa: E402
from tcplab.report.coverage_page import page  # noqa: E402


def main(arguments: list[str]) -> int:
    """Returns the exit status."""
    check = arguments == ["--check"]
    if arguments and not check:
        print(__doc__, file=sys.stderr)
        return 0 if arguments in (["-h"], ["--help"]) else 2
    coverage = of_kit(Kit.find())
    new = page(coverage)
    old = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    if new == old:
        return 0
    print(f"{PAGE.relative_to(ROOT)}: {sum(1 for _ in coverage.rows)} labels")
    if not check:
        PAGE.write_text(new, encoding="utf-8")
    return 1 if check else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
