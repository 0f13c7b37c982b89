"""The sender as a model: not what it sends, but what it may, and what it must.

How a stream is cut into segments is left to the sender, so the model cannot say which segment comes
next. It says of each whether it is allowed; and when there are no more for now, whether one was
owed. Numbers are absolute: the SYN is 0, the first byte 1.

The retransmission timer is known to the model as an interval: it has to have run out at the end of
it, and must not before the beginning. Where the contract leaves the timer open (while the window is
closed, say), the interval is not known, and the sender's own account of itself is believed.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import NamedTuple

from tcplab.check import expect_bytes, expect_equal, expect_true
from tcplab.errors import CaseFailed
from tcplab.models.byte_stream import StreamModel

MIN_MSS = 28
DEFAULT_MSS = 536


@dataclass(frozen=True)
class SenderSettings:
    """What the sender is made with; times in milliseconds."""

    isn: int = 0
    mss: int = 100
    send_capacity: int = 1000
    nagle: bool = True
    rto_initial_ms: int = 1000
    rto_min_ms: int = 200
    rto_max_ms: int = 60_000
    rto_after_syn_loss_ms: int = 3000
    sws_override_ms: int = 300

    def request(self) -> str:
        """As arguments of `sender.new`."""
        return " ".join(f"{one.name}={int(getattr(self, one.name))}" for one in fields(self))


class Segment(NamedTuple):
    """What `next` gave; `seq` is absolute."""

    seq: int
    data: bytes
    syn: bool
    fin: bool
    psh: bool

    @property
    def length(self) -> int:
        return len(self.data) + int(self.syn) + int(self.fin)

    @property
    def words(self) -> str:
        flags = [name for name in ("syn", "fin", "psh") if getattr(self, name)]
        kind = " ".join(flags).upper() or "data"
        return f"{kind} seq={self.seq} len={len(self.data)}"


@dataclass
class SenderModel:
    """What is known of a sender."""

    settings: SenderSettings
    mss: int = 0
    nagle: bool = True
    now: int = 0
    stream: StreamModel = field(init=False)
    data: bytes = b""  # all that was accepted
    una: int = 0
    nxt: int = 0
    # The peer's window.
    wnd: int = 0
    max_wnd: int = 0
    window_known: bool = False
    wl1: int = 0
    wl2: int = 0
    # Retransmissions.
    rto: int = 0
    consecutive: int | None = 0  # None: not known
    timer: tuple[int, int] | None = None  # expires not before, and not after; None: not known
    is_due: bool = False  # may the earliest segment be sent again?
    is_owed: bool = False  # must it?
    may_probe: bool = False
    is_anything_owed: bool = False  # be it a probe, or a small segment after all
    recover: int = 0  # loss comes in groups: until this is acknowledged
    sent_twice: int = 0  # the numbers from una up to here
    syn_lost: bool = False
    _has_waited_enough: bool = False  # in the last tick, for whatever the timer is

    def __post_init__(self) -> None:
        self.mss = min(DEFAULT_MSS, self.settings.mss)
        self.nagle = self.settings.nagle
        self.rto = self.settings.rto_initial_ms
        self.stream = StreamModel(self.settings.send_capacity)

    # --- where things stand --------------------------------------------------------------------

    @property
    def in_flight(self) -> int:
        return self.nxt - self.una

    @property
    def fin_seq(self) -> int:
        return 1 + len(self.data)

    @property
    def unsent_bytes(self) -> int:
        return max(0, self.fin_seq - max(1, self.nxt))

    @property
    def fin_unsent(self) -> bool:
        return self.stream.closed and self.nxt <= self.fin_seq

    @property
    def usable(self) -> int:
        return max(0, self.una + self.wnd - self.nxt)

    @property
    def is_closed(self) -> bool:
        return self.window_known and self.wnd == 0

    @property
    def fin_acked(self) -> bool:
        return self.stream.closed and self.una > self.fin_seq

    # --- what is done to it --------------------------------------------------------------------

    def set_mss(self, mss: int) -> None:
        self.mss = max(MIN_MSS, min(mss, self.settings.mss))

    def write(self, data: bytes) -> int:
        accepted = self.stream.write(data)
        self.data += data[:accepted]
        return accepted

    def tick(self, ms: int) -> None:
        """Time passes. Whether the timer has run out, `account` decides where it is not known."""
        self.now += ms
        self._has_waited_enough = ms >= max(self.settings.rto_max_ms, self.settings.sws_override_ms)
        is_idle = self.una > 0 and not self.in_flight
        if is_idle and (self.unsent_bytes or self.fin_unsent):
            self.may_probe = self.may_probe or self.is_closed
            self.is_anything_owed = self._has_waited_enough

    def receive(self, ack: int, window: int, seq: int) -> None:
        """`seq` is one of the peer's numbers."""
        if not self.una <= ack <= self.nxt:
            return
        was_closed, advances, edge = self.is_closed, ack > self.una, self.una + self.wnd
        if advances:
            self._advance(ack)
        is_news = not self.window_known or seq > self.wl1
        if is_news or (seq == self.wl1 and self.wl2 <= ack):
            self.window_known, self.wnd, self.wl1, self.wl2 = True, window, seq, ack
            self.max_wnd = max(self.max_wnd, window)
        else:
            self.wnd = max(0, edge - ack)
        if was_closed and not self.is_closed:
            self.may_probe = False
            if self.in_flight:
                self.is_due = self.is_owed = True
                self.recover = self.nxt
        if self.is_closed:
            self.is_owed = False  # the timer says when to probe
            self.consecutive = 0
        if was_closed or self.is_closed:
            self.timer = None

    def _advance(self, ack: int) -> None:
        past_last = min(ack, self.fin_seq)
        self.stream.pop(max(0, past_last - max(1, self.una)))
        self.una = ack
        self.consecutive = 0
        self.is_due = self.is_owed = ack < self.recover
        # The sender says soon what its RTO is now: see account.
        self.timer = (self.now, self.now) if self.in_flight else None

    # --- what it says of itself ----------------------------------------------------------------

    def account_of_tick(self, rto: int, consecutive: int, ms: int) -> None:
        """After a tick, and before anything is sent."""
        expired = self._has_expired(consecutive)
        if not expired:
            self._expect_rto(self.rto, rto, "no acknowledgment came, and the timer did not run out")
            self._expect_consecutive(self.consecutive, consecutive)
            return
        self.is_due = True
        self.is_owed = True
        if self.consecutive is not None:
            self._expect_consecutive(self.consecutive + 1, consecutive)
        self.consecutive = consecutive
        self.syn_lost = self.syn_lost or self.una == 0
        if self.is_closed:
            self._expect_rto(self.rto, rto, "the window is closed")
            return
        doubled = min(2 * self.rto, self.settings.rto_max_ms)
        self._expect_rto(doubled, rto, "the timer ran out")
        self.rto = rto
        self.recover = self.nxt
        began = self.timer[0] if self.timer is not None else self.now - ms
        self.timer = (began + rto, self.now + rto)

    def _has_expired(self, consecutive: int) -> bool:
        """Checks, where the timer is known; believes the sender where it is not."""
        if not self.in_flight:
            return False
        says_so = self.consecutive is not None and consecutive == self.consecutive + 1
        if self.timer is None:
            return says_so or self._has_waited_enough
        if self.now < self.timer[0]:
            return False
        return says_so or self.now >= self.timer[1]

    def account_of_receive(self, rto: int, consecutive: int, was_una: int) -> None:
        """After an acknowledgment, and before anything is sent."""
        settings = self.settings
        old = self.rto
        if self.una == was_una:
            self._expect_rto(old, rto, "nothing new was acknowledged")
        elif was_una == 0 and self.syn_lost:
            self._expect_rto(
                max(old, settings.rto_after_syn_loss_ms), rto, "the SYN was sent twice"
            )
        elif was_una == 0:
            self._expect_first_rto(rto)
        elif self.una <= self.sent_twice:
            self._expect_rto(old, rto, "all that was acknowledged had been sent twice")
        else:
            low, high = settings.rto_min_ms, settings.rto_max_ms
            expect_true("rto", low <= rto <= high, f"{low} to {high}", str(rto))
        self.rto = rto
        self._expect_consecutive(self.consecutive, consecutive)
        if self.una > was_una and self.timer is not None:
            self.timer = (self.now + min(old, rto), self.now + max(old, rto))

    def _expect_first_rto(self, rto: int) -> None:
        """RFC 6298, 2.2. The smallest step of the clock is 1 ms; a rounding is allowed."""
        rtt = self.now
        exact = rtt + max(1, 2 * rtt)
        wanted = max(self.settings.rto_min_ms, min(exact, self.settings.rto_max_ms))
        if abs(rto - wanted) > 1:
            self._expect_rto(wanted, rto, f"the first round trip took {rtt} ms")

    def _expect_rto(self, wanted: int, rto: int, why: str) -> None:
        if rto != wanted:
            raise CaseFailed(
                f"rto is {rto}, expected {wanted}: {why}", "rto", str(wanted), str(rto)
            )

    def _expect_consecutive(self, wanted: int | None, actual: int) -> None:
        if wanted is not None:
            expect_equal("consecutive_retransmissions", wanted, actual)
        self.consecutive = actual

    # --- what comes out of it ------------------------------------------------------------------

    def take(self, segment: Segment) -> None:
        """Is this segment allowed now? Then it is sent."""
        if segment.syn or self.una == 0:
            self._take_syn(segment)
        elif segment.seq < self.nxt:
            self._take_retransmission(segment)
        else:
            self._take_new(segment)

    def _take_syn(self, segment: Segment) -> None:
        is_syn = segment == Segment(0, b"", True, False, False)
        if not is_syn or self.una > 0:
            words = "a SYN" if self.una == 0 else "no SYN, it is acknowledged"
            self._refuse(segment, words)
        if self.nxt == 0:
            self.nxt = 1
            self.timer = (self.now + self.rto, self.now + self.rto)
        elif not self.is_due:
            self._refuse(segment, "nothing: the SYN was sent, and the timer has not run out")
        self.is_due = self.is_owed = False

    def _take_retransmission(self, segment: Segment) -> None:
        if not self.is_due:
            self._refuse(segment, "nothing that was sent before: no retransmission is due")
        if segment.seq != self.una:
            self._refuse(segment, f"the earliest segment, which begins at {self.una}")
        most = min(self.in_flight, max(1, self.wnd))
        if segment.length > most:
            self._refuse(segment, f"at most {most} numbers")
        self._check_content(segment)
        self.is_due = self.is_owed = False
        self.sent_twice = max(self.sent_twice, segment.seq + segment.length)

    def _take_new(self, segment: Segment) -> None:
        if segment.seq != self.nxt:
            self._refuse(segment, f"the numbers from {self.nxt} on")
        usable = max(self.usable, int(self.may_probe))
        if segment.length > usable:
            self._refuse(segment, f"at most {usable} numbers: the window allows no more")
        self._check_content(segment)
        if self.may_probe and segment.length > self.usable:
            self.may_probe = False
        self.is_anything_owed = False
        if not self.in_flight:
            starts = self.now + self.rto
            self.timer = None if self.is_closed else (starts, starts)
        self.nxt += segment.length

    def _check_content(self, segment: Segment) -> None:
        if not segment.length:
            self._refuse(segment, "nothing: it is empty")
        if len(segment.data) > self.mss:
            self._refuse(segment, f"at most {self.mss} bytes, the MSS")
        after = segment.seq + len(segment.data)
        wanted = self.data[segment.seq - 1 : after - 1]
        expect_bytes(f"the bytes from {segment.seq} on", wanted, segment.data)
        if segment.fin and not (self.stream.closed and after == self.fin_seq):
            self._refuse(segment, "no FIN before the end of the stream")
        if segment.data and after == self.fin_seq and not segment.psh:
            self._refuse(segment, "PSH on the last byte queued")

    def _refuse(self, segment: Segment, expected: str) -> None:
        words = segment.words
        raise CaseFailed(f"{words} came, expected {expected}", "segment", expected, words)

    def fall_silent(self) -> None:
        """`next` said that there is nothing to send. Was anything owed?"""
        owed = self._owed()
        if owed:
            raise CaseFailed(f"no segment came, expected {owed}", "segment", owed, "none")

    def _owed(self) -> str:
        if self.nxt == 0:
            return "the SYN"
        if self.is_owed:
            return f"a retransmission from {self.una} on"
        if self.is_anything_owed:
            return "a probe" if self.is_closed else "what fits into the window"
        if self.una == 0 or self.usable == 0:
            return ""
        waiting, usable = self.unsent_bytes, self.usable
        if waiting == 0:
            return "the FIN" if self.fin_unsent else ""
        fits = min(waiting, usable)
        may_be_small = self.in_flight == 0 or not self.nagle
        if fits >= self.mss:
            return f"a full segment of {self.mss} bytes"
        if waiting <= usable and (self.stream.closed or may_be_small):
            return f"the last {waiting} bytes queued"
        if may_be_small and 2 * fits >= self.max_wnd:
            return f"{fits} bytes, half of the largest window"
        return ""
