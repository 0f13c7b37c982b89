"""The Linux kernel as a device under test: requests of the command channel, done with sockets.

What labs/given/dut/PROTOCOL.md says of a stack is done by socket calls as far as there are any. For
everything else a CannotAsk says why.
"""

from __future__ import annotations

import errno
import fcntl
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass

from tcplab.dut import Reply, RequestRefused
from tcplab.errors import CannotAsk, NoComponents
from tcplab.foreign.fixed_isn import fix_active, fix_passive
from tcplab.foreign.host import Host
from tcplab.foreign.realtime import RealClock, RealTimeWire
from tcplab.foreign.states import state_of
from tcplab.packet import FlowKey

_TCP_USER_TIMEOUT = 18
_SIOCINQ, _SIOCOUTQ = 0x541B, 0x5411

_ERRORS = {
    errno.ECONNREFUSED: "refused",
    errno.ECONNRESET: "reset",
    errno.EPIPE: "reset",  # Linux's word for a reset that comes behind the peer's FIN
    errno.ETIMEDOUT: "timed-out",
    errno.ECONNABORTED: "aborted",
}

# The knobs of struct tcp_config of which Linux has none, with the value that it happens to have.
_FIXED = {
    "rto_initial_ms": (1000, "the first RTO is always 1 s"),
    "rto_after_syn_loss_ms": (3000, "the RTO after a lost SYN is always 3 s"),
    "recv_capacity": (65535, "its receive buffers have no exact size in bytes"),
    "send_capacity": (65535, "its send buffers have no exact size in bytes"),
    "msl_ms": (30000, "TIME-WAIT always lasts 60 s"),
    "sws_override_ms": (200, "it has no override timer of its own in the SWS rules"),
}


@dataclass
class _Connection:
    """A socket, and what the kernel tells of it only once."""

    socket: socket.socket
    flow: FlowKey
    error: str = "none"
    shut: bool = False

    def note(self, problem: OSError) -> None:
        self.note_number(problem.errno or 0)

    def note_number(self, number: int) -> None:
        if number not in (0, errno.ENOTCONN) and self.error == "none":
            self.error = _ERRORS.get(number, errno.errorcode.get(number, str(number)))


class _Values(dict[str, str]):
    """Values of a reply; one that is missing is one for which the kernel has no words."""

    def __missing__(self, key: str) -> str:
        raise CannotAsk(f"it does not tell '{key}' exactly")


