"""The end of the stream: a place in it, not a property of the piece that came last."""

from __future__ import annotations

from tcplab.case import case
from tcplab.lab import Lab

BUILDS_ON = ("reassembler.in-order-passes-through",)


@case(
    "reassembler.last-piece-closes",
    checkpoint=2,
    rfc=["9293 3.10.7.4", "K-REAS-2"],
    rule="When all bytes up to the end have been written, the output is closed.",
    hint="After each insert: has the number of bytes written reached the end, if one is known?",
    kills=["reassembler.never-closes"],
)
def last_piece_closes(lab: Lab) -> None:
    bench = lab.reassembler(capacity=8)
    bench.insert(0, b"abc")
    bench.stream.expect(closed=False)
    bench.insert(3, b"de", last=True)
    bench.stream.expect(closed=True, finished=False)
    bench.expect_delivered(b"abcde")
    bench.expect_finished()


@case(
    "reassembler.last-piece-first",
    checkpoint=2,
    rfc=["9293 3.10.7.4", "D-REAS-8", "D-REAS-9"],
    rule="An end that is known early is neither acted on before its time nor forgotten.",
    hint="Keep the index of the end; a flag on the piece gets lost, or counts too soon.",
    kills=["reassembler.closes-at-once", "reassembler.forgets-an-early-end"],
)
def last_piece_first(lab: Lab) -> None:
    bench = lab.reassembler(capacity=8)
    bench.insert(4, b"ef", last=True)
    bench.stream.expect(closed=False)
    bench.expect(pending=2)
    bench.insert(2, b"cd")
    bench.stream.expect(closed=False)
    bench.insert(0, b"ab")
    bench.stream.expect(closed=True)
    bench.expect_delivered(b"abcdef")
    bench.expect_finished()


@case(
    "reassembler.last-without-bytes",
    checkpoint=2,
    rfc=["9293 3.10.7.4", "D-REAS-14"],
    rule="An empty piece may say where the stream ends: right before its index.",
    hint="Do you return early when the length is 0?",
    kills=["reassembler.ignores-an-empty-last"],
)
def last_without_bytes(lab: Lab) -> None:
    bench = lab.reassembler(capacity=8)
    bench.insert(3, b"", last=True)
    bench.stream.expect(closed=False)
    bench.insert(0, b"abc")
    bench.expect_delivered(b"abc")
    bench.expect_finished()
    nothing = lab.reassembler(capacity=8)
    nothing.insert(0, b"", last=True)
    nothing.expect_finished()


@case(
    "reassembler.last-on-bytes-already-there",
    checkpoint=2,
    rfc=["9293 3.10.7.4", "D-REAS-10"],
    rule="A piece that brings no new byte may still bring the end.",
    hint="Look at is_last before you throw a piece away as known.",
    kills=["reassembler.no-new-bytes-no-end"],
)
def last_on_bytes_already_there(lab: Lab) -> None:
    bench = lab.reassembler(capacity=8)
    bench.insert(0, b"abc")
    bench.insert(1, b"bc", last=True)
    bench.expect_delivered(b"abc")
    bench.expect_finished()
    other = lab.reassembler(capacity=8)
    other.insert(1, b"bc")
    other.insert(1, b"bc", last=True)
    other.insert(0, b"a")
    other.expect_delivered(b"abc")
    other.expect_finished()


@case(
    "reassembler.last-is-forgotten-when-cut-off",
    checkpoint=2,
    rfc=["9293 3.10.7.4", "D-REAS-7"],
    rule="The end of the stream counts only if the bytes up to it are within the acceptable range.",
    hint="If you cut a piece on the right, its `is_last` is cut off too.",
    kills=["reassembler.end-at-the-cut"],
)
def last_is_forgotten(lab: Lab) -> None:
    bench = lab.reassembler(capacity=4)
    bench.insert(0, b"abcdef", last=True)
    bench.expect_delivered(b"abcd")
    bench.expect_finished(False)
    bench.insert(4, b"ef", last=True)
    bench.expect_delivered(b"ef")
    bench.expect_finished()


@case(
    "reassembler.last-is-forgotten-for-good",
    checkpoint=2,
    rfc=["9293 3.10.7.4", "D-REAS-7"],
    rule="An end that was cut off leaves no trace: it has to be said again.",
    hint="Do you note the end before you look whether the piece reaches it?",
    kills=["reassembler.notes-an-end-beyond-the-edge"],
)
def forgotten_for_good(lab: Lab) -> None:
    bench = lab.reassembler(capacity=4)
    bench.insert(2, b"cdef", last=True)
    bench.insert(6, b"", last=True)
    bench.insert(0, b"ab")
    bench.expect_delivered(b"abcd")
    bench.insert(4, b"ef")
    bench.expect_delivered(b"ef")
    bench.expect_finished(False)
    bench.insert(6, b"gh", last=True)
    bench.expect_delivered(b"gh")
    bench.expect_finished()


@case(
    "reassembler.last-exactly-at-the-edge",
    checkpoint=2,
    rfc=["9293 3.10.7.4", "D-REAS-6", "D-REAS-7"],
    rule="An end exactly at the edge of the acceptable range is within it.",
    hint="An end is an index between two bytes: is your comparison < or <=?",
    kills=["reassembler.end-at-the-edge-is-out"],
)
def last_exactly_at_the_edge(lab: Lab) -> None:
    bench = lab.reassembler(capacity=4)
    bench.insert(0, b"abcd", last=True)
    bench.stream.expect(closed=True)
    bench.expect_delivered(b"abcd")
    full = lab.reassembler(capacity=4)
    full.insert(0, b"abcd")
    full.insert(4, b"", last=True)
    full.stream.expect(closed=True, finished=False)
    full.expect_delivered(b"abcd")
    full.expect_finished()


