"""`./tcplab docs`: the handouts as a site, and through the TCP that one has written."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click

from tcplab.commands.wiring import wiring_of, wiring_options


@click.command(short_help="Shows the handouts in a browser, also through your TCP.")
@click.option("--build", "only_build", is_flag=True, help="Make the site and serve nothing.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Where to make the site; a folder of the kit's own if not given.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help="Where to serve; 8000 if not given, or another one if that is taken.",
)
@click.option(
    "--over-my-tcp",
    is_flag=True,
    help="Serve through the TCP of the work folder that this is, or of --tcp.",
)
@click.option(
    "--tcp", metavar="PATH", help="Whose TCP: a folder with the seven files, or reference."
)
@wiring_options
@click.pass_context
def command(
    context: click.Context,
    only_build: bool,
    out: Path | None,
    port: int | None,
    over_my_tcp: bool,
    tcp: str | None,
    **wiring: Any,
) -> int:
    """Makes a site of the handouts, if it is not there already, serves it on a loopback address of
    this machine, and says at which, until it is interrupted. To make it takes half a minute.

    With --over-my-tcp every byte of it goes through the TCP that you wrote: a web server that knows
    nothing of it runs over your TCP, at 10.0.0.2; at the other end of the wire a relay fetches from
    there what your browser asks it for. The other options are about that wire, as for run.

    Exit status: 0, or 130 after an interrupt; 2, with a line that says why, if it does not work.
    """
    from tcplab.handouts.building import build
    from tcplab.handouts.serving import address_of, listen, serve
    from tcplab.harmless import harmless
    from tcplab.kit import Kit

    if only_build and (over_my_tcp or port is not None):
        raise click.UsageError("--build serves nothing, so it goes with neither --port nor a TCP")
    if not over_my_tcp:
        _refuse_wiring(context)
    whose = (tcp or _work_folder_here()) if over_my_tcp else ""
    site, made = build(Kit.find(), out, _say_that_it_takes_a_while)
    if only_build:
        print(f"{'made' if made else 'nothing has changed in'} {harmless(str(site))}")
        return 0
    with listen(port) as listener:
        if over_my_tcp:
            from tcplab.handouts.over_tcp import serve_over

            serve_over(wiring_of(whose, **wiring), site, listener)
        else:
            print(f"{address_of(listener)} has the handouts; Ctrl-C ends it", flush=True)
            serve(site, listener)
    return 0


def _say_that_it_takes_a_while() -> None:
    """One line, also where nobody looks at a terminal: who waits is to know for what."""
    print("tcplab: building the site, which takes half a minute", file=sys.stderr, flush=True)


def _refuse_wiring(context: click.Context) -> None:
    """Options about the wire are of use only where there is one."""
    for option in context.command.params:
        given = (
            context.get_parameter_source(str(option.name)) is click.core.ParameterSource.COMMANDLINE
        )
        if given and option.name not in ("only_build", "out", "port", "over_my_tcp"):
            raise click.UsageError(f"{option.opts[0]} goes with --over-my-tcp only")


def _work_folder_here() -> str:
    """The work folder that this is, or is below, as seen from here."""
    from tcplab.work.folder import WorkFolder

    work = WorkFolder.find(Path.cwd())
    if work is None:
        raise click.UsageError("whose TCP? This is no work folder: give --tcp PATH, or reference")
    return os.path.relpath(work.root)
