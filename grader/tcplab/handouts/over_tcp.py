"""The reward: the handouts, in a browser, through the TCP that one has written.

    browser ═══ relay ═══ 10.0.0.1 ── wire ── 10.0.0.2, that TCP ═══ python3 -m http.server
"""

from __future__ import annotations

import os
import select
import shlex
import socket
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tcplab.errors import InfrastructureError
from tcplab.handouts.achievement import where_to_look, words_before
from tcplab.handouts.live import LiveLine
from tcplab.handouts.serving import address_of
from tcplab.harmless import last_lines
from tcplab.kit import Kit
from tcplab.running.ends import OURS, Host, Wiring, say, two_ends
from tcplab.running.processes import descriptor_of, end

_PORT = 80
_LISTENING_S = 20.0  # from the start of Python to the call of listen
_FIRST_PAGE_S = 10.0
_FIRST_PAGE_SLOWLY_S = 60.0  # where the wire may be slow, or the timers are
_WIDTH = 100  # of what is shown of its words
_QUIET = 'log=$1; shift; exec "$@" >"$log" 2>&1'  # it tells of every request


def serve_over(wiring: Wiring, site: Path, listener: socket.socket) -> None:
    """Says how far this TCP has come, if that is known; serves the site until it is interrupted.

    Raises InfrastructureError, in one line, if this TCP cannot carry a page, or dies.
    """
    words = words_before(Kit.find(), wiring.tcp)
    if words:
        say(words)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tcplab-docs-")))
        host, other = stack.enter_context(two_ends(wiring))
        log = folder / "log"
        server = stack.enter_context(host.running(_server(site, log)))
        _await_listening(wiring, host, server, log)
        address, descriptor = address_of(listener), listener.fileno()
        patience_s = _FIRST_PAGE_SLOWLY_S if wiring.rfc_timers or wiring.link else _FIRST_PAGE_S
        command = _relay(site, descriptor, patience_s)
        relay = stack.enter_context(other.running(command, subprocess.PIPE, [descriptor]))
        stack.callback(end, relay)  # it has no reason to linger
        listener.close()  # the relay has it now
        _Conversation(wiring, address, host, server, relay).attend()


def _server(site: Path, log: Path) -> list[str]:
    server = [sys.executable, "-m", "http.server", "--directory", str(site), str(_PORT)]
    return ["sh", "-c", _QUIET, "sh", str(log), *server]


def _await_listening(
    wiring: Wiring, host: Host, server: subprocess.Popen[bytes], log: Path
) -> None:
    with descriptor_of(server) as ended:
        if host.await_event("listening", [ended], _LISTENING_S):
            return
    if host.process.poll() is not None:
        host.check()
    if server.poll() is None:
        raise _unable(wiring, f"a server did not come to listen within {_LISTENING_S:g} s")
    said = last_lines(log.read_text(encoding="utf-8", errors="replace"), 1, _WIDTH)
    raise _unable(wiring, f"no server can listen ({' '.join(said)})")


def _relay(site: Path, descriptor: int, patience_s: float) -> str:
    environment = f"PYTHONPATH={Kit.find().root / 'grader'}"
    words = ["env", environment, sys.executable, "-m", "tcplab.handouts.relay"]
    words += [str(descriptor), OURS, str(_PORT), str(site / "index.html"), str(patience_s)]
    return f"exec {shlex.join(words)}"


@dataclass(frozen=True)
class _Conversation:
    """The processes that are at it, and what is said about them."""

    wiring: Wiring
    address: str  # for the browser
    host: Host
    server: subprocess.Popen[bytes]
    relay: subprocess.Popen[bytes]
    live: LiveLine = field(default_factory=LiveLine)

    def attend(self) -> None:
        """Shows what the relay tells, until one of them ends. Raises InfrastructureError then."""
        try:
            with descriptor_of(self.host.process) as host, descriptor_of(self.server) as server:
                self._listen(host, server)
        finally:
            self.live.end()

    def _listen(self, host: int, server: int) -> None:
        assert self.relay.stdout is not None
        self.live.say("the first page is on its way")
        told, heard = self.relay.stdout.fileno(), b""
        while True:
            ready = select.select([told, host, server], [], [])[0]
            if host in ready:
                self.live.end()
                self.host.check()
            if server in ready:
                raise InfrastructureError("the web server has ended")
            chunk = os.read(told, 4096)
            if not chunk:
                raise InfrastructureError("the relay between browser and wire has ended")
            *lines, heard = (heard + chunk).split(b"\n")
            for line in lines:
                self._hear(line.decode("utf-8", "replace"))

    def _hear(self, line: str) -> None:
        word, _, rest = line.partition(" ")
        if word != "count":
            self.live.clear()
        if word == "failed":
            raise _unable(self.wiring, rest)
        if word == "ready":
            whose = "the reference's TCP" if self.wiring.tcp == "reference" else "your TCP"
            print(f"{self.address} brings the handouts through {whose}; Ctrl-C ends it", flush=True)
        if word == "count":
            self.live.show(*(int(number) for number in rest.split()))


def _unable(wiring: Wiring, why: str) -> InfrastructureError:
    place = where_to_look(Kit.find(), wiring.tcp)
    return InfrastructureError(
        f"the TCP of {wiring.tcp} cannot carry the handouts yet: {why}; {place} says more"
    )
