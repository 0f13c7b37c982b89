"""`./tcplab coverage`: which requirement is checked by which cases."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from pathlib import Path

import click

from tcplab.errors import InfrastructureError, UsageError


@click.command(short_help="Shows which cases check which rule.")
@click.option("--json", "json_file", metavar="FILE", help="Write it all as JSON; - is stdout.")
@click.option(
    "--markdown",
    "markdown_file",
    metavar="FILE",
    help="Write the page of the handouts; - is stdout.",
)
@click.option("--label", "glob", metavar="GLOB", help="Show all about the labels of this name.")
def command(json_file: str | None, markdown_file: str | None, glob: str | None) -> int:
    """Shows which requirement is checked by which cases.

    Ends with 1 if a requirement that applies is checked by nothing, or if a case names no
    requirement, an unknown one, or no mutant; with --label: if one of those shown is checked by
    nothing.
    """
    if json_file == markdown_file == "-":
        raise UsageError("--json and --markdown cannot both go to standard output")

    from rich.console import Console

    from tcplab.coverage import of_kit
    from tcplab.kit import Kit
    from tcplab.report import coverage_page, coverage_terminal

    coverage = of_kit(Kit.find())
    if json_file is not None:
        _write(json.dumps(coverage.to_json(), indent=1, ensure_ascii=False) + "\n", json_file)
    if markdown_file is not None:
        _write(coverage_page.page(coverage), markdown_file)
    rows = [row for row in coverage.rows if fnmatchcase(row.requirement.label, glob or "*")]
    if not rows:
        raise UsageError(f"there is no label {glob}: see ./tcplab coverage --json -")
    if "-" not in (json_file, markdown_file):
        if glob is None:
            coverage_terminal.print_coverage(coverage, Console())
        else:
            coverage_terminal.print_labels(rows, Console())
    fine = coverage.is_complete if glob is None else not any(row.gap for row in rows)
    return 0 if fine else 1


def _write(text: str, path: str) -> None:
    if path == "-":
        print(text, end="")
        return
    try:
        Path(path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise InfrastructureError(f"{path} cannot be written: {error.strerror}") from error
