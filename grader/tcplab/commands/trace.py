"""`tcplab trace`: one case as a ladder of segments, as a page, or as a capture for Wireshark."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import click
from rich.console import Console
from rich.text import Text

from tcplab.commands import options
from tcplab import __version__
from tcplab.errors import UsageError
from tcplab.failure import failure_of
from tcplab.harmless import harmless
from tcplab.kit import Kit
from tcplab.pcapng import write_pcapng
from tcplab.report.failure import what_happened
from tcplab.report.ladder import ladder
from tcplab.report.trace_page.page import Run, write_page
from tcplab.result import CaseResult
from tcplab.report.words import rfc_words, wrapped
from tcplab.runner import Plan, grade, select
from tcplab.sandbox import sandbox_for_own_code
from tcplab.story import with_raw_numbers
from tcplab.work.folder import target_here

_REFERENCE = "reference"
_WIDEST = 120  # columns: a longer arrow says nothing more


@click.command(short_help="Draws one case: ladder, page or capture.")
@click.argument("case")
@click.argument("target", required=False)
@options.mode
@options.seed
@click.option(
    "--raw",
    is_flag=True,
    help="Draw each packet with its sequence and acknowledgment numbers as they are on the wire.",
)
@click.option(
    "--pcap",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the packets as pcapng, with a comment on each: in which step it was sent.",
)
@click.option(
    "--html",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write a page to go through step by step: sequence space, state, and, of a case that "
    "fails, how the reference does it beside it.",
)
def command(
    case: str,
    target: str | None,
    mode: str,
    seed: int,
    raw: bool,
    pcap: Path | None,
    html: Path | None,
) -> None:
    """Runs CASE on TARGET, a folder with a solution, and draws what went over the wire.

    In a work folder, and below it, no TARGET means that folder; elsewhere it means the reference:
    then the ladder shows how it should be. mutant:NAME, the reference with one of the mistakes in
    grader/mutants, shows how it should not be. Times are virtual, in ms; numbers are relative, the
    SYN is 0 each way, but for the packets with --raw.
    """
    target = target or target_here() or _REFERENCE
    plan = Plan(
        target,
        case=case,
        mode=mode,
        seed=seed,
        sandbox=sandbox_for_own_code(target),
        stories=True,
        watched=html is not None,
    )
    chosen = [each.id for selection in select(Kit.find(), plan) for each in selection.chosen]
    if len(chosen) != 1:
        raise UsageError(f"'{case}' names {len(chosen)} cases: name one, such as {chosen[0]}")
    one = _only_case(plan)
    outcome = one.outcome
    if outcome.story is None:
        raise UsageError(f"{one.id} was not run: {outcome.message}")
    console = Console(highlight=False)
    width = min(console.width, _WIDEST)
    about = f"{one.rule}  ({', '.join(map(rfc_words, one.rfc))})"
    head = [Text(one.id, style="bold"), *map(Text, wrapped(about, width)), Text()]
    verdict = Text(f"\n{outcome.status} on {harmless(target)}, seed {seed}")
    trouble = partial(what_happened, failure_of(one))
    story = with_raw_numbers(outcome.story) if raw else outcome.story
    for line in [*head, *ladder(story, outcome, width, trouble), verdict]:
        console.print(line, soft_wrap=True)
    if pcap is not None:
        count = write_pcapng(pcap, outcome.story, outcome)
        console.print(f"{count} packet{'s' * (count != 1)} in {pcap}", soft_wrap=True)
    if html is not None:
        _write_page(html, plan, one)
        console.print(f"the page is {html}", soft_wrap=True)


def _only_case(plan: Plan) -> CaseResult:
    [one] = [one for checkpoint in grade(plan).checkpoints for one in checkpoint.cases]
    return one


def _write_page(path: Path, plan: Plan, one: CaseResult) -> None:
    """Of a case that did not pass, beside how it goes on the reference. Raises UsageError."""
    name = Path(plan.target).resolve().name if Path(plan.target).is_dir() else plan.target
    runs = [Run(harmless(name), one)]
    if not one.passed and plan.target != _REFERENCE:
        runs.insert(0, Run(_REFERENCE, _only_case(replace(plan, target=_REFERENCE))))
    try:
        write_page(path, runs, seed=plan.seed, kit=__version__)
    except OSError as error:
        raise UsageError(f"--html {path}: cannot be written ({error.strerror})") from None
