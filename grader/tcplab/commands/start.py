"""`./tcplab start`: makes a work folder, or goes on with one."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(short_help="Makes a folder to write a TCP in.")
@click.argument("folder", metavar="DIR")
def command(folder: str) -> None:
    """Makes the work folder DIR: the skeleton, a README, a git repository, settings for clangd, and
    a tcplab, so that commands can be given there; and compiles what is not yours to write. In a
    work folder that exists, what is missing is added and nothing is changed.
    """
    from tcplab.harmless import harmless
    from tcplab.kit import Kit
    from tcplab.again import quote
    from tcplab.progress import progress_bar
    from tcplab.work.ahead import compile_ahead
    from tcplab.work.folder import MARK
    from tcplab.work.record import first_unfinished, standings
    from tcplab.work.start import start

    kit = Kit.find()
    started = start(kit, Path(folder))
    made = started.made
    if MARK in made:
        print(f"made {harmless(folder)}: seven files to fill in, and a README.md")
    else:
        print(f"{harmless(folder)} is a work folder: your files are as they were")
        if made:
            print(f"added what was missing: {', '.join(made)}")
        if started.renewed:
            print(f"the kit or the folder has moved; written anew: {', '.join(started.renewed)}")
    if started.git_problem:
        print(f"no git repository was made: {harmless(started.git_problem)}")
    with progress_bar("compiling the kit's part") as progress:
        compile_ahead(kit, Path(folder), progress)
    place = f"./{folder}" if folder.startswith("-") else folder
    unfinished = first_unfinished(standings(Path(folder), kit.checkpoints()))
    todo = "status" if unfinished is None else f"check {unfinished}"
    print(f"next: cd {quote(place)} && ./tcplab {todo}")
