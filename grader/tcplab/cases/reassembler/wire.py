"""Segments that arrive late, twice, overlapping, and with a FIN where it does not fit."""

from __future__ import annotations

from tcplab.case import case
from tcplab.lab import Lab

BUILDS_ON = ("reassembler.in-order-passes-through", "reassembler.second-before-first")


@case(
    "reassembler.late-segment-fills-the-gap",
    checkpoint=2,
    rfc=["9293 3.10.7.4", "SHLD-31", "D-REAS-1"],
    rule="A segment that came early is kept: once the gap is filled, both are acknowledged, without"
    " its being sent again.",
    hint="Where do early bytes go, and who takes them out again?",
    kills=["reassembler.drops-what-is-early"],
)
def late_segment_fills_the_gap(lab: Lab) -> None:
    peer, app = lab.established()
    data = lab.bytes(2000)
    peer.send(seq=1001, data=data[1000:])
    peer.expect_perhaps(ack=1)
    app.expect_nothing_to_read()
    peer.send(seq=1, data=data[:1000])
    peer.expect_ack(2001)
    app.expect_read(data)


@case(
    "reassembler.all-together-before-the-ack",
    checkpoint=2,
    rfc=["9293 3.10.7.4", "MUST-59", "D-REAS-2"],
    rule="Segments that arrive together are all worked off before any is acknowledged: segments two"
    " to five, then the first, get one answer, for all five.",
    hint="Is everything behind the gap delivered in the same call that fills it?",
    kills=["reassembler.delivers-early-pieces-late", "reassembler.drops-what-is-early"],
)
def all_together(lab: Lab) -> None:
    peer, app = lab.established()
    data = lab.bytes(500)
    with peer.burst():
        for at in (100, 200, 300, 400, 0):
            peer.send(seq=at + 1, data=data[at : at + 100])
    peer.expect(ack=501)
    peer.expect_nothing()
    app.expect_read(data)


@case(
    "reassembler.first-copy-stays",
    checkpoint=2,
    rfc=["9293 3.10.7.4", "U-17", "B-AC-7", "D-REAS-13"],
    rule="A segment that straddles old and new adds its new part; bytes already taken stay as they"
    " were.",
    hint="Once acknowledged, a byte cannot change any more.",
    kills=["reassembler.drops-what-begins-early", "reassembler.delivers-old-bytes-again"],
)
def first_copy_stays(lab: Lab) -> None:
    peer, app = lab.established()
    peer.send(data=b"a" * 100)
    peer.expect_ack(101)
    peer.send(seq=51, data=b"b" * 50 + b"c" * 50)
    peer.expect_ack(151)
    app.expect_read(b"a" * 100 + b"c" * 50)
    peer.probe_alive()


@case(
    "reassembler.merged-retransmission",
    checkpoint=2,
    rfc=["9293 3.8.1", "U-17", "D-REAS-13"],
    rule="A retransmission may be cut differently from the original, with new data behind it.",
    hint="Segments have no identity; only the numbers of their bytes count.",
    kills=["reassembler.drops-what-begins-early"],
)
def merged_retransmission(lab: Lab) -> None:
    peer, app = lab.established()
    data = lab.bytes(700)
    peer.send(seq=1, data=data[:100])
    peer.send(seq=301, data=data[300:400])
    peer.send(seq=501, data=data[500:600])
    peer.send(seq=51, data=data[50:350])  # over the edge of what was delivered, and into a piece
    peer.expect_ack(401)
    peer.send(seq=1, data=data)  # everything once more, and more
    peer.expect_ack(701)
    app.expect_read(data)
    peer.probe_alive()


@case(
    "reassembler.byte-by-byte-backwards",
    checkpoint=2,
    rfc=["D-REAS-3", "9293 3.10.7.4", "SHLD-31"],
    rule="Twenty segments of one byte, the last one first: the one that closes the gap acknowledges"
    " them all.",
    hint="How many separate pieces can your reassembler hold?",
    kills=["reassembler.holds-eight-bytes", "reassembler.drops-what-is-early"],
)
def byte_by_byte_backwards(lab: Lab) -> None:
    peer, app = lab.established()
    data = lab.bytes(20)
    for at in reversed(range(1, 20)):
        peer.send(seq=at + 1, data=data[at : at + 1])
        peer.expect_perhaps(ack=1)
    peer.send(seq=1, data=data[:1])
    peer.expect_ack(21)
    app.expect_read(data)