class KernelDevice:
    """One case's kernel. `request` does what the device program of the kit does."""

    def __init__(self, clock: RealClock):
        self.cpu_limit_s = 0.0  # nobody measures it
        self._clock = clock
        self._host: Host | None = None
        self._address = ""
        self._mss: int | None = None
        self._nodelay = False
        self._isn: int | None = None
        self._syn_count: int | None = None
        self._user_timeout_ms: int | None = None
        self._rto_max_ms = 60000
        self._listeners: dict[int, socket.socket] = {}
        self._connections: dict[int, _Connection] = {}
        self._verbs: dict[str, Callable[..., Reply | None]] = {
            "stack.new": self._stack_new,
            "conn.listen": self._listen,
            "conn.unlisten": self._unlisten,
            "conn.accept": self._accept,
            "conn.connect": self._connect,
            "conn.write": self._write,
            "conn.read": self._read,
            "conn.shutdown": self._shutdown,
            "conn.abort": self._abort,
            "conn.release": self._release,
            "conn.nagle": self._nagle,
            "conn.r2": self._r2,
            "conn.state": self._state,
            "clock.advance": self._advance,
            "sync": lambda: None,
        }

    def wire(self) -> RealTimeWire:
        """The wire of this device, there from `stack.new` on."""
        return _LateWire(self)

    @property
    def host(self) -> Host:
        if self._host is None:
            raise CannotAsk("it has no stack yet")
        return self._host

    # --- as the lab sees it ----------------------------------------------------------------------

    def request(self, text: str) -> Reply:
        verb, *words = text.split()
        action = self._verbs.get(verb)
        if action is None:
            if verb.split(".")[0] in ("stack", "conn", "clock"):
                raise CannotAsk(f"it has no request '{verb}'")
            raise NoComponents(f"it has no {verb.split('.')[0]} to be tried by itself")
        self._times: list[int] = []
        self._request = text
        reply = action(*words) or self._reply()
        if self._host is not None:
            self._stamp(self._clock.now)
        return Reply(text, False, reply.words, reply.values, self._times)

    def inject(self, packet: bytes) -> None:
        """Puts a packet on the wire."""
        if self._isn is not None:
            fix_passive(self.host, packet, self._isn)
        self.host.inject(packet)

    def quit(self) -> None:
        """Nothing of the kernel's is freed by us."""
        self.close()

    def close(self) -> None:
        for one in [
            *self._listeners.values(),
            *(each.socket for each in self._connections.values()),
        ]:
            one.close()
        self._listeners.clear()
        self._connections.clear()
        if self._host is not None:
            self._host.close()
            self._host = None

    # --- the stack -------------------------------------------------------------------------------

    def _stack_new(self, *words: str) -> None:
        knobs = dict(word.split("=", 1) for word in words)
        self._address = knobs.pop("address", "10.0.0.2")
        netmask, mtu = knobs.pop("netmask", "255.255.255.0"), int(knobs.pop("mtu", "1500"))
        ttl = int(knobs.pop("ttl", "64"))
        knobs.pop("secret", None)
        isn, fixed = int(knobs.pop("isn", "0")), knobs.pop("fixed_isn", "0") == "1"
        self._isn = isn if fixed else None
        mss = int(knobs.pop("mss", str(mtu - 40)))
        self._mss = mss if mss != mtu - 40 else None
        settings = self._settings({name: int(value) for name, value in knobs.items()})
        self._host = Host(self._address, netmask, mtu, ttl)
        self._host.set_all(settings)

    def _settings(self, config: dict[str, int]) -> dict[str, int | str]:
        """What the knobs of a connection mean for sockets, and for the namespace."""
        settings: dict[str, int | str] = {}
        for name, value in config.items():
            if name in _FIXED and value != _FIXED[name][0]:
                raise CannotAsk(_FIXED[name][1])
        if "rto_max_ms" in config:
            self._rto_max_ms = config["rto_max_ms"]
            settings["tcp_rto_max_ms"] = self._rto_max_ms
        if config.get("rto_min_ms", 1000) != 1000:
            raise CannotAsk("its smallest RTO is set to 1 s here")
        if "ack_delay_ms" in config and not 40 <= config["ack_delay_ms"] <= 200:
            raise CannotAsk("it acknowledges after 40 to 200 ms, as it sees fit")
        self._nodelay = config.get("nagle", 1) == 0
        if "max_syn_retransmissions" in config:
            self._syn_count = config["max_syn_retransmissions"]
            settings["tcp_synack_retries"] = self._syn_count
        if "max_retransmissions" in config:
            settings["tcp_retries2"] = self._retries(config["max_retransmissions"])
        if "user_timeout_ms" in config:
            self._user_timeout_ms = config["user_timeout_ms"]
        return settings

    def _time_of(self, retransmissions: int) -> int:
        """R2 as a time, which RFC 9293, 3.8.3, allows: until the timer expires once more, counted,
        as Linux counts it, from the first retransmission on."""
        return sum(min(1000 << at, self._rto_max_ms) for at in range(1, retransmissions + 1))

    def _retries(self, retransmissions: int) -> int:
        """R2 in Linux's terms: the time that so many retransmissions take if the RTO begins at
        200 ms and doubles. Some numbers cannot be had exactly; then it is more."""
        before = self._time_of(retransmissions - 1)
        return next(at for at in range(1, 256) if 200 * ((2 << at) - 1) > before)

    # --- sockets ---------------------------------------------------------------------------------

    def _new_socket(self) -> socket.socket:
        new = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        new.setblocking(False)
        new.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        new.setsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE, 1)
        if self._nodelay:
            new.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._mss is not None:
            try:
                new.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, self._mss)
            except OSError:
                raise CannotAsk(f"it takes no MSS of {self._mss}") from None
        return new

    def _listen(self, port: str, backlog: str = "16") -> None:
        new = self._new_socket()
        try:
            new.bind((self._address, int(port)))
            new.listen(int(backlog))
        except OSError as error:
            new.close()
            raise self._refused(error) from None
        self._listeners[int(port)] = new

    def _unlisten(self, port: str) -> None:
        self._listeners.pop(int(port)).close()

    def _accept(self, port: str) -> Reply:
        try:
            new, remote = self._listeners[int(port)].accept()
        except BlockingIOError:
            return self._reply("none")
        new.setblocking(False)
        return self._reply(str(self._keep(new, remote)))

    def _connect(self, address: str, port: str, local_port: str = "0") -> Reply:
        new = self._new_socket()
        if self._syn_count is not None:
            new.setsockopt(socket.IPPROTO_TCP, socket.TCP_SYNCNT, max(self._syn_count, 1))
        if self._isn is not None:
            fix_active(new, self._isn)
        try:
            new.bind((self._address, int(local_port)))
            new.connect((address, int(port)))
        except BlockingIOError:
            pass
        except OSError as error:
            new.close()
            raise self._refused(error) from None
        return self._reply(str(self._keep(new, (address, int(port)))))

    def _keep(self, new: socket.socket, remote: tuple[str, int]) -> int:
        local = new.getsockname()
        if self._user_timeout_ms is not None:
            self._set_user_timeout(new, self._user_timeout_ms)
        identity = len(self._connections)
        self._connections[identity] = _Connection(new, FlowKey(local[0], local[1], *remote))
        return identity

    @staticmethod
    def _set_user_timeout(one: socket.socket, ms: int) -> None:
        one.setsockopt(socket.IPPROTO_TCP, _TCP_USER_TIMEOUT, ms)

    # --- connections -----------------------------------------------------------------------------

    def _write(self, identity: str, text: str) -> Reply:
        one, data = self._connections[int(identity)], _bytes(text)
        if state_of(one.flow) in ("SYN-SENT", "SYN-RECEIVED"):
            raise CannotAsk("a socket takes no bytes before its connection is established")
        taken = 0
        while taken < len(data):
            try:
                taken += one.socket.send(data[taken:], socket.MSG_NOSIGNAL)
            except BlockingIOError:
                break
            except OSError as problem:
                if not one.shut:
                    one.note(problem)
                break
        return self._reply(str(taken))

    def _read(self, identity: str, limit: str) -> Reply:
        one, left = self._connections[int(identity)], int(limit)
        got, ended = b"", False
        while left and not ended:
            try:
                more = one.socket.recv(left)
            except BlockingIOError:
                break
            except OSError as problem:
                one.note(problem)
                break
            got, left, ended = got + more, left - len(more), not more
        eof = ended or self._is_at_end(one)
        return self._reply(got.hex() or "-", eof=str(int(eof)))

    @staticmethod
    def _is_at_end(one: _Connection) -> bool:
        """Everything was read, and the peer has closed."""
        if one.error != "none":
            return False
        try:
            return one.socket.recv(1, socket.MSG_PEEK) == b""
        except BlockingIOError:
            return False
        except OSError as problem:
            one.note(problem)
            return False

    def _shutdown(self, identity: str) -> None:
        one = self._connections[int(identity)]
        opening = state_of(one.flow) == "SYN-SENT"
        try:
            one.socket.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # there is no connection any more: nothing to shut
        one.shut = True
        if opening:  # the socket says ECONNRESET now, though nobody else has done anything
            one.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)

    def _abort(self, identity: str) -> None:
        one = self._connections[int(identity)]
        self._take_error(one)
        if state_of(one.flow) != "CLOSED" and one.error == "none":
            one.error = "aborted"
        one.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        one.socket.close()

    def _release(self, identity: str) -> None:
        self._connections[int(identity)].socket.close()

    def _nagle(self, identity: str, on: str) -> None:
        one = self._connections[int(identity)].socket
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, int(on == "0"))

    def _r2(self, identity: str, retransmissions: str) -> None:
        one = self._connections[int(identity)].socket
        self._set_user_timeout(one, self._time_of(int(retransmissions)))

    def _state(self, identity: str) -> Reply:
        one = self._connections[int(identity)]
        values = _Values(
            state=state_of(one.flow),
            local_port=str(one.flow.local_port),
            remote_port=str(one.flow.remote_port),
        )
        if one.socket.fileno() >= 0:
            self._take_error(one)
            eof = self._is_at_end(one)
            values["eof"] = str(int(eof))
            values["readable"] = str(_queued(one.socket, _SIOCINQ))
            values["unacknowledged"] = str(_queued(one.socket, _SIOCOUTQ))  # with the FIN
        values["error"] = one.error
        return Reply("", False, [], values, [])

    @staticmethod
    def _take_error(one: _Connection) -> None:
        if one.socket.fileno() >= 0:
            one.note_number(one.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))

    # --- time ------------------------------------------------------------------------------------

    def _advance(self, ms: str) -> None:
        end = self._clock.live() + int(ms)
        self._stamp(self._clock.now)
        while (left := end - self._clock.live()) > 0:
            self.host.wait(left)
            self._stamp(self._clock.live())
        self._clock.sample()

    def _stamp(self, now: int) -> None:
        self._times += [now] * (self.host.gather() - len(self._times))

    # --- inside ----------------------------------------------------------------------------------

    def _reply(self, *words: str, **values: str) -> Reply:
        return Reply("", False, list(words), _Values(values), [])

    def _refused(self, error: OSError) -> RequestRefused:
        name = errno.errorcode.get(error.errno or 0, "EIO")
        return RequestRefused(self._request, f"{name} {error.strerror}")


class _LateWire(RealTimeWire):
    """The wire of a host that may not be there yet."""

    def __init__(self, device: KernelDevice):
        super().__init__()
        self._device = device

    def inject(self, packet: bytes) -> None:
        self._device.inject(packet)

    def gather(self) -> int:
        return self._device.host.gather()

    def wait(self, ms: int) -> None:
        self._device.host.wait(ms)

    def collect(self) -> list[bytes]:
        return self._device.host.collect()

    def close(self) -> None:
        self._device.close()


def _bytes(text: str) -> bytes:
    return b"" if text == "-" else bytes.fromhex(text)


def _queued(one: socket.socket, question: int) -> int:
    try:
        return int(struct.unpack("i", fcntl.ioctl(one, question, bytes(4)))[0])
    except OSError:
        return 0
