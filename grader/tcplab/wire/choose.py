"""Which kind of wire this machine allows."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from tcplab.errors import InfrastructureError
from tcplab.namespace import enter_network_namespace
from tcplab.wire import open_wire


_SYS_ADMIN = 21  # by their numbers in capability.h
_FOR_TUN = {"NET_ADMIN": 12, "NET_RAW": 13}


def choose_wire(wanted: str) -> tuple[str, str]:
    """`wanted` is auto, tun or socketpair. Returns the kind, and why it is not TUN (or "").

    Raises InfrastructureError if TUN is wanted and cannot be had.
    """
    if wanted == "socketpair":
        return wanted, "asked for"
    problem = _try_tun()
    if not problem:
        return "tun", ""
    if wanted == "tun":
        raise InfrastructureError(f"no TUN here: {problem}; or give --wire socketpair")
    return "socketpair", problem


def _try_tun() -> str:
    """Opens a TUN interface in a process of its own, for namespaces are for processes."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        os.write(write, _problem_with_tun().encode("utf-8", "replace"))
        os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        said = pipe.read().decode("utf-8", "replace")
    os.waitpid(child, 0)
    return said


def _problem_with_tun() -> str:
    try:
        enter_network_namespace()
    except OSError as error:
        return f"no network namespace can be made ({_why_no_namespace(error)})"
    try:
        open_wire("tun").close()
    except FileNotFoundError:
        return "there is no /dev/net/tun (modprobe tun, or docker run --device /dev/net/tun)"
    except PermissionError as error:
        return _why_not_permitted(error)
    except OSError as error:
        return f"{error.strerror or error}"
    return ""


def _why_no_namespace(error: OSError) -> str:
    """The kernel says of a limit that there is no space left on a device."""
    if error.errno in (errno.ENOSPC, errno.EUSERS):
        return "there are as many as sysctl user.max_net_namespaces, max_user_namespaces allow"
    if error.errno == errno.EPERM and os.geteuid() == 0 and _lacks(_SYS_ADMIN):
        return "this root lacks CAP_SYS_ADMIN: docker run --cap-add SYS_ADMIN"
    return error.strerror or str(error)


def _why_not_permitted(error: PermissionError) -> str:
    """It may be the file, or what is done with it: that takes rights over the network, which root
    of a container may lack."""
    lacking = [name for name, number in _FOR_TUN.items() if _lacks(number)]
    if error.filename is None and lacking:
        adding = " ".join(f"--cap-add {name}" for name in lacking)
        names = " and ".join(f"CAP_{name}" for name in lacking)
        return f"packets over TUN take {names}, which is lacking here (docker run {adding})"
    if os.geteuid() == 0:
        return "/dev/net/tun may not be opened, by root either (docker run --device /dev/net/tun)"
    return "/dev/net/tun may not be opened (chmod 0666 /dev/net/tun, or run as root)"


def _lacks(capability: int) -> bool:
    """Is it missing from what this process may do in its present namespaces?"""
    for line in (
        Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines()
    ):
        if line.startswith("CapEff:"):
            return not int(line.split()[1], 16) >> capability & 1
    return False
