"""Makes a network namespace with a TUN interface, and becomes tcprun in it:

    ┌──────────────── network namespace ────────────────┐
    │  the kernel's TCP, 10.0.0.1 ── tun0 ── tcprun     │ ═══ programs, over tcprun's TCP, 10.0.0.2
    └───────────────────────────────────────────────────┘

To be started as a process of its own: `python -m tcplab.running.inside TCPRUN [ARGUMENTS]`. The
namespace lasts as long as that process and those that have joined it.
"""

from __future__ import annotations

import fcntl
import os
import struct
import sys
from pathlib import Path

from tcplab.namespace import die_with_parent, enter_network_namespace

_TUNSETIFF = 0x400454CA
_IFF_TUN_NO_PI = 0x1001
_NAME = "tun0"
_KERNEL = "10.0.0.1"
_NETWORK = "10.0.0.0/24"
_RTO_MIN_MS = 20  # after a loss; 200 ms otherwise
_RTAX_RTO_MIN = 13


def main() -> None:
    """Exits with 2, and a line that says why, where this machine does not allow it."""
    program = sys.argv[1:]
    die_with_parent()
    try:
        enter_network_namespace()
        wire = _open_tun()
        _set_up()
    except OSError as error:
        sys.exit(_complain(f"no TUN interface can be made: {error.strerror or error}"))
    os.set_inheritable(wire, True)
    os.execv(program[0], [*program, "--tun-fd", str(wire)])


def _complain(words: str) -> int:
    print(f"tcplab: {words}", file=sys.stderr)
    return 2


def _open_tun() -> int:
    wire = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(wire, _TUNSETIFF, struct.pack("16sH22x", _NAME.encode(), _IFF_TUN_NO_PI))
    return wire


def _set_up() -> None:
    from pyroute2 import IPRoute
    from pyroute2.netlink.exceptions import NetlinkError

    try:
        with IPRoute() as network:
            loopback = network.link_lookup(ifname="lo")[0]
            tun = network.link_lookup(ifname=_NAME)[0]
            network.link("set", index=loopback, state="up")
            network.addr("add", index=tun, address=_KERNEL, prefixlen=24)
            network.link("set", index=tun, state="up")
            network.route(
                "replace",
                dst=_NETWORK,
                oif=tun,
                prefsrc=_KERNEL,
                scope="link",
                metrics={"rto_min": _RTO_MIN_MS, "lock": 1 << _RTAX_RTO_MIN},  # or it is ignored
            )
    except NetlinkError as error:
        raise OSError(error.code, os.strerror(error.code)) from None
    # What some machines have instead is several times slower over TUN; this one is always there.
    try:
        Path("/proc/sys/net/ipv4/tcp_congestion_control").write_text("reno", encoding="ascii")
    except OSError:
        pass  # a read-only /proc; then it is slower


if __name__ == "__main__":
    main()
