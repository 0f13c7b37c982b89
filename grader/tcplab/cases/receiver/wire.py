"""The receiver inside a connection: which segments it takes, and what of them."""

from __future__ import annotations

from itertools import product

from tcplab.case import case
from tcplab.check import expect_true
from tcplab.lab import Lab

BUILDS_ON = ("receiver.ack-is-the-next-number-expected",)


# --- the edges of the window ---------------------------------------------------------------------


@case(
    "receiver.empty-segments-at-the-edges",
    checkpoint=3,
    rfc=["9293 3.10.7.4", "B-AC-3", "B-AC-4", "C-DAK-5"],
    rule="An empty segment inside the window is heard without an answer; one outside is answered"
    " with an acknowledgment.",
    hint="The last number of the window is RCV.NXT+RCV.WND-1.",
    kills=["receiver.right-edge-is-inside", "receiver.left-edge-is-outside"],
)
def empty_segments_at_the_edges(lab: Lab) -> None:
    peer, app = lab.established(recv_capacity=1000)
    app.write(b"in flight!")
    peer.expect(seq=1, data=b"in flight!")
    peer.send(seq=1, ack=4)
    peer.expect_nothing(for_ms=0)
    app.expect(unacknowledged=7)
    peer.send(seq=1000, ack=8)
    peer.expect_nothing(for_ms=0)
    app.expect(unacknowledged=3)
    peer.send(seq=1001, ack=11)
    peer.expect(seq=11, ack=1, length=0, rst=False)
    peer.send(seq=0, ack=11)
    peer.expect(seq=11, ack=1, length=0, rst=False)
    peer.probe_alive()


@case(
    "receiver.straddling-segment-{name}",
    checkpoint=3,
    rfc=["9293 3.10.7.4", "U-17", "B-AC-7", "B-AC-12", "B-ES-17", "D-RECV-5"],
    rule="A segment that begins with old bytes and ends inside the window brings its new bytes.",
    hint="Its first number lies outside the window, its last one inside. Is that acceptable?",
    kills=["receiver.both-ends-have-to-be-inside"],
    each=[{"name": "anywhere", "isn": 1000}, {"name": "across-2^32", "isn": 0xFFFFFFFE - 101}],
)
def straddling_segment(lab: Lab, name: str, isn: int) -> None:
    peer, app = lab.established(isn=isn, recv_capacity=1000)
    data = lab.bytes(110)
    peer.send(data=data[:100])
    peer.expect_ack(101)
    peer.send(seq=96, data=data[95:105])
    peer.expect_ack(106)
    peer.send(seq=1, data=data)
    peer.expect_ack(111)
    app.expect_read(data)
    app.expect_nothing_to_read()


@case(
    "receiver.segment-reaches-beyond-the-edge",
    checkpoint=3,
    rfc=["9293 3.10.7.4", "B-AC-6", "B-AC-10", "B-ES-18"],
    rule="Of a segment that reaches beyond the window at most the part inside is taken; the rest is"
    " taken when it comes again, and every byte once.",
    hint="What do you keep of ten bytes of which the first is the last one of the window?",
    kills=["receiver.trusts-the-order", "receiver.ack-counts-what-is-held"],
)
def reaches_beyond_the_edge(lab: Lab) -> None:
    peer, app = lab.established(recv_capacity=1000)
    data = lab.bytes(1009)
    peer.send(seq=1000, data=data[999:])
    peer.expect_perhaps(ack=1)
    peer.send(seq=1001, data=data[1000:])
    peer.expect_perhaps(ack=1)
    peer.send(seq=1, data=data[:999])
    lab.clock.advance(50)
    taken = peer.snd_una - 1
    expect_true("the bytes taken", taken in (999, 1000), "999 or 1000", str(taken))
    app.expect_read(data[:taken])
    peer.expect_window(10)
    peer.send(seq=1000, data=data[999:])
    peer.expect_ack(1010)
    app.expect_read(data[taken:])


@case(
    "receiver.byte-at-the-number-of-the-syn",
    checkpoint=3,
    rfc=["9293 3.4", "9293 3.10.7.4", "D-RECV-6"],
    rule="The stream begins behind the SYN: a byte at the SYN's own number is never delivered.",
    hint="The first byte of the stream has index 0 and absolute number 1.",
    kills=["receiver.byte-at-the-syn-counts", "receiver.forgets-what-follows-the-syn"],
)
def byte_at_the_syn(lab: Lab) -> None:
    peer, app = lab.established()
    peer.send(seq=0, data=b"X")
    peer.expect(ack=1)
    peer.send(seq=0, data=b"Xcat")
    peer.expect_ack(4)
    app.expect_read(b"cat")
    app.expect_nothing_to_read()


