"""The wire between tester and device under test: IPv4 packets, one at a time, both ways.

Two kinds: a TUN interface, as in real life, and a pair of sockets for places that have no TUN. On
both, a packet injected is readable by the DUT when `inject` returns, and a packet that the DUT has
written is there for `collect` when the DUT's write has returned.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from tcplab.errors import InfrastructureError

# `collect` returns when it has so many: whoever floods the wire does not keep the tester busy.
MOST_AT_ONCE = 1024
# So many are forgotten by `drain`: more than any wire holds.
MOST_TO_FORGET = 1 << 17


class Wire(ABC):
    """One wire. It can serve several devices under test, one after another."""

    name = ""

    @property
    @abstractmethod
    def dut_fd(self) -> int:
        """The descriptor that the DUT inherits."""

    @abstractmethod
    def inject(self, packet: bytes) -> None:
        """Puts a packet on the wire. Raises OSError if it is full."""

    @abstractmethod
    def collect(self) -> list[bytes]:
        """Every packet that the DUT has written since the last call; MOST_AT_ONCE of them if there
        are more."""

    @abstractmethod
    def drain(self) -> None:
        """Forgets what is under way in either direction."""

    @abstractmethod
    def close(self) -> None:
        """Gives everything back."""


def open_wire(kind: str, mtu: int = 1500) -> Wire:
    """Opens a wire of the given kind, "tun" or "socketpair". Raises OSError."""
    if kind == "tun":
        from tcplab.wire.tun import TunWire

        return TunWire(mtu)
    if kind == "socketpair":
        from tcplab.wire.socketpair import SocketPairWire

        return SocketPairWire()
    raise InfrastructureError(f"no wire is called {kind}: tun or socketpair")
