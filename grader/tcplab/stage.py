"""The stage: a sandbox that is made once, and in which one device after another appears.

The program is labs/given/stage/stage.c, which tells how. Only one device is on it at a time.
"""

from __future__ import annotations

import array
import os
import select
import signal
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tcplab.errors import InfrastructureError
from tcplab.process import END_S, START_S, Process, send_signal
from tcplab.sandbox import Launcher, seccomp_fd

_LIBRARY = "/device.so"  # as seen in the sandbox
_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid
_WORD_BYTES = 64


class StageLost(InfrastructureError):
    """The stage has ended, or does not answer. It is the kit's own: no submission is to blame."""


class Stage:
    """A running stage for the devices of one library. `early` loads it once for all of them: less
    exact, for it is there before the confinement of a device is, but quicker by a quarter."""

    def __init__(
        self,
        launcher: Launcher,
        program: Path,
        library: Path,
        *,
        leaks: bool = False,
        early: bool = False,
    ):
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self._device: Staged | None = None
        confined = launcher.mode == "bwrap"
        fds = [theirs.fileno()]
        arguments = [str(fds[0]), _LIBRARY if confined else str(library)]
        arguments.append("early" if early else "late")
        filter_fd = seccomp_fd(leaks) if confined else None
        if filter_fd is not None:
            fds.append(filter_fd)
            arguments.append(str(filter_fd))
        try:
            self._process = launcher.start(
                program, arguments, fds, leaks=leaks, beside={_LIBRARY: library}
            )
        finally:
            theirs.close()
            if filter_fd is not None:
                os.close(filter_fd)

    @property
    def is_free(self) -> bool:
        """Can a device appear?"""
        return self._device is None and not self.is_over

    @property
    def is_over(self) -> bool:
        """Has the stage itself ended?"""
        return self._process.wait(0)

    def appear(self, fds: Sequence[int]) -> Process:
        """A new device. `fds`: its end of the command channel, and the wire, if it has one.

        Raises StageLost.
        """
        if not self.is_free:
            raise StageLost("the stage for the devices is taken, or has ended")
        ours, theirs = os.pipe2(os.O_CLOEXEC)
        os.set_blocking(ours, False)
        rights = array.array("i", [fds[0], theirs, *fds[1:]])
        try:
            self._control.sendmsg([b"go"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
            pid = self._await_birth()
        except OSError as error:
            os.close(ours)
            raise self._lost(str(error)) from None
        except StageLost:
            os.close(ours)
            raise
        finally:
            os.close(theirs)
        self._device = Staged(self, pid)
        return Process(self._device, ours)

    def _await_birth(self) -> int:
        if not self._can_be_read(START_S):
            raise self._lost(f"no device within {START_S:g} s")
        room = socket.CMSG_SPACE(_CREDENTIALS.size)
        word, control, _, _ = self._control.recvmsg(_WORD_BYTES, room)
        for level, kind, data in control:
            if word == b"born" and (level, kind) == (socket.SOL_SOCKET, socket.SCM_CREDENTIALS):
                return int(_CREDENTIALS.unpack_from(data)[0])
        raise self._lost("no device was made")

    def await_end(self, seconds: float) -> int | None:
        """The status of the device that is there, if it ends within that time; as from wait."""
        if not self._can_be_read(seconds):
            return None
        try:
            word, _, number = self._control.recv(_WORD_BYTES).partition(b" ")
        except ConnectionError:
            word = number = b""
        self._device = None
        if word != b"ended":  # the stage was ended, and with it the device
            return signal.SIGKILL
        return int(number)

    def _can_be_read(self, seconds: float) -> bool:
        poller = select.poll()
        poller.register(self._control, select.POLLIN)
        return bool(poller.poll(seconds * 1000))

    def _lost(self, why: str) -> StageLost:
        self.close()
        said = self._process.printed().strip().splitlines()
        return StageLost(f"the sandbox for the devices failed: {said[-1] if said else why}")

    def close(self) -> None:
        """Ends the stage, and what is on it."""
        self._process.kill()
        if self._device is not None and self._device.status is None:
            self._device.status = -signal.SIGKILL
        self._device = None
        self._control.close()


@dataclass
class Staged:
    """The life of a device on a stage."""

    stage: Stage
    number: int  # of its process
    status: int | None = None

    def pid(self, patience_s: float) -> int | None:
        return self.number

    def wait(self, seconds: float) -> bool:
        if self.status is None:
            status = self.stage.await_end(seconds)
            self.status = None if status is None else os.waitstatus_to_exitcode(status)
        return self.status is not None

    def end(self) -> None:
        send_signal(self.number, signal.SIGKILL)
        if not self.wait(END_S):
            self.stage.close()

    def forget(self) -> None:
        """The stage goes on without it."""
