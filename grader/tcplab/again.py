"""The commands that this one recommends: how they are typed where the reader is."""

from __future__ import annotations

import os
from pathlib import Path

from tcplab.case import Case
from tcplab.kit import Kit
from tcplab.plan import Plan
from tcplab.work.folder import WorkFolder


class Again:
    """The commands that run the cases of a plan again, one by one, in the folder in which the plan
    was given."""

    def __init__(self, plan: Plan):
        self._plan = plan
        self._start = [launcher_word(), plan.again]
        self._target = target_words(plan.target)

    def command(self, case: Case) -> str:
        """As it is to be typed."""
        plan, words = self._plan, [*self._start]
        if plan.again == "check":
            words += [str(case.checkpoint), *self._target, f"--case {quote(case.id)}"]
            words += [f"--seed {plan.seed}"] if plan.seed != 1 else []
        else:
            target = f"./{plan.target}" if plan.target.startswith("-") else plan.target
            words += [quote(target), f"--checkpoint {case.checkpoint}"]
            words += [f"--case {quote(case.id)}", f"--seed {plan.seed}"]
        words += ["--mode stack"] if plan.mode == "stack" else []
        usual = "socketpair" if plan.again == "check" else "auto"
        words += [f"--wire {plan.wire}"] if plan.wire != usual else []
        words += [f"--sandbox {plan.sandbox}"] if plan.sandbox != "auto" else []
        return " ".join(words)


def launcher_word() -> str:
    """How the kit is called from here: `./tcplab` in the kit, and in a work folder."""
    here, kit = Path.cwd(), Kit.find().root
    work = WorkFolder.find(here)
    if work is not None and (work.root / "tcplab").is_file():
        path = os.path.relpath(work.root / "tcplab", here)
        return quote(path) if path.startswith("../") else f"./{path}"
    return "./tcplab" if here == kit else quote(str(kit / "tcplab"))


def target_words(target: str) -> list[str]:
    """How a target is named on a command line: in a work folder, that folder is meant anyway."""
    work = WorkFolder.find(Path.cwd())
    if work is not None and Path(target).is_dir() and Path(target).resolve() == work.root:
        return []
    return [quote(f"./{target}" if target.startswith("-") else target)]


def quote(word: str) -> str:
    """A word as a shell reads it."""
    plain = word and all(letter.isalnum() or letter in "./_-^+" for letter in word)
    return word if plain else "'" + word.replace("'", "'\\''") + "'"
