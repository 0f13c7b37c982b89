"""`./tcplab probe`: grades a program that owns a TUN device, by its packets alone."""

from __future__ import annotations

from pathlib import Path

import click

from tcplab.commands import options
from tcplab.progress import progress_bar


@click.command(short_help="Grades any program with a TUN device.")
@click.option(
    "--tun", required=True, metavar="NAME", help="The interface; the program has it open."
)
@click.option("--address", required=True, metavar="A", help="The program's IPv4 address.")
@click.option(
    "--port", required=True, type=click.IntRange(1, 65535), help="The port on which it listens."
)
@click.option(
    "--tester",
    metavar="A",
    help="The address to test from: not the kernel's. By default one in the interface's network.",
)
@click.option(
    "--mode",
    type=click.Choice(["auto", "echo", "discard"]),
    default="auto",
    show_default=True,
    help="What it does with what arrives; auto finds out.",
)
@options.case
@options.seed
@click.option(
    "--jobs",
    type=click.IntRange(1, 32),
    default=8,
    show_default=True,
    help="Cases at the same time; 1 for a program that serves one connection after another.",
)
@options.json_file
@click.option(
    "--pcap",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write a capture of each case, for Wireshark.",
)
def command(
    tun: str,
    address: str,
    port: int,
    tester: str | None,
    mode: str,
    case: str,
    seed: int,
    jobs: int,
    json_file: str | None,
    pcap: Path | None,
) -> int:
    """Grades any program that owns a TUN device, by its packets alone.

    The program, in whatever language, listens on a port, takes every connection, and either sends
    back what arrives or throws it away; when its peer has closed a connection, so does it. It runs
    already, and there is a TUN interface that it has open.
    """
    from rich.console import Console

    from tcplab.foreign.probe import ProbePlan, probe
    from tcplab.report import foreign_terminal
    from tcplab.report import json_file as json_report

    plan = ProbePlan(tun, address, port, tester, mode, case, seed, jobs, pcap)
    with progress_bar("starting") as progress:
        result = probe(plan, progress)
    if json_file is not None:
        json_report.write(result.grade, json_file)
    if json_file != "-":
        foreign_terminal.print_result(result, Console())
    return 0
