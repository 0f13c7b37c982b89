"""`./tcplab status`: how far a work folder has come."""

from __future__ import annotations

import json
from pathlib import Path

import click


@click.command(short_help="Shows how far you have come, and what is next.")
@click.argument("folder", metavar="[DIR]", default=".")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for a script.")
def command(folder: str, as_json: bool) -> None:
    """Shows the six checkpoints of the work folder that this is, or is below, or of DIR, as the
    last check or grade found them, and what to do next. "changed since" means that the files are
    no longer those that were checked.
    """
    from tcplab.kit import Kit
    from tcplab.work.folder import WorkFolder
    from tcplab.work.record import first_unfinished, standings

    work = WorkFolder.find(Path(folder))
    if work is None:
        raise click.UsageError(f"{folder}: no work folder; make one with start")
    checkpoints = Kit.find().checkpoints()
    stands = standings(work.root, checkpoints)
    unfinished = first_unfinished(stands)
    following = f"./tcplab check {unfinished}" if unfinished is not None else "./tcplab grade"
    if as_json:
        score = sum(one.points or 0.0 for one in stands)
        record = {
            "version": 1,
            "score": round(score, 2),
            "max_score": sum(one.max_points for one in stands),
            "checkpoints": [
                {"name": checkpoint.name, **one.to_json()}
                for checkpoint, one in zip(checkpoints, stands)
            ],
            "next": following,
        }
        print(json.dumps(record, indent=1))
        return
    from rich.console import Console

    from tcplab.report.status_terminal import lines_of_status

    console = Console(highlight=False)
    for line in lines_of_status(checkpoints, stands, following):
        console.print(line, soft_wrap=True)
