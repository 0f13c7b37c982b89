"""The command line. Exit codes: 0 grading took place, 1 a check failed where a command says so,
2 the command could not be carried out: one line on standard error says why."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tcplab import __version__
from tcplab.errors import InfrastructureError

if TYPE_CHECKING:
    from tcplab.runner import Plan, Progress


class _Interrupted(Exception):
    """Somebody wants this to end."""


class _Commands(click.Group):
    """Click would answer an interrupt with a line of its own."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise _Interrupted from None


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="tcplab")
def commands() -> None:
    """Builds, checks and grades the six checkpoints of the TCP Lab Kit."""


@commands.command()
@click.argument("target", metavar="TARGET")
@click.option(
    "--checkpoint",
    "checkpoints",
    type=click.IntRange(0, 5),
    multiple=True,
    help="Grade this checkpoint only; may be given several times.",
)
@click.option(
    "--mode",
    type=click.Choice(["solo", "stack"]),
    default="solo",
    show_default=True,
    help="solo: each checkpoint's files inside an otherwise reference stack;"
    " stack: all of the target's files together.",
)
@click.option("--case", default="*", metavar="GLOB", help="Run only the cases of this name.")
@click.option(
    "--seed",
    type=click.IntRange(0, 2**63 - 1),
    default=1,
    show_default=True,
    help="Where random data and sequence numbers come from.",
)
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
@click.option("--json", "json_file", metavar="FILE", help="Write the result as JSON; - is stdout.")
@click.option(
    "--pcap",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write a capture of each case that uses the wire, for Wireshark.",
)
def grade(
    target: str,
    checkpoints: tuple[int, ...],
    mode: str,
    case: str,
    seed: int,
    wire: str,
    sandbox: str,
    json_file: str | None,
    pcap: Path | None,
) -> None:
    """Grades TARGET: reference, skeleton, or a folder with a student's .c files."""
    from tcplab.runner import Plan

    _grade(Plan(target, checkpoints, mode, case, seed, wire, sandbox, pcap), json_file)


def _grade(plan: Plan, json_file: str | None) -> None:
    from rich.console import Console

    from tcplab.report import json_file as json_report
    from tcplab.report import terminal
    from tcplab.runner import grade as run_grade

    with _progress_bar() as progress:
        result = run_grade(plan, progress)
    if json_file is not None:
        json_report.write(result, json_file)
    if json_file != "-":
        terminal.print_result(result, Console())


@contextmanager
def _progress_bar() -> Iterator[Progress]:
    """A progress bar on standard error if that is a terminal, otherwise nothing."""
    if not sys.stderr.isatty():
        yield lambda done, total, identity: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as Bar

    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("building", total=None)
        yield lambda done, total, identity: bar.update(
            task, completed=done, total=total, description=identity
        )


def _interrupt(number: int, frame: object) -> None:
    """A polite request to end is treated like an interrupt from the keyboard."""
    raise KeyboardInterrupt


def main(arguments: list[str] | None = None) -> int:
    """Runs a command and returns its exit code."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        outcome = commands.main(args=arguments, prog_name="tcplab", standalone_mode=False)
        return outcome if isinstance(outcome, int) else 0
    except click.UsageError as error:
        print(f"tcplab: {error.format_message()} (see --help)", file=sys.stderr)
    except click.ClickException as error:
        print(f"tcplab: {error.format_message()}", file=sys.stderr)
    except InfrastructureError as error:
        print(f"tcplab: {error}", file=sys.stderr)
    except (_Interrupted, click.Abort, KeyboardInterrupt):
        print("tcplab: interrupted; nothing was left behind", file=sys.stderr)
        return 130
    return 2
