"""Options, and the MSS above all: RFC 9293, 3.1, 3.2 and 3.7.1."""

from __future__ import annotations

from tcplab.app import App
from tcplab.case import case
from tcplab.check import expect_true
from tcplab.lab import Lab
from tcplab.peer import Peer

BUILDS_ON = ("connection.three-way-handshake",)


def _largest_payload(peer: Peer, app: App, data: bytes) -> int:
    """The application writes, the tester takes all of it; the largest segment on the way."""
    app.write(data)
    largest = 0
    while peer.rcv_nxt <= len(data) or peer.inbox:
        largest = max([largest, *(len(one.data) for one in peer.inbox)])
        before = peer.rcv_nxt
        peer.inbox.clear()
        peer.send()
        if peer.rcv_nxt == before and not peer.inbox:
            break
    expect_true(
        "the stream", peer.rcv_nxt == len(data) + 1, f"{len(data)} bytes", f"{peer.rcv_nxt - 1}"
    )
    return largest


@case(
    "connection.peers-mss-is-obeyed",
    checkpoint=5,
    rfc=["9293 3.7.1", "MUST-14", "MUST-16"],
    rule="No segment is larger than the MSS that the peer has announced, whichever side opened.",
    hint="The MSS option of the peer's SYN or SYN+ACK goes to the sender.",
    kills=["connection.peer-mss-not-learned"],
    weight=2,
)
def peers_mss(lab: Lab) -> None:
    peer, app = lab.established(mss=500)
    largest = _largest_payload(peer, app, lab.bytes(3000))
    expect_true("the largest payload", 0 < largest <= 500, "at most 500", str(largest))
    peer, app = lab.established_by_dut(mss=400)
    largest = _largest_payload(peer, app, lab.bytes(3000))
    expect_true("the largest payload", 0 < largest <= 400, "at most 400", str(largest))


@case(
    "connection.mss-is-536-by-default",
    checkpoint=5,
    rfc=["9293 3.7.1", "MUST-15", "C-MSS-1", "D-CONN-8"],
    rule="A peer that names no MSS takes 536 bytes.",
    hint="No option is not the same as no limit.",
    kills=["connection.no-default-mss"],
    weight=2,
)
def mss_by_default(lab: Lab) -> None:
    peer, app = lab.established(mss=None)
    largest = _largest_payload(peer, app, lab.bytes(5000))
    expect_true("the largest payload", 0 < largest <= 536, "at most 536", str(largest))


@case(
    "connection.our-mss-fits-our-link",
    checkpoint=5,
    rfc=["9293 3.7.1", "MUST-14", "MUST-67", "MUST-68", "SHLD-5", "C-MSS-4", "D-CONN-7"],
    rule="SYN and SYN+ACK announce what our link carries, whatever the peer has announced.",
    hint="The option holds config.mss, not the MSS that the sender uses.",
    kills=["connection.mss-is-an-echo", "connection.mss-not-announced"],
    weight=2,
)
def our_mss(lab: Lab) -> None:
    lab.listen(80)
    peer = lab.peer(port=80, mss=500)
    peer.send(syn=True)
    peer.expect(syn=True, mss=1460)
    app = lab.connect(7)
    lab.peer_of(app).expect(syn=True, mss=1460)


@case(
    "connection.our-link-limits-us-too",
    checkpoint=5,
    rfc=["9293 3.7.1", "MUST-16"],
    rule="A peer that takes more than our link carries gets what our link carries.",
    hint="The lesser of the two.",
    kills=["connection.mss-of-ethernet"],
)
def our_link_limits(lab: Lab) -> None:
    peer, app = lab.established(mss=9000, mtu=600)
    largest = _largest_payload(peer, app, lab.bytes(3000))
    expect_true("the largest payload", 0 < largest <= 560, "at most 560", str(largest))


