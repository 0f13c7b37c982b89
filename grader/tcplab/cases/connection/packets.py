"""Packets that are damaged, odd, or for someone else: RFC 9293, 3.1 and 3.9.2."""

from __future__ import annotations

from typing import Any

from scapy.layers.inet import ICMP
from tcplab.case import case
from tcplab.check import expect_equal
from tcplab.lab import DUT_ADDRESS, TESTER_ADDRESS, Lab
from tcplab.packet import IP, TCP, Raw

BUILDS_ON = ("connection.three-way-handshake",)


@case(
    "connection.payloads-of-any-length",
    checkpoint=5,
    rfc=["9293 3.1", "MUST-2", "MUST-3", "C-CSUM-1", "D-CONN-2", "D-CONN-3"],
    rule="Checksums are right both ways for payloads of any length, odd ones too.",
    hint="The monitors check every packet that leaves; a wrong one is lost on the way to a kernel.",
    kills=[
        "segment.odd-byte-low",
        "segment.checksum-without-payload",
        "segment.length-without-payload",
    ],
    weight=2,
)
def any_length(lab: Lab) -> None:
    peer, app = lab.established()
    app.nagle(False)
    for length in (1, 2, 3, 7, 535, 1459, 1460):
        data = lab.bytes(length - 1) + b"\xff"
        peer.send(data=data)
        peer.expect_ack()
        app.expect_read(data)
        app.write(data)
        peer.expect_data(data)


@case(
    "connection.damaged-segments-are-dropped",
    checkpoint=5,
    rfc=["9293 3.1", "MUST-3", "B-CL-4"],
    rule="A segment with a wrong checksum is dropped silently: nothing in it can be believed.",
    hint="Before anything else is looked at.",
    kills=["segment.checksum-not-verified"],
    weight=3,
)
def damaged(lab: Lab) -> None:
    peer, app = lab.established()
    peer.send(data=b"garbled", bad_checksum=True)
    peer.send(rst=True, bad_checksum=True)
    peer.send(seq=-1000, data=b"x", bad_checksum=True)
    lab.peer(port=81).send(syn=True, bad_checksum=True)
    peer.expect_nothing()
    expect_equal("packets to nobody", [], lab.strays)
    peer.send(data=b"clear..")
    peer.expect_ack(8)
    app.expect_read(b"clear..")


@case(
    "connection.addresses-belong-to-the-checksum",
    checkpoint=5,
    rfc=["9293 3.1", "MUST-3"],
    rule="The pseudo-header tells a segment that has reached the wrong address.",
    hint="Both addresses, the protocol, and the length of the TCP segment.",
    kills=["segment.checksum-not-verified"],
)
def addresses_in_checksum(lab: Lab) -> None:
    peer, app = lab.established()
    whole = IP(src="10.0.0.9", dst=DUT_ADDRESS) / TCP(
        sport=peer.key.remote_port,
        dport=80,
        seq=peer.iss + 1,
        ack=(peer.dut_iss or 0) + 1,
        flags="PA",
    )
    moved = IP(bytes(whole / Raw(b"strange")))
    moved.src = TESTER_ADDRESS
    del moved.chksum  # the IP header's; the segment's stays as it was for 10.0.0.9
    peer.send_raw(moved)
    peer.expect_nothing()
    peer.probe_alive()
    app.expect_read(b"!")


@case(
    "connection.impossible-headers-do-no-harm",
    checkpoint=5,
    rfc=["9293 3.1", "U-2"],
    rule="A data offset below 5 or past the end makes a segment no segment.",
    hint="Look before you read: every offset comes from somebody else.",
    kills=["segment.offset-below-five", "segment.offset-past-the-end"],
    weight=2,
)
def impossible_headers(lab: Lab) -> None:
    peer, app = lab.established()
    for words in (0, 4, 15):
        peer.send(data=b"\x01\x01\x01\x00", tcp={"dataofs": words})
        peer.expect_nothing(for_ms=0)
    for length in (0, 1, 19):
        peer.send_raw(IP(src=TESTER_ADDRESS, dst=DUT_ADDRESS, proto=6) / Raw(bytes(length)))
    peer.expect_nothing()
    peer.probe_alive()
    app.expect_read(b"!")


