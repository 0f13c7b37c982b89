"""Both byte streams of a connection, seen from the wire: the one that the application reads, whose
free space is the window, and the one that it writes, from which lost segments are sent again."""

from __future__ import annotations

from tcplab.case import case
from tcplab.lab import Lab

BUILDS_ON = ("byte_stream.write-then-read",)


@case(
    "byte_stream.window-drains-and-refills",
    checkpoint=1,
    rfc=["9293 3.8.6", "D-BYTE-5"],
    rule="The window closes as the buffer fills and opens as the application reads, each time.",
    hint="After the second round more bytes have passed than the buffer is large.",
    kills=["byte_stream.capacity-is-a-lifetime-total"],
)
def window_drains_and_refills(lab: Lab) -> None:
    peer, app = lab.established(recv_capacity=1000)
    for _ in range(5):
        data = lab.bytes(1000)
        peer.send(data=data[:600])
        peer.expect_ack()
        peer.send(data=data[600:])
        peer.expect_ack()
        app.expect(readable=1000)
        app.expect_read(data)
        peer.expect(ack=peer.snd_nxt, window=1000, within_ms=500)


@case(
    "byte_stream.window-is-the-free-space",
    checkpoint=1,
    rfc=["9293 3.8.6", "K-BYTE-3"],
    rule="While the application reads nothing, each byte that arrives narrows the window by one.",
    hint="The window is made from byte_stream_available.",
    kills=["byte_stream.one-slot-stays-empty"],
)
def window_is_the_free_space(lab: Lab) -> None:
    peer, app = lab.established(recv_capacity=5000)
    for received in (1000, 2400, 2500, 3900, 4999, 5000):
        peer.send(data=lab.bytes(received + 1 - peer.snd_nxt))
        peer.expect(ack=received + 1, window=5000 - received, within_ms=500)
    app.expect(readable=5000)


@case(
    "byte_stream.end-of-file-after-the-last-byte",
    checkpoint=1,
    rfc=["9293 3.6", "D-BYTE-3"],
    rule="The application sees the end of the stream when it has read all of it, not before.",
    hint="The peer has closed, and there are bytes left: is the stream finished?",
    kills=["byte_stream.finished-when-closed"],
)
def end_of_file_after_the_last_byte(lab: Lab) -> None:
    peer, app = lab.established()
    peer.send(data=b"the last words", fin=True)
    peer.expect_ack(16)
    app.expect(readable=14, eof=False)
    app.expect_read(b"the last")
    app.expect(readable=6, eof=False)
    app.expect_read(b" words")
    app.expect_eof()


@case(
    "byte_stream.readable-when-all-is-over",
    checkpoint=1,
    rfc=["9293 3.6", "D-BYTE-4"],
    rule="What has been acknowledged is not lost when the connection ends: the application reads it"
    " even after TIME-WAIT.",
    hint="Closing the stream must leave its bytes alone.",
    kills=["byte_stream.close-throws-away"],
)
def readable_when_all_is_over(lab: Lab) -> None:
    peer, app = lab.established(msl_ms=1000)
    app.close()
    peer.expect_fin()
    peer.send(data=b"for later", fin=True)
    peer.expect_ack(11)
    lab.clock.advance(2100)
    app.expect_state("CLOSED")
    app.expect_read(b"for later")
    app.expect_eof()


@case(
    "byte_stream.send-buffer-fills-and-empties",
    checkpoint=1,
    rfc=["9293 3.8", "9293 3.9.1.2", "K-BYTE-2"],
    rule="Written bytes keep their place until they are acknowledged; then there is room for more.",
    hint="Popping by the acknowledgment and writing at the other end: who counts what?",
    kills=["byte_stream.capacity-is-a-lifetime-total", "byte_stream.all-or-nothing"],
)
def send_buffer_fills_and_empties(lab: Lab) -> None:
    peer, app = lab.established(send_capacity=1000, window=2000, nagle=False)
    data = lab.bytes(2300)
    app.write(data[:1500], accepts=1000)
    peer.expect_data(data[:1000], acknowledge=False)
    app.write(data[1000:1010], accepts=0)
    peer.send(ack=401)
    app.expect(writable=400, unacknowledged=600)
    app.write(data[1000:1900], accepts=400)
    peer.expect_data(data[1000:1400])
    app.write(data[1400:])
    peer.expect_data(data[1400:])
    app.expect(writable=1000, unacknowledged=0)


@case(
    "byte_stream.sent-again-from-the-stream",
    checkpoint=1,
    rfc=["9293 3.8.1", "C-RTO-18", "D-BYTE-1"],
    rule="What is sent again is what was sent before, also where the buffer has gone round its"
    " memory.",
    hint="A peek with a skip, from a read position that has moved: which bytes are those?",
    kills=["byte_stream.second-piece-is-the-first", "byte_stream.peek-runs-over-the-end"],
)
def sent_again_from_the_stream(lab: Lab) -> None:
    peer, app = lab.established(send_capacity=1000, mss=300, nagle=0)
    first, second = lab.bytes(850), lab.bytes(800)
    app.write(first)
    peer.expect_data(first)
    app.write(second)  # the last 650 bytes begin at the beginning of the memory again
    peer.expect_data(second, acknowledge=False)
    peer.expect(seq=851, data=second[:300], not_before_ms=900, within_ms=1500)
    peer.send(ack=1151)
    peer.expect(seq=1151, data=second[300:600], within_ms=3500)
    peer.send(ack=1651)
    app.expect(unacknowledged=0)


@case(
    "byte_stream.close-delivers-what-is-buffered",
    checkpoint=1,
    rfc=["9293 3.6", "U-11", "D-BYTE-4"],
    rule="CLOSE means no more to send: all that was written before still goes out, then the FIN.",
    hint="The FIN follows when the closed stream has been sent to its last byte.",
    kills=["byte_stream.close-throws-away"],
)
def close_delivers_what_is_buffered(lab: Lab) -> None:
    peer, app = lab.established(window=1000)
    data = lab.bytes(4000)
    app.write(data)
    app.close()
    peer.expect_data(data)
    peer.expect_fin(within_ms=1000)
    peer.send(ack=4002)
    app.expect(unacknowledged=0)


@case(
    "byte_stream.byte-by-byte",
    checkpoint=1,
    rfc=["9293 2.2", "K-BYTE-1"],
    rule="A stream has no seams: how it was cut on the way in says nothing about the way out.",
    hint="Only the order of the bytes is kept, not the calls that brought them.",
    kills=["byte_stream.pop-removes-nothing"],
)
def byte_by_byte(lab: Lab) -> None:
    peer, app = lab.established(recv_capacity=8, send_capacity=8)
    data = lab.bytes(12)
    for at in range(12):
        peer.send(data=data[at : at + 1])
        peer.expect_ack()
        app.expect_read(data[at : at + 1])
    for at in range(0, 12, 4):
        app.write(data[at : at + 2])
        app.write(data[at + 2 : at + 4])
        peer.expect_data(data[at : at + 4])
