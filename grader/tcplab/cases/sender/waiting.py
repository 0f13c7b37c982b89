"""What the one timer waits for, and what may end the wait before it runs out."""

from __future__ import annotations

from tcplab.case import case
from tcplab.lab import Lab

BUILDS_ON = ("sender.syn-then-data",)


@case(
    "sender.idle-time-is-no-waiting",
    checkpoint=4,
    rfc=["9293 3.8.6.2.1", "MUST-38", "D-SEND-27"],
    rule="Data that waits for more window than a few bytes has its whole wait before it, however"
    " long the sender had nothing to do; and using what there is backs off no RTO.",
    hint="With nothing in flight and nothing to send the timer stands still. Does yours?",
    kills=["sender.timer-runs-when-idle", "sender.timer-never-stops", "sender.override-backs-off"],
)
def idle_time(lab: Lab) -> None:
    data = lab.bytes(6000)
    sender = lab.sender(sws_override_ms=200)
    sender.open(mss=1000, window=5000)
    sender.write(data[:5000])
    sender.expect_data(data[:5000], seq=1)
    sender.receive(ack=5001, window=50, seq=0)
    for ms in (1100, 100):
        sender.tick(ms)
        sender.expect_nothing()
    sender.write(data[5000:])
    sender.expect_nothing()
    sender.tick(199)
    sender.expect_nothing()
    sender.tick(1)
    sender.expect_segment(seq=5001, data=data[5000:5050])
    sender.expect(rto=1000)


@case(
    "sender.probing-begins-with-the-data",
    checkpoint=4,
    rfc=["9293 3.8.6.1", "SHLD-29", "D-SEND-21"],
    rule="A zero window that nothing has waited for is probed one RTO after something does, not"
    " later, however long it has been there.",
    hint="No probe was sent in all that time, so no interval has doubled.",
    kills=["sender.stopped-timer-runs-out", "sender.timer-runs-when-idle"],
)
def probing_begins(lab: Lab) -> None:
    sender = lab.sender()
    sender.open(window=0)
    sender.expect_nothing()
    sender.tick(5000)
    sender.expect_nothing()
    sender.write(b"abcdef")
    sender.expect_nothing()
    sender.tick(1000)
    sender.expect_segment(seq=1, data=b"a")


@case(
    "sender.probing-begins-anew",
    checkpoint=4,
    rfc=["9293 3.8.6.1", "SHLD-29", "SHLD-30", "C-ZWP-2"],
    rule="The interval between probes doubles until the window opens: if it closes again, the first"
    " probe comes after one RTO again.",
    hint="What sets the number of doublings back?",
    kills=["sender.probes-stay-slow"],
)
def probing_begins_anew(lab: Lab) -> None:
    sender = lab.sender()
    sender.open(window=0)
    sender.write(b"abcdef")
    sender.expect_nothing()
    for wait in (1000, 2000):
        sender.tick(wait)
        sender.expect_segment(seq=1, data=b"a")
    sender.receive(ack=2, window=5, seq=1)
    sender.expect_data(b"bcdef", seq=2)
    sender.receive(ack=7, window=0, seq=1)
    sender.write(b"xyz")
    sender.expect_nothing()
    sender.tick(999)
    sender.expect_nothing()
    sender.tick(1)
    sender.expect_segment(seq=7, data=b"x")


@case(
    "sender.probes-have-a-ceiling",
    checkpoint=4,
    rfc=["9293 3.8.6.1", "SHLD-30", "C-ZWP-2", "D-SEND-11"],
    rule="The interval between probes doubles up to the RTO's maximum, wherever that is, and then"
    " stays there.",
    hint="What is 1 doubled 33 times, in 32 bits? And what does a shift by 64 give?",
    kills=["sender.probes-stop-slowing-down"],
)
def probes_have_a_ceiling(lab: Lab) -> None:
    ceiling = 2**31
    sender = lab.sender(rto_initial_ms=1, rto_min_ms=1, rto_max_ms=ceiling)
    sender.open(window=0)
    sender.write(b"abcdef")
    sender.expect_nothing()
    for doublings in range(34):
        wait = min(2**doublings, ceiling)
        sender.tick(wait - 1)
        sender.expect_nothing()
        sender.tick(1)
        sender.expect_segment(seq=1, data=b"a")
        sender.receive(ack=1, window=0, seq=0)


