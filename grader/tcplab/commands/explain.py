"""`./tcplab explain`: what a case is about, and how it goes on the reference."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from tcplab.commands import options
from tcplab.errors import UsageError

if TYPE_CHECKING:
    from tcplab.case import Case
    from tcplab.explaining import Explanation
    from tcplab.result import Outcome

_WIDEST = 100  # columns


@click.command(short_help="Tells what a case is about, on the reference.")
@click.argument("name", metavar="CASE")
@click.option("--source", is_flag=True, help="Show the case itself: it reads like the RFC.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@options.seed
def command(name: str, source: bool, as_json: bool, seed: int) -> None:
    """Tells what CASE is about: its rule and where that comes from, the mistakes that it is known
    to catch, where it is written, and its steps and packets on the reference.

    CASE is an id. A pattern that fits several, such as 'sender.*fin*', lists them.
    """
    from tcplab.case import discover
    from tcplab.kit import Kit
    from tcplab.lookup import named

    kit = Kit.find()
    found = named(discover(kit.checkpoints()), name)
    if len(found) > 1:
        if source or as_json:
            raise UsageError(f"'{name}' names {len(found)} cases: name one, such as {found[0].id}")
        _list(found)
        return
    from tcplab.explaining import explain

    [case] = found
    _show(explain(kit, case, _run(case, seed, source)), source, as_json, seed)


def _list(cases: Sequence[Case]) -> None:
    for case in cases:
        print(f"{case.id}: {case.rule}")


def _run(case: Case, seed: int, unneeded: bool) -> Outcome:
    """The case on the reference. Where only its source is wanted, it is not run."""
    from tcplab.result import NOT_RUN, Outcome
    from tcplab.runner import Plan, grade
    from tcplab.sandbox import sandbox_for_own_code

    if unneeded:
        return Outcome(NOT_RUN)
    sandbox = sandbox_for_own_code("reference")
    plan = Plan(
        "reference", (case.checkpoint,), case=case.id, seed=seed, sandbox=sandbox, stories=True
    )
    [one] = [one for checkpoint in grade(plan).checkpoints for one in checkpoint.cases]
    return one.outcome


def _show(one: Explanation, source: bool, as_json: bool, seed: int) -> None:
    import json

    from rich.console import Console
    from rich.syntax import Syntax
    from rich.text import Text

    from tcplab.report.explanation import lines_of, source_lines, to_json

    console = Console(highlight=False)
    if as_json:
        print(json.dumps(to_json(one), indent=1, ensure_ascii=False))
    elif source and console.is_terminal:
        code = "\n".join(source_lines(one))
        console.print(Syntax(code, "python", theme="ansi_dark", background_color="default"))
    elif source:
        print("\n".join(source_lines(one)))
    else:
        verdict = Text(f"\n{one.outcome.status} on the reference, seed {seed}", "dim")
        for line in [*lines_of(one, min(console.width, _WIDEST)), verdict]:
            console.print(line, soft_wrap=True)