@case(
    "reassembler.nothing-beyond-the-end",
    checkpoint=2,
    rfc=["9293 3.10.7.4", "D-REAS-11"],
    rule="The stream ends at its end: bytes beyond it are discarded, whether they come before the"
    " end is known or after.",
    hint="What happens to a held piece that lies beyond an end that you learn of now?",
    kills=["reassembler.delivers-beyond-the-end", "reassembler.keeps-what-lies-beyond-the-end"],
)
def nothing_beyond_the_end(lab: Lab) -> None:
    before = lab.reassembler(capacity=16)
    before.insert(3, b"dxyz")
    before.insert(4, b"", last=True)
    before.insert(0, b"ab")
    before.insert(2, b"cdxyz")
    before.expect_delivered(b"abcd")
    before.expect_finished()
    after = lab.reassembler(capacity=16)
    after.insert(2, b"cd", last=True)
    after.insert(3, b"dxyz")
    after.insert(0, b"ab")
    after.expect_delivered(b"abcd")
    after.expect_finished()


@case(
    "reassembler.end-cuts-off-what-is-held",
    checkpoint=2,
    rfc=["9293 3.10.7.4", "D-REAS-11"],
    rule="When the end becomes known, bytes that are held beyond it are no longer pending.",
    hint="The end may fall into the middle of a piece that you hold.",
    kills=["reassembler.keeps-what-lies-beyond-the-end"],
)
def end_cuts_off_what_is_held(lab: Lab) -> None:
    for capacity in (8, 20):
        bench = lab.reassembler(capacity=capacity)
        bench.insert(2, b"cdefgh")
        bench.expect(pending=6)
        bench.insert(1, b"bcd", last=True)
        bench.expect(pending=3)
        bench.insert(0, b"a")
        bench.expect(pending=0)
        bench.expect_delivered(b"abcd")
        bench.expect_finished()
    single = lab.reassembler(capacity=8)
    single.insert(6, b"g")
    single.insert(4, b"", last=True)
    single.expect(pending=0)


@case(
    "reassembler.no-end-in-the-past",
    checkpoint=2,
    rfc=["9293 3.10.7.4", "D-REAS-11"],
    rule="An end before bytes that were delivered already is no end: the stream goes on.",
    hint="Compare a claimed end with the next index before you believe it.",
    kills=["reassembler.believes-an-end-in-the-past"],
)
def no_end_in_the_past(lab: Lab) -> None:
    bench = lab.reassembler(capacity=16)
    bench.insert(0, b"abcdef")
    bench.insert(0, b"abc", last=True)
    bench.insert(0, b"", last=True)
    bench.insert(6, b"gh", last=True)
    bench.expect_delivered(b"abcdefgh")
    bench.expect_finished()


@case(
    "reassembler.stream-with-an-error",
    checkpoint=2,
    rfc=["9293 3.10.7.4", "K-REAS-3"],
    rule="A stream with an error takes no more bytes: pieces that still arrive do no harm.",
    hint="byte_stream_write returns how much it has taken. Do you believe that it is always all?",
    kills=["reassembler.writes-to-a-stream-with-an-error"],
)
def stream_with_an_error(lab: Lab) -> None:
    for held in (b"", b"c"):
        bench = lab.reassembler(capacity=16)
        bench.insert(0, b"a")
        bench.insert(2, held)
        bench.stream.set_error()
        bench.insert(1, b"b")
        bench.insert(3, b"de")
        bench.insert(1, b"bcd", last=True)
        bench.stream.expect(total_written=1, error=True)


@case(
    "reassembler.the-first-end-stands",
    checkpoint=2,
    rfc=["9293 3.10.7.4", "D-REAS-11"],
    rule="Once an end is known, another one elsewhere is ignored.",
    hint="A FIN is sent once, at one place. Who says otherwise is mistaken or lying.",
    kills=["reassembler.a-later-end-counts"],
)
def the_first_end_stands(lab: Lab) -> None:
    bench = lab.reassembler(capacity=16)
    bench.insert(2, b"cd", last=True)
    bench.insert(6, b"gh", last=True)
    bench.insert(1, b"b", last=True)
    bench.insert(0, b"ab")
    bench.expect_delivered(b"abcd")
    bench.expect_finished()


@case(
    "reassembler.nothing-after-the-end",
    checkpoint=2,
    rfc=["9293 3.10.7.4", "D-REAS-12"],
    rule="When the stream has ended it stays so, whatever arrives.",
    hint="After the end the acceptable range is empty.",
    kills=["reassembler.delivers-beyond-the-end"],
)
def nothing_after_the_end(lab: Lab) -> None:
    bench = lab.reassembler(capacity=8)
    bench.insert(0, b"abc", last=True)
    bench.expect_delivered(b"abc")
    bench.insert(3, b"d")
    bench.insert(5, b"f")
    bench.insert(0, b"abc", last=True)
    bench.insert(4, b"e", last=True)
    bench.expect(pending=0)
    bench.expect_delivered(b"")
    bench.stream.expect(total_written=3, closed=True, finished=True)


@case(
    "reassembler.capacity-of-zero",
    checkpoint=2,
    rfc=["9293 3.10.7.4", "K-REAS-2"],
    rule="Where there is no room, no byte is taken, and yet an empty stream can end.",
    hint="What is the remainder of a division by the capacity here?",
    kills=["reassembler.ignores-an-empty-last"],
)
def capacity_of_zero(lab: Lab) -> None:
    bench = lab.reassembler(capacity=0)
    bench.insert(0, b"a")
    bench.insert(0, b"abc", last=True)
    bench.expect(pending=0)
    bench.expect_delivered(b"")
    bench.expect_finished(False)
    bench.insert(0, b"", last=True)
    bench.expect_finished()
