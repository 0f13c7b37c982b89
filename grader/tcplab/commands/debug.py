"""`./tcplab debug`: your code in a case, under gdb."""

from __future__ import annotations

import shlex
import click

from tcplab.commands import options
from tcplab.errors import UsageError


@click.command(short_help="Runs your code in a case under gdb.")
@click.argument("name", metavar="CASE")
@click.argument("target", metavar="[TARGET]", required=False)
@click.option("--step", type=click.IntRange(min=1), metavar="N", help="Stop in this step.")
@options.mode
@options.seed
@click.option(
    "--gdb-command",
    "commands",
    multiple=True,
    metavar="COMMAND",
    help="Do this once it has stopped, instead of asking what to do; may be given several times.",
)
@click.option(
    "--editor",
    metavar="COMMAND",
    help="The gdb of an editor, with its options: it says itself when to run.",
)
def command(
    name: str,
    target: str | None,
    step: int | None,
    mode: str,
    seed: int,
    commands: tuple[str, ...],
    editor: str | None,
) -> None:
    """Runs CASE on TARGET, a folder with a solution, under gdb. In a work folder, and below it, no
    TARGET means that folder.

    The case is run first to see where it fails. Then the same is asked of your code once more, and
    gdb stops before that, in the first of your functions that is called in the step from which the
    failure came. A case that passes stops in its first step. Virtual time waits for you.

    The code is compiled without optimisation, and is not confined: debug your own only. If it
    passes so, and not as check compiles it, that is said.
    """
    from tcplab.target import Target
    from tcplab.case import discover
    from tcplab.debugging.building import build
    from tcplab.debugging.place import place
    from tcplab.debugging.record import as_checked, record
    from tcplab.debugging.session import Subject, debug, place_for_editor, require_gdb
    from tcplab.kit import Kit
    from tcplab.lookup import one_named
    from tcplab.work.folder import target_here

    gdb = shlex.split(editor) if editor is not None else [require_gdb()]
    if not gdb or (editor is not None and commands):
        raise UsageError("--editor: name the editor's gdb; it gives the commands itself")
    kit = Kit.find()
    case = one_named(discover(kit.checkpoints()), name)
    target = target if target is not None else target_here()
    if target is None:
        raise UsageError("TARGET is missing, and this is no work folder")
    found = Target.find(kit, target)
    checkpoint = kit.checkpoints()[case.checkpoint]
    program, functions = build(kit, found, checkpoint, mode)
    if editor is not None:
        program = place_for_editor(program, found.folder)
    reference = Target.find(kit, "reference")
    recording = record(case, seed, program, lambda: build(kit, reference, checkpoint, mode)[0])
    at = place(recording, step)
    checked = as_checked(recording, target, case, mode, seed)
    subject = Subject(case, program, found.folder, functions, recording, at, checked)
    debug(subject, gdb, commands)
