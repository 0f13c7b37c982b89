"""`./tcplab mutants`: does the grader notice when the reference is broken?"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import click

from tcplab.errors import UsageError
from tcplab.progress import progress_bar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tcplab.kit import Kit
    from tcplab.mutation.run import Trial
    from tcplab.mutation.trial import Subject


@click.command(short_help="Breaks the reference: do cases notice?")
@click.option("--file", "file", metavar="FILE", help="Only mutants of this file, such as sender.c.")
@click.option(
    "--kind",
    type=click.Choice(["all", "named", "mechanical"]),
    default="all",
    show_default=True,
    help="named: bugs that people make, with the cases that must find them;"
    " mechanical: every small slip that can be made in the reference.",
)
@click.option("--id", "wanted", metavar="GLOB", default="*", help="Only mutants of this name.")
@click.option("--sample", type=click.IntRange(1), metavar="N", help="Try N of them only.")
@click.option(
    "--jobs",
    type=click.IntRange(1, 256),
    default=min(os.cpu_count() or 1, 16),
    show_default="one for each processor",
    metavar="N",
    help="How many to try at once.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**63 - 1),
    default=1,
    show_default=True,
    help="Which sample, and where the cases' random data comes from.",
)
@click.option(
    "--causes",
    is_flag=True,
    help="Write anew what a student sees of each named mutant: from that come the likely causes of"
    " a failure (grader/mutants/causes.json).",
)
@click.option(
    "--json", "json_file", metavar="FILE", help="Write all verdicts as JSON; - is stdout."
)
def command(
    file: str | None,
    kind: str,
    wanted: str,
    sample: int | None,
    jobs: int,
    seed: int,
    causes: bool,
    json_file: str | None,
) -> int:
    """Breaks the reference on purpose: do the cases of the file's own checkpoint notice?

    Exit status: 0 if nothing survives that is not known to be harmless, 1 if something does.
    """
    from fnmatch import fnmatchcase

    from tcplab.kit import COMPONENT_FILES, Kit
    from tcplab.mutation import run
    from tcplab.mutation.report import print_trials, to_json
    from tcplab.sandbox import choose_launcher

    if file is not None and file not in COMPONENT_FILES:
        raise UsageError(f"--file {file}: one of {' '.join(COMPONENT_FILES)}")
    kit = Kit.find()
    edits = run.mechanical_edits(kit) if kind != "named" else []
    subjects = run.named_subjects(kit) if kind != "mechanical" else []
    subjects += run.mechanical_subjects(kit, [] if causes else edits)
    subjects = [one for one in subjects if file in (None, one.file)]
    subjects = [one for one in subjects if fnmatchcase(one.name, wanted)]
    if sample is not None:
        subjects = run.sample(subjects, sample, seed)
    if not subjects:
        raise UsageError(f"no mutant is called {wanted}: --json - lists them all")
    if causes:
        _write_causes(kit, subjects, jobs)
        return 0
    with progress_bar("building") as progress:
        trials = run.try_all(
            kit,
            subjects,
            edits,
            launcher=choose_launcher("none"),  # the kit trusts its own code
            jobs=jobs,
            seed=seed,
            progress=progress,
        )
    if json_file is not None:
        _write(json_file, to_json(trials, seed))
    if json_file != "-":
        print_trials(trials)
    return 1 if any(_is_a_fault(one) for one in trials) else 0


def _write_causes(kit: Kit, subjects: Sequence[Subject], jobs: int) -> None:
    from tcplab.causes import causes_file
    from tcplab.mutation.symptoms import update
    from tcplab.sandbox import choose_launcher

    launcher = choose_launcher("none")  # the kit trusts its own code
    names = [one.name for one in subjects]
    with progress_bar("building") as progress:
        count = update(kit, names, launcher=launcher, jobs=jobs, progress=progress)
    click.echo(f"{count} mutants in {os.path.relpath(causes_file(kit))}, {len(names)} of them anew")


def _is_a_fault(trial: Trial) -> bool:
    return trial.survived or trial.does_not_compile or trial.wrongly_excused


def _write(name: str, record: dict[str, Any]) -> None:
    text = json.dumps(record, indent=1, ensure_ascii=False)
    if name == "-":
        click.echo(text)
        return
    try:
        with open(name, "w", encoding="utf-8") as file:
            file.write(text + "\n")
    except OSError as error:
        raise UsageError(f"--json {name}: cannot be written ({error.strerror})") from None
