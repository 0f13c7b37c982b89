"""Pieces in any order: what is delivered, what is held, and what is discarded."""

from __future__ import annotations

from itertools import permutations

from tcplab.case import case
from tcplab.lab import Lab

BUILDS_ON = ("reassembler.in-order-passes-through",)


@case(
    "reassembler.in-order-passes-through",
    checkpoint=2,
    rfc=["9293 3.10.7.4", "K-REAS-1"],
    rule="Pieces that come in order are delivered at once; nothing is held.",
    hint="The index that you wait for is the number of bytes written so far.",
    kills=["reassembler.delivers-nothing"],
)
def in_order(lab: Lab) -> None:
    bench = lab.reassembler(capacity=20)
    bench.insert(0, b"abc")
    bench.expect_delivered(b"abc")
    bench.insert(3, b"")
    bench.insert(3, b"d")
    bench.insert(4, b"efghij")
    bench.expect(pending=0)
    bench.expect_delivered(b"defghij")
    bench.expect_finished(False)


@case(
    "reassembler.second-before-first",
    checkpoint=2,
    rfc=["D-REAS-1", "9293 3.10.7.4", "SHLD-31"],
    rule="A piece that comes too early is held until the bytes before it are there.",
    hint="Nothing may be written to the stream while a byte before it is missing.",
    kills=["reassembler.drops-what-is-early"],
)
def second_before_first(lab: Lab) -> None:
    bench = lab.reassembler(capacity=20)
    bench.insert(3, b"def")
    bench.expect(pending=3)
    bench.expect_delivered(b"")
    bench.insert(0, b"abc")
    bench.expect(pending=0)
    bench.expect_delivered(b"abcdef")


@case(
    "reassembler.every-order-of-four",
    checkpoint=2,
    rfc=["D-REAS-2", "9293 3.10.7.4", "SHLD-31"],
    rule="Four pieces give the same stream in each of their 24 orders.",
    hint="After each insert: deliver as long as the next byte is there, not only the new piece.",
    kills=["reassembler.drops-what-is-early", "reassembler.delivers-one-run"],
)
def every_order(lab: Lab) -> None:
    bench = lab.reassembler(capacity=11)
    base = 0
    for order in permutations([(0, b"ab"), (2, b"cde"), (5, b"f"), (6, b"gh")]):
        for index, data in order:
            bench.insert(base + index, data)
        bench.expect(pending=0)
        bench.expect_delivered(b"abcdefgh")
        base += 8


@case(
    "reassembler.one-piece-fills-the-hole",
    checkpoint=2,
    rfc=["D-REAS-2", "9293 3.10.7.4", "SHLD-31"],
    rule="The piece that fills the last hole delivers everything that waited behind it.",
    hint="How many held pieces can one new piece touch?",
    kills=["reassembler.counts-overlaps-twice", "reassembler.holds-eight-bytes"],
)
def one_piece_fills_the_hole(lab: Lab) -> None:
    bench = lab.reassembler(capacity=32)
    for index, data in ((2, b"cd"), (8, b"ij"), (5, b"f"), (12, b"m"), (14, b"op")):
        bench.insert(index, data)
    bench.expect(pending=8)
    bench.insert(3, b"defghijklmn")  # joins all of them
    bench.expect(pending=14)
    bench.expect_delivered(b"")
    bench.insert(0, b"ab")
    bench.expect(pending=0)
    bench.expect_delivered(b"abcdefghijklmnop")


@case(
    "reassembler.as-many-holes-as-bytes",
    checkpoint=2,
    rfc=["D-REAS-3", "9293 3.10.7.4", "SHLD-31"],
    rule="However many holes there are, the piece that comes next in order is taken.",
    hint="If you keep a list of limited length: what happens when it is full?",
    kills=["reassembler.holds-eight-bytes"],
)
def many_holes(lab: Lab) -> None:
    data = lab.bytes(64)
    bench = lab.reassembler(capacity=64)
    for index in range(1, 64, 2):
        bench.insert(index, data[index : index + 1])
    bench.expect(pending=32)
    bench.insert(0, data[:1])
    bench.expect(pending=31)
    bench.expect_delivered(data[:2])
    for index in reversed(range(2, 64, 2)):
        bench.insert(index, data[index : index + 1])
    bench.expect(pending=0)
    bench.expect_delivered(data[2:])


# --- more than once ------------------------------------------------------------------------------


@case(
    "reassembler.duplicates-are-delivered-once",
    checkpoint=2,
    rfc=["9293 3.10.7.4", "D-REAS-13"],
    rule="Each byte is delivered exactly once, however often it arrives, and held only once.",
    hint="bytes_pending counts bytes of the stream, not bytes that were sent.",
    kills=["reassembler.counts-overlaps-twice"],
)
def duplicates(lab: Lab) -> None:
    bench = lab.reassembler(capacity=20)
    for _ in range(3):
        bench.insert(4, b"efg")
        bench.expect(pending=3)
    bench.insert(0, b"abcd")
    bench.insert(0, b"abcd")
    bench.insert(0, b"abcdefg")
    bench.insert(5, b"f")
    bench.expect(pending=0)
    bench.expect_delivered(b"abcdefg")
    bench.stream.expect(total_written=7)


