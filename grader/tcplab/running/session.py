"""One run: the stack, a program over it, and perhaps another one at the other end of the wire."""

from __future__ import annotations

import select
import shlex
import subprocess
import sys
from dataclasses import dataclass

from tcplab.errors import InfrastructureError
from tcplab.running.ends import OTHERS, OURS, Host, OtherEnd, Wiring, say, two_ends
from tcplab.running.processes import descriptor_of, end

_DELIVERING_S = 40.0  # tcprun gives up by itself before that


@dataclass(frozen=True)
class Plan:
    """What was asked for on the command line."""

    program: tuple[str, ...]
    wiring: Wiring
    server: str | None = None  # a command for the other end, to be there before the program
    visitor: str | None = None  # a command for the other end, when the program listens


def run(plan: Plan) -> int:
    """Returns the exit status of the program; of the visitor, if there is one.

    Raises InfrastructureError, also when the stack dies under the program.
    """
    with two_ends(plan.wiring) as (host, other):
        return _converse(plan, host, other)


# --- the programs ---------------------------------------------------------------------------------


def _converse(plan: Plan, host: Host, other: OtherEnd) -> int:
    """Runs the programs, at either end, to the end that is right for them."""
    if plan.server is None:
        if plan.visitor is None:
            say(_how_to_get_there(other))
        return _run_program(plan, host, other)
    stdout = sys.stderr.fileno()  # stdout itself is the program's
    with other.running(plan.server, stdout) as peer:
        other.await_listener(peer)
        return _run_program(plan, host, other)


def _run_program(plan: Plan, host: Host, other: OtherEnd) -> int:
    with host.running(plan.program) as program:
        status = None if plan.visitor is None else _visit(plan.visitor, program, host, other)
        if status is None:
            _await(program, host)
            status = program.returncode
    # Before the other end goes: what the program has written is to get there.
    if not end(host.process, _DELIVERING_S):
        raise InfrastructureError("the stack did not come to an end: does it loop?")
    host.check()
    return status if status >= 0 else 128 - status


def _visit(
    command: str, program: subprocess.Popen[bytes], host: Host, other: OtherEnd
) -> int | None:
    """Runs the visitor when the program listens; None if it never does."""
    with descriptor_of(program) as ended:
        if not host.await_event("listening", [ended]):
            return None
    with other.running(command) as visitor:
        _await(visitor, host)
        return visitor.returncode


def _await(process: subprocess.Popen[bytes], host: Host) -> None:
    """Waits for its end. Raises InfrastructureError if the stack ends before."""
    with descriptor_of(process) as ended, descriptor_of(host.process) as stacks_end:
        if ended not in select.select([ended, stacks_end], [], [])[0]:
            host.check()
    process.wait()


# --- words ----------------------------------------------------------------------------------------


def _how_to_get_there(other: OtherEnd) -> str:
    settings = [f"{name}={value}" for name, value in other.environment().items()]
    prefix = ["env", *settings] if settings else []
    command = shlex.join(other.command([*prefix, "COMMAND"]))
    return (
        f"the program's TCP is {OURS}; {other.name}, {OTHERS}, is for what is started with:"
        f" {command}"
    )