@case(
    "reassembler.fin-behind-a-gap-waits",
    checkpoint=2,
    rfc=["9293 3.10.7.4", "D-REAS-8"],
    rule="A FIN behind a gap is not acted on: no end of file, and no acknowledgment, before the gap"
    " is filled.",
    hint="Ask whether the end has been reached, not whether it has been seen.",
    kills=["reassembler.closes-at-once"],
)
def fin_behind_a_gap_waits(lab: Lab) -> None:
    peer, app = lab.established()
    peer.send(seq=4, data=b"def", fin=True)
    peer.expect_perhaps(ack=1)
    app.expect_state("ESTABLISHED")
    app.expect_nothing_to_read()
    peer.send(seq=1, data=b"abc")
    app.expect_read(b"abcdef")


@case(
    "reassembler.fin-behind-a-gap-counts",
    checkpoint=2,
    rfc=["9293 3.10.7.4", "D-REAS-9"],
    rule="Once the gap before it is filled, a FIN that came early takes effect, at the latest when"
    " it is sent again.",
    hint="The end is an index: keep it until the stream gets there.",
    kills=["reassembler.never-closes"],
)
def fin_behind_a_gap_counts(lab: Lab) -> None:
    peer, app = lab.established()
    peer.send(seq=4, data=b"def", fin=True)
    peer.expect_perhaps(ack=1)
    peer.send(seq=1, data=b"abc")
    peer.send(seq=4, data=b"def", fin=True)
    peer.expect_ack(8)
    app.expect_read(b"abcdef")
    app.expect_eof()


@case(
    "reassembler.fin-on-known-data",
    checkpoint=2,
    rfc=["9293 3.10.7.4", "B-AC-11", "D-REAS-10"],
    rule="A segment whose bytes are all known may still bring something new: its FIN.",
    hint="Old data with a new FIN ends one number further on than the old data alone.",
    kills=["reassembler.no-new-bytes-no-end"],
)
def fin_on_known_data(lab: Lab) -> None:
    peer, app = lab.established()
    peer.send(data=b"ten  bytes")
    peer.expect_ack(11)
    peer.send(seq=1, data=b"ten  bytes", fin=True)
    peer.expect_ack(12)
    app.expect_read(b"ten  bytes")
    app.expect_eof()


@case(
    "reassembler.fin-on-held-data",
    checkpoint=2,
    rfc=["9293 3.10.7.4", "D-REAS-10"],
    rule="The FIN also counts on a segment whose bytes are held already, waiting for a gap.",
    hint="Is a piece that adds no byte thrown away before its is_last is seen?",
    kills=["reassembler.never-closes"],
)
def fin_on_held_data(lab: Lab) -> None:
    peer, app = lab.established()
    peer.send(seq=4, data=b"def")
    peer.expect_perhaps(ack=1)
    peer.send(seq=4, data=b"def", fin=True)
    peer.expect_perhaps(ack=1)
    peer.send(seq=1, data=b"abc")
    peer.send(seq=7, fin=True)  # in case the early one was not kept
    peer.expect_ack(8)
    app.expect_read(b"abcdef")
    app.expect_eof()


@case(
    "reassembler.fin-over-the-edge",
    checkpoint=2,
    rfc=["9293 3.10.7.4", "D-REAS-5", "D-REAS-7"],
    rule="If the last bytes lie beyond the window, so does the FIN behind them: the stream has not"
    " ended.",
    hint="What was cut off on the right takes the FIN with it.",
    kills=["reassembler.end-at-the-cut"],
)
def fin_over_the_edge(lab: Lab) -> None:
    peer, app = lab.established(recv_capacity=1000)
    data = lab.bytes(1006)
    peer.send(seq=1, data=data, fin=True)
    peer.expect_ack(1001)
    app.expect_state("ESTABLISHED")
    app.expect_read(data[:1000])
    app.expect_nothing_to_read()
    peer.expect_window(7)
    peer.send(seq=1001, data=data[1000:], fin=True)
    peer.expect_ack(1008)
    app.expect_read(data[1000:])
    app.expect_eof()


@case(
    "reassembler.nothing-behind-the-fin",
    checkpoint=2,
    rfc=["9293 3.10.7.4", "D-REAS-11"],
    rule="Data behind the FIN does not exist: the stream ends where the FIN stands.",
    hint="Pieces held beyond an end must go when the end becomes known.",
    kills=["reassembler.delivers-beyond-the-end", "reassembler.keeps-what-lies-beyond-the-end"],
)
def nothing_behind_the_fin(lab: Lab) -> None:
    peer, app = lab.established()
    peer.send(seq=7, data=b"behind")
    peer.send(seq=4, data=b"def", fin=True)
    peer.send(seq=7, data=b"behind")
    peer.send(seq=1, data=b"abc")
    peer.send(seq=4, data=b"def", fin=True)
    peer.expect_ack(8)
    app.expect_read(b"abcdef")
    app.expect_eof()
