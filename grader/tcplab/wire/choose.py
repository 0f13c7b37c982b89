"""Which kind of wire this machine allows."""

from __future__ import annotations

import os

from tcplab.errors import InfrastructureError
from tcplab.namespace import enter_network_namespace
from tcplab.wire import open_wire


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
        return f"no network namespace can be made ({error.strerror})"
    try:
        open_wire("tun").close()
    except FileNotFoundError:
        return "there is no /dev/net/tun (modprobe tun, or docker run --device /dev/net/tun)"
    except PermissionError:
        return "/dev/net/tun may not be opened (chmod 0666 /dev/net/tun, or run as root)"
    except OSError as error:
        return f"{error.strerror or error}"
    return ""
