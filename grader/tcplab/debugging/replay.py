"""Makes recorded requests once more, of a device that takes as long as it likes."""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Sequence

from tcplab.debugging.record import Event
from tcplab.wire import Wire

_MAX_REPLY = 1 << 18
_END = Event(0, request="quit")


class Replay(threading.Thread):
    """Runs beside the debugger until `stop` is called. When the device has ended, and the debugger
    says so by a byte on `news`, all begins anew: it may be started again."""

    def __init__(
        self,
        events: Sequence[Event],
        channel: socket.socket,
        devices_end: socket.socket,
        wire: Wire,
        news: socket.socket,
    ):
        super().__init__(daemon=True)
        self._events = events
        self._channel = channel
        self._devices_end = devices_end
        self._wire = wire
        self._news = news

    def run(self) -> None:
        try:
            while self._once():
                self._forget()
        except OSError:
            pass  # the debugger has ended, in the middle of something

    def _once(self) -> bool:
        """All events, once. True if the device is to be served again."""
        for event in (*self._events, _END):
            if event.packet:
                self._wire.inject(event.packet)
                continue
            self._channel.send(event.request.encode("ascii"))
            if not self._await_reply():
                return self._is_told_to_go_on()
            self._wire.collect()
        return self._is_told_to_go_on()

    def _await_reply(self) -> bool:
        """False if the device has ended instead."""
        ready, _, _ = select.select([self._channel, self._news], [], [])
        if self._news in ready:
            return False
        return bool(self._channel.recv(_MAX_REPLY))

    def _is_told_to_go_on(self) -> bool:
        """Waits for the debugger's word."""
        return bool(self._news.recv(1))

    def _forget(self) -> None:
        """What is under way was for the device that has ended, or came from it."""
        self._wire.drain()
        for end in (self._channel, self._devices_end):
            try:
                while end.recv(_MAX_REPLY, socket.MSG_DONTWAIT):
                    pass
            except BlockingIOError:
                continue
