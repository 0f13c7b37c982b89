"""A network of one kernel and one TUN interface, in a namespace without a name."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO

PEER: list[str | Path] = [sys.executable, Path(__file__).with_name("kernel_peer.py")]

KERNEL = "10.0.0.1"
OURS = "10.0.0.2"

# What happens inside before the namespace is used. bbr, the default of some machines, is several
# times slower over a TUN device; a namespace other than the first may choose among the unrestricted
# algorithms only, and that is reno.
_SET_UP = f"""
ip link set lo up &&
ip tuntap add mode tun name tun0 &&
ip address add {KERNEL}/24 dev tun0 &&
ip link set tun0 up &&
echo reno > /proc/sys/net/ipv4/tcp_congestion_control &&
echo ready &&
exec cat
"""


class NetworkUnavailable(Exception):
    """This machine does not let us make a namespace with a TUN device; the text says why."""


class Network:
    """The namespace lives as long as a process that holds it; processes are started inside of it.

    Root needs nothing more; an ordinary user gets a user namespace in which it is root.
    """

    def __init__(self) -> None:
        """Makes the namespace and its interface.

        Raises:
            NetworkUnavailable: if the machine does not allow it.
        """
        self._user_flags = [] if os.geteuid() == 0 else ["--user"]
        self._running: list[subprocess.Popen[bytes]] = []
        unshare = ["unshare", "--net"]
        if self._user_flags:
            unshare += ["--user", "--map-root-user"]
        self._holder = subprocess.Popen(
            [*unshare, "sh", "-c", _SET_UP],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert self._holder.stdout is not None and self._holder.stderr is not None
        if self._holder.stdout.readline() != b"ready\n":
            self._holder.wait()
            raise NetworkUnavailable(self._holder.stderr.read().decode().strip())

    def __enter__(self) -> Network:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Ends what still runs, and the namespace with everything in it."""
        for process in self._running:
            if process.poll() is None:
                process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout, process.stderr):
                if stream is not None:
                    stream.close()
        self._holder.kill()
        self._holder.wait()
        for stream in (self._holder.stdin, self._holder.stdout, self._holder.stderr):
            if stream is not None:
                stream.close()

    def start(
        self,
        command: Sequence[str | Path],
        stdin: int | IO[bytes] = subprocess.DEVNULL,
        stdout: int | IO[bytes] = subprocess.PIPE,
        environment: dict[str, str] | None = None,
    ) -> subprocess.Popen[bytes]:
        """Starts a program inside. It is killed at the end of the network, or of this process."""
        enter = ["nsenter", f"--target={self._holder.pid}", "--net"]
        if self._user_flags:
            enter += ["--user", "--preserve-credentials"]
        process = subprocess.Popen(
            [*enter, "setpriv", "--pdeathsig", "KILL", *map(str, command)],
            stdin=stdin,
            stdout=stdout,
            stderr=subprocess.PIPE,
            env={**os.environ, **(environment or {})},
        )
        self._running.append(process)
        return process

    def run(self, *command: str | Path) -> str:
        """Runs a program inside to its end, which must be a good one, and returns its output."""
        process = self.start(command)
        output, errors = process.communicate()
        assert process.returncode == 0, f"{command}: {errors.decode()}"
        return output.decode()

    def counters(self) -> dict[str, int]:
        """The kernel's TCP counters, as in /proc/net/snmp."""
        names, values = (
            line.split()[1:]
            for line in self.run("cat", "/proc/net/snmp").splitlines()
            if line.startswith("Tcp:")
        )
        return dict(zip(names, map(int, values)))


def wait_for_line(process: subprocess.Popen[bytes], text: str) -> str:
    """Reads the program's standard error up to a line that contains `text`, and returns it."""
    assert process.stderr is not None
    seen = b""
    for line in process.stderr:
        if text.encode() in line:
            return line.decode()
        seen += line
    raise AssertionError(f"{process.args!r} ended without saying '{text}': {seen.decode()}")


def finish(process: subprocess.Popen[bytes], data: bytes | None = None) -> bytes:
    """Feeds a program, lets it come to an end, which must be a good one; returns its output."""
    output, errors = process.communicate(data)
    assert process.returncode == 0, f"{process.args!r}: {errors.decode()}"
    return output or b""


def stop(process: subprocess.Popen[bytes]) -> None:
    """Asks a server to stop, which must go well."""
    process.terminate()
    finish(process)


def require(*programs: str) -> None:
    """Names what is missing on this machine, if anything is."""
    missing = [program for program in programs if shutil.which(program) is None]
    assert not missing, f"not installed: {', '.join(missing)}; ./tcplab test installs it"