@case(
    "reassembler.old-and-new-in-one-piece",
    checkpoint=2,
    rfc=["9293 3.10.7.4", "U-17", "D-REAS-13"],
    rule="Of a piece that begins with delivered bytes only the new ones count.",
    hint="Cut off the front: move the pointer, the index and the length together.",
    kills=["reassembler.drops-what-begins-early", "reassembler.delivers-old-bytes-again"],
)
def old_and_new(lab: Lab) -> None:
    bench = lab.reassembler(capacity=20)
    bench.insert(0, b"abcd")
    bench.insert(2, b"CDef")
    bench.expect_delivered(b"abcdef")
    bench.insert(0, b"ABCDEFgh")
    bench.expect_delivered(b"gh")
    bench.insert(7, b"Hi")
    bench.expect(pending=0)
    bench.expect_delivered(b"i")


@case(
    "reassembler.overlap-{name}",
    checkpoint=2,
    rfc=["9293 3.10.7.4", "D-REAS-2", "D-REAS-13"],
    rule="A piece may overlap the held ones in any way, here {name}: each byte is held once.",
    hint="Draw both pieces on one line. Which bytes does the new one add?",
    kills=["reassembler.counts-overlaps-twice"],
    each=[
        {"name": "on-the-left", "index": 2, "end": 6},
        {"name": "on-the-right", "index": 6, "end": 10},
        {"name": "inside", "index": 5, "end": 7},
        {"name": "around", "index": 2, "end": 10},
        {"name": "exactly", "index": 4, "end": 8},
        {"name": "of-two-pieces", "index": 6, "end": 14},
    ],
)
def overlap(lab: Lab, name: str, index: int, end: int) -> None:
    data = b"abcdefghijklmnop"
    bench = lab.reassembler(capacity=16)
    bench.insert(4, data[4:8])
    bench.insert(12, data[12:15])
    bench.insert(index, data[index:end])
    held = {*range(4, 8), *range(12, 15), *range(index, end)}
    bench.expect(pending=len(held))
    bench.insert(0, data)
    bench.expect(pending=0)
    bench.expect_delivered(data)


# --- the edge ------------------------------------------------------------------------------------


@case(
    "reassembler.beyond-the-capacity-is-discarded",
    checkpoint=2,
    rfc=["9293 3.10.7.4", "D-REAS-5"],
    rule="Bytes beyond the capacity are discarded without a trace; sent again later, they count.",
    hint="The first byte that may not arrive yet is total_read + capacity.",
    kills=["reassembler.stores-beyond-the-edge"],
)
def beyond_the_capacity(lab: Lab) -> None:
    bench = lab.reassembler(capacity=4)
    bench.insert(4, b"e")
    bench.insert(1000, b"far away")
    bench.expect(pending=0)
    bench.insert(2, b"cdef")
    bench.expect(pending=2)
    bench.insert(0, b"ab")
    bench.expect_delivered(b"abcd")
    bench.insert(5, b"f")
    bench.expect(pending=1)
    bench.expect_delivered(b"")
    bench.insert(4, b"e")
    bench.expect_delivered(b"ef")


@case(
    "reassembler.unread-bytes-take-room",
    checkpoint=2,
    rfc=["9293 3.8.6", "D-REAS-5"],
    rule="What the application has not read takes room: held and buffered together never exceed"
    " the capacity.",
    hint="The range ends at total_read + capacity: reading moves it, delivering does not.",
    kills=["reassembler.forgets-unread-bytes", "reassembler.stores-beyond-the-edge"],
)
def unread_bytes_take_room(lab: Lab) -> None:
    bench = lab.reassembler(capacity=8)
    bench.insert(0, b"abcd")
    bench.insert(6, b"ghij")
    bench.expect(pending=2)
    bench.stream.expect(buffered=4)
    bench.stream.pop(2)
    bench.insert(6, b"ghij")
    bench.expect(pending=4)
    bench.insert(4, b"ef")
    bench.expect(pending=0)
    bench.stream.expect(buffered=8, available=0)
    bench.insert(10, b"k")
    bench.expect(pending=0)
    bench.expect_delivered(b"cdefghij")


