"""A network namespace for this process alone, without a name: when the process ends, however it
ends, the kernel takes the namespace and every interface in it away."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_PR_SET_PDEATHSIG = 1


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def enter_network_namespace() -> None:
    """Moves this process, which must have one thread only, into a new network namespace.

    Root does it directly; everyone else by way of a new user namespace in which they are root.
    Raises OSError where the machine forbids it.
    """
    if os.geteuid() == 0:
        _unshare(_CLONE_NEWNET)
        return
    uid, gid = os.geteuid(), os.getegid()
    _unshare(_CLONE_NEWUSER | _CLONE_NEWNET)
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
    Path("/proc/self/uid_map").write_text(f"0 {uid} 1", encoding="ascii")
    Path("/proc/self/gid_map").write_text(f"0 {gid} 1", encoding="ascii")


def _unshare(flags: int) -> None:
    if _libc().unshare(flags) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def die_with_parent(signal_number: int) -> None:
    """Asks the kernel to send this process a signal as soon as its parent is gone."""
    _libc().prctl(_PR_SET_PDEATHSIG, signal_number, 0, 0, 0)
