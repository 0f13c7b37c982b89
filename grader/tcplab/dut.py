"""The device under test as seen from here: requests, replies, and the ways in which it dies.

The protocol is labs/given/dut/PROTOCOL.md. Everything that comes from the other side is suspect:
it may be silent, endless, garbage, or cut off.
"""

from __future__ import annotations

import select
import socket
import time
from dataclasses import dataclass, field

from tcplab.errors import DutCrashed, DutHung, DutNonsense
from tcplab.sandbox import Process
from tcplab.sanitizer import explain_report

# A request may keep the processor busy for this long. Every request of a sound implementation takes
# milliseconds. The processor's time counts, not the wall's: a busy machine is no verdict.
CPU_LIMIT_S = 3.0
# It may not sleep at all: it has been asked something. To be seen asleep for so long, again and
# again, without a tick of processor time in between, is no matter of a busy machine either.
SLEEP_LIMIT_S = 5.0
WALL_LIMIT_S = 300.0  # whatever the reason; a busy kernel takes long to make namespaces
MEMORY_LIMIT_BYTES = 512 << 20
_SLICE_MS = 50
_MAX_REPLY = 1 << 18


@dataclass(frozen=True)
class Reply:
    """What an `ok` or `more` said. `tx` holds the virtual times of the packets written."""

    request: str
    more: bool
    words: list[str]
    values: dict[str, str]
    tx: list[int]

    def word(self, index: int) -> str:
        try:
            return self.words[index]
        except IndexError:
            raise DutNonsense(f"too short an answer to '{_brief(self.request)}'") from None

    def number(self, index: int) -> int:
        return _number(self.word(index), self.request)

    def hex(self, index: int) -> bytes:
        return _hex(self.word(index), self.request)

    def value(self, key: str) -> str:
        try:
            return self.values[key]
        except KeyError:
            raise DutNonsense(f"no {key}= in the answer to '{_brief(self.request)}'") from None

    def number_of(self, key: str) -> int:
        return _number(self.value(key), self.request)

    def flag_of(self, key: str) -> bool:
        return self.number_of(key) != 0


class RequestRefused(DutNonsense):
    """The DUT answered `error …`. `reason` is its text, beginning with an errno name if any."""

    def __init__(self, request: str, reason: str):
        super().__init__(f"'{_brief(request)}' was refused: {reason}")
        self.reason = reason


