"""The device under test as seen from here: requests, replies, and the ways in which it dies.

The protocol is labs/given/dut/PROTOCOL.md. Everything that comes from the other side is suspect:
it may be silent, endless, garbage, or cut off.
"""

from __future__ import annotations

import re
import select
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from tcplab.errors import DutCrashed, DutHung, DutNonsense
from tcplab.process import Process
from tcplab.sanitizer import explain_report
from tcplab.watch import Watch

# A request may keep the processor busy for this long. Every request of a sound implementation takes
# milliseconds. The processor's time counts, not the wall's: a busy machine is no verdict.
CPU_LIMIT_S = 1.0
# It may not sleep: it has been asked something. Waiting for the processor is no sleep.
SLEEP_LIMIT_S = 1.0
# Both together, in all of the requests of a case.
CASE_LIMIT_S = 3.0
WALL_LIMIT_S = 300.0  # whatever the reason; a busy kernel takes long to make namespaces
MEMORY_LIMIT_BYTES = 512 << 20
LEAK_CHECK_SLEEP_S = 10.0  # while the leak detector, a process of its own, looks around
_AT_ONCE_MS = 2  # the usual request is answered by then; nothing is measured before
_SLICE_MS = 50
_MAX_REPLY = 1 << 18
_MAX_WORDS = 64  # in a reply
_MAX_PACKETS = 64  # of which a reply may tell: the protocol says 32
_NO_TEXT = re.compile(rb"[^ -~]")


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
            raise DutNonsense("too short an answer", f"to '{_brief(self.request)}'") from None

    def number(self, index: int) -> int:
        return _number(self.word(index), self.request)

    def hex(self, index: int) -> bytes:
        return _hex(self.word(index), self.request)

    def value(self, key: str) -> str:
        try:
            return self.values[key]
        except KeyError:
            raise DutNonsense(f"no {key}= in the answer", f"to '{_brief(self.request)}'") from None

    def number_of(self, key: str) -> int:
        return _number(self.value(key), self.request)

    def flag_of(self, key: str) -> bool:
        return self.number_of(key) != 0


class RequestRefused(DutNonsense):
    """The DUT answered `error …`. `reason` is its text, beginning with an errno name if any."""

    def __init__(self, request: str, reason: str):
        super().__init__(f"refused: {_brief(reason)}", f"in '{_brief(request)}'")
        self.reason = reason


