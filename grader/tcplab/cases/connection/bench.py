"""The connection by itself, and how to get it into each of its states.

No stack and no wire is between the case and the connection, so calls come in an order that no stack
would choose. `in_state` leads to a state by the shortest way; on it three bytes have come from the
peer, which are still to be read, wherever they can come.
"""

from __future__ import annotations

from tcplab.components.connection import ConnectionBench
from tcplab.lab import Lab

OTHER_PORT = 40001
ROOM = 1000  # of the send buffer

BEFORE = ("closed", "listen", "syn-sent", "syn-received")
TAKES_BYTES = ("syn-sent", "syn-received", "established", "close-wait")
PEER_IS_DONE = ("close-wait", "closing", "last-ack", "time-wait")
CLOSED_HERE = ("fin-wait-1", "fin-wait-2", "closing", "last-ack", "time-wait")
STATES = (*BEFORE, "established", "fin-wait-1", "fin-wait-2", *PEER_IS_DONE)
RESETS = ("syn-received", "established", "fin-wait-1", "fin-wait-2", "close-wait")


def in_state(lab: Lab, state: str, **config: int) -> ConnectionBench:
    """A connection in that state. SND.NXT is 1, or 2 behind a FIN."""
    connection = lab.connection(send_capacity=ROOM, ack_delay_ms=0, **config)
    if state in BEFORE:
        _begin(connection, state)
    else:
        connection.establish()
        _go_on(connection, state)
    connection.expect(state=state.upper(), error="none")
    return connection


def _begin(connection: ConnectionBench, state: str) -> None:
    if state == "syn-sent":
        connection.open()
        connection.expect_segment(seq=0, syn=True)
    elif state != "closed":
        connection.open(passive=True)
    if state == "syn-received":
        connection.arrive(0, syn=True)
        connection.expect_segment(seq=0, ack=1, syn=True)


def _go_on(connection: ConnectionBench, state: str) -> None:
    connection.arrive(1, ack=1, data=b"abc")
    connection.drain()
    if state in ("fin-wait-1", "fin-wait-2", "closing", "time-wait"):
        connection.close()
        connection.expect_segment(seq=1, fin=True)
    if state in ("fin-wait-2", "time-wait"):
        connection.arrive(4, ack=2)
    if state in PEER_IS_DONE:
        connection.arrive(4, ack=2 if state == "time-wait" else 1, fin=True)
        connection.expect_segment(ack=5, fin=False)
    if state == "last-ack":
        connection.close()
        connection.expect_segment(seq=1, fin=True)
    connection.drain()
