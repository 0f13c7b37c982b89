"""Starts programs that are not to be trusted.

With bubblewrap a program sees its own binary, the shared libraries that it is linked with, /proc of
its own process namespace, and nothing else: no network, no environment, no other file. It inherits
the descriptors that it is given.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tcplab import seccomp
from tcplab.errors import InfrastructureError
from tcplab.process import Launched, Process
from tcplab.target import is_of_the_kit

_CPU_LIMIT_S = 120  # in case the grader is not there to watch

# handle_abort: a hang is ended by SIGABRT, and the stack says where. detect_stack_use_after_return
# is off for speed. Leaks are looked for only where a case asks for it.
_ASAN_OPTIONS = (
    "handle_abort=1:allocator_may_return_null=1:max_allocation_size_mb=256:color=never"
    ":detect_stack_use_after_return=0:abort_on_error=0:exitcode=99:detect_leaks={leaks}"
)
_UBSAN_OPTIONS = "print_stacktrace=1:color=never:exitcode=99"


@dataclass(frozen=True)
class Launcher:
    """Starts programs. `mode` is "bwrap" or "none"."""

    mode: str

    def start(
        self,
        binary: Path,
        arguments: Sequence[str],
        fds: Sequence[int],
        *,
        leaks: bool = False,
        beside: Mapping[str, Path] | None = None,
    ) -> Process:
        """Starts `binary` with the descriptors `fds`, which keep their numbers. In the sandbox it
        also finds the files `beside`, at the places named."""
        stderr_read, stderr_write = os.pipe2(os.O_CLOEXEC)
        os.set_blocking(stderr_read, False)
        extra: list[int] = []
        info_fd: int | None = None
        command = ["prlimit", "--core=0:0", "--fsize=0:0", f"--cpu={_CPU_LIMIT_S}:{_CPU_LIMIT_S}"]
        environment = _environment(leaks)
        if self.mode == "bwrap":
            info_fd, info_write = os.pipe2(os.O_CLOEXEC)
            extra.append(info_write)
            command += [
                "bwrap",
                *_bwrap_options(binary, beside or {}, leaks),
                "--info-fd",
                str(info_write),
            ]
            command += ["/dut", *arguments]
        else:
            command += [str(binary), *arguments]
        try:
            popen = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=stderr_write,
                stderr=stderr_write,
                pass_fds=[*fds, *extra],
                env=environment,
                cwd="/",
                # An interrupt from the terminal is for us. Bubblewrap, ended halfway, would leave
                # a child behind that waits for it for ever.
                start_new_session=True,
            )
        finally:
            for fd in [stderr_write, *extra]:
                os.close(fd)
        return Process(Launched(popen, info_fd), stderr_read)


def _environment(leaks: bool) -> dict[str, str]:
    return {
        "ASAN_OPTIONS": _ASAN_OPTIONS.format(leaks=int(leaks)),
        "UBSAN_OPTIONS": _UBSAN_OPTIONS,
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
    }


def _bwrap_options(binary: Path, beside: Mapping[str, Path], leaks: bool) -> list[str]:
    options = ["--unshare-all", "--die-with-parent", "--new-session", "--as-pid-1", "--clearenv"]
    options += ["--cap-drop", "ALL"]  # root would keep all of them
    for name, value in _environment(leaks).items():
        if name != "PATH":
            options += ["--setenv", name, value]
    for library in shared_libraries(binary):
        options += ["--ro-bind", library, library]
    for place, file in beside.items():
        options += ["--ro-bind", str(file), place]
    options += ["--ro-bind", str(binary), "/dut", "--proc", "/proc", "--remount-ro", "/"]
    return options + ["--chdir", "/"]


def seccomp_fd(leaks: bool) -> int | None:
    """A pipe from which the filter for a device can be read; None where there is none."""
    code = seccomp.program(allow_tracing=leaks)
    if code is None:
        return None
    read, write = os.pipe2(os.O_CLOEXEC)
    os.write(write, code)
    os.close(write)
    return read


_LIBRARIES: dict[Path, list[str]] = {}


def shared_libraries(binary: Path) -> list[str]:
    """The files that the dynamic linker loads for a binary of ours."""
    if binary not in _LIBRARIES:
        listing = subprocess.run(["ldd", str(binary)], capture_output=True, text=True).stdout
        _LIBRARIES[binary] = sorted(set(re.findall(r"(/\S+) \(0x", listing)))
    return _LIBRARIES[binary]


def choose_launcher(wanted: str) -> Launcher:
    """`wanted` is auto, bwrap or none. Raises InfrastructureError if there can be no sandbox."""
    if wanted == "none":
        return Launcher("none")
    problem = _why_no_bwrap()
    if problem:
        raise InfrastructureError(
            f"no sandbox: {problem}; or give --sandbox none, for code that you trust"
        )
    return Launcher("bwrap")


def sandbox_for_own_code(target: str, wanted: str = "auto") -> str:
    """What to ask choose_launcher for where people run their own code: that is the reference, and
    what lies where they are. They could run it without the kit as well; so where there can be no
    sandbox, a line says so, and it does without."""
    here, folder = Path.cwd(), Path(target).resolve()
    is_own = is_of_the_kit(target) or folder in (here, *here.parents)
    problem = _why_no_bwrap() if wanted == "auto" and is_own else ""
    if not problem:
        return wanted
    print(f"tcplab: this runs without a sandbox: {problem}", file=sys.stderr)
    return "none"


@cache
def _why_no_bwrap() -> str:
    if shutil.which("bwrap") is None:
        return "bubblewrap is not installed: apt-get install bubblewrap"
    trial = subprocess.run(
        ["bwrap", "--unshare-all", "--die-with-parent", "--ro-bind", "/", "/", "--proc", "/proc"]
        + ["true"],
        capture_output=True,
        text=True,
    )
    if trial.returncode == 0:
        return ""
    said = (trial.stderr.strip().splitlines() or ["no reason given"])[-1]
    return (
        f"bubblewrap cannot make namespaces here ({said}):"
        " run as root, or allow unprivileged user namespaces"
        " (sysctl kernel.apparmor_restrict_unprivileged_userns=0 on Ubuntu,"
        " --privileged in a container)"
    )
