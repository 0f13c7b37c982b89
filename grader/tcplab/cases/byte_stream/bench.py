"""One byte stream, written and read by hand."""

from __future__ import annotations

from collections import deque

from tcplab.case import case
from tcplab.lab import Lab

BUILDS_ON = ("byte_stream.write-then-read",)


@case(
    "byte_stream.new-stream-is-empty-and-open",
    checkpoint=1,
    rfc=["9293 2.2", "K-BYTE-3", "K-BYTE-5"],
    rule="A new stream is empty, open, not finished, and has its whole capacity free.",
    hint="Is every field of the structure set before it is used?",
    kills=["byte_stream.finished-when-empty", "byte_stream.one-slot-stays-empty"],
)
def new_stream(lab: Lab) -> None:
    stream = lab.stream(capacity=42)
    stream.expect(capacity=42, available=42, buffered=0, total_written=0, total_read=0)
    stream.expect(closed=False, finished=False, error=False)
    stream.peek(sees=b"")
    stream.pop(1)
    stream.expect(total_read=0, available=42)


# --- how much fits -------------------------------------------------------------------------------


@case(
    "byte_stream.write-then-read",
    checkpoint=1,
    rfc=["9293 2.2", "K-BYTE-1"],
    rule="Bytes come out in the order in which they went in.",
    hint="Begin with the two counters, bytes written and bytes read.",
    kills=["byte_stream.pop-removes-nothing", "byte_stream.one-slot-stays-empty"],
)
def write_then_read(lab: Lab) -> None:
    stream = lab.stream(capacity=15)
    stream.write(b"cat")
    stream.expect(buffered=3, available=12, total_written=3, total_read=0)
    stream.peek(sees=b"cat")
    stream.write(b"dog")
    stream.read(4, gives=b"catd")
    stream.expect(buffered=2, available=13, total_written=6, total_read=4)
    stream.read(10, gives=b"og")


@case(
    "byte_stream.write-accepts-what-fits",
    checkpoint=1,
    rfc=["9293 3.8.6", "K-BYTE-2"],
    rule="A write takes as many bytes as there is room for, and says how many that were.",
    hint="available = capacity - buffered; take the smaller of that and the length.",
    kills=["byte_stream.all-or-nothing", "byte_stream.counts-what-was-offered"],
)
def write_accepts_what_fits(lab: Lab) -> None:
    stream = lab.stream(capacity=5)
    stream.write(b"abc")
    stream.write(b"defg", accepts=2)
    stream.write(b"h", accepts=0)
    stream.expect_content(b"abcde")
    stream.pop(2)
    stream.write(b"xyz", accepts=2)
    stream.expect_content(b"cdexy")


@case(
    "byte_stream.capacity-is-not-a-lifetime-total",
    checkpoint=1,
    rfc=["9293 3.8.6", "D-BYTE-5"],
    rule="The capacity bounds what is buffered at one moment; the stream may go on for ever.",
    hint="What grows without end, and what goes up and down?",
    kills=["byte_stream.capacity-is-a-lifetime-total"],
)
def capacity_is_no_total(lab: Lab) -> None:
    stream = lab.stream(capacity=10)
    for _ in range(15):
        data = lab.bytes(10)
        stream.write(data)
        stream.expect(available=0, buffered=10)
        stream.read(10, gives=data)
    stream.expect(total_written=150, total_read=150, available=10, buffered=0)


@case(
    "byte_stream.full-is-not-empty",
    checkpoint=1,
    rfc=["9293 3.8.6", "K-BYTE-3"],
    rule="A full stream holds exactly `capacity` bytes, wherever in its memory it begins.",
    hint="If a reading and a writing position are all you have, full and empty look the same.",
    kills=["byte_stream.one-slot-stays-empty", "byte_stream.second-piece-is-the-first"],
)
def full_is_not_empty(lab: Lab) -> None:
    stream = lab.stream(capacity=4)
    for shift in range(5):
        stream.write(b"abcd")
        stream.expect(buffered=4, available=0)
        stream.write(b"e", accepts=0)
        stream.expect_content(b"abcd")
        stream.read(4, gives=b"abcd")
        stream.expect(buffered=0, available=4)
        stream.write(b"-")  # the next round begins one byte further on
        stream.pop(1)


@case(
    "byte_stream.counts-only-what-was-accepted",
    checkpoint=1,
    rfc=["9293 3.8.6", "K-BYTE-2"],
    rule="total_written counts the bytes accepted, not those offered; offering nothing is fine.",
    hint="Which of the two lengths do you add?",
    kills=["byte_stream.counts-what-was-offered"],
)
def counts_what_was_accepted(lab: Lab) -> None:
    stream = lab.stream(capacity=3)
    stream.write(b"", accepts=0)
    stream.write(b"abcdef", accepts=3)
    stream.write(b"ghi", accepts=0)
    stream.expect(total_written=3, buffered=3, available=0)
    stream.read(9, gives=b"abc")
    stream.expect(total_written=3, total_read=3)


