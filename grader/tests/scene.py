"""Captures made by hand, for the tests of the monitors."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tcplab import packet as p
from tcplab.capture import AppAction, Capture, PacketEvent
from tcplab.monitors import violations
from tcplab.monitors.base import Violation
from tcplab.packet import FlowKey, craft
from tcplab.stack import StackOptions

TESTER, STACK = "10.0.0.1", "10.0.0.2"
TESTER_ISS, STACK_ISS = 0xFFFFFF00, 0x7FFFFFF0
APP = 7


class Scene:
    """One connection, from a port of the tester's to port 80 of the stack. Numbers are relative.

    `tester` and `stack` put a segment into the capture, `app` what the application did, `wait` lets
    time pass. Each segment of the tester's begins a new exchange.
    """

    def __init__(self, tester_port: int = 40000, **options: Any):
        self.port = tester_port
        self.options = replace(StackOptions(), **options)
        self.capture = Capture()
        self.key = FlowKey(STACK, 80, TESTER, tester_port)

    def tester(self, flags: int, seq: int = 0, ack: int = 0, **fields: Any) -> Scene:
        ends = {"source": TESTER, "destination": STACK}
        ports = {"source_port": self.port, "destination_port": 80}
        numbers = {"seq": TESTER_ISS + seq, "ack": STACK_ISS + ack if flags & p.ACK else 0}
        raw = _craft(flags=flags, **ends, **ports, **numbers, **fields)
        self.capture.packet(raw, self.capture.now_ms, from_dut=False)
        self.capture.begin_exchange()
        return self

    def stack(self, flags: int, seq: int = 0, ack: int = 0, **fields: Any) -> Scene:
        ends = {"source": STACK, "destination": TESTER}
        ports = {"source_port": 80, "destination_port": self.port}
        numbers = {"seq": STACK_ISS + seq, "ack": TESTER_ISS + ack if flags & p.ACK else 0}
        raw = _craft(flags=flags, **ends, **ports, **numbers, **fields)
        self.capture.packet(raw, self.capture.now_ms, from_dut=True)
        return self

    def raw_from_stack(self, raw: bytes) -> Scene:
        self.capture.packet(raw, self.capture.now_ms, from_dut=True)
        return self

    def last_raw(self) -> bytes:
        event = self.capture.events[-1]
        assert isinstance(event, PacketEvent)
        return event.raw

    def app(self, action: AppAction, data: bytes = b"") -> Scene:
        self.capture.begin_exchange()
        self.capture.app(self.capture.mark(), action, self.key, data, APP)
        return self

    def wait(self, ms: int) -> Scene:
        self.capture.begin_exchange()
        self.capture.advanced(self.capture.now_ms + ms)
        return self

    def open(self, mss: int | None = 1460, window: int = 65535) -> Scene:
        """The stack is passive; the application accepts."""
        options: list[Any] = [("MSS", mss)] if mss else []
        self.tester(p.SYN, 0, options=options, window=window)
        self.stack(p.SYN | p.ACK, 0, 1, options=[("MSS", 1460)])
        self.tester(p.ACK, 1, 1, window=window)
        return self.app(AppAction.ACCEPT)

    def violations(self) -> list[Violation]:
        return list(violations(self.capture, self.options))

    def broken(self) -> list[str]:
        """The monitors that complain."""
        return [one.monitor for one in self.violations()]


def _craft(**fields: Any) -> bytes:
    fields.setdefault("window", 65535)
    return craft(**fields)
