"""What a connection gets from its surroundings: ports, numbers, link and time to live."""

from __future__ import annotations

from tcplab.case import case
from tcplab.check import expect_equal, expect_true
from tcplab.dut import RequestRefused
from tcplab.lab import Lab
from tcplab.packet import forward
from tcplab.peer import Peer

BUILDS_ON = ("connection.three-way-handshake",)


@case(
    "connection.numbers-of-two-neighbours",
    checkpoint=5,
    rfc=["9293 3.4.1", "6528 3", "SHLD-1", "MUST-8", "C-ISN-1"],
    rule="At one moment two connections begin with different numbers; later both numbers are later"
    " by about the same.",
    hint="config->isn holds clock and keyed function: a number of your own, or a sum, spoils it.",
    kills=["connection.isn-ignored"],
)
def two_neighbours(lab: Lab) -> None:
    lab.listen(80)
    neighbours = [lab.peer(port=80), lab.peer(port=80)]
    first = [_isn_for(peer) for peer in neighbours]
    lab.clock.advance(50)
    steps = [forward(old, _isn_for(peer)) for old, peer in zip(first, neighbours)]
    expect_true("the two numbers", first[0] != first[1], "different", "the same")
    for step in steps:
        expect_true("the step in 50 ms", 0 < step < 1 << 31, "forward", str(step))
    apart = abs(steps[0] - steps[1])
    expect_true("the two steps", apart <= max(steps) // 2, "about the same", str(steps))


def _isn_for(peer: Peer) -> int:
    """Opens half a connection, takes it back, and forgets it: the stack's number."""
    peer.send(syn=True)
    isn = peer.expect(syn=True, ack=1).seq
    peer.send(rst=True)
    peer.restart()
    return isn


@case(
    "connection.listening-disturbs-nobody",
    checkpoint=5,
    rfc=["9293 3.9.1.1", "MUST-41"],
    rule="To listen on a port, or to stop, leaves the connections on this port as they are.",
    hint="A connection in LISTEN is one of its own. Nothing of it may be shared.",
    kills=["connection.not-answering-syn"],
)
def listening_disturbs_nobody(lab: Lab) -> None:
    listener = lab.listen(80)
    old, new = lab.peer(port=80), lab.peer(port=80)
    with lab.precondition("a first connection"):
        old.handshake()
        app = listener.accept(old)
    try:
        lab.listen(80)
    except RequestRefused:
        pass  # as good as a second listener
    old.probe_alive()
    listener.close()
    old.probe_alive()
    listener = lab.listen(80)
    new.send(syn=True)
    new.expect(syn=True, ack=1)
    new.send()
    listener.accept(new)
    old.probe_alive()
    app.expect_read(b"!!!")


@case(
    "connection.mss-at-an-mtu-of-{mtu}",
    checkpoint=5,
    rfc=["9293 3.7.1", "MAY-3", "SHLD-5", "MUST-65", "MUST-67", "C-MSS-2"],
    rule="The MSS of a SYN is the MTU less 40 ({mtu} - 40), and no other segment has one.",
    hint="Where it is the default of 536 the option may be left out.",
    each=[{"mtu": 576}, {"mtu": 1280}],
    kills=["connection.mss-of-ethernet", "connection.mss-on-every-segment"],
)
def mss_at_mtu(lab: Lab, mtu: int) -> None:
    lab.stack(mtu=mtu)
    listener = lab.listen(80)
    peer = lab.peer(port=80)
    peer.send(syn=True)
    named = peer.expect(syn=True, ack=1).mss
    fine = named == mtu - 40 or (mtu == 576 and named is None)
    expect_true("the MSS option", fine, str(mtu - 40), str(named))
    peer.send(data=b"question")
    later = [peer.expect_ack()]
    app = listener.accept(peer)
    app.write(b"answer")
    later.append(peer.expect(seq=1, data=b"answer"))
    app.close()
    peer.send()
    later.append(peer.expect(fin=True))
    for segment in later:
        expect_equal("an MSS without SYN", None, segment.mss)


@case(
    "connection.time-to-live-of-{ttl}",
    checkpoint=5,
    rfc=["9293 3.9.2", "MUST-49"],
    rule="Every packet of a connection leaves with the time to live that was set.",
    hint="The stack sets it; your segments have to be the ones that leave.",
    each=[{"ttl": 7}, {"ttl": 255}],
    kills=["connection.not-answering-syn"],
)
def time_to_live(lab: Lab, ttl: int) -> None:
    lab.stack(ttl=ttl)
    listener = lab.listen(80)
    peer = lab.peer(port=80)
    peer.send(syn=True)
    seen = [peer.expect(syn=True, ack=1)]
    peer.send()
    app = listener.accept(peer)
    app.write(b"far away")
    seen.append(peer.expect(seq=1, data=b"far away"))
    stranger = lab.peer(port=81)
    stranger.send(syn=True)
    seen.append(stranger.expect_reset())
    for segment in seen:
        expect_equal("the time to live", ttl, segment.raw[8])
