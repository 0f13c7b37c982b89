"""Opening a connection: RFC 9293, 3.5, with its figures."""

from __future__ import annotations

from tcplab.case import case
from tcplab.check import expect_equal, expect_true
from tcplab.lab import Lab
from tcplab.packet import SYN

BUILDS_ON = ("segment.fields-in-their-places",)


@case(
    "connection.syn-is-answered",
    checkpoint=5,
    rfc=["9293 3.10.7.2", "U-23", "B-LI-4"],
    rule="A listener answers a SYN with SYN+ACK, which acknowledges the number after the SYN.",
    hint="RCV.NXT is SEG.SEQ + 1: the SYN takes one sequence number.",
    kills=["connection.not-answering-syn"],
    weight=3,
)
def syn_is_answered(lab: Lab) -> None:
    listener = lab.listen(80)
    peer = lab.peer(port=80)
    peer.send(syn=True)
    peer.expect(syn=True, has_ack=True, ack=1, rst=False, length=0)
    peer.send()
    app = listener.accept(peer)
    app.expect_state("ESTABLISHED")


@case(
    "connection.an-ack-is-not-acked",
    checkpoint=5,
    rfc=["9293 3.5", "9293 3.4", "C-DAK-5", "D-RECV-8"],
    rule="Only what takes sequence numbers is acknowledged: an ACK with nothing else takes none.",
    hint="SEG.LEN counts bytes, SYN and FIN. What do you do where it is 0?",
    kills=["connection.nothing-is-acked", "connection.bare-acks-answered"],
    weight=2,
)
def ack_is_not_acked(lab: Lab) -> None:
    listener = lab.listen(80)
    peer = lab.peer(port=80)
    peer.send(syn=True)
    peer.expect(syn=True, has_ack=True, ack=1, rst=False, length=0)
    peer.send()
    peer.expect_nothing()
    peer.send()
    peer.expect_nothing()
    listener.accept(peer).expect_state("ESTABLISHED")


@case(
    "connection.three-way-handshake",
    checkpoint=5,
    rfc=["9293 3.5", "B-SS-6"],
    rule="The application opens: SYN out, SYN+ACK in, ACK out at once (figure 6).",
    hint="SYN-SENT, fourth check: RCV.NXT, SND.UNA, the window, and <SEQ=SND.NXT><ACK=RCV.NXT>.",
    kills=["connection.syn-ack-not-acknowledged"],
    weight=3,
)
def three_way_handshake(lab: Lab) -> None:
    app = lab.connect(7)
    peer = lab.peer_of(app)
    peer.expect(syn=True, has_ack=False, rst=False, length=0)
    app.expect_state("SYN-SENT")
    peer.send(syn=True, ack=1)
    peer.expect(seq=1, ack=1, syn=False, rst=False, length=0)
    app.expect_state("ESTABLISHED")
    peer.probe_alive()


@case(
    "connection.both-open-at-once",
    checkpoint=5,
    rfc=["9293 3.5", "MUST-10", "B-SS-8", "B-SC-12", "E-3", "D-CONN-20"],
    rule="If both sides send a SYN at the same time, one connection comes of it (figure 7).",
    hint="SYN-SENT, a SYN without ACK: SYN-RECEIVED, and our SYN once more, with an ACK.",
    kills=["connection.no-simultaneous-open"],
    weight=4,
)
def both_open(lab: Lab) -> None:
    app = lab.connect(7)
    peer = lab.peer_of(app)
    peer.expect(syn=True, has_ack=False)
    peer.send(syn=True)
    peer.expect(syn=True, seq=0, ack=1)
    app.expect_state("SYN-RECEIVED")
    peer.send(syn=True, seq=0, ack=1)
    peer.send()
    app.expect_state("ESTABLISHED")
    peer.inbox.clear()
    app.write(b"from here")
    peer.expect_data(b"from here")
    peer.probe_alive()


@case(
    "connection.old-duplicate-syn",
    checkpoint=5,
    rfc=["9293 3.5", "B-SC-13", "MUST-11", "B-SR-3"],
    rule="An old SYN is answered, the peer's reset undoes it, the new SYN is served (figure 8).",
    hint="A reset in SYN-RECEIVED leads back to LISTEN if that is where we came from.",
    kills=["connection.syn-received-ignores-reset"],
    weight=3,
)
def old_duplicate_syn(lab: Lab) -> None:
    listener = lab.listen(80)
    peer = lab.peer(port=80, isn=90)
    peer.send(syn=True)
    peer.expect(syn=True, ack=1)
    peer.send(rst=True)
    peer.expect_nothing()
    listener.expect_no_connection()
    peer.restart(isn=100)
    peer.send(syn=True)
    peer.expect(syn=True, ack=1)
    peer.send()
    listener.accept(peer)


