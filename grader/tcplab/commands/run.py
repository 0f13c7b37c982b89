"""`./tcplab run`: unmodified programs over the TCP of a solution folder."""

from __future__ import annotations

from typing import Any

import click

from tcplab.commands.wiring import wiring_of, wiring_options


@click.command(
    short_help="Runs any program over your TCP.",
    context_settings={"allow_interspersed_args": False},
)
@click.option(
    "--tcp",
    default="reference",
    show_default=True,
    metavar="PATH",
    help="Whose TCP: a folder with the seven files, or reference.",
)
@click.option(
    "--with",
    "server",
    metavar="COMMAND",
    help="Run this at the other end, as the server that PROGRAM is to talk to.",
)
@click.option(
    "--visit",
    "visitor",
    metavar="COMMAND",
    help="Run this at the other end, when PROGRAM listens; then end PROGRAM.",
)
@wiring_options
@click.argument("program", nargs=-1, required=True, type=click.UNPROCESSED)
def command(
    program: tuple[str, ...],
    tcp: str,
    server: str | None,
    visitor: str | None,
    **wiring: Any,
) -> int:
    """Runs PROGRAM, unmodified, over the TCP that you wrote. Its address is 10.0.0.2; at the other
    end of the wire, at 10.0.0.1, is the kernel's TCP.

    \b
    Your client, a server over the kernel's TCP:
      ./tcplab run --tcp mine --with 'python3 -m http.server -b 10.0.0.1' curl http://10.0.0.1:8000/
    Your server, a client over the kernel's TCP:
      ./tcplab run --tcp mine --visit 'curl http://10.0.0.2:8000/' python3 -m http.server

    Options of the link hold in both directions. Exit status: PROGRAM's; with --visit, that of the
    visitor; 2, with a line that says why, if it could not be run.
    """
    from tcplab.running.session import Plan, run

    return run(Plan(program, wiring_of(tcp, **wiring), server, visitor))