@case(
    "sender.tiny-opening-{when}",
    checkpoint=4,
    rfc=["9293 3.8.6.2.1", "MUST-38", "C-ZWP-3", "D-SEND-27"],
    rule="When a closed window opens by a few bytes only, they are not used at once, also {when};"
    " the wait for more is that for a silly window, no longer one for a probe.",
    hint="The window is open: no probe is due any more, and the timer has a new thing to wait for.",
    each=[
        {"when": "before-a-probe-is-due", "ms": 100},
        {"when": "when-a-probe-is-due", "ms": 1000},
    ],
    kills=["sender.opening-lets-anything-go"],
)
def tiny_opening(lab: Lab, when: str, ms: int) -> None:
    data = lab.bytes(6000)
    sender = lab.sender(sws_override_ms=200)
    sender.open(mss=1000, window=5000)
    sender.write(data)
    sender.expect_data(data[:5000], seq=1)
    sender.receive(ack=5001, window=0, seq=0)
    sender.expect_nothing()
    sender.tick(ms)
    sender.receive(ack=5001, window=50, seq=0)
    sender.expect_nothing()
    sender.tick(199)
    sender.expect_nothing()
    sender.tick(1)
    sender.expect_segment(seq=5001, data=data[5000:5050])


@case(
    "sender.ack-just-before-the-retransmission",
    checkpoint=4,
    rfc=["6298 5.2", "9293 3.4", "9293 3.8.1", "C-RTO-10"],
    rule="The timer has run out, and before anything is sent the acknowledgment is here: then there"
    " is nothing to send again.",
    hint="A retransmission goes from SND.UNA on and not beyond SND.NXT. What lies between them?",
    kills=["sender.retransmission-of-nothing"],
)
def ack_just_before(lab: Lab) -> None:
    sender = lab.sender()
    sender.open()
    sender.write(b"data")
    sender.expect_segment(seq=1, data=b"data")
    sender.tick(1000)
    sender.receive(ack=5, seq=0)
    sender.expect_nothing()
    sender.write(b"more")
    sender.expect_segment(seq=5, data=b"more")


@case(
    "sender.window-opens-by-one",
    checkpoint=4,
    rfc=["9293 3.8.6", "9293 3.8.6.1", "SHLD-16", "D-SEND-28"],
    rule="A window of one byte is open: the first of the bytes in flight is sent again at once.",
    hint="Open is every window that is not zero.",
    kills=["sender.window-of-one-is-closed"],
)
def window_opens_by_one(lab: Lab) -> None:
    data = lab.bytes(500)
    sender = lab.sender()
    sender.open(window=5000)
    sender.write(data)
    sender.expect_segment(seq=1, data=data)
    sender.receive(ack=1, window=0, seq=0)
    sender.expect_nothing()
    sender.receive(ack=1, window=1, seq=0)
    sender.expect_segment(seq=1, data=data[:1])
    sender.expect_nothing()


@case(
    "sender.refused-flight-segment-by-segment",
    checkpoint=4,
    rfc=["9293 3.8.6", "9293 3.8.1", "K-SEND-1", "D-SEND-28"],
    rule="A window has closed over a flight and opens again: the first segment is sent again, and"
    " with each ACK that leaves some of the flight open the next one.",
    hint="The peer has most likely refused all of it: the flight counts as lost up to SND.NXT.",
    kills=["sender.refused-flight-waits-for-the-timer"],
)
def refused_flight(lab: Lab) -> None:
    data = lab.bytes(3000)
    sender = lab.sender()
    sender.open(mss=1000, window=5000)
    sender.write(data)
    sender.expect_data(data, seq=1)
    sender.receive(ack=1, window=0, seq=0)
    sender.expect_nothing()
    sender.receive(ack=1, window=5000, seq=0)
    for at in (1, 1001, 2001):
        sender.expect_segment(seq=at, data=data[at - 1 : at + 999])
        sender.expect_nothing()
        sender.receive(ack=at + 1000, window=5000, seq=0)
    sender.expect_nothing()
    sender.expect(in_flight=0)