@case(
    "connection.reserved-bits-mean-nothing-yet",
    checkpoint=5,
    rfc=["9293 3.1", "U-1"],
    rule="Reserved bits are ignored when they come, and zero when we send.",
    hint="The data offset is four bits, the flags are eight; between them is nothing of ours.",
    kills=["segment.offset-with-reserved-bits"],
)
def reserved_bits(lab: Lab) -> None:
    listener = lab.listen(80)
    peer = lab.peer(port=80)
    peer.send(syn=True, reserved=7)
    peer.expect(syn=True, ack=1)
    peer.send(data=b"futuristic", reserved=7)
    peer.expect_ack(11)
    listener.accept(peer).expect_read(b"futuristic")


@case(
    "connection.flags-in-any-company",
    checkpoint=5,
    rfc=["9293 3.1", "SHLD-8", "D-RECV-19"],
    rule="Data is data, whichever of PSH, URG, ECE and CWR come with the ACK flag.",
    hint="Test each flag by itself, never all of them with ==.",
    kills=["connection.flags-compared-as-a-whole"],
    weight=2,
)
def flags_in_company(lab: Lab) -> None:
    peer, app = lab.established()
    total = b""
    for bits in range(16):
        company: dict[str, Any] = {
            name: bool(bits & 1 << at) for at, name in enumerate(("psh", "urg", "ece", "cwr"))
        }
        peer.send(data=bytes([65 + bits]), urgent=1 if company["urg"] else 0, **company)
        total += bytes([65 + bits])
    peer.expect_ack(17)
    app.expect_read(total)


@case(
    "connection.resets-in-any-company",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "D-RECV-19", "U-10"],
    rule="A reset is a reset, whichever other flags come with it.",
    hint="The second check looks at one bit.",
    kills=["connection.reset-ignored"],
)
def resets_in_company(lab: Lab) -> None:
    listener = lab.listen(80)
    for company in ({"psh": True}, {"fin": True}, {"urg": True, "ece": True}, {"ack": 1}):
        peer = lab.peer(port=80)
        with lab.precondition("the opening of a connection"):
            peer.handshake()
            app = listener.accept(peer)
        peer.send(rst=True, **company)  # type: ignore[arg-type]
        peer.expect_nothing(for_ms=0)
        app.expect_error("reset")


@case(
    "connection.ip-options-are-stepped-over",
    checkpoint=5,
    rfc=["9293 3.9.2", "MUST-50", "C-CSUM-2"],
    rule="IP options do not move the TCP header's fields: it begins where the IP header ends.",
    hint="The pseudo-header has the length of the segment, not that of the packet.",
    kills=["connection.not-answering-syn"],
)
def ip_options(lab: Lab) -> None:
    listener = lab.listen(80)
    peer = lab.peer(port=80)
    peer.send(syn=True, ip={"options": b"\x01\x01\x01\x00"})
    peer.expect(syn=True, ack=1)
    peer.snd_nxt = 1
    peer.send(data=b"through", ip={"options": b"\x9e\x06abcd\x01\x00"})
    peer.snd_nxt = 8
    peer.expect_ack(8)
    listener.accept(peer).expect_read(b"through")


@case(
    "connection.padding-is-no-data",
    checkpoint=5,
    rfc=["9293 3.1", "C-CSUM-4", "C-CSUM-5"],
    rule="Bytes behind the IP packet's length are nobody's; fragments and strangers are dropped.",
    hint="The length of the payload follows from the IP header, not from what the wire gave.",
    kills=["connection.unacceptable-not-answered"],
)
def padding(lab: Lab) -> None:
    peer, app = lab.established()
    packet = IP(src=TESTER_ADDRESS, dst=DUT_ADDRESS) / TCP(
        sport=peer.key.remote_port,
        dport=80,
        seq=peer.iss + 1,
        ack=(peer.dut_iss or 0) + 1,
        flags="A",
    )
    peer.send_raw(bytes(packet / Raw(b"real")) + b"junk!!")
    peer.snd_nxt = 5
    peer.expect_ack(5)
    app.expect_read(b"real")
    peer.send(data=b"frag", ip={"frag": 100})
    peer.send(data=b"udp?", ip={"proto": 17})
    peer.send(data=b"six?", ip={"version": 6})
    peer.expect_nothing()
    peer.send(seq=1, data=b"real")
    peer.expect(ack=5, length=0)


