"""Options of the commands that put a TCP on a wire in real time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from tcplab.running.ends import Wiring

_Command = TypeVar("_Command", bound=Callable[..., Any])

_LINK = ("loss", "dup", "reorder", "corrupt", "delay", "rate", "seed")
_OPTIONS = (
    click.option(
        "--wire",
        type=click.Choice(["auto", "tun", "socketpair"]),
        default="auto",
        show_default=True,
        help="tun: the kernel's TCP at the other end. socketpair: the reference's; needs no"
        " rights.",
    ),
    click.option("--loss", metavar="P", help="Lose this part of the packets: 0.02 or 2%."),
    click.option("--dup", metavar="P", help="Deliver this part of them twice."),
    click.option("--reorder", metavar="P", help="Let others overtake this part of them."),
    click.option("--corrupt", metavar="P", help="Damage this part of them."),
    click.option("--delay", metavar="MS", help="Let each be under way for so long."),
    click.option("--rate", metavar="BITS/S", help="Let no more through: 10M."),
    click.option("--seed", metavar="N", help="Another series of accidents."),
    click.option(
        "--rfc-timers",
        is_flag=True,
        help="Wait for as long as on the Internet: 1 s after a loss at least, instead of 20 ms.",
    ),
    click.option(
        "--pcap",
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        help="Record what the TCP sends and is given, for Wireshark.",
    ),
)


def wiring_options(command: _Command) -> _Command:
    """Adds them to a command. What they bring goes to `wiring_of`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def wiring_of(
    tcp: str, wire: str, rfc_timers: bool, pcap: Path | None, **link: str | None
) -> Wiring:
    """Whose TCP, and over what."""
    from tcplab.running.ends import Wiring

    options: list[str] = []
    for name in _LINK:
        value = link[name]
        if value is not None:
            options += [f"--{name}", value]
    if pcap is not None:
        options += ["--pcap", str(pcap.absolute())]
    return Wiring(tcp, wire, rfc_timers, tuple(options))