@case(
    "receiver.data-on-the-syn",
    checkpoint=3,
    rfc=["9293 3.4", "U-5", "B-LI-5"],
    rule="Data that comes with the SYN is either kept and acknowledged, or left to come again; the"
    " application gets it once.",
    hint="The number of a segment with SYN is that of the SYN: its first byte is one further on.",
    kills=["receiver.syn-takes-no-place"],
)
def data_on_the_syn(lab: Lab) -> None:
    listener = lab.listen(80)
    peer = lab.peer(port=80)
    peer.send(syn=True, data=b"early ")
    peer.expect(syn=True, ack=lambda number: number in (1, 7))
    peer.send(seq=1, data=b"early bird")
    peer.expect_ack(11)
    app = listener.accept(peer)
    app.expect_read(b"early bird")
    app.expect_nothing_to_read()


# --- order ---------------------------------------------------------------------------------------


@case(
    "receiver.gap-is-not-acknowledged",
    checkpoint=3,
    rfc=["9293 3.10.7.4", "5681 4.2", "C-DAK-3", "MAY-13", "D-RECV-9", "E-16"],
    rule="What answers a segment behind a gap names the number that is missing, and nothing later.",
    hint="An answer at once is best: the peer can find its loss only by these acknowledgments.",
    kills=["receiver.ack-counts-what-is-held", "receiver.trusts-the-order"],
)
def gap_is_not_acknowledged(lab: Lab) -> None:
    peer, app = lab.established()
    data = lab.bytes(400)
    peer.send(data=data[:100])
    peer.expect_ack(101)
    for at in (200, 300):
        peer.send(seq=1 + at, data=data[at : at + 100])
        peer.expect_perhaps(ack=101, length=0)
    peer.send(seq=101, data=data[100:200])
    peer.expect_ack(401)
    app.expect_read(data)


@case(
    "receiver.filled-gap-is-acknowledged",
    checkpoint=3,
    rfc=["9293 3.8.6.3", "5681 4.2", "C-DAK-3", "MUST-40", "E-16"],
    rule="A segment that fills a gap is acknowledged with all that it has set free, up to the next"
    " gap.",
    hint="How does the connection learn that bytes are held? It asks bytes_pending.",
    kills=["receiver.ack-counts-what-is-held"],
)
def filled_gap_is_acknowledged(lab: Lab) -> None:
    peer, app = lab.established()
    data = lab.bytes(500)
    peer.send(seq=401, data=data[400:])
    peer.expect_perhaps(ack=1)
    peer.send(seq=201, data=data[200:300])
    peer.expect_perhaps(ack=1)
    peer.send(seq=1, data=data[:200])
    peer.expect_ack(301)  # the first gap is filled, the second is not
    peer.send(seq=301, data=data[300:400])
    peer.expect_ack(501)
    app.expect_read(data)


@case(
    "receiver.one-ack-for-all-that-is-there",
    checkpoint=3,
    rfc=["9293 3.10.7.4", "MUST-58", "MUST-59"],
    rule="The first segment comes last: the acknowledgment of it covers all five at once.",
    hint="RCV.NXT is not what the last segment said, but how far the stream has come.",
    kills=["receiver.trusts-the-order"],
)
def one_ack_for_all(lab: Lab) -> None:
    peer, app = lab.established()
    data = lab.bytes(500)
    with peer.burst():
        for at in (100, 200, 300, 400, 0):
            peer.send(seq=1 + at, data=data[at : at + 100])
    peer.expect_ack(501)
    app.expect_read(data)


@case(
    "receiver.duplicates-are-acknowledged-each-time",
    checkpoint=3,
    rfc=["9293 3.10.7.4", "B-AC-9", "D-RECV-7", "D-RECV-9"],
    rule="Who sends a segment again has not seen its acknowledgment: each copy is answered, with"
    " the number expected now.",
    hint="If this answer is lost as well, what will the peer do, and when will it stop?",
    kills=["receiver.ack-waits-for-the-application"],
)
def duplicates_are_acknowledged(lab: Lab) -> None:
    peer, app = lab.established()
    peer.send(data=b"once ")
    peer.expect_ack(6)
    for _ in range(3):
        peer.send(seq=1, data=b"once ")
        peer.expect(ack=6, length=0)
    peer.send(data=b"and new")
    peer.send(seq=1, data=b"once ")  # old: and the answer is not
    peer.expect_ack(13)
    app.expect_read(b"once and new")
    app.expect_nothing_to_read()