def _brief(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "…"


def _number(text: str, request: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 20:
        raise DutNonsense(f"'{_brief(text)}' is no number", f"in the answer to '{_brief(request)}'")
    return int(text)


def _hex(text: str, request: str) -> bytes:
    if text == "-":
        return b""
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise DutNonsense("no hexadecimal bytes", f"in the answer to '{_brief(request)}'") from None


def parse_reply(request: str, text: str) -> Reply:
    """Takes a reply apart. Raises DutNonsense, or RequestRefused for `error`."""
    kind, _, rest = text.partition(" ")
    if kind == "error":
        raise RequestRefused(request, rest.strip() or "no reason given")
    if kind not in ("ok", "more"):
        raise DutNonsense(f"answered '{_brief(text)}'", f"to '{_brief(request)}'")
    words: list[str] = []
    values: dict[str, str] = {}
    split = rest.split(maxsplit=_MAX_WORDS)
    if len(split) > _MAX_WORDS:
        raise DutNonsense("an endless answer", f"to '{_brief(request)}'")
    for word in split:
        key, equals, value = word.partition("=")
        if equals:
            values[key] = value
        else:
            words.append(word)
    times = values.pop("tx", "")
    tx = [_number(part, request) for part in times.split(",", _MAX_PACKETS)] if times else []
    return Reply(request, kind == "more", words, values, tx)


class Device(Protocol):
    """What a lab needs of a device under test."""

    cpu_limit_s: float  # for one request

    def request(self, text: str) -> Reply:
        """Makes one request."""

    def quit(self) -> None:
        """The case is over: everything is freed."""

    def close(self) -> None:
        """Ends the device, however it is."""


@dataclass
class Dut:
    """A running device under test. `process` is its process, `channel` our end of the commands."""

    process: Process
    channel: socket.socket
    cpu_limit_s: float = CPU_LIMIT_S
    leaks: bool = False  # it looks for leaks at its end
    _ended: bool = field(default=False, repr=False)
    _now_ms: int = 0  # of its virtual clock
    _last_tx_ms: int = 0

    def __post_init__(self) -> None:
        self.channel.setblocking(False)
        self._watch = Watch(self.process)

    @property
    def effort_s(self) -> float:
        """What it has cost so far, in seconds: processor time, and sleep where it had to answer.
        Not what it sleeps while the grader thinks: that takes long where a search for a simpler
        failure goes on, on a busy machine."""
        if not self._ended:
            self._watch.begin()  # adds up what there was until now
        return self._watch.effort_s

    def request(self, text: str) -> Reply:
        """Sends one request and waits for the reply.

        Raises DutCrashed, DutHung, DutNonsense, RequestRefused.
        """
        self._refuse_unasked_replies(text)
        self._send(text)
        reply = parse_reply(text, self._receive(text))
        self._check_times(reply)
        return reply

    def batch(self, texts: Sequence[str]) -> list[str]:
        """Sends several requests for components in one packet. Returns the replies as they came:
        each of them may be an error."""
        text = "batch " + ";".join(texts)
        self._refuse_unasked_replies(text)
        self._send(text)
        replies = self._receive(text).split(";")
        if len(replies) != len(texts):
            raise DutNonsense(f"{len(replies)} answers", f"to {len(texts)} requests at once")
        return replies

    def quit(self, *, must_be_clean: bool = True) -> None:
        """Lets the DUT free everything and end; what the sanitizers find then counts as a crash."""
        if self._ended:
            return
        self.request("quit")
        self._await_end()
        self._ended = True
        self._refuse_unasked_replies("quit")
        self.channel.close()
        if must_be_clean and self.process.exit_status != 0:
            raise self._crash("while everything was freed at the end")

    def close(self) -> None:
        """Ends the process, however it is, and leaves nothing behind."""
        if not self._ended:
            self._watch.begin()  # as in effort_s
        self._ended = True
        self.channel.close()
        self.process.kill()

    def was_lost(self) -> bool:
        """Was it ended from outside?"""
        return self.process.was_killed_by_others()

    def printed(self) -> str:
        """What the program has printed so far, made fit for a terminal."""
        self.process.drain()
        return self.process.printed()

    # --- the channel ---------------------------------------------------------------------------

    def _send(self, text: str) -> None:
        try:
            while not self._has_sent(text.encode("ascii")):
                self._watch.begin()
                self._poll(select.POLLOUT, text)
        except ConnectionError:
            raise self._crash(f"before '{_brief(text)}'") from None
        except OSError as error:
            raise DutNonsense(f"'{_brief(text)}' could not be sent: {error}") from error

    def _has_sent(self, raw: bytes) -> bool:
        try:
            self.channel.send(raw)
            return True
        except BlockingIOError:
            return False  # it does not read what it has been asked

    def _refuse_unasked_replies(self, request: str) -> None:
        try:
            unasked = self.channel.recv(_MAX_REPLY)
        except (BlockingIOError, ConnectionError):
            return
        if unasked and self._ended:
            raise DutNonsense("it answered once more than it was asked")
        if unasked:
            raise DutNonsense("it answered before it was asked", f"for '{_brief(request)}'")

    def _receive(self, request: str) -> str:
        poller = select.poll()
        poller.register(self.channel, select.POLLIN)
        if poller.poll(_AT_ONCE_MS):
            return self._read_reply(request)
        self._watch.begin()
        self._poll(select.POLLIN, request)
        self._watch.settle()
        self._check_case(request)
        return self._read_reply(request)

    def _poll(self, events: int, request: str) -> None:
        """Waits until the channel can be read, or written. Raises DutHung, DutCrashed."""
        poller = select.poll()
        poller.register(self.channel, events)
        if self.process.stderr_open:
            poller.register(self.process.stderr_fd, select.POLLIN)
        while True:
            ready = {fd for fd, _ in poller.poll(_SLICE_MS)}
            if self.channel.fileno() in ready:
                return
            if self.process.stderr_fd in ready and not self.process.drain():
                poller.unregister(self.process.stderr_fd)
            self._check_limits(request)
            if self.process.wait(0) and not poller.poll(0):
                # Somebody has inherited its end of the channel. It ends before it begins if its
                # surroundings could not be made.
                raise self._crash(f"in '{_brief(request)}'")

    def _read_reply(self, request: str) -> str:
        try:
            raw = self.channel.recv(_MAX_REPLY)
        except ConnectionError:
            raw = b""
        if not raw:
            raise self._crash(f"in '{_brief(request)}'")
        self._check_memory(request)
        if _NO_TEXT.search(raw):
            raise DutNonsense("answered bytes that are no text", f"to '{_brief(request)}'")
        return raw.decode("ascii")

    def _check_times(self, reply: Reply) -> None:
        """Packets leave at times between the last ones' and the present."""
        verb, _, ms = reply.request.partition(" ")
        self._now_ms += int(ms) if verb == "clock.advance" else 0
        for tx in reply.tx:
            if not self._last_tx_ms <= tx <= self._now_ms:
                raise DutNonsense(
                    f"it speaks of a packet at {tx} ms, and it is {self._now_ms} ms",
                    f"in the answer to '{_brief(reply.request)}'",
                )
            self._last_tx_ms = tx

    # --- limits --------------------------------------------------------------------------------

    def _check_limits(self, request: str) -> None:
        watch = self._watch
        watch.look()
        place = f"in '{_brief(request)}'"
        if self.process.flooded:
            self.process.kill()
            raise DutNonsense("a flood: it prints without end", place, self.process.printed())
        self._check_memory(request)
        if watch.cpu_s > self.cpu_limit_s:
            raise self._hang(f"it computed for {self.cpu_limit_s:g} s", place)
        if watch.asleep_s > SLEEP_LIMIT_S:
            raise self._hang("it sleeps instead of answering", place)
        if watch.wall_s > WALL_LIMIT_S:
            raise self._hang(f"no answer for {WALL_LIMIT_S:.0f} s", place)
        self._check_case(request)

    def _check_case(self, request: str) -> None:
        if self._watch.effort_s > CASE_LIMIT_S:
            raise self._hang(
                f"it took more than {CASE_LIMIT_S:g} s for the requests of this case",
                f"in '{_brief(request)}'",
            )

    def _check_memory(self, request: str) -> None:
        if self.process.memory_bytes() > MEMORY_LIMIT_BYTES:
            self.process.kill()
            raise DutCrashed(
                f"it took more than {MEMORY_LIMIT_BYTES >> 20} MB of memory",
                f"in '{_brief(request)}'",
                self.process.printed(),
            )

    # --- its end -------------------------------------------------------------------------------

    def _await_end(self) -> None:
        """It has said that it ends."""
        sleep_limit_s = LEAK_CHECK_SLEEP_S if self.leaks else SLEEP_LIMIT_S
        watch = self._watch
        watch.begin()
        while not self.process.wait(_SLICE_MS):
            self.process.drain()
            watch.look()
            too_long = watch.cpu_s > CPU_LIMIT_S or watch.asleep_s > sleep_limit_s
            if too_long or watch.wall_s > WALL_LIMIT_S or self.process.flooded:
                raise self._hang("it did not end when told to", "")

    def _hang(self, what: str, place: str) -> DutHung | DutNonsense:
        if self.process.streams():
            self.process.kill()
            return DutNonsense("a flood: it prints without end", place, self.process.printed())
        report = self.process.stack_of_hang(self._watch)
        self._ended = True
        where = explain_report(report).where
        return DutHung(f"{what}{f', at {where}' if where else ''}", place, report)

    def _crash(self, when: str) -> DutCrashed:
        report = self.process.last_words(self._watch)
        self._ended = True
        finding = explain_report(report)
        how = finding.summary or self.process.exit_reason()
        where = f" at {finding.where}" if finding.where else ""
        return DutCrashed(f"{how}{where}", when, report)
