"""Stands between browsers and a TCP that they cannot reach. To be started at the other end of its
wire, with a socket that listens where the browsers are:

    browser ═══ 127.0.0.1 ═══ relay ═══ the kernel's TCP, or the reference's ── wire ── that TCP

For each of a browser's connections it opens one over the wire, and carries the bytes both ways; an
end of one direction is passed on as such. What it has to say comes on standard output, in lines:
`ready` when a first page has come over the wire as it should, `failed REASON` if not (and then it
ends), and `count OPEN ALL BYTES` when something has changed.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from dataclasses import dataclass, field
from pathlib import Path

_CONNECTING_S = 10.0
_CHUNK = 65536
_COUNTING_S = 0.5


def main() -> int:
    """`relay.py DESCRIPTOR ADDRESS PORT FILE SECONDS`: FILE is what the path / should bring, within
    so many seconds."""
    descriptor, address, port, file, patience = sys.argv[1:]
    relay = Relay(address, int(port), float(patience))
    return asyncio.run(_relay(relay, int(descriptor), Path(file).read_bytes()))


async def _relay(relay: Relay, descriptor: int, expected: bytes) -> int:
    problem = await relay.first_page(expected)
    _tell(f"failed {problem}" if problem else "ready")
    if problem:
        return 1
    server = await asyncio.start_server(relay.serve, sock=socket.socket(fileno=descriptor))
    async with server:
        await _count(relay.traffic)
    return 0


@dataclass
class Traffic:
    """What has gone through."""

    open: int = 0
    all: int = 0
    bytes: int = 0  # both ways, without those of the first page

    def line(self) -> str:
        return f"count {self.open} {self.all} {self.bytes}"


@dataclass
class Relay:
    """To a port of the TCP in question."""

    address: str
    port: int
    patience_s: float  # with the first page
    traffic: Traffic = field(default_factory=Traffic)
    # asyncio forgets a task that waits for a connection of which the other side has gone.
    _serving: set[asyncio.Task[None]] = field(default_factory=set)

    async def first_page(self, expected: bytes) -> str:
        """Fetches the path / for itself. Returns what is wrong with the answer, or ""."""
        try:
            answer = await asyncio.wait_for(self._fetch(), self.patience_s)
        except asyncio.TimeoutError:
            return f"the first page has not come within {self.patience_s:g} s"
        except OSError as error:
            return f"no first page ({error.strerror or error})"
        head, _, body = answer.partition(b"\r\n\r\n")
        if body == expected:
            return ""
        if not head.startswith(b"HTTP/1"):
            return "the answer to the first request is none of HTTP"
        return f"the first page came, but not as it was sent: {_difference(body, expected)}"

    async def _fetch(self) -> bytes:
        reader, writer = await asyncio.open_connection(self.address, self.port)
        try:
            writer.write(b"GET / HTTP/1.0\r\n\r\n")
            return await reader.read()
        finally:
            writer.transport.abort()

    async def serve(self, here: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        """Carries one connection of a browser, to its end."""
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        self.traffic.open += 1
        self.traffic.all += 1
        try:
            await self._converse(here, back)
        except (OSError, asyncio.TimeoutError):
            pass  # one of the two has gone, or never came; then the other is left, too
        finally:
            self._serving.discard(task)
            self.traffic.open -= 1
            back.transport.abort()

    async def _converse(self, here: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        connecting = asyncio.open_connection(self.address, self.port)
        there, forth = await asyncio.wait_for(connecting, _CONNECTING_S)
        directions = [self._carry(here, forth), self._carry(there, back)]
        tasks = [asyncio.create_task(one) for one in directions]
        try:
            await asyncio.gather(*tasks)
            await asyncio.gather(_closed(back), _closed(forth))
        finally:
            for task in tasks:
                task.cancel()
            forth.transport.abort()

    async def _carry(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while chunk := await source.read(_CHUNK):
            target.write(chunk)
            self.traffic.bytes += len(chunk)
            await target.drain()
        target.write_eof()


async def _closed(writer: asyncio.StreamWriter) -> None:
    """All that was written has left this process."""
    writer.close()
    await writer.wait_closed()


def _difference(body: bytes, expected: bytes) -> str:
    pairs = enumerate(zip(body, expected))
    first = next((place for place, (a, b) in pairs if a != b), None)
    if first is not None:
        return f"byte {first} of {len(expected)} is another one"
    return f"{len(body)} bytes of {len(expected)}"


async def _count(traffic: Traffic) -> None:
    """Says from time to time what has changed, for ever."""
    said = ""
    while True:
        if traffic.line() != said:
            said = traffic.line()
            _tell(said)
        await asyncio.sleep(_COUNTING_S)


def _tell(words: str) -> None:
    print(words, flush=True)


if __name__ == "__main__":
    sys.exit(main())