@case(
    "byte_stream.capacity-of-zero-and-of-one",
    checkpoint=1,
    rfc=["9293 3.8.6", "K-BYTE-3"],
    rule="A stream of capacity 0 takes nothing and can still be closed; one of capacity 1 passes"
    " bytes on one by one.",
    hint="What is x % 0, and what may malloc(0) return?",
    kills=["byte_stream.capacity-of-zero-divides-by-zero"],
)
def smallest_capacities(lab: Lab) -> None:
    nothing = lab.stream(capacity=0)
    nothing.write(b"x", accepts=0)
    nothing.peek(sees=b"")
    nothing.expect(capacity=0, available=0, buffered=0)
    nothing.close()
    nothing.expect(finished=True)
    narrow = lab.stream(capacity=1)
    for letter in (b"c", b"a", b"t"):
        narrow.write(letter + b"?", accepts=1)
        narrow.read(2, gives=letter)
    narrow.expect(total_written=3, total_read=3)


@case(
    "byte_stream.around-the-end-of-its-memory",
    checkpoint=1,
    rfc=["9293 2.2", "D-BYTE-1"],
    rule="However writes and reads are mixed, the bytes read are the bytes written.",
    hint="A copy that meets the end of the memory goes on at its beginning: two pieces.",
    kills=["byte_stream.write-runs-over-the-end", "byte_stream.second-piece-is-the-first"],
)
def around_the_end(lab: Lab) -> None:
    stream = lab.stream(capacity=7)
    model: deque[int] = deque()
    for _ in range(40):
        data = lab.bytes(lab.random.randrange(9))
        fits = min(len(data), 7 - len(model))
        stream.write(data, accepts=fits)
        model.extend(data[:fits])
        stream.expect_content(bytes(model))
        count = lab.random.randrange(8)
        gone = min(count, len(model))
        stream.read(count, gives=bytes(model.popleft() for _ in range(gone)))
        stream.expect(buffered=len(model), available=7 - len(model))


@case(
    "byte_stream.sixty-thousand-bytes",
    checkpoint=1,
    rfc=["9293 2.2", "D-BYTE-1"],
    rule="A large buffer works like a small one.",
    hint="Is a length kept anywhere in fewer than 32 bits?",
    kills=["byte_stream.write-runs-over-the-end"],
)
def sixty_thousand(lab: Lab) -> None:
    stream = lab.stream(capacity=60_000)
    first, second = lab.bytes(45_000), lab.bytes(45_000)
    stream.write(first)
    stream.read(40_000, gives=first[:40_000])
    stream.write(second)
    stream.expect(buffered=50_000, available=10_000)
    stream.expect_content(first[40_000:] + second)
    stream.read(60_000, gives=first[40_000:] + second)


# --- looking and removing ------------------------------------------------------------------------


@case(
    "byte_stream.peek-removes-nothing",
    checkpoint=1,
    rfc=["9293 3.8", "K-BYTE-4"],
    rule="Looking at bytes changes nothing: only pop removes them.",
    hint="A sender looks at the same bytes again each time it has to retransmit them.",
    kills=["byte_stream.pop-removes-nothing"],
)
def peek_removes_nothing(lab: Lab) -> None:
    stream = lab.stream(capacity=10)
    stream.write(b"abcdef")
    stream.peek(sees=b"abcdef")
    stream.peek(sees=b"abcdef")
    stream.expect_content(b"abcdef")
    stream.expect(buffered=6, total_read=0)
    stream.pop(2)
    stream.peek(sees=b"cdef")
    stream.expect(buffered=4, total_read=2)


@case(
    "byte_stream.peek-skips",
    checkpoint=1,
    rfc=["9293 3.8", "K-BYTE-4"],
    rule="A peek begins `skip` bytes after the read position, also where those lie beyond the end"
    " of the memory; and shows nothing when there is nothing.",
    hint="The byte wanted has stream index total_read + skip. Where is that one stored?",
    kills=[
        "byte_stream.peek-ignores-the-skip",
        "byte_stream.peek-counts-the-skipped",
        "byte_stream.peek-leaves-the-pointer",
    ],
)
def peek_skips(lab: Lab) -> None:
    stream = lab.stream(capacity=8)
    stream.write(b"......")
    stream.pop(6)
    stream.write(b"abcdefg")  # "ab" ends the memory, "cdefg" begins it
    for skip in range(7):
        stream.peek(skip=skip, sees=b"abcdefg"[skip:])
    for beyond in (7, 8, 1000, (1 << 64) - 1):
        stream.peek(skip=beyond, sees=b"")
    stream.expect(buffered=7, total_read=6)