@case(
    "connection.syn-from-nowhere",
    checkpoint=5,
    rfc=["9293 3.9.2.3", "MUST-57", "MUST-63", "B-LI-8", "D-CONN-34"],
    rule="A SYN from or to a broadcast or multicast address is dropped without an answer.",
    hint="The answer would go to many, or to nobody.",
    kills=["connection.not-answering-syn"],
)
def syn_from_nowhere(lab: Lab) -> None:
    lab.listen(80)
    peer = lab.peer(port=80)
    for source in ("224.0.0.1", "255.255.255.255", "0.0.0.0", "10.0.0.255"):
        peer.send(seq=0, syn=True, source=source)
    for destination in ("10.0.0.255", "255.255.255.255", "224.0.0.1"):
        peer.send(seq=0, syn=True, destination=destination)
    peer.expect_nothing()
    expect_equal("packets to nobody", [], lab.strays)
    peer.send(seq=0, syn=True)
    peer.expect(syn=True, ack=1)


@case(
    "connection.nobody-connects-to-everybody",
    checkpoint=5,
    rfc=["9293 3.9.1.1", "MUST-46", "MUST-44", "MUST-45"],
    rule="Connecting to a broadcast or multicast address is an error at once.",
    hint="No SYN leaves. A connection to one host works as ever.",
    kills=["connection.syn-ack-not-acknowledged"],
)
def nobody_connects(lab: Lab) -> None:
    for address in ("224.0.0.1", "255.255.255.255", "10.0.0.255"):
        lab.refused_connect(address)
    expect_equal("packets to nobody", [], lab.strays)
    app = lab.connect(7)
    peer = lab.peer_of(app)
    peer.answer_syn()
    app.expect_state("ESTABLISHED")


@case(
    "connection.icmp-does-not-kill",
    checkpoint=5,
    rfc=["9293 3.9.2.2", "MUST-55", "MUST-56", "E-7"],
    rule="ICMP messages of soft errors, and source quench, leave a connection as it was.",
    hint="Anybody can send them. They are hints at most.",
    kills=["connection.unacceptable-not-answered"],
)
def icmp(lab: Lab) -> None:
    peer, app = lab.established()
    quoted = IP(src=DUT_ADDRESS, dst=TESTER_ADDRESS) / TCP(
        sport=80, dport=peer.key.remote_port, seq=(peer.dut_iss or 0) + 1, flags="A"
    )
    for kind, code in ((4, 0), (3, 0), (3, 1), (3, 5), (11, 0), (11, 1), (12, 0)):
        message = IP(src=TESTER_ADDRESS, dst=DUT_ADDRESS) / ICMP(type=kind, code=code)
        peer.send_raw(message / Raw(bytes(quoted)[:28]))
    peer.expect_nothing()
    peer.probe_alive()
    app.expect_read(b"!")
    peer.send(seq=1, data=b"!")
    peer.expect(ack=2, length=0)


@case(
    "connection.urgent-data-stays-in-line",
    checkpoint=5,
    rfc=["9293 3.8.5", "MUST-30", "MUST-31", "U-19", "C-URG-2", "E-6"],
    rule="Urgent data is read like all other, in its place, wherever the pointer points.",
    hint="The urgent pointer marks a place. It takes nothing out of the stream.",
    kills=["connection.urgent-bytes-dropped"],
    weight=2,
)
def urgent(lab: Lab) -> None:
    peer, app = lab.established()
    data = lab.bytes(3000)
    for at in (0, 1000, 2000):
        peer.send(data=data[at : at + 1000], urg=True, urgent=3000 - at)
    peer.expect_ack(3001)
    app.expect_read(data)
    for pointer, urg in ((0, True), (65535, True), (5, False)):
        peer.send(data=b"abc", urg=urg, urgent=pointer)
        peer.expect_ack()
        app.expect_read(b"abc")
