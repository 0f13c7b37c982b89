"""Makes grader/mutants/causes.json: what a student sees of each named mutant."""

from __future__ import annotations

from collections.abc import Sequence

from tcplab import causes, mutants
from tcplab.errors import BuildError
from tcplab.kit import Kit
from tcplab.mutation.run import named_subjects, over_all
from tcplab.mutation.trial import Laboratory, Subject
from tcplab.progress import Progress
from tcplab.sandbox import Launcher
from tcplab.signature import Signature, signature_of

SEED = 1  # of the table


def update(
    kit: Kit, names: Sequence[str], *, launcher: Launcher, jobs: int, progress: Progress
) -> int:
    """Tries the mutants of these names, and writes the table anew: their rows are replaced, and
    rows of mutants that are gone are left out. Returns how many rows it has."""
    path = causes.causes_file(kit)
    old = causes.load(path) if path.exists() else {}
    subjects = [one for one in named_subjects(kit) if one.name in names]
    seen: dict[str, dict[str, Signature]] = {}
    for subject, signatures in over_all(
        kit, subjects, signatures_of, launcher=launcher, jobs=jobs, seed=SEED
    ):
        seen[subject.name] = signatures
        progress(len(seen), len(subjects), subject.name)
    rows = []
    for mutant in mutants.load(kit.root / "grader" / "mutants"):
        cases = seen.get(mutant.name)
        if cases is None and mutant.name in old:
            cases = dict(old[mutant.name].cases)
        if cases:
            rows.append(causes.Symptoms(mutant.name, mutant.file, sentence_of(mutant), cases))
    path.write_text(causes.to_text(rows, causes.ids_in(path)), encoding="utf-8")
    return len(rows)


def sentence_of(mutant: mutants.Mutant) -> str:
    """The mistake, for a student."""
    return mutant.mistake[:1].upper() + mutant.mistake[1:]


def signatures_of(laboratory: Laboratory, subject: Subject) -> dict[str, Signature]:
    """How the cases fail that notice a mutant. One that does not compile is noticed by none."""
    try:
        failures = laboratory.failures_of(subject)
    except BuildError:
        return {}
    return {identity: signature_of(outcome) for identity, outcome in failures.items()}
