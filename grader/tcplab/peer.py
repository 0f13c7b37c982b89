"""The tester's end of a connection: it sends what a case says, and knows what it has received.

Numbers are relative, as in the figures of the RFC: the SYN of either side is 0, the first byte 1.
Until the stack has sent a SYN, its numbers are taken as they stand on the wire.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

from tcplab import packet as p
from tcplab.check import differing_in, expect_bytes, expect_true
from tcplab.difference import Field, SegmentDifference
from tcplab.errors import CaseFailed
from tcplab.fields import (
    describe_fields,
    describe_wait,
    differing_segment,
    match_fields,
    missing_segment,
)
from tcplab.packet import CIRCLE, FlowKey, Segment, TcpOption, relative_words, signed_distance
from tcplab.transcript import show_bytes

if TYPE_CHECKING:
    from tcplab.lab import Lab


class Auto:
    """Marks arguments whose default follows from what was received."""


AUTO = Auto()
_QUIET_MS = 300


class Peer:
    """See the module's text. `snd_nxt`, `rcv_nxt`, `snd_una` are relative and may be assigned."""

    def __init__(
        self, lab: Lab, key: FlowKey, iss: int, *, window: int = 65535, mss: int | None = 1460
    ):
        self._lab = lab
        self.key = key
        self.iss = iss
        self.dut_iss: int | None = None
        self.window = window
        self.mss = mss
        self.snd_nxt = 0  # the next number that the tester uses
        self.snd_una = 0  # the highest acknowledgment that the stack sent
        self.snd_wnd = 0  # the last window that the stack offered
        self.rcv_nxt = 0  # the next number expected from the stack
        self.inbox: deque[Segment] = deque()
        self._stream = bytearray()  # what the stack has sent, in order
        self._expected = 0  # how much of it a case has already asked for
        self._fin_at: int | None = None
        self._acked: int | None = None  # the last acknowledgment sent
        self._in_burst = False
        self._quietly = False  # what is sent belongs to a step that is in the transcript already

    # --- sending -------------------------------------------------------------------------------

    def send(
        self,
        *,
        seq: int | None = None,
        ack: int | None | Auto = AUTO,
        data: bytes = b"",
        syn: bool = False,
        fin: bool = False,
        rst: bool = False,
        psh: bool = False,
        urg: bool = False,
        ece: bool = False,
        cwr: bool = False,
        window: int | None = None,
        urgent: int = 0,
        mss: int | None | Auto = AUTO,
        options: list[TcpOption] | bytes | None = None,
        reserved: int = 0,
        bad_checksum: bool = False,
        source: str | None = None,
        destination: str | None = None,
        ip: dict[str, Any] | None = None,
        tcp: dict[str, Any] | None = None,
    ) -> None:
        """Sends one segment, and lets the stack work on it.

        Defaults: `seq` continues where the tester is; `ack` acknowledges everything received, and
        is left out on SYN, RST, and before the stack has sent a SYN (`ack=None` leaves it out);
        `window` and, on SYN, `mss` are the peer's own.
        """
        start = self.snd_nxt if seq is None else seq
        if isinstance(ack, Auto):
            ack = None if syn or rst or self.dut_iss is None else self.rcv_nxt
        bits = [fin, syn, rst, psh, ack is not None, urg, ece, cwr]
        flags = sum(1 << at for at, bit in enumerate(bits) if bit)
        if isinstance(mss, Auto):
            mss = self.mss if syn and options is None else None
        if options is None:
            options = [("MSS", mss)] if mss is not None else b""
        raw = p.craft(
            source=source or self.key.remote_address,
            destination=destination or self.key.local_address,
            source_port=self.key.remote_port,
            destination_port=self.key.local_port,
            seq=self.iss + start,
            ack=0 if ack is None else (self.dut_iss or 0) + ack,
            flags=flags,
            window=self.window if window is None else window,
            urgent=urgent,
            options=options,
            data=data,
            reserved=reserved,
            bad_checksum=bad_checksum,
            ip=ip,
            tcp=tcp,
        )
        if ack is not None:
            self._acked = ack
        self._emit(raw, bad_checksum)
        takes_effect = not (rst or bad_checksum or ip or tcp or source or destination)
        if takes_effect and (syn or ack is not None):
            end = start + len(data) + syn + fin
            if start <= self.snd_nxt < end:
                self.snd_nxt = end

    def send_raw(self, packet: Any) -> None:
        """Sends a packet of scapy's, or bytes, as they are."""
        self._emit(bytes(packet), False)

    @contextmanager
    def burst(self) -> Iterator[None]:
        """Segments sent inside arrive at the stack together, before it answers any of them."""
        if not self._in_burst:
            self._lab.transcript.step("The tester sends several segments at once")
        self._in_burst = True
        try:
            yield
        finally:
            self._in_burst = False
        self._lab.sync()

    def handshake(self) -> None:
        """Opens a connection: SYN, SYN+ACK, ACK. For cases that are not about it."""
        self._lab.transcript.step(f"The tester connects to port {self.key.local_port}")
        self._say(lambda: self.send(syn=True))
        answer = self._next_of(lambda segment: segment.has(p.SYN), 0)
        if answer is None:
            missing = missing_segment({"ack": 1, "syn": True, "has_ack": True})
            raise CaseFailed("no SYN+ACK answers the SYN", "answer", "SYN ACK", "nothing", missing)
        self._match(answer, {"syn": True, "ack": 1, "rst": False})
        self._say(lambda: self.send())

    def answer_syn(self) -> None:
        """The stack has sent a SYN: SYN+ACK, and its ACK. For cases that are not about it."""
        self._lab.transcript.step("The tester answers the SYN with SYN+ACK; expected: an ACK")
        opening = self._next_of(lambda segment: segment.has(p.SYN), 0)
        if opening is None:
            missing = missing_segment({"syn": True})
            raise CaseFailed("the stack sent no SYN", "opening", "SYN", "nothing", missing)
        self._say(lambda: self.send(syn=True, ack=1))
        self._await_ack(1, 500)

    def restart(self, isn: int | None = None) -> None:
        """Forgets everything: the next SYN begins a new connection between the same ports."""
        fresh = Peer(
            self._lab,
            self.key,
            self._lab.isn() if isn is None else isn,
            window=self.window,
            mss=self.mss,
        )
        self.__dict__.update(fresh.__dict__)

    # --- expecting -----------------------------------------------------------------------------

    def expect(self, *, within_ms: int = 0, not_before_ms: int = 0, **fields: Any) -> Segment:
        """The next segment from the stack has to have these fields; others are not checked.

        Fields: seq ack window mss urgent length (of the payload) data (the payload) and the flags
        syn fin rst psh urg has_ack, each True or False. A value may also be a function that says
        whether it is right. If the fields ask for more than an acknowledgment, pure
        acknowledgments that come before are passed over. `within_ms`: how long it may take, from
        now; `not_before_ms`: how long it has to take.
        """
        self._lab.transcript.step(
            f"Expected: {describe_fields(fields)}{describe_wait(within_ms, not_before_ms)}"
        )
        start = self._lab.clock.now
        passes_over_acks = any(fields.get(name) for name in ("data", "length", "syn", "fin", "rst"))
        if not_before_ms and not self.inbox:
            self._lab.clock.pass_quietly(max(self._lab.clock.earliest(not_before_ms) - 1, 0))
        passed_over: list[Segment] = []
        segment = self._next_of(
            lambda one: not (passes_over_acks and one.is_pure_ack),
            max(within_ms - (self._lab.clock.now - start), 0),
            passed_over,
        )
        if segment is None:
            wanted = describe_fields(fields)
            raise CaseFailed(
                f"nothing came{describe_wait(within_ms, 0)}, expected {wanted}",
                "segment",
                wanted,
                "nothing",
                missing_segment(fields, within_ms, self._all_in_words(passed_over)),
            )
        elapsed = segment.time_ms - start
        early = partial(self._too_early, segment, fields, elapsed, not_before_ms)
        with differing_in(early):
            expect_true(
                "the time of the segment",
                not not_before_ms or elapsed >= self._lab.clock.earliest(not_before_ms),
                f"not before {not_before_ms} ms",
                f"after {elapsed} ms",
            )
        self._match(segment, fields)
        if "data" in fields:
            past = self._index(segment) + len(segment.data)
            self._expected = max(self._expected, min(past, len(self._stream)))
        return segment

    def expect_ack(self, ack: int | None = None, *, within_ms: int = 500) -> Segment:
        """An acknowledgment of `ack`, by default of all that the tester has sent, on any segment.

        Delayed acknowledgments and several small ones on the way to it are fine.
        """
        wanted = self.snd_nxt if ack is None else ack
        self._lab.transcript.step(f"Expected: ack={wanted}{describe_wait(within_ms, 0)}")
        return self._await_ack(wanted, within_ms)

    def expect_nothing(self, *, for_ms: int = _QUIET_MS) -> None:
        """No segment is there, and none comes for so long."""
        self._lab.transcript.step("Expected: nothing" + (f", for {for_ms} ms" if for_ms else ""))
        if not self.inbox and for_ms:
            self._lab.clock.pass_quietly(self._lab.clock.silence(for_ms))
        if self.inbox:
            words = self._words(self.inbox[0])
            raise CaseFailed(
                f"{words} came, expected nothing",
                "segment",
                "nothing",
                words,
                self._difference(self.inbox[0], {}),
            )

    def expect_perhaps(self, **fields: Any) -> None:
        """Nothing has come, or what came has these fields. So a segment behind a gap may be
        answered at once, later, or not at all (MAY-13), but with no wrong number."""
        self._lab.transcript.step(f"Expected: {describe_fields(fields)}, or nothing")
        for segment in self.inbox:
            self._match(segment, {"rst": False, **fields})
        self._drop_acks()

    def expect_window(self, at_least: int, *, within_ms: int = 500) -> None:
        """The stack offers a window of so many bytes, if it has not done so already; to say so, it
        may wait as with an acknowledgment (3.8.6.2.2)."""
        words = f"a window of at least {at_least}"
        self._lab.transcript.step(f"Expected: {words}{describe_wait(within_ms, 0)}")
        deadline = self._deadline(within_ms)
        while self.snd_wnd < at_least and self._wait_for_more(deadline):
            pass
        expect_true("the window", self.snd_wnd >= at_least, words, str(self.snd_wnd))
        self._drop_acks()

    def expect_reset(
        self,
        *,
        seq: int | None = None,
        ack: int | None | Auto = AUTO,
        within_ms: int = 0,
    ) -> Segment:
        """A reset. `ack=None`: without the ACK flag; a number: with it; not named: either."""
        fields: dict[str, Any] = {"rst": True, "syn": False}
        if seq is not None:
            fields["seq"] = seq
        if ack is None:
            fields["has_ack"] = False
        elif not isinstance(ack, Auto):
            fields["ack"] = ack
        return self.expect(within_ms=within_ms, **fields)

    def expect_fin(self, *, within_ms: int = 0, acknowledge: bool = False) -> None:
        """The stack's FIN, right behind everything that it has sent; on data or alone."""
        self._lab.transcript.step(f"Expected: FIN{describe_wait(within_ms, 0)}")
        deadline = self._deadline(within_ms)
        while self._fin_at is None and self._wait_for_more(deadline):
            pass
        if self._fin_at is None:
            missing = missing_segment({"fin": True}, within_ms)
            raise CaseFailed("no FIN came in order", "segment", "FIN", "none", missing)
        self.inbox = deque(one for one in self.inbox if not (one.is_pure_ack or one.has(p.FIN)))
        if acknowledge:
            self._say(lambda: self.send())

    def expect_data(self, data: bytes, *, acknowledge: bool = True, within_ms: int = 1000) -> None:
        """These bytes come next in the stack's stream, cut into segments in any way.

        Segments are acknowledged as they come, unless told otherwise: a sender that waits because
        of Nagle or the window goes on then. What comes after them is left for the next call. Bytes
        that `expect` was given as `data` count as had.
        """
        self._lab.transcript.step(
            f"Expected: {show_bytes(data)}, in any segments{describe_wait(within_ms, 0)}"
        )
        end = self._expected + len(data)
        deadline = self._deadline(within_ms)
        while True:
            self._drop_up_to(end)
            ack = min(self.rcv_nxt, end + 1)  # what comes after them is not acknowledged here
            if acknowledge and (self._acked is None or self._acked < ack):
                self._say(lambda: self.send(ack=ack))
            elif len(self._stream) >= end or not self._wait_for_more(deadline):
                break
        got = bytes(self._stream[self._expected : end])
        self._expected += len(got)
        expect_bytes("the stream from the stack", data, got)

    def probe_alive(self) -> None:
        """The connection still works: the next byte in order is acknowledged."""
        self._lab.transcript.step("The connection still works: one more byte is acknowledged")
        self._drop_acks()
        self._say(lambda: self.send(data=b"!"))
        self._await_ack(self.snd_nxt, 500)

    # --- receiving -----------------------------------------------------------------------------

    def take(self, segment: Segment) -> None:
        """A segment from the stack has arrived (called by the lab)."""
        if segment.has(p.SYN) and self.dut_iss is None:
            self.dut_iss = segment.seq
            self.rcv_nxt = 1
        self._lab.transcript.detail(f"< {self._words(segment)}{self._when(segment)}", segment)
        self.inbox.append(segment)
        if segment.has(p.ACK) and not segment.has(p.RST):
            self.snd_una = max(
                self.snd_una, self.snd_una + signed_distance(self.iss + self.snd_una, segment.ack)
            )
            self.snd_wnd = segment.window
        if not segment.has(p.RST):
            self._take_in_order(segment)

    def _take_in_order(self, segment: Segment) -> None:
        base = (self.dut_iss or 0) + self.rcv_nxt
        offset = signed_distance(segment.seq + segment.has(p.SYN), base % CIRCLE)
        if self.dut_iss is None or offset < 0 or offset > len(segment.data):
            return
        self._stream += segment.data[offset:]
        self.rcv_nxt += len(segment.data) - offset
        if segment.has(p.FIN) and self._fin_at is None:
            self._fin_at = self.rcv_nxt
            self.rcv_nxt += 1

    # --- inside --------------------------------------------------------------------------------

    def _emit(self, raw: bytes, bad_checksum: bool) -> None:
        try:
            words = Segment.dissect(raw, self._lab.clock.now, False).describe(
                self.iss, self.dut_iss or 0
            )
        except p.NotASegment:
            words = f"{len(raw)} bytes: {raw[:32].hex(' ')}"
        if bad_checksum:
            words += " (with a wrong checksum)"
        if not self._in_burst and not self._quietly:
            self._lab.transcript.step("The tester sends")
        self._lab.inject(raw, words)
        if not self._in_burst:
            self._lab.sync()

    def _say(self, action: Callable[[], None]) -> None:
        """Sends as part of a step that is already in the transcript."""
        self._quietly = True
        try:
            action()
        finally:
            self._quietly = False

    def _deadline(self, within_ms: int) -> int:
        """When the wait ends that begins now."""
        return self._lab.clock.now + self._lab.clock.latest(within_ms)

    def _wait_until(self, deadline: int) -> bool:
        """Lets time pass until something is in the inbox; False if the deadline passes before."""
        step = max(10, (deadline - self._lab.clock.now) // 100)
        while not self.inbox:
            left = deadline - self._lab.clock.now
            if left <= 0:
                return False
            self._lab.clock.pass_quietly(min(step, left))
        return True

    def _next_of(
        self,
        wanted: Callable[[Segment], bool],
        within_ms: int,
        dropped: list[Segment] | None = None,
    ) -> Segment | None:
        """The first segment that is wanted; those before it are dropped."""
        deadline = self._deadline(within_ms)
        while True:
            while self.inbox:
                segment = self.inbox.popleft()
                if wanted(segment):
                    return segment
                if dropped is not None:
                    dropped.append(segment)
            if not self._wait_until(deadline):
                return None

    def _await_ack(self, wanted: int, within_ms: int) -> Segment:
        deadline = self._deadline(within_ms)
        seen = "no acknowledgment"
        last: Segment | None = None
        while True:
            for segment in self.inbox:
                if segment.has(p.RST):
                    self._fail_ack(wanted, self._words(segment), segment)
                distance = signed_distance(self.iss + wanted, segment.ack)
                if segment.has(p.ACK) and distance == 0:
                    self._drop_acks(until=segment)
                    return segment
                seen, last = f"ack={relative_words(self.iss, segment.ack, wanted)}", segment
                if segment.has(p.ACK) and distance > 0:
                    self._fail_ack(wanted, seen, segment)
            if not self._wait_for_more(deadline):
                waited = f" within {within_ms} ms" if within_ms else ""
                self._fail_ack(wanted, f"{seen}{waited}", last, within_ms)

    def _fail_ack(
        self, wanted: int, actual: str, segment: Segment | None, waited_ms: int = 0
    ) -> NoReturn:
        wish = {"ack": wanted, "rst": False} if segment and segment.has(p.RST) else {"ack": wanted}
        difference = (
            missing_segment(wish, waited_ms) if segment is None else self._difference(segment, wish)
        )
        raise CaseFailed(
            f"{actual}, expected ack={wanted}", "ack", f"ack={wanted}", actual, difference
        )

    def _difference(self, segment: Segment, wanted: dict[str, Any]) -> SegmentDifference:
        return differing_segment(segment, wanted, self.iss, self.dut_iss)

    def _too_early(
        self, segment: Segment, wanted: dict[str, Any], after_ms: int, not_before_ms: int
    ) -> SegmentDifference:
        time = Field("time", f"{after_ms} ms", f"≥ {not_before_ms} ms", True)
        difference = self._difference(segment, wanted)
        return replace(difference, expected=True, fields=(time, *difference.fields))

    def _wait_for_more(self, deadline: int) -> bool:
        """Like _wait_until, but what is in the inbox already does not count."""
        waiting, self.inbox = self.inbox, deque()
        came = self._wait_until(deadline)
        self.inbox = waiting + self.inbox
        return came

    def _drop_acks(self, until: Segment | None = None) -> None:
        """Pure acknowledgments are done with: all, or those up to a certain segment."""
        kept: deque[Segment] = deque()
        while self.inbox:
            segment = self.inbox.popleft()
            if not segment.is_pure_ack:
                kept.append(segment)
            if segment is until:
                break
        self.inbox = kept + self.inbox

    def _drop_up_to(self, end: int) -> None:
        """Pure acknowledgments, and data that begins before this index, are done with."""
        self.inbox = deque(
            one
            for one in self.inbox
            if one.has(p.RST) or one.has(p.SYN) or self._index(one) >= end and one.length
        )

    def _index(self, segment: Segment) -> int:
        """Where in the stream a segment's first byte stands."""
        at = self.rcv_nxt + signed_distance((self.dut_iss or 0) + self.rcv_nxt, segment.seq)
        return at - 1 + segment.has(p.SYN)

    def _match(self, segment: Segment, wanted: dict[str, Any]) -> None:
        match_fields(segment, wanted, self.iss, self.dut_iss, self._words(segment))

    def _all_in_words(self, segments: list[Segment]) -> str:
        """The last of them, and how many there were."""
        if not segments:
            return ""
        others = f", the last of {len(segments)}" if len(segments) > 1 else ""
        return " ".join(self._words(segments[-1]).split()) + others

    def _words(self, segment: Segment) -> str:
        return segment.describe(self.dut_iss or 0, self.iss)

    def _when(self, segment: Segment) -> str:
        return f"  at {segment.time_ms} ms" if segment.time_ms else ""
