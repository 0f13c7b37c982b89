"""A progress bar for long work."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

# How many are done, of how many, and the name of the one that was done last.
Progress = Callable[[int, int, str], None]


@contextmanager
def progress_bar(first: str) -> Iterator[Progress]:
    """A progress bar on standard error if that is a terminal, otherwise nothing. `first` is what it
    says before anything is done."""
    if not sys.stderr.isatty():
        yield lambda done, total, identity: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as Bar

    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(first, total=None)
        yield lambda done, total, identity: bar.update(
            task, completed=done, total=total, description=identity
        )