@case(
    "reassembler.overlap-up-to-the-edge",
    checkpoint=2,
    rfc=["9293 3.10.7.4", "D-REAS-6"],
    rule="A piece that overlaps held bytes is cut at the edge, not before it: they do not make the"
    " range shorter.",
    hint="Is your free room capacity - buffered, or have you subtracted the pending bytes, too?",
    kills=["reassembler.cuts-too-much"],
)
def overlap_up_to_the_edge(lab: Lab) -> None:
    bench = lab.reassembler(capacity=8)
    bench.insert(3, b"de")
    bench.insert(2, b"cdefg")
    bench.expect(pending=5)
    bench.insert(1, b"bcdefghij")
    bench.expect(pending=7)
    bench.insert(0, b"abcdefgh")
    bench.expect(pending=0)
    bench.expect_delivered(b"abcdefgh")


@case(
    "reassembler.longer-copy-at-the-edge",
    checkpoint=2,
    rfc=["9293 3.10.7.4", "D-REAS-4"],
    rule="A longer copy of a piece that was cut at the edge is cut at the edge again.",
    hint="If the new copy replaces the old one, is the new one cut, too?",
    kills=["reassembler.stores-beyond-the-edge"],
)
def longer_copy(lab: Lab) -> None:
    bench = lab.reassembler(capacity=8)
    bench.insert(4, b"efghij")
    bench.expect(pending=4)
    bench.insert(4, b"efghijklmnop")
    bench.expect(pending=4)
    bench.insert(0, b"abcd")
    bench.stream.expect(buffered=8)
    bench.expect_delivered(b"abcdefgh")
    bench.insert(8, b"ijklmnop")
    bench.expect_delivered(b"ijklmnop")


@case(
    "reassembler.indices-near-the-end-of-64-bits",
    checkpoint=2,
    rfc=["9293 3.10.7.4", "D-REAS-5"],
    rule="Even the largest index is only one beyond the edge.",
    hint="Which of your sums can pass 2^64 - 1? Compare first, and add when it is safe.",
    kills=["reassembler.keeps-the-low-half-of-an-index"],
)
def enormous_indices(lab: Lab) -> None:
    bench = lab.reassembler(capacity=8)
    for index in (1 << 31, 1 << 32, 1 << 63, (1 << 64) - 4):
        bench.insert(index, b"xyz")
        bench.insert(index, b"xyz", last=True)
        bench.expect(pending=0)
    bench.insert(0, b"abc")
    bench.expect_delivered(b"abc")
    bench.expect_finished(False)


# --- without order -------------------------------------------------------------------------------


@case(
    "reassembler.one-byte-pieces-in-any-order",
    checkpoint=2,
    rfc=["D-REAS-2", "9293 3.10.7.4", "SHLD-31"],
    rule="A stream that arrives byte by byte, in no order at all, is put together.",
    hint="Shuffle ten cards and sort them into a row with gaps: what do you compare?",
    kills=["reassembler.drops-what-is-early", "reassembler.holds-eight-bytes"],
)
def one_byte_pieces(lab: Lab) -> None:
    data = lab.bytes(50)
    bench = lab.reassembler(capacity=50)
    order = list(range(50))
    lab.random.shuffle(order)
    for index in order:
        bench.insert(index, data[index : index + 1])
    bench.expect(pending=0)
    bench.expect_delivered(data)


@case(
    "reassembler.anything-may-arrive",
    checkpoint=2,
    rfc=["9293 3.10.7.4", "SHLD-31", "D-REAS-2", "D-REAS-5"],
    rule="Random pieces, overlapping and reordered, and a reader who reads now and then: what comes"
    " out is the stream.",
    hint="Run it again with the same --seed: the first step that differs is the one to draw.",
    kills=[
        "reassembler.counts-overlaps-twice",
        "reassembler.stores-beyond-the-edge",
        "reassembler.delivers-one-run",
    ],
)
def anything_may_arrive(lab: Lab) -> None:
    data, capacity = lab.bytes(400), 40
    bench = lab.reassembler(capacity)
    there: set[int] = set()
    written = read = 0
    for _ in range(60):
        start = lab.random.randrange(max(0, written - 10), written + capacity + 5)
        end = min(400, start + lab.random.randrange(20))
        bench.insert(start, data[start:end])
        there.update(index for index in range(start, end) if index < read + capacity)
        while written in there:
            written += 1
        bench.expect(pending=sum(index >= written for index in there))
        if lab.random.random() < 0.5:
            bench.expect_delivered(data[read:written])
            read = written


@case(
    "reassembler.memory-is-given-back",
    checkpoint=2,
    rfc=["9293 3.10.7.4", "K-MEM-1"],
    rule="What is still held when the reassembler is freed is given back with it.",
    hint="Free the pieces that were never delivered, too; but not the stream, which is borrowed.",
    kills=["reassembler.leaks-what-it-holds"],
    leaks=True,
)
def memory_is_given_back(lab: Lab) -> None:
    bench = lab.reassembler(capacity=100)
    bench.insert(10, lab.bytes(20))
    bench.insert(50, lab.bytes(20))
    bench.insert(25, lab.bytes(30))
    bench.expect(pending=60)
    other = lab.reassembler(capacity=10)
    other.insert(0, b"all", last=True)
    other.expect_delivered(b"all")
