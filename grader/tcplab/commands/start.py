"""`./tcplab start`: makes a work folder, or goes on with one."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(short_help="Makes a folder to write a TCP in.")
@click.argument("folder", metavar="DIR")
def command(folder: str) -> None:
    """Makes the work folder DIR: the skeleton, a README, a git repository, settings for clangd, and
    a tcplab, so that commands can be given there. In a work folder that exists, what is missing is
    added and nothing is changed.
    """
    from tcplab.harmless import harmless
    from tcplab.kit import Kit
    from tcplab.runner import quote
    from tcplab.work.folder import MARK
    from tcplab.work.start import start

    made = start(Kit.find(), Path(folder))
    if MARK in made:
        print(f"made {harmless(folder)}: seven files to fill in, and a README.md")
    else:
        print(f"{harmless(folder)} is a work folder: your files are as they were")
        if made:
            print(f"added what was missing: {', '.join(made)}")
    place = f"./{folder}" if folder.startswith("-") else folder
    print(f"next: cd {quote(place)} && ./tcplab grade . --checkpoint 0")