@case(
    "sender.timer-runs-from-the-first-segment",
    checkpoint=4,
    rfc=["6298 5.1", "C-RTO-10", "D-SEND-12"],
    rule="A segment that is sent while the timer runs does not start it anew.",
    hint="RFC 6298, 5.1: a segment starts the timer if it is not running. Else it runs on.",
    kills=["sender.each-segment-winds-the-timer"],
)
def timer_runs_from_the_first(lab: Lab) -> None:
    sender = lab.sender(nagle=False)
    sender.open()
    sender.write(b"A")
    sender.expect_segment(seq=1, data=b"A")
    sender.tick(600)
    sender.write(b"B")
    sender.expect_segment(seq=2, data=b"B")
    sender.tick(399)
    sender.expect_nothing()
    sender.tick(1)
    sender.expect_segment(seq=1, begins=b"AB")


# --- the round-trip time ---------------------------------------------------------------------


@case(
    "sender.patience-ends-with-a-sample",
    checkpoint=4,
    rfc=["6298 5.7", "6298 2", "C-RTO-13"],
    rule="The three seconds after a lost SYN are where data begins. The first round trip that is"
    " measured may shorten them.",
    hint="RFC 6298, 5.7, happens once: when the SYN is acknowledged.",
    kills=["sender.patience-for-ever"],
)
def patience_ends(lab: Lab) -> None:
    sender = lab.sender(rto_initial_ms=1000, rto_after_syn_loss_ms=3000)
    sender.expect_segment(syn=True)
    sender.tick(1000)
    sender.expect_segment(syn=True)
    sender.receive(ack=1, seq=0)
    sender.expect(rto=3000)
    sender.write(b"one")
    sender.expect_data(b"one", seq=1)
    sender.tick(100)
    sender.receive(ack=4, seq=0)
    sender.expect(rto=1000)


@case(
    "sender.shorter-round-trip",
    checkpoint=4,
    rfc=["6298 2.3", "C-RTO-3", "D-SEND-15"],
    rule="A sample below SRTT deviates from it as well as one above: 1600 ms, then 800 ms give"
    " 4700 ms.",
    hint="|SRTT - R| has two bars. What is 800 - 1600 without a sign?",
    kills=["sender.deviation-without-bars"],
)
def shorter_round_trip(lab: Lab) -> None:
    sender = lab.sender(rto_initial_ms=50_000)
    sender.expect_segment(syn=True)
    sender.tick(1600)
    sender.receive(ack=1, seq=0)
    sender.expect(rto=4800)
    sender.write(b"data")
    sender.expect_data(b"data", seq=1)
    sender.tick(800)
    sender.receive(ack=5, seq=0)
    sender.expect(rto=4700)


@case(
    "sender.timed-to-its-last-byte",
    checkpoint=4,
    rfc=["6298 3", "6298 2.3", "C-RTO-7", "D-SEND-37"],
    rule="A round trip ends when the segment is acknowledged, not when a part of it is.",
    hint="Which acknowledgment number ends the measurement?",
    kills=["sender.any-ack-is-a-sample"],
)
def timed_to_its_last_byte(lab: Lab) -> None:
    sender = lab.sender()
    sender.expect_segment(syn=True)
    sender.set_mss(1000)
    sender.tick(800)
    sender.receive(ack=1, seq=0)
    sender.write(bytes(1000))
    sender.expect_segment(seq=1, length=1000)
    sender.tick(100)
    sender.receive(ack=501, seq=0)
    sender.tick(1500)
    sender.receive(ack=1001, seq=0)
    sender.expect(rto=2900)


@case(
    "sender.timed-among-others",
    checkpoint=4,
    rfc=["6298 3", "C-RTO-7", "MUST-18"],
    rule="Where segments follow each other faster than they are acknowledged, round trips are"
    " measured all the same: one at a time.",
    hint="What is sent while a segment is being timed does not begin the measurement anew.",
    kills=["sender.timing-begins-anew"],
)
def timed_among_others(lab: Lab) -> None:
    sender = lab.sender(nagle=False, rto_min_ms=1500)
    sender.expect_segment(syn=True)
    sender.tick(800)
    sender.receive(ack=1, seq=0)
    sender.expect(rto=2400)
    for at in range(1, 21):
        sender.write(b"x")
        sender.expect_segment(seq=at, data=b"x")
        sender.tick(400)
        sender.receive(ack=at, seq=0)  # of the one before: it was sent 800 ms ago
    sender.expect(rto=1500)