@case(
    "connection.an-mss-of-{mss}",
    checkpoint=5,
    rfc=["9293 3.7.1", "C-MSS-3", "D-SEND-29"],
    rule="An MSS of {mss} is nonsense, but no reason to fall silent, or to send without end.",
    hint="Divide by no number that the peer has chosen.",
    each=[{"mss": 0}, {"mss": 1}],
    kills=["connection.tiny-mss-not-answered"],
)
def tiny_mss(lab: Lab, mss: int) -> None:
    listener = lab.listen(80)
    peer = lab.peer(port=80, mss=mss)
    peer.handshake()
    app = listener.accept(peer)
    _largest_payload(peer, app, lab.bytes(200))
    peer.probe_alive()


@case(
    "connection.options-on-a-syn",
    checkpoint=5,
    rfc=["9293 3.1", "MUST-4", "MUST-6", "MUST-64"],
    rule="The MSS is found among no-ops and options that nobody knows, at any byte.",
    hint="Skip what you do not know by its length.",
    kills=["segment.unknown-option-ends-the-list", "segment.nop-has-a-length"],
    weight=2,
)
def options_on_syn(lab: Lab) -> None:
    listener = lab.listen(80)
    mss = b"\x02\x04\x01\xf4"
    for options in (
        b"\x01\x01" + mss + b"\x00\x00",
        b"\x01" + mss + b"\x01\x01\x01",
        b"\xfd\x03\x00" + mss + b"\x01",
        b"\xfd\x06abcd" + mss,
    ):
        peer = lab.peer(port=80)
        peer.send(syn=True, options=options)
        peer.expect(syn=True, ack=1)
        peer.send()
        app = listener.accept(peer)
        largest = _largest_payload(peer, app, lab.bytes(2000))
        expect_true("the largest payload", 0 < largest <= 500, "at most 500", str(largest))


@case(
    "connection.options-on-any-segment",
    checkpoint=5,
    rfc=["9293 3.1", "MUST-5", "C-OPT-5", "D-CONN-5"],
    rule="Options may come on every segment; they are no payload, and an MSS among them is void.",
    hint="The payload begins at the data offset.",
    kills=["segment.payload-at-twenty"],
    weight=2,
)
def options_on_any(lab: Lab) -> None:
    peer, app = lab.established(mss=None)  # not on the SYN: these are about the rest
    peer.send(data=b"four no-ops", options=b"\x01" * 4)
    peer.send(data=b", timestamps", options=b"\x01\x01\x08\x0a" + bytes(8))
    peer.send(data=b", a late MSS", options=b"\x02\x04\x00\x64")
    peer.send(data=b", kind 254.", options=b"\xfe\x04ab")
    peer.expect_ack()
    app.expect_read(b"four no-ops, timestamps, a late MSS, kind 254.")
    largest = _largest_payload(peer, app, lab.bytes(2000))
    expect_true("the largest payload", largest > 100, "as before", str(largest))


@case(
    "connection.broken-options-do-no-harm",
    checkpoint=5,
    rfc=["9293 3.1", "MUST-7", "C-OPT-3", "C-OPT-4", "D-CONN-6"],
    rule="An option of impossible length is survived; the next SYN is served.",
    hint="Drop such a segment. What does your loop do with a length of 0?",
    kills=["segment.option-length-one", "segment.option-past-the-header"],
    weight=2,
)
def broken_options(lab: Lab) -> None:
    listener = lab.listen(80)
    for options in (b"\xfd\x00", b"\xfd\x01", b"\xfd\x09", b"\x01\x01\x01\xfd", b"\x02\x03\x05"):
        peer = lab.peer(port=80)
        peer.send(syn=True, options=options)
    peer = lab.peer(port=80)
    peer.handshake()
    app = listener.accept(peer)
    peer.send(data=b"bad", options=b"\xfd\x00\x00\x00")
    peer.inbox.clear()
    peer.snd_nxt = 1
    peer.send(data=b"good")
    peer.expect_ack(5)
    app.expect(readable=4)
