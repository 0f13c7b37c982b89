"""The bench on which a case works: components, the stack under test, its peers, and the clock.

A case gets one `Lab`, fresh, with a device under test of its own. Everything on it is made on first
use. Each call is a step of the transcript, and checks by itself what it is told to expect.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tcplab.app import App, Listener
from tcplab.capture import AppAction, Capture
from tcplab.clock import Clock
from tcplab.components.connection import ConnectionBench
from tcplab.components.receiver import ReceiverBench
from tcplab.components.reassembler import ReassemblerBench
from tcplab.components.segment import SegmentBench
from tcplab.components.sender import SenderBench
from tcplab.components.seqno import SeqnoBench
from tcplab.components.stream import StreamBench
from tcplab.dut import Device, Reply, RequestRefused
from tcplab.errors import CannotAsk, CaseFailed, DutHung, DutNonsense, PreconditionFailed
from tcplab.packet import FlowKey, Segment
from tcplab.peer import Peer
from tcplab.stack import StackOptions
from tcplab.transcript import Transcript
from tcplab.wire import MOST_AT_ONCE, Wire

TESTER_ADDRESS = "10.0.0.1"
DUT_ADDRESS = "10.0.0.2"
_FIRST_TESTER_PORT = 40000
# Packets. A request of the cases makes a sound stack send some ten, a whole case some thirty; one
# that cuts a buffer into segments of a few bytes sends many more.
_FLOOD_OF_REQUEST = 1_600
_FLOOD_OF_CASE = 4_000
_FLOOD_INSTEAD = 64  # of an answer
_Bytes = bytes  # `bytes` is a method below


class Lab:
    """See the module's text. `random` is seeded by the run's seed and the case's id."""

    def __init__(
        self,
        case_id: str,
        seed: int,
        start_dut: Callable[[], tuple[Device, Wire]],
        target: str = "",
        start_reference: Callable[[], Device] | None = None,
    ):
        self.case_id = case_id
        self.random = random.Random(f"{seed} {case_id}")
        self.capture = Capture()
        self.transcript = Transcript(now=lambda: self.capture.now_ms)
        self.stack_options: StackOptions | None = None
        self.strays: list[Segment] = []  # packets for nobody that the case has made
        self._start_dut = start_dut
        self._start_reference = start_reference
        self._reference: Device | None = None
        self._dut: Device | None = None
        self._wire: Wire | None = None
        self.packets_received = 0  # from the device
        self.one_by_one = False  # ask one thing at a time, also where many at once are quicker
        self._peers: dict[FlowKey, Peer] = {}
        self._next_port = _FIRST_TESTER_PORT
        self._next_id = 0
        self.clock = Clock(self)
        self.seqno = SeqnoBench(self)
        self.segment = SegmentBench(self)

    # --- components --------------------------------------------------------------------------

    def stream(self, capacity: int) -> StreamBench:
        """A byte stream (checkpoint 1) that buffers `capacity` bytes."""
        return StreamBench.new(self, capacity)

    def reassembler(self, capacity: int) -> ReassemblerBench:
        """A reassembler (checkpoint 2) on a new stream of `capacity` bytes: `.stream`."""
        return ReassemblerBench(self, capacity)

    def receiver(self, *, irs: int | None = None, **config: int) -> ReceiverBench:
        """A receiver (checkpoint 3). Numbers are relative to `irs`, by default a random one."""
        return ReceiverBench(self, self.isn() if irs is None else irs, config)

    def sender(self, *, isn: int | None = None, **config: int) -> SenderBench:
        """A sender (checkpoint 4). Numbers are relative to `isn`, by default a random one."""
        return SenderBench(self, self.isn() if isn is None else isn, config)

    def connection(self, **config: int) -> ConnectionBench:
        """A connection (checkpoint 5) without a stack. Numbers are relative, each way."""
        return ConnectionBench(self, config)

    # --- the stack ---------------------------------------------------------------------------

    def stack(self, **knobs: int | str) -> None:
        """Makes the stack under test (checkpoint 5), at 10.0.0.2/24, unless there is one.

        Knobs: `isn` (fixed; otherwise RFC 6528 with a key of this case), `mtu`, `ttl`, `address`,
        `netmask`, `secret`, and every field of `struct tcp_config`. `mss` follows `mtu`.
        """
        if self.stack_options is not None:
            if knobs:
                raise ValueError("the stack exists already: give its knobs with the first call")
            return
        options = StackOptions.from_knobs(knobs, self.random)
        self.stack_options = options
        self.transcript.step(f"Start the stack at {options.address}{options.describe()}")
        self.request_stack(options.request())

    def listen(self, port: int = 80, backlog: int = 16) -> Listener:
        """The application listens on a port."""
        self.stack()
        self.transcript.step(f"The application listens on port {port}")
        mark = self.capture.mark()
        self.request_stack(f"conn.listen {port} {backlog}")
        self.capture.app(mark, AppAction.LISTEN, None)
        return Listener(self, port)

    def connect(
        self, port: int = 7, *, address: str = TESTER_ADDRESS, local_port: int | None = None
    ) -> App:
        """The application opens a connection to the tester: a SYN should be on the wire now."""
        self.stack()
        self.transcript.step(f"The application connects to {address} port {port}")
        text = f"conn.connect {address} {port}" + (f" {local_port}" if local_port else "")
        mark = self.capture.mark()
        identity = self.request_stack(text).number(0)
        app = App(self, identity)
        app.learn_flow(address)
        self.capture.app(mark, AppAction.CONNECT, app.flow, identity=identity)
        return app

    def refused_connect(self, address: str, port: int = 7) -> str:
        """The application tries to connect; it has to fail at once. Returns the errno's name."""
        self.stack()
        self.transcript.step(f"The application connects to {address} port {port}: not possible")
        try:
            self.request_stack(f"conn.connect {address} {port}")
        except RequestRefused as refusal:
            return refusal.reason.split()[0]
        raise CaseFailed(
            f"connecting to {address} was not refused", "connect", "an error", "success"
        )

    def peer(
        self,
        *,
        port: int = 80,
        tester_port: int | None = None,
        address: str = TESTER_ADDRESS,
        isn: int | None = None,
        window: int = 65535,
        mss: int | None = 1460,
    ) -> Peer:
        """A TCP of the tester's, towards `port` of the stack. It sends nothing by itself."""
        self.stack()
        assert self.stack_options is not None
        if tester_port is None:
            tester_port = self._next_port
            self._next_port += 1
        key = FlowKey(self.stack_options.address, port, address, tester_port)
        peer = Peer(self, key, self.isn() if isn is None else isn, window=window, mss=mss)
        self._peers[key] = peer
        return peer

    def peer_of(
        self, app: App, *, isn: int | None = None, window: int = 65535, mss: int | None = 1460
    ) -> Peer:
        """The tester's end of a connection that the application has begun."""
        assert app.flow is not None
        iss = self.isn() if isn is None else isn
        return self.adopt(Peer(self, app.flow, iss, window=window, mss=mss))

    def adopt(self, peer: Peer) -> Peer:
        """Lets a peer have the packets of its connection, those already here included."""
        self._peers[peer.key] = peer
        mine = [segment for segment in self.strays if segment.flow == peer.key]
        self.strays = [segment for segment in self.strays if segment.flow != peer.key]
        for segment in mine:
            peer.take(segment)
        return peer

    def established(
        self,
        *,
        port: int = 80,
        isn: int | None = None,
        window: int = 65535,
        mss: int | None = 1460,
        **knobs: int | str,
    ) -> tuple[Peer, App]:
        """A connection that the tester has opened; the stack was passive. Knobs as for `stack`,
        but `isn` is the tester's; `dut_isn` fixes the stack's."""
        with self.precondition("the passive opening of a connection"):
            if knobs or self.stack_options is None:
                self.stack(**_rename_isn(knobs))
            listener = self.listen(port)
            peer = self.peer(port=port, isn=isn, window=window, mss=mss)
            peer.handshake()
            return peer, listener.accept(peer)

    def established_by_dut(
        self,
        *,
        port: int = 7,
        isn: int | None = None,
        window: int = 65535,
        mss: int | None = 1460,
        **knobs: int | str,
    ) -> tuple[Peer, App]:
        """A connection that the stack's application has opened to the tester."""
        with self.precondition("the active opening of a connection"):
            if knobs or self.stack_options is None:
                self.stack(**_rename_isn(knobs))
            app = self.connect(port)
            peer = self.peer_of(app, isn=isn, window=window, mss=mss)
            peer.answer_syn()
            app.expect_state("ESTABLISHED")
            return peer, app

    @contextmanager
    def precondition(self, what: str) -> Iterator[None]:
        """What fails inside makes the case `not run`: it is not what the case is about."""
        self.transcript.grounds.append(what)
        try:
            yield
        except (CaseFailed, RequestRefused) as problem:
            raise PreconditionFailed(f"not reached, because {what} failed: {problem}") from problem

    def isn(self) -> int:
        """A random initial sequence number, the same for the same seed."""
        return self.random.getrandbits(32)

    def bytes(self, length: int) -> _Bytes:
        """Random bytes, the same for the same seed."""
        return self.random.randbytes(length)

    # --- for the vocabulary, not for cases ---------------------------------------------------

    @property
    def dut(self) -> Device:
        if self._dut is None:
            self._dut, self._wire = self._start_dut()
        return self._dut

    def reference(self) -> Device:
        """A device made of the reference, without a wire: to measure against."""
        if self._reference is None:
            if self._start_reference is None:
                raise CannotAsk("there is no reference to compare with")
            self._reference = self._start_reference()
        return self._reference

    @property
    def dut_if_started(self) -> Device | None:
        return self._dut

    def restart(self) -> None:
        """Ends the device and starts another one: for cases that go on after a crash. What was made
        on the first one is gone."""
        if self._dut is not None:
            self._dut.close()
        self._dut, self._wire = self._start_dut()

    def new_id(self) -> int:
        """An unused ID for an object of the DUT."""
        self._next_id += 1
        return self._next_id % 1024

    def request(self, text: str) -> Reply:
        """A request that does not concern the wire."""
        return self.dut.request(text)

    def request_stack(self, text: str) -> Reply:
        """A request that does: afterwards all packets that came of it are with their peers."""
        dut = self.dut
        self.capture.begin_exchange()
        reply = dut.request(text)
        self._collect(reply)
        before = self.packets_received
        while reply.more:
            if self.packets_received - before > _FLOOD_OF_REQUEST:
                raise DutNonsense(
                    f"a flood: more than {_FLOOD_OF_REQUEST:,} packets", f"of '{text[:60]}'"
                )
            reply = dut.request("continue")
            self._collect(reply)
        return reply

    def as_flood(self, hung: DutHung) -> DutHung | DutNonsense:
        """Who floods the wire, does not come to answering: what to call a hang of the device."""
        count = len(self._wire.collect()) if self._wire is not None else 0
        if count <= _FLOOD_INSTEAD:
            return hung
        words = f"a flood: {count:,} packets or more instead of an answer"
        return DutNonsense(words, hung.place, hung.report)

    def inject(self, raw: _Bytes, words: str) -> None:
        """Puts a packet on the wire; nothing reads it before the next request."""
        _ = self.dut
        assert self._wire is not None
        event = self.capture.packet(raw, self.clock.now, from_dut=False)
        self.transcript.detail(f"> {words}", event.segment)
        try:
            self._wire.inject(raw)
        except BlockingIOError as error:
            raise DutNonsense("it does not take what is on the wire") from error
        except OSError as error:
            raise DutNonsense(f"it has spoilt the wire ({error.strerror})") from error

    def sync(self) -> None:
        """Lets the stack work off all that is on the wire."""
        self.request_stack("sync")

    def _collect(self, reply: Reply) -> None:
        assert self._wire is not None
        packets = self._wire.collect()
        self.packets_received += len(packets)
        if len(packets) >= MOST_AT_ONCE or self.packets_received > _FLOOD_OF_CASE:
            raise DutNonsense(f"a flood: {self.packets_received:,} packets or more")
        if len(packets) != len(reply.tx):
            raise DutNonsense(
                f"{len(packets)} packets came out of the device, which speaks of {len(reply.tx)}"
            )
        for raw, time_ms in zip(packets, reply.tx):
            self._deliver(raw, time_ms)

    def _deliver(self, raw: _Bytes, time_ms: int) -> None:
        event = self.capture.packet(raw, time_ms, from_dut=True)
        if event.segment is None:
            self.transcript.detail(f"< {event.problem}")
            raise CaseFailed(
                f"the stack sent {event.problem}", "packet", "IPv4 with TCP", raw[:40].hex(" ")
            )
        peer = self._peers.get(event.segment.flow)
        if peer is None:
            words = f"< {event.segment.describe()} (to nobody in particular)"
            self.transcript.detail(words, event.segment)
            self.strays.append(event.segment)
        else:
            peer.take(event.segment)


def _rename_isn(knobs: dict[str, int | str]) -> dict[str, int | str]:
    return {("isn" if name == "dut_isn" else name): value for name, value in knobs.items()}