@case(
    "connection.two-half-open-at-a-time",
    checkpoint=5,
    rfc=["9293 3.9.1.1", "MUST-42"],
    rule="While one handshake waits for its last ACK another one is served; each makes one.",
    hint="Nothing about one connection may be kept where another one finds it.",
    kills=["connection.not-answering-syn"],
    weight=2,
)
def two_half_open(lab: Lab) -> None:
    listener = lab.listen(80)
    one, two = lab.peer(port=80), lab.peer(port=80)
    one.send(syn=True)
    one.expect(syn=True, ack=1)
    two.send(syn=True)
    two.expect(syn=True, ack=1)
    two.send()
    one.send()
    listener.accept(two).expect_state("ESTABLISHED")
    listener.accept(one).expect_state("ESTABLISHED")
    listener.expect_no_connection()


@case(
    "connection.repeated-syn-is-one-connection",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "B-SR-1", "E-2", "D-CONN-19", "C-ISN-2"],
    rule="A SYN that comes twice is answered twice, with one number, and opens one connection.",
    hint="SYN+ACK again, or an ACK: both tell the peer where we are.",
    kills=["connection.unacceptable-not-answered", "connection.old-syn-unanswered"],
    weight=2,
)
def repeated_syn(lab: Lab) -> None:
    listener = lab.listen(80)
    peer = lab.peer(port=80)
    peer.send(syn=True)
    peer.expect(syn=True, seq=0, ack=1)
    peer.send(syn=True, seq=0)
    answer = peer.expect(ack=1, rst=False)
    seq = (answer.seq - (peer.dut_iss or 0)) % (1 << 32)
    expect_true("seq", seq == (0 if answer.has(SYN) else 1), "that of SYN or ACK", str(seq))
    peer.send()
    listener.accept(peer).expect_state("ESTABLISHED")
    listener.expect_no_connection()


@case(
    "connection.data-stands-in-for-the-lost-ack",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "B-SC-20", "B-SR-8", "B-SR-15"],
    rule="If the third segment of the handshake is lost, the first data completes it.",
    hint="Every segment acknowledges. SYN-RECEIVED, fifth check, then on to the text.",
    kills=["connection.text-of-completing-ack-lost"],
    weight=3,
)
def data_stands_in(lab: Lab) -> None:
    listener = lab.listen(80)
    peer = lab.peer(port=80)
    peer.send(syn=True)
    peer.expect(syn=True, ack=1)
    peer.send(data=b"here I am")
    peer.expect_ack(10)
    listener.accept(peer).expect_read(b"here I am")


@case(
    "connection.numbers-do-not-repeat",
    checkpoint=5,
    rfc=["9293 3.4.1", "MUST-8", "C-ISN-1"],
    rule="Each connection begins with a number of its own, even between the same ports.",
    hint="config->isn is chosen for each connection: use it, for SYN and SYN+ACK alike.",
    kills=["connection.isn-ignored"],
)
def numbers_do_not_repeat(lab: Lab) -> None:
    lab.listen(80)
    peer = lab.peer(port=80)
    seen = set()
    for _ in range(6):
        peer.send(syn=True)
        seen.add(peer.expect(syn=True, ack=1).seq)
        peer.send(rst=True)
        lab.clock.advance(50)
        peer.restart()
    expect_equal("the number of different ISNs", 6, len(seen))


@case(
    "connection.data-both-ways",
    checkpoint=5,
    rfc=["9293 2.2", "MUST-2", "B-ES-15"],
    rule="What one side writes the other side reads, in order and unchanged.",
    hint="Does the checksum cover the payload?",
    kills=["segment.checksum-without-payload"],
    weight=4,
)
def data_both_ways(lab: Lab) -> None:
    peer, app = lab.established()
    question, answer = lab.bytes(1001), lab.bytes(5000)
    peer.send(data=question)
    peer.expect_ack()
    app.expect_read(question)
    app.write(answer)
    peer.expect_data(answer)
    peer.probe_alive()
    app.expect_read(b"!")
