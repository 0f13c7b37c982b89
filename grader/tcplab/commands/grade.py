"""`./tcplab grade`: grades a solution."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tcplab.commands import options
from tcplab.progress import progress_bar

if TYPE_CHECKING:
    from tcplab.runner import Plan


@click.command(short_help="Grades a solution, or the Linux kernel.")
@click.argument("target", metavar="[TARGET]", required=False)
@click.option(
    "--checkpoint",
    "checkpoints",
    type=click.IntRange(0, 5),
    multiple=True,
    help="Grade this checkpoint only; may be given several times.",
)
@options.mode
@options.case
@options.seed
@click.option(
    "--wire",
    type=click.Choice(["auto", "tun", "socketpair"]),
    default="auto",
    show_default=True,
    help="How packets reach the code under test; auto takes TUN where there is one.",
)
@click.option(
    "--sandbox",
    type=click.Choice(["auto", "bwrap", "none"]),
    default="auto",
    show_default=True,
    help="none: run the code unconfined, for code that you trust.",
)
@options.json_file
@click.option(
    "--pcap",
    metavar="DIR",
    help="Write a capture of each case that uses the wire, for Wireshark.",
)
def command(
    target: str | None,
    checkpoints: tuple[int, ...],
    mode: str,
    case: str,
    seed: int,
    wire: str,
    sandbox: str,
    json_file: str | None,
    pcap: str | None,
) -> int:
    """Grades TARGET: reference, skeleton, or a folder with a student's .c files. In a
    work folder, and below it, no TARGET means that folder.

    With kernel as TARGET, the cases that have to do with packets are run on the sockets of this
    machine's kernel, in real time. Ends with 1 if one fails that is not listed among the known
    differences of Linux (grader/kernel/differences.toml).

    Exit status: 0 when grading took place, whatever the score; 2 when it could not; 130 when it was
    interrupted: what was run until then is shown, and no JSON is written.
    """
    from tcplab.kit import Kit
    from tcplab.report.json_file import check_place
    from tcplab.runner import Plan
    from tcplab.target import refuse_links

    if target is None:
        target = _work_folder_here()
    refuse_links(Kit.find(), target)
    if json_file is not None:
        check_place(json_file)
    if pcap == "":
        raise click.UsageError("--pcap '': name a folder")
    folder = None if pcap is None else Path(pcap)
    plan = Plan(target, checkpoints, mode, case, seed, wire, sandbox, folder)
    if target == "kernel":
        return _grade_kernel(plan, json_file)
    _grade(plan, json_file)
    return 0


def _work_folder_here() -> str:
    from tcplab.work.folder import target_here

    target = target_here()
    if target is None:
        raise click.UsageError("TARGET is missing, and this is no work folder")
    return target


def _grade_kernel(plan: Plan, json_file: str | None) -> int:
    from rich.console import Console

    from tcplab.foreign.grade_kernel import grade_kernel
    from tcplab.foreign.verdicts import Verdict
    from tcplab.report import foreign_terminal
    from tcplab.report import json_file as json_report

    with progress_bar("starting") as progress:
        result = grade_kernel(plan, progress)
    if json_file is not None:
        json_report.write(result.grade, json_file)
    if json_file != "-":
        foreign_terminal.print_result(result, Console())
    return 1 if result.count()[Verdict.FAILED] else 0


def _grade(plan: Plan, json_file: str | None) -> None:
    from rich.console import Console

    from tcplab.report import json_file as json_report
    from tcplab.report import terminal
    from tcplab.runner import GradeInterrupted
    from tcplab.runner import grade as run_grade

    from tcplab.work.remembering import Remembering

    remembering = Remembering(plan)
    try:
        with progress_bar("building") as progress:
            result = run_grade(plan, progress)
    except GradeInterrupted as interrupted:
        if json_file != "-":
            terminal.print_partial(interrupted.partial, interrupted.total, Console())
        raise
    remembering.keep(result)
    if json_file is not None:
        json_report.write(result, json_file)
    if json_file != "-":
        terminal.print_result(result, Console())
