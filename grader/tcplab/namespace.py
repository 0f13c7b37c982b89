"""Namespaces without names for one process: when the last process in them ends, however it ends,
the kernel takes away the interfaces, and every process that was started inside."""

from __future__ import annotations

import ctypes
import os
import select
import signal
import time
from pathlib import Path

_CLONE_NEWNS = 0x00020000
_CLONE_NEWUSER = 0x10000000
_CLONE_NEWPID = 0x20000000
_CLONE_NEWNET = 0x40000000
_PR_SET_PDEATHSIG = 1
_PERSONALITY_AS_IS = 0xFFFFFFFF
_ADDR_NO_RANDOMIZE = 0x0040000
_PR_SET_CHILD_SUBREAPER = 36
_MS_NOSUID_NODEV_NOEXEC = 0x2 | 0x4 | 0x8
_MS_REC_PRIVATE = 0x4000 | 0x40000


def enter_network_namespace() -> None:
    """Moves this process, which must have one thread only, into a new network namespace.

    Root does it directly; everyone else by way of a new user namespace in which they are root.
    Raises OSError where the machine forbids it.
    """
    _unshare_as_root(_CLONE_NEWNET)


def become_first_process() -> None:
    """Goes on as the first process of a new process namespace, so that nothing that it starts can
    outlive it. The process that called waits outside, and ends as this one does.

    Raises OSError where the machine forbids it; to be tried in a process that may be thrown away
    (`can_have_process_namespace`), for half of it cannot be undone.
    """
    _unshare_as_root(_CLONE_NEWPID | _CLONE_NEWNS)
    alive_read, alive_write = os.pipe()
    inner = os.fork()
    if inner:
        os.close(alive_read)
        _, status = os.waitpid(inner, 0)
        os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
    os.close(alive_write)
    die_with_parent()
    if select.select([alive_read], [], [], 0)[0]:
        os._exit(1)  # the one outside died before it could be heard
    _mount(None, b"/", None, _MS_REC_PRIVATE)
    _mount(b"proc", b"/proc", b"proc", _MS_NOSUID_NODEV_NOEXEC)


def can_have_process_namespace() -> bool:
    """Does become_first_process work here?"""
    child = os.fork()
    if child == 0:
        try:
            become_first_process()
            os._exit(0 if os.getpid() == 1 else 1)
        except OSError:
            os._exit(1)
    return os.waitpid(child, 0)[1] == 0


def die_with_parent(parent: int | None = None) -> None:
    """Asks the kernel to kill this process as soon as its parent is gone. `parent` is the process
    id that it should have, in case it is gone already."""
    _libc().prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if parent is not None and os.getppid() != parent:
        os._exit(1)


def become_worker() -> None:
    """For a process that multiprocessing has started: it goes when its parent goes, and what an
    interrupt means, the parent decides."""
    from multiprocessing import parent_process

    parent = parent_process()
    die_with_parent(parent.pid if parent is not None else None)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


def fix_addresses() -> None:
    """Programs that this thread starts are laid out in memory in the same way every time, where
    the machine allows that, so that code which depends on it by mistake fails repeatably. And some
    sanitizers find no room for themselves where a kernel scatters things widely."""
    libc = _libc()
    present = libc.personality(_PERSONALITY_AS_IS)
    if present >= 0:
        libc.personality(present | _ADDR_NO_RANDOMIZE)


def adopt_orphans() -> None:
    """Makes this process the parent of its descendants whose own parent has died."""
    _libc().prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def bury_orphans(patience_s: float = 2.0) -> None:
    """Waits for those that are dead or dying: not every system's first process does."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        try:
            if os.waitpid(-1, os.WNOHANG) == (0, 0):
                time.sleep(0.002)
        except ChildProcessError:
            return


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _unshare_as_root(flags: int) -> None:
    if os.geteuid() == 0:
        _unshare(flags)
        return
    uid, gid = os.geteuid(), os.getegid()
    _unshare(_CLONE_NEWUSER | flags)
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
    Path("/proc/self/uid_map").write_text(f"0 {uid} 1", encoding="ascii")
    Path("/proc/self/gid_map").write_text(f"0 {gid} 1", encoding="ascii")


def _unshare(flags: int) -> None:
    if _libc().unshare(flags) != 0:
        _raise_errno()


def _mount(source: bytes | None, target: bytes, kind: bytes | None, flags: int) -> None:
    if _libc().mount(source, target, kind, ctypes.c_ulong(flags), None) != 0:
        _raise_errno()


def _raise_errno() -> None:
    number = ctypes.get_errno()
    raise OSError(number, os.strerror(number))
