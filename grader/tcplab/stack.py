"""The knobs of the stack under test."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field

CONFIG_FIELDS = (
    "mss recv_capacity send_capacity rto_initial_ms rto_min_ms rto_max_ms rto_after_syn_loss_ms"
    " max_retransmissions max_syn_retransmissions user_timeout_ms msl_ms ack_delay_ms"
    " sws_override_ms nagle"
).split()
_STACK_FIELDS = ("address", "netmask", "mtu", "ttl", "isn", "secret")

# What a stack does that is told nothing: labs/given/tcp_config.c.
DEFAULTS = {
    "recv_capacity": 65535,
    "send_capacity": 65535,
    "rto_initial_ms": 1000,
    "rto_min_ms": 1000,
    "rto_max_ms": 60000,
    "ack_delay_ms": 40,
    "msl_ms": 120000,
}


@dataclass(frozen=True)
class StackOptions:
    """How a stack was made. `config` holds only what differs from the contract's defaults."""

    address: str = "10.0.0.2"
    netmask: str = "255.255.255.0"
    mtu: int = 1500
    ttl: int = 64
    isn: int | None = None  # fixed for every connection; None: RFC 6528
    secret: str = "00" * 16
    config: dict[str, int] = field(default_factory=dict)

    @staticmethod
    def from_knobs(knobs: Mapping[str, int | str], source: random.Random) -> StackOptions:
        """Raises TypeError for a knob that does not exist."""
        plain: dict[str, int | str] = {"secret": source.randbytes(16).hex()}
        config: dict[str, int] = {}
        for name, value in knobs.items():
            if name in _STACK_FIELDS:
                plain[name] = value
            elif name in CONFIG_FIELDS:
                config[name] = int(value)
            else:
                raise TypeError(f"a stack has no knob {name}")
        return StackOptions(config=config, **plain)  # type: ignore[arg-type]

    @property
    def mss(self) -> int:
        """The largest payload, in bytes, that the stack can take in one segment."""
        return self.config.get("mss", self.mtu - 40)

    def get(self, name: str) -> int:
        """A field of the TCP configuration, by the contract's default if it was not set."""
        return self.config.get(name, DEFAULTS[name])

    def describe(self) -> str:
        """What is unusual about it, for the transcript."""
        words = [f"mtu={self.mtu}"] if self.mtu != 1500 else []
        words += [f"isn={self.isn}"] if self.isn is not None else []
        words += [f"{name}={value}" for name, value in self.config.items()]
        return f" with {', '.join(words)}" if words else ""

    def request(self) -> str:
        words = [
            f"stack.new address={self.address} netmask={self.netmask} mtu={self.mtu}"
            f" ttl={self.ttl} secret={self.secret} mss={self.mss}"
        ]
        if self.isn is not None:
            words.append(f"fixed_isn=1 isn={self.isn % (1 << 32)}")
        words += [f"{name}={value}" for name, value in self.config.items() if name != "mss"]
        return " ".join(words)