@case(
    "receiver.any-flags-on-data",
    checkpoint=3,
    rfc=["9293 3.1", "SHLD-8", "MAY-17", "MUST-30", "D-RECV-19"],
    rule="Whichever of PSH, URG, ECE and CWR a segment has, its text is part of the stream.",
    hint="Ask for one bit at a time: flags that are compared as a whole are hardly ever equal.",
    kills=["receiver.psh-is-an-enemy"],
)
def any_flags_on_data(lab: Lab) -> None:
    peer, app = lab.established()
    text = b""
    for psh, urg, ece, cwr in product([False, True], repeat=4):
        data = lab.bytes(5)
        peer.send(data=data, psh=psh, urg=urg, ece=ece, cwr=cwr, urgent=5 if urg else 0)
        peer.expect_ack()
        text += data
    app.expect_read(text)


# --- the end -------------------------------------------------------------------------------------


@case(
    "receiver.data-and-fin-in-one-segment",
    checkpoint=3,
    rfc=["9293 3.4", "U-4", "B-ES-19", "D-RECV-18"],
    rule="The acknowledgment counts SYN, bytes and FIN: 1 + 5 + 1 here.",
    hint="Both the text and the FIN move RCV.NXT. Does one overwrite what the other did?",
    kills=["receiver.fin-is-not-counted", "receiver.ack-waits-for-the-application"],
)
def data_and_fin(lab: Lab) -> None:
    peer, app = lab.established()
    peer.send(data=b"adieu", fin=True)
    peer.expect_ack(7)
    app.expect_state("CLOSE-WAIT")
    app.expect_read(b"adieu")
    app.expect_eof()


@case(
    "receiver.fin-arrives-first",
    checkpoint=3,
    rfc=["9293 3.10.7.4", "B-ES-20", "D-REAS-8"],
    rule="A FIN that overtakes its data ends nothing before they are there.",
    hint="What has the application read when the FIN arrives, and what has it still to read?",
    kills=["receiver.fin-ends-at-once"],
)
def fin_arrives_first(lab: Lab) -> None:
    peer, app = lab.established()
    data = lab.bytes(100)
    peer.send(seq=101, fin=True)
    peer.expect_perhaps(ack=1, length=0)
    app.expect_state("ESTABLISHED")
    app.expect_nothing_to_read()
    peer.send(seq=1, data=data)
    peer.send(seq=101, fin=True)  # for those who have not kept the first one
    peer.expect_ack(102)
    app.expect_read(data)
    app.expect_eof()


@case(
    "receiver.fin-beyond-the-window",
    checkpoint=3,
    rfc=["9293 3.10.7.4", "B-ES-18", "D-REAS-7"],
    rule="A FIN whose bytes do not all fit into the window is cut off with them, and comes again.",
    hint="If the FIN counted, which bytes would the application never see?",
    kills=["receiver.fin-survives-the-cut"],
)
def fin_beyond_the_window(lab: Lab) -> None:
    peer, app = lab.established(recv_capacity=1000)
    data = lab.bytes(1006)
    peer.send(data=data, fin=True)
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
    "receiver.fin-on-a-retransmission",
    checkpoint=3,
    rfc=["9293 3.10.7.4", "B-AC-11", "D-REAS-10"],
    rule="A retransmission may have got a FIN meanwhile: its text is old, its FIN is new.",
    hint="SEG.LEN counts the FIN. Is the last number of this segment inside the window?",
    kills=["receiver.fin-on-old-data-is-dropped"],
)
def fin_on_a_retransmission(lab: Lab) -> None:
    peer, app = lab.established()
    peer.send(data=b"last words")
    peer.expect_ack(11)
    peer.send(seq=1, data=b"last words", fin=True)
    peer.expect_ack(12)
    app.expect_read(b"last words")
    app.expect_eof()


@case(
    "receiver.data-after-our-own-fin",
    checkpoint=3,
    rfc=["9293 3.6", "U-12", "D-RECV-20"],
    rule="To close means to send no more; to receive goes on until the other side has closed.",
    hint="The two directions end apart: nothing of the receiver knows about our FIN.",
    kills=["receiver.ack-waits-for-the-application"],
)
def data_after_our_own_fin(lab: Lab) -> None:
    peer, app = lab.established()
    app.close()
    peer.expect_fin(acknowledge=True)
    data = lab.bytes(1500)
    for at in range(0, 1500, 500):
        peer.send(data=data[at : at + 500])
        peer.expect_ack()
    app.expect_read(data)
    peer.send(fin=True)
    peer.expect_ack()
    app.expect_eof()
