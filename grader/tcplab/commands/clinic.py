"""`./tcplab clinic`: lays out a TCP with one bug in it."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(short_help="Lays out a broken TCP, for you to find the bug.")
@click.argument("number", type=click.IntRange(min=1), metavar="N")
@click.argument("folder", metavar="DIR")
def command(number: int, folder: str) -> None:
    """Makes the folder DIR with the patient of clinic N: the seven files, one of them with a bug;
    symptoms.md, what is known of it; and a capture for Wireshark, where packets tell something. It
    is a work folder: check, trace, debug and run take it like any other.
    """
    from tcplab.clinics import lay_out, load
    from tcplab.errors import UsageError
    from tcplab.harmless import harmless
    from tcplab.kit import Kit

    kit = Kit.find()
    clinics = {one.number: one for one in load(kit)}
    if number not in clinics:
        raise UsageError(
            f"there is no clinic {number}: name one of {min(clinics)} to {max(clinics)}"
        )
    names = lay_out(kit, clinics[number], Path(folder))
    print(f"made {harmless(folder)}: a patient; begin with {' and '.join(names)}")