def _brief(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "…"


def _number(text: str, request: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 20:
        raise DutNonsense(f"'{_brief(text)}' is no number, in the answer to '{_brief(request)}'")
    return int(text)


def _hex(text: str, request: str) -> bytes:
    if text == "-":
        return b""
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise DutNonsense(f"no hexadecimal bytes in the answer to '{_brief(request)}'") from None


def parse_reply(request: str, text: str) -> Reply:
    """Takes a reply apart. Raises DutNonsense, or RequestRefused for `error`."""
    kind, _, rest = text.partition(" ")
    if kind == "error":
        raise RequestRefused(request, rest.strip() or "no reason given")
    if kind not in ("ok", "more"):
        raise DutNonsense(f"answered '{_brief(text)}' to '{_brief(request)}'")
    words: list[str] = []
    values: dict[str, str] = {}
    for word in rest.split():
        key, equals, value = word.partition("=")
        if equals:
            values[key] = value
        else:
            words.append(word)
    times = values.pop("tx", "")
    tx = [_number(part, request) for part in times.split(",")] if times else []
    return Reply(request, kind == "more", words, values, tx)


class _Watch:
    """How a process spends its time, from the first look on."""

    def __init__(self, process: Process):
        self._process = process
        self._started = time.monotonic()
        self._first_cpu: float | None = None
        self._last_cpu = -1.0
        self._fell_asleep: float | None = None
        self.cpu_s = self.wall_s = self.asleep_s = 0.0

    def look(self) -> None:
        now = time.monotonic()
        cpu = self._process.cpu_seconds()
        if self._first_cpu is None:
            self._first_cpu = cpu
        if cpu != self._last_cpu or not self._process.is_asleep():
            self._fell_asleep = None
        elif self._fell_asleep is None:
            self._fell_asleep = now
        self._last_cpu = cpu
        self.cpu_s = cpu - self._first_cpu
        self.wall_s = now - self._started
        self.asleep_s = now - self._fell_asleep if self._fell_asleep is not None else 0.0


@dataclass
class Dut:
    """A running device under test. `process` is its process, `channel` our end of the commands."""

    process: Process
    channel: socket.socket
    cpu_limit_s: float = CPU_LIMIT_S
    _ended: bool = field(default=False, repr=False)

    def request(self, text: str) -> Reply:
        """Sends one request and waits for the reply.

        Raises DutCrashed, DutHung, DutNonsense, RequestRefused.
        """
        self._refuse_unasked_replies(text)
        self._send(text)
        return parse_reply(text, self._receive(text))

    def quit(self, *, must_be_clean: bool = True) -> None:
        """Lets the DUT free everything and end; what the sanitizers find then counts as a crash."""
        if self._ended:
            return
        self.request("quit")
        self._ended = True
        self.channel.close()
        deadline = time.monotonic() + WALL_LIMIT_S
        while not self.process.wait(_SLICE_MS):
            self.process.drain()
            if self.process.cpu_seconds() > CPU_LIMIT_S or time.monotonic() > deadline:
                raise DutHung("it did not end when told to", self.process.stack_of_hang())
        if must_be_clean and self.process.exit_status != 0:
            raise self._crash("while everything was freed at the end")

    def close(self) -> None:
        """Ends the process, however it is, and leaves nothing behind."""
        self._ended = True
        self.channel.close()
        self.process.kill()

    # --- the channel ---------------------------------------------------------------------------

    def _send(self, text: str) -> None:
        try:
            self.channel.sendall(text.encode("ascii"))
        except (BrokenPipeError, ConnectionError):
            raise self._crash(f"before '{_brief(text)}'") from None
        except OSError as error:
            raise DutNonsense(f"'{_brief(text)}' could not be sent: {error}") from error

    def _refuse_unasked_replies(self, request: str) -> None:
        try:
            unasked = self.channel.recv(_MAX_REPLY, socket.MSG_DONTWAIT)
        except (BlockingIOError, ConnectionError):
            return
        if unasked:
            raise DutNonsense(f"it answered before it was asked for '{_brief(request)}'")

    def _receive(self, request: str) -> str:
        poller = select.poll()
        poller.register(self.channel, select.POLLIN)
        if self.process.stderr_open:
            poller.register(self.process.stderr_fd, select.POLLIN)
        watch = _Watch(self.process)
        while True:
            ready = {fd for fd, _ in poller.poll(_SLICE_MS)}
            if self.channel.fileno() in ready:
                return self._read_reply(request)
            if self.process.stderr_fd in ready and not self.process.drain():
                poller.unregister(self.process.stderr_fd)
            self._check_limits(request, watch)

    def _read_reply(self, request: str) -> str:
        try:
            raw = self.channel.recv(_MAX_REPLY)
        except ConnectionError:
            raw = b""
        if not raw:
            raise self._crash(f"in '{_brief(request)}'")
        try:
            return raw.decode("ascii")
        except UnicodeDecodeError:
            raise DutNonsense(f"answered bytes that are no text to '{_brief(request)}'") from None

    def _check_limits(self, request: str, watch: _Watch) -> None:
        watch.look()
        if self.process.flooded:
            self.process.kill()
            raise DutHung(f"it printed more than 64 MB in '{_brief(request)}'")
        if self.process.memory_bytes() > MEMORY_LIMIT_BYTES:
            self.process.kill()
            raise DutCrashed(
                f"it took more than {MEMORY_LIMIT_BYTES >> 20} MB of memory"
                f" in '{_brief(request)}'"
            )
        if watch.cpu_s > self.cpu_limit_s:
            raise self._hang(f"it computed for {self.cpu_limit_s:.0f} s in '{_brief(request)}'")
        if watch.asleep_s > SLEEP_LIMIT_S:
            raise self._hang(f"it sleeps instead of answering '{_brief(request)}'")
        if watch.wall_s > WALL_LIMIT_S:
            raise self._hang(f"no answer for {WALL_LIMIT_S:.0f} s to '{_brief(request)}'")

    def _hang(self, what: str) -> DutHung:
        report = self.process.stack_of_hang()
        where = explain_report(report).where
        return DutHung(f"{what}{f', at {where}' if where else ''}", report)

    def _crash(self, when: str) -> DutCrashed:
        self._ended = True
        report = self.process.last_words()
        finding = explain_report(report)
        how = finding.summary or self.process.exit_reason()
        where = f" at {finding.where}" if finding.where else ""
        return DutCrashed(f"{how}{where}, {when}", report)
