"""`./tcplab run`: unmodified programs over the TCP of a solution folder."""

from __future__ import annotations

from pathlib import Path

import click

_LINK = ("loss", "dup", "reorder", "corrupt", "delay", "rate", "seed")


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
@click.option(
    "--wire",
    type=click.Choice(["auto", "tun", "socketpair"]),
    default="auto",
    show_default=True,
    help="tun: the kernel's TCP at the other end. socketpair: the reference's; needs no rights.",
)
@click.option("--loss", metavar="P", help="Lose this part of the packets: 0.02 or 2%.")
@click.option("--dup", metavar="P", help="Deliver this part of them twice.")
@click.option("--reorder", metavar="P", help="Let others overtake this part of them.")
@click.option("--corrupt", metavar="P", help="Damage this part of them.")
@click.option("--delay", metavar="MS", help="Let each be under way for so long.")
@click.option("--rate", metavar="BITS/S", help="Let no more through: 10M.")
@click.option("--seed", metavar="N", help="Another series of accidents.")
@click.option(
    "--rfc-timers",
    is_flag=True,
    help="Wait for as long as on the Internet: 1 s after a loss at least, instead of 20 ms.",
)
@click.option(
    "--pcap",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Record what the TCP sends and is given, for Wireshark.",
)
@click.argument("program", nargs=-1, required=True, type=click.UNPROCESSED)
def command(
    program: tuple[str, ...],
    tcp: str,
    server: str | None,
    visitor: str | None,
    wire: str,
    rfc_timers: bool,
    pcap: Path | None,
    **link: str | None,
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

    options: list[str] = []
    for name in _LINK:
        if link[name] is not None:
            options += [f"--{name}", str(link[name])]
    if pcap is not None:
        options += ["--pcap", str(pcap.absolute())]
    return run(Plan(program, tcp, server, visitor, wire, rfc_timers, tuple(options)))