@case(
    "byte_stream.peek-stays-inside",
    checkpoint=1,
    rfc=["9293 3.8", "D-BYTE-1"],
    rule="What a peek shows lies side by side in memory, and all of it was written.",
    hint="Two bounds apply at once: what is buffered, and where the memory ends.",
    kills=["byte_stream.peek-runs-over-the-end", "byte_stream.peek-shows-free-memory"],
)
def peek_stays_inside(lab: Lab) -> None:
    stream = lab.stream(capacity=6)
    stream.write(b"abcd")
    stream.peek(skip=3, sees=b"d")
    stream.pop(4)
    stream.write(b"efgh")
    for skip in range(4):
        stream.peek(skip=skip, sees=b"efgh"[skip:])
    stream.read(6, gives=b"efgh")
    stream.peek(sees=b"")


@case(
    "byte_stream.pop-more-than-there-is",
    checkpoint=1,
    rfc=["9293 2.2", "D-BYTE-2"],
    rule="Popping more than is buffered removes what is buffered, and counts only that.",
    hint="pop(n) removes n bytes or all that there are: total_read never passes total_written.",
    kills=["byte_stream.pop-miscounts"],
)
def pop_too_much(lab: Lab) -> None:
    stream = lab.stream(capacity=5)
    stream.write(b"abc")
    stream.pop(100)
    stream.expect(total_read=3, buffered=0, available=5)
    stream.pop((1 << 64) - 1)
    stream.expect(total_read=3, buffered=0, available=5)
    stream.write(b"defgh")
    stream.read(5, gives=b"defgh")


# --- the end -------------------------------------------------------------------------------------


@case(
    "byte_stream.finished-only-when-all-is-read",
    checkpoint=1,
    rfc=["9293 3.6", "D-BYTE-3"],
    rule="A stream is finished when its writer has closed it and the last byte has been read.",
    hint="`closed` belongs to the writer, `finished` to the reader.",
    kills=["byte_stream.finished-when-closed", "byte_stream.write-after-close"],
)
def finished_only_when_read(lab: Lab) -> None:
    stream = lab.stream(capacity=10)
    stream.write(b"end")
    stream.close()
    stream.expect(closed=True, finished=False)
    stream.write(b"more", accepts=0)
    stream.read(2, gives=b"en")
    stream.expect(finished=False)
    stream.pop(100)
    stream.expect(finished=True, total_read=3)


@case(
    "byte_stream.readable-after-close",
    checkpoint=1,
    rfc=["9293 3.6", "D-BYTE-4"],
    rule="Closing a stream takes nothing away: what was written before can be read after.",
    hint="close is a note that nothing will follow, and nothing else.",
    kills=["byte_stream.close-throws-away"],
)
def readable_after_close(lab: Lab) -> None:
    stream = lab.stream(capacity=10)
    stream.write(b"farewell")
    stream.close()
    stream.expect(buffered=8, total_written=8, total_read=0, finished=False)
    stream.expect_content(b"farewell")
    stream.close()  # again, which is harmless
    stream.read(10, gives=b"farewell")
    stream.expect(closed=True, finished=True)


@case(
    "byte_stream.closed-empty-is-finished",
    checkpoint=1,
    rfc=["9293 3.6", "K-BYTE-5"],
    rule="An empty stream that is closed is finished at once; one that is not closed never is.",
    hint="finished is a question about now: closed, and nothing buffered.",
    kills=["byte_stream.finished-when-empty"],
)
def closed_empty(lab: Lab) -> None:
    stream = lab.stream(capacity=4)
    stream.write(b"abc")
    stream.pop(3)
    stream.expect(buffered=0, closed=False, finished=False)
    stream.close()
    stream.expect(closed=True, finished=True)
    stream.write(b"more", accepts=0)
    stream.expect(total_written=3, buffered=0, finished=True)


@case(
    "byte_stream.an-error-is-no-end",
    checkpoint=1,
    rfc=["9293 3.6", "MUST-12", "D-BYTE-3"],
    rule="An error stops the writer, leaves what is buffered readable, and is never an end.",
    hint="A file that was cut off must not look like one that was complete.",
    kills=[
        "byte_stream.an-error-closes",
        "byte_stream.an-error-finishes",
        "byte_stream.write-after-error",
    ],
)
def an_error_is_no_end(lab: Lab) -> None:
    stream = lab.stream(capacity=10)
    stream.write(b"half a fi")
    stream.set_error()
    stream.expect(error=True, closed=False, finished=False)
    stream.write(b"l", accepts=0)
    stream.read(10, gives=b"half a fi")
    stream.expect(error=True, closed=False, finished=False, total_written=9, total_read=9)


@case(
    "byte_stream.memory-is-given-back",
    checkpoint=1,
    rfc=["9293 3.8.6", "K-MEM-1"],
    rule="byte_stream_free gives back everything that the stream owns.",
    hint="One free for each malloc; the structure itself comes last.",
    kills=["byte_stream.leaks-its-buffer"],
    leaks=True,
)
def memory_is_given_back(lab: Lab) -> None:
    for capacity in (0, 1, 1000):
        stream = lab.stream(capacity)
        stream.write(lab.bytes(500), accepts=min(500, capacity))
        stream.expect(buffered=min(500, capacity))
    stream.close()
