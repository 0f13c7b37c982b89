"""The application on the device under test: what it calls, and what it has to see.

Everything goes over the command channel; packets that come of a call are with their peers when the
call returns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tcplab.capture import AppAction
from tcplab.check import expect_bytes, expect_equal, expect_true
from tcplab.dut import Reply
from tcplab.errors import CaseFailed, DutNonsense
from tcplab.packet import FlowKey
from tcplab.transcript import show_bytes

if TYPE_CHECKING:
    from tcplab.lab import Lab
    from tcplab.peer import Peer

_ALL = 1 << 17


class Listener:
    """A port on which the application listens."""

    def __init__(self, lab: Lab, port: int):
        self._lab = lab
        self.port = port

    def accept(self, peer: Peer | None = None) -> App:
        """Takes the oldest connection whose handshake is complete; there has to be one. If `peer`
        is given, the connection has to be the one with that peer."""
        self._lab.transcript.step(f"The application accepts a connection on port {self.port}")
        mark = self._lab.capture.mark()
        word = self._accept()
        if word == "none":
            raise CaseFailed(
                f"port {self.port} has no connection to accept", "accept", "a connection", "none"
            )
        app = App(self._lab, self._number(word))
        address = peer.key.remote_address if peer else "10.0.0.1"
        app.learn_flow(address)
        if peer is not None:
            expect_equal("the port of the accepted peer", peer.key, app.flow)
        self._lab.capture.app(mark, AppAction.ACCEPT, app.flow, identity=app.identity)
        return app

    def expect_no_connection(self) -> None:
        """There must be no connection to accept."""
        self._lab.transcript.step(f"Expected: no connection to accept on port {self.port}")
        word = self._accept()
        expect_true("accept", word == "none", "no connection", "a connection")

    def close(self) -> None:
        """Stops listening; connections that were not accepted are aborted."""
        self._lab.transcript.step(f"The application stops listening on port {self.port}")
        mark = self._lab.capture.mark()
        self._lab.request_stack(f"conn.unlisten {self.port}")
        self._lab.capture.app(mark, AppAction.UNLISTEN, None)

    def _accept(self) -> str:
        return self._lab.request_stack(f"conn.accept {self.port}").word(0)

    def _number(self, word: str) -> int:
        if not word.isdigit():
            raise DutNonsense(f"'{word[:40]}' is no connection, in the answer to 'conn.accept'")
        return int(word)


class App:
    """One connection, as the application holds it."""

    def __init__(self, lab: Lab, identity: int):
        self._lab = lab
        self.identity = identity
        self.flow: FlowKey | None = None
        self._mark = 0  # where in the capture the last request began

    def learn_flow(self, remote_address: str) -> None:
        """Asks for the ports, so that the application's bytes can be compared with the wire's."""
        state = self._ask("conn.state")
        assert self._lab.stack_options is not None
        self.flow = FlowKey(
            self._lab.stack_options.address,
            state.number_of("local_port"),
            remote_address,
            state.number_of("remote_port"),
        )

    # --- bytes ---------------------------------------------------------------------------------

    def write(self, data: bytes, *, accepts: int | None = None) -> None:
        """Writes; the stack has to take `accepts` bytes, by default all of them."""
        accepts = len(data) if accepts is None else accepts
        self._step(f"writes {show_bytes(data)}")
        taken = self._ask("conn.write", data.hex() or "-").number(0)
        self._record(AppAction.WRITE, data[: min(taken, len(data))])
        expect_equal("the number of bytes that write accepted", accepts, taken)

    def write_some(self, data: bytes) -> int:
        """Writes as much as the stack takes, and returns how much that was."""
        self._step(f"writes up to {len(data)} bytes")
        taken = self._ask("conn.write", data.hex() or "-").number(0)
        expect_true("write", taken <= len(data), f"at most {len(data)} accepted", str(taken))
        self._record(AppAction.WRITE, data[:taken])
        return taken

    def read(self, limit: int = _ALL) -> bytes:
        """Reads up to `limit` bytes, as many as there are now."""
        self._step(f"reads up to {limit} bytes" if limit != _ALL else "reads all there is")
        return self._read(limit)

    def expect_read(self, data: bytes) -> None:
        """Reads exactly these bytes: they have to be there already."""
        self._step(f"reads; expected: {show_bytes(data)}")
        got = b""
        while len(got) < len(data):
            more = self._read(len(data) - len(got))
            if not more:
                break
            got += more
        expect_bytes("the bytes that the application reads", data, got)

    def expect_nothing_to_read(self) -> None:
        """No bytes now, and no end of file either."""
        self._step("reads; expected: nothing there, and no end of file")
        reply = self._ask("conn.read", str(_ALL))
        data = reply.hex(0)
        self._record(AppAction.READ, data)
        expect_bytes("the bytes that the application reads", b"", data)
        expect_equal("end of file", False, reply.flag_of("eof"))

    def expect_eof(self) -> None:
        """Everything was read, and the peer has closed its side."""
        self._step("reads; expected: end of file")
        reply = self._ask("conn.read", "1")
        data = reply.hex(0)
        self._record(AppAction.READ, data)
        expect_bytes("the bytes that the application reads", b"", data)
        expect_equal("end of file", True, reply.flag_of("eof"))
        self._record(AppAction.EOF, b"")

    # --- calls ---------------------------------------------------------------------------------

    def close(self) -> None:
        """Has no more to send: CLOSE. Reading goes on."""
        self._step("closes its side (shutdown)")
        self._ask("conn.shutdown")
        self._record(AppAction.CLOSE, b"")

    def abort(self) -> None:
        """ABORT: the connection ends now."""
        self._step("aborts the connection")
        self._ask("conn.abort")
        self._record(AppAction.ABORT, b"")

    def release(self) -> None:
        """Lets go of the connection altogether; this object is of no use afterwards."""
        self._step("lets go of the connection (release)")
        self._ask("conn.release")
        self._record(AppAction.RELEASE, b"")

    def nagle(self, on: bool) -> None:
        """Switches Nagle's algorithm."""
        self._step(f"switches Nagle's algorithm {'on' if on else 'off'}")
        self._ask("conn.nagle", str(int(on)))
        self._record(AppAction.OPTION, b"")

    def r2(self, retransmissions: int) -> None:
        """Sets R2, as a number of retransmissions."""
        self._step(f"sets R2 to {retransmissions} retransmissions")
        self._ask("conn.r2", str(retransmissions))
        self._record(AppAction.OPTION, b"")

    # --- what it sees --------------------------------------------------------------------------

    def state(self) -> str:
        """The connection's state, as RFC 9293 writes it."""
        return self._ask("conn.state").value("state")

    def expect_state(self, *states: str) -> None:
        """The connection has to be in one of these states."""
        self._step(f"looks at the state; expected: {' or '.join(states)}", whose="state")
        state = self.state()
        expect_true("the state", state in states, " or ".join(states), state)

    def expect_error(self, error: str) -> None:
        """`error` is none, refused, reset, timed-out or aborted."""
        self._step(f"looks at the error; expected: {error}", whose="error")
        expect_equal("the error", error, self._ask("conn.state").value("error"))

    def expect(
        self,
        *,
        readable: int | None = None,
        writable: int | None = None,
        unacknowledged: int | None = None,
        eof: bool | None = None,
    ) -> None:
        """Compares what the connection tells of itself; what is not named is not checked."""
        wanted = {
            name: int(value)
            for name, value in [
                ("readable", readable),
                ("writable", writable),
                ("unacknowledged", unacknowledged),
                ("eof", eof),
            ]
            if value is not None
        }
        self._step("looks; expected: " + ", ".join(f"{n}={v}" for n, v in wanted.items()))
        state = self._ask("conn.state")
        for name, value in wanted.items():
            expect_equal(name, value, state.number_of(name))

    # --- inside --------------------------------------------------------------------------------

    def _step(self, text: str, whose: str = "") -> None:
        self._lab.transcript.step(f"The application {text}")

    def _ask(self, verb: str, *arguments: str) -> Reply:
        self._mark = self._lab.capture.mark()
        return self._lab.request_stack(" ".join([verb, str(self.identity), *arguments]))

    def _read(self, limit: int) -> bytes:
        data = self._ask("conn.read", str(limit)).hex(0)
        if len(data) > limit:
            raise DutNonsense(f"read gave {len(data)} bytes where {limit} were asked for")
        self._record(AppAction.READ, data)
        return data

    def _record(self, action: AppAction, data: bytes) -> None:
        self._lab.capture.app(self._mark, action, self.flow, data, self.identity)
