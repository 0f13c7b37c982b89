"""The command line. Exit codes: 0 grading took place, 1 a check failed where a command says so,
2 the command could not be carried out: one line on standard error says why."""

from __future__ import annotations

import signal
import sys
from importlib import import_module
from typing import Any

import click

from tcplab import __version__
from tcplab.errors import InfrastructureError

_COMMANDS = ("grade", "coverage", "mutants")  # in the order of --help


class _Interrupted(Exception):
    """Somebody wants this to end."""


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
        """Click would answer an interrupt with a line of its own."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise _Interrupted from None


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


def main(arguments: list[str] | None = None) -> int:
    """Runs a command and returns its exit code."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        outcome = commands.main(args=arguments, prog_name="tcplab", standalone_mode=False)
        return outcome if isinstance(outcome, int) else 0
    except click.UsageError as error:
        print(f"tcplab: {error.format_message()} (see --help)", file=sys.stderr)
    except click.ClickException as error:
        print(f"tcplab: {error.format_message()}", file=sys.stderr)
    except InfrastructureError as error:
        print(f"tcplab: {error}", file=sys.stderr)
    except (_Interrupted, click.Abort, KeyboardInterrupt):
        print("tcplab: interrupted; nothing was left behind", file=sys.stderr)
        return 130
    return 2
