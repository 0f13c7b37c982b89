"""`./tcplab alternatives`: does the grader leave correct solutions alone?"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tcplab.errors import UsageError
from tcplab.progress import progress_bar

if TYPE_CHECKING:
    from tcplab.alternatives import Alternative, Trial
    from tcplab.kit import Kit


@click.command(short_help="Grades correct solutions: full marks?")
@click.argument("glob", metavar="[NAME]", default="*")
@click.option(
    "--seeds", type=click.IntRange(1, 1000), default=1, show_default=True, help="With how many."
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**62),
    default=1,
    show_default=True,
    help="The first of them.",
)
@click.option("--json", "json_file", metavar="FILE", help="Write the scores as JSON; - is stdout.")
@click.option(
    "--write",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Grade nothing: write their files to DIR, a folder for each, for `./tcplab grade`.",
)
def command(glob: str, seeds: int, seed: int, json_file: str | None, write: Path | None) -> int:
    """Grades correct solutions that differ from the reference: all, or those that are called NAME,
    which may be a pattern. Each checkpoint is graded alone and all of them together.

    Exit status: 0 if all have full marks, 1 if one has not.
    """
    from fnmatch import fnmatchcase

    from tcplab.alternatives import load, try_all
    from tcplab.kit import Kit

    kit = Kit.find()
    everything = load(kit.root / "grader" / "alternatives")
    chosen = [one for one in everything if fnmatchcase(one.name, glob)]
    if not chosen:
        raise UsageError(
            f"no alternative is called {glob}: a name, or a pattern such as 'sender.*'"
        )
    if write is not None:
        _write_all(kit, chosen, write)
        return 0
    with progress_bar("building") as progress:
        trials = try_all(kit, chosen, seeds=range(seed, seed + seeds), progress=progress)
    if json_file is not None:
        _write_json(json_file, _to_json(trials))
    if json_file != "-":
        _print(chosen, trials)
    return 1 if any(trial.lost for trial in trials) else 0


def _write_all(kit: Kit, chosen: Sequence[Alternative], folder: Path) -> None:
    try:
        for one in chosen:
            (folder / one.name).mkdir(parents=True, exist_ok=True)
            one.write(kit.reference, folder / one.name)
    except OSError as error:
        raise UsageError(f"--write {folder}: cannot be written ({error.strerror})") from None


def _print(chosen: Sequence[Alternative], trials: Sequence[Trial]) -> None:
    """A line for each alternative, and what the cases say that it did not pass."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console()
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("alternative", no_wrap=True)
    table.add_column("what differs", style="dim")
    for seed in sorted({trial.seed for trial in trials}):
        table.add_column(f"seed {seed}", justify="right")
    for one in chosen:
        table.add_row(one.name, one.what, *_scores(one, trials))
    console.print(table)
    for trial in trials:
        for case in trial.lost:
            where = f"{trial.alternative.name}, {trial.mode}, seed {trial.seed}"
            console.print(f"[red]{escape(where)}[/red]: {escape(case.id)}", highlight=False)
            text = f"    {case.outcome.status}: {case.outcome.message}"
            console.print(escape(text), highlight=False, soft_wrap=True)
    perfect = sum(not any(t.lost for t in trials if t.alternative is one) for one in chosen)
    console.print(f"{perfect} of {len(chosen)} have full marks")


def _scores(one: Alternative, trials: Sequence[Trial]) -> list[str]:
    """With each seed the lower of the scores alone and together, of 100."""
    own = [trial for trial in trials if trial.alternative is one]
    scores = []
    for seed in sorted({trial.seed for trial in own}):
        lowest = min(trial.percent for trial in own if trial.seed == seed)
        scores.append("100" if lowest == 100 else f"[red]{lowest:.2f}[/red]")
    return scores


def _to_json(trials: Sequence[Trial]) -> dict[str, Any]:
    return {
        "version": 1,
        "trials": [
            {
                "alternative": trial.alternative.name,
                "seed": trial.seed,
                "mode": trial.mode,
                "score": round(float(trial.result.score), 4),
                "max_score": round(float(trial.result.max_score), 4),
                "wall_s": round(trial.result.wall_s, 3),
                "lost": [{"id": c.id, "message": c.outcome.message} for c in trial.lost],
            }
            for trial in trials
        ],
    }


def _write_json(name: str, record: dict[str, Any]) -> None:
    text = json.dumps(record, indent=1, ensure_ascii=False)
    if name == "-":
        click.echo(text)
        return
    try:
        Path(name).write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"--json {name}: cannot be written ({error.strerror})") from None
