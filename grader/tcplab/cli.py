"""The command line. Exit codes: 0 grading took place, 1 a check failed where a command says so,
2 the command could not be carried out: one line on standard error says why, 130 it was interrupted.
"""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
from importlib import import_module
from typing import Any

import click

from tcplab import __version__
from tcplab.errors import InfrastructureError
from tcplab.harmless import harmless

# In the order of --help.
_COMMANDS = (
    "start",
    "check",
    "status",
    "explain",
    "hint",
    "trace",
    "debug",
    "clinic",
    "run",
    "docs",
    "grade",
    "probe",
    "coverage",
    "mutants",
    "alternatives",
)


INTERRUPTED = 130
_SOON_S = 0.01


class _Interrupted(Exception):
    """Somebody wants this to end."""


class _Unread(Exception):
    """Whoever reads the output has read enough."""


class _Commands(click.Group):
    """Loads a command's module when it is asked for: most need but a few of the grader's parts."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        command = import_module(f"tcplab.commands.{name}").command
        assert isinstance(command, click.Command)
        command.name = name
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Click would answer an interrupt with a line of its own, and a reader that has gone with
        the status that means a failed check."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise _Interrupted from None
        except BrokenPipeError:
            raise _Unread from None


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="tcplab")
def commands() -> None:
    """Builds, checks and grades the six checkpoints of the TCP Lab Kit."""


def _interrupt(number: int, frame: object) -> None:
    """A polite request to end is treated like an interrupt from the keyboard."""
    raise KeyboardInterrupt


def _hear_interrupts() -> None:
    """Also those that come while Python runs a function in passing, as it does at the end of an
    import: it prints what such a function raises, and goes on. They are raised once more then."""
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGALRM, _interrupt)
    sys.unraisablehook = _interrupt_soon


def _interrupt_soon(lost: sys.UnraisableHookArgs) -> None:
    if issubclass(lost.exc_type, KeyboardInterrupt):
        signal.setitimer(signal.ITIMER_REAL, _SOON_S)
    else:
        sys.__unraisablehook__(lost)


def main(arguments: list[str] | None = None) -> int:
    """Runs a command and returns its exit code."""
    _hear_interrupts()
    _prepare_output()
    status = 2
    try:
        outcome = commands.main(args=arguments, prog_name="tcplab", standalone_mode=False)
        status = outcome if isinstance(outcome, int) else 0
        sys.stdout.flush()
    except click.UsageError as error:
        _complain(f"{error.format_message()} (see --help)")
    except click.ClickException as error:
        _complain(error.format_message())
    except InfrastructureError as error:
        _complain(str(error))
    except (_Interrupted, click.Abort, KeyboardInterrupt):
        _complain("interrupted; nothing was left behind")
        status = INTERRUPTED
    except (_Unread, BrokenPipeError):
        status = 0
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EIO, errno.EBADF, errno.EFBIG):
            raise
        _complain(f"the output cannot be written: {error.strerror}")
        status = 2
    _abandon_output()
    return status


def _prepare_output() -> None:
    """Either may be closed, or not know all the characters that there are."""
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _complain(words: str) -> None:
    try:
        print(f"tcplab: {harmless(words)}", file=sys.stderr)
    except OSError:
        pass  # then nobody hears it


def _abandon_output() -> None:
    """What cannot be written now, cannot be written at the end of the program either."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
