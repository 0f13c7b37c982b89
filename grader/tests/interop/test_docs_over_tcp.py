"""`./tcplab docs --over-my-tcp`: the handouts through the reference's TCP, byte for byte."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from http.client import HTTPConnection
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

from tcplab.handouts.achievement import words_before
from tcplab.handouts.building import build
from tcplab.handouts.relay import Relay
from tcplab.kit import Kit
from tcplab.work import start as work
from tcplab.work.record import fingerprint, remember

_ROOT = Path(__file__).resolve().parents[3]
_PATIENCE_S = 60
_BIG = 3_000_000


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The handouts, and a big file beside them."""
    folder = tmp_path_factory.mktemp("docs") / "site"
    shutil.copytree(build(Kit(_ROOT))[0], folder)
    (folder / "big").write_bytes(bytes(range(256)) * (_BIG // 256))
    return folder


def start(site: Path, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tcplab", "docs", "--over-my-tcp"]
    return subprocess.Popen(
        [*command, "--out", str(site), "--port", "0", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(_ROOT / "grader")},
    )


@contextmanager
def serving(site: Path, *arguments: str) -> Iterator[str]:
    """The address at which it is served. When it is interrupted, nothing of it is left."""
    process = start(site, *arguments)
    try:
        yield address_from(process)
        family = children_of(process.pid)
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=_PATIENCE_S)
        assert (process.returncode, errors) == (
            130,
            "tcplab: interrupted; nothing was left behind\n",
        )
        assert len(family) >= 3 and not any(Path(f"/proc/{child}").exists() for child in family)
    finally:
        process.kill()
        process.communicate()


def address_from(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None and process.stderr is not None
    line = process.stdout.readline()
    address = re.match(r"http://127\.0\.0\.1:\d+/", line)
    assert address is not None, process.stderr.read()
    return address[0]


def children_of(process: int) -> list[int]:
    text = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii")
    return [int(child) for child in text.split()]


def fetch(address: str) -> bytes:
    with urlopen(address, timeout=_PATIENCE_S) as answer:
        content: bytes = answer.read()
    return content


# --- what a browser does, without one -------------------------------------------------------------


def test_many_at_once(wire: str, site: Path) -> None:
    """Pages by the dozen, six at a time, and a big file among them, over a wire that loses."""
    pages = [path.name for path in site.glob("*.html")] * 2 + ["big"]
    with serving(site, "--tcp", "reference", "--wire", wire, "--loss", "2%") as address:
        with ThreadPoolExecutor(6) as pool:
            for page, content in zip(pages, pool.map(fetch, [address + one for one in pages])):
                assert content == (site / page).read_bytes(), page


def test_connections_may_be_abandoned(wire: str, site: Path) -> None:
    """At once, after the request, in the middle of the answer, or left open without a word."""
    with serving(site, "--tcp", "reference", "--wire", wire) as address:
        place = (str(urlsplit(address).hostname), int(urlsplit(address).port or 0))
        idle = [socket.create_connection(place) for _ in range(6)]
        for request, wanted in (
            (b"", 0),
            (b"GET /big HTTP/1.0\r\n\r\n", 0),
            (b"GET /big HTTP/1.0\r\n\r\n", 1),
        ):
            with socket.create_connection(place, _PATIENCE_S) as browser:
                browser.sendall(request)
                assert len(browser.recv(wanted)) == wanted
        assert fetch(f"{address}big") == (site / "big").read_bytes()
        for one in idle:
            one.close()


def test_half_closed(wire: str, site: Path) -> None:
    """The end of what the browser says is passed on, and the answer comes all the same."""
    with serving(site, "--tcp", "reference", "--wire", wire) as address:
        place = (str(urlsplit(address).hostname), int(urlsplit(address).port or 0))
        with socket.create_connection(place, _PATIENCE_S) as browser:
            browser.sendall(b"GET /run.html HTTP/1.0\r\n\r\n")
            browser.shutdown(socket.SHUT_WR)
            answer = b"".join(iter(lambda: browser.recv(65536), b""))
    assert answer.partition(b"\r\n\r\n")[2] == (site / "run.html").read_bytes()


# --- a TCP that cannot ----------------------------------------------------------------------------


def broken_in(folder: Path, file: str, function: str, statement: str) -> Path:
    """The reference, with a statement more at the beginning of a function."""
    shutil.copytree(_ROOT / "reference", folder)
    head, signature, body = (folder / file).read_text(encoding="utf-8").partition(f"\n{function}(")
    assert signature
    text = head + signature + body.replace("{", f"{{\n    {statement}", 1)
    (folder / file).write_text(text, encoding="utf-8")
    return folder


def test_a_page_that_came_damaged(site: Path, tmp_path: Path) -> None:
    """One byte is lost in it."""
    statement = "if (len > 1000) { data = (const char *)data + 1; len--; }"
    folder = broken_in(tmp_path / "mine", "byte_stream.c", "size_t byte_stream_write", statement)
    process = start(site, "--tcp", str(folder), "--wire", "socketpair")
    output, errors = process.communicate(timeout=_PATIENCE_S)
    assert process.returncode == 2 and output == "", errors
    assert errors.startswith(f"tcplab: the TCP of {folder} cannot carry the handouts yet: ")
    assert " of " in errors and len(errors.splitlines()) == 1


def test_a_tcp_that_dies(wire: str, site: Path, tmp_path: Path) -> None:
    """The sanitizer says where, and the last line that it is over."""
    statement = "if (len > 1000) { len += (size_t)*(volatile const char *)NULL; }"
    folder = broken_in(tmp_path / "mine", "byte_stream.c", "size_t byte_stream_write", statement)
    process = start(site, "--tcp", str(folder), "--wire", wire)
    output, errors = process.communicate(timeout=_PATIENCE_S)
    assert process.returncode == 2 and output == "" and "byte_stream.c:" in errors
    assert errors.splitlines()[-1].startswith("tcplab: the stack has ended with status")


def test_a_silent_tcp() -> None:
    """The relay does not wait for ever, and says that it has."""

    async def scene() -> str:
        server = await asyncio.start_server(lambda here, back: None, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            return await Relay("127.0.0.1", port, patience_s=0.1).first_page(b"")

    assert asyncio.run(scene()) == "the first page has not come within 0.1 s"


def test_an_interrupt_while_it_waits(site: Path) -> None:
    """For the first page, which the skeleton never brings."""
    process = start(site, "--tcp", "skeleton", "--wire", "socketpair")
    while process.poll() is None and len(children_of(process.pid)) < 4:
        os.sched_yield()  # two stacks, a server and the relay
    family = children_of(process.pid)
    process.send_signal(signal.SIGTERM)
    output, errors = process.communicate(timeout=_PATIENCE_S)
    assert (process.returncode, output) == (130, "")
    assert errors.splitlines()[-1] == "tcplab: interrupted; nothing was left behind"
    assert not any(Path(f"/proc/{child}").exists() for child in family)


def test_whose_tcp_has_to_be_said(site: Path) -> None:
    process = start(site)
    _, errors = process.communicate(timeout=_PATIENCE_S)
    assert process.returncode == 2 and "give --tcp" in errors and len(errors.splitlines()) == 1


def test_the_last_checkpoint_is_spoken_of(tmp_path: Path) -> None:
    """As it was found, with the files that there are; of nothing is nothing said."""
    kit, folder = Kit(_ROOT), tmp_path / "mine"
    work.start(kit, folder)
    last = kit.checkpoints()[-1]
    assert words_before(kit, str(folder)) is None and words_before(kit, "reference") is None

    def checked(passed: int, units_failed: int = 0) -> str | None:
        files = fingerprint(folder, last)
        score = 30.0 * passed / 200
        counts = {"passed": passed, "total": 200, "units_failed": units_failed}
        remember(folder, last, files, score=score, **counts)
        return words_before(kit, str(folder))

    assert checked(150) == "checkpoint 5 is not passed yet: 22.5 of 30 points"
    said = "checkpoint 5 is not passed yet: 30 of 30 points, 2 unit tests fail"
    assert checked(200, units_failed=2) == said
    assert checked(200) == "checkpoint 5 is passed; 0, 1, 2, 3 and 4 are not yet"
    for one in kit.checkpoints()[:-1]:
        score, files = float(one.points), fingerprint(folder, one)
        if one.number != 3:
            remember(folder, one, files, score=score, passed=9, total=9, units_failed=0)
    assert words_before(kit, str(folder)) == "checkpoint 5 is passed; 3 is not yet"
    three = kit.checkpoints()[3]
    files = fingerprint(folder, three)
    remember(folder, three, files, score=15.0, passed=9, total=9, units_failed=0)
    assert words_before(kit, str(folder)) == "all 6 checkpoints are passed: congratulations"
    (folder / "segment.c").write_text("", encoding="utf-8")
    assert (
        words_before(kit, str(folder)) == "your files have changed since checkpoint 5 was checked"
    )


class Keeping(SimpleHTTPRequestHandler):
    """Of a server that keeps its connections."""

    protocol_version = "HTTP/1.1"


@contextmanager
def relayed(site: Path) -> Iterator[tuple[socket.socket, subprocess.Popen[bytes]]]:
    """The relay by itself, before such a server, and the socket on which it listens."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Keeping, directory=str(site))) as server:
        Thread(target=server.serve_forever).start()
        with socket.create_server(("127.0.0.1", 0)) as listener:
            command = [sys.executable, "-m", "tcplab.handouts.relay", str(listener.fileno())]
            command += ["127.0.0.1", str(server.server_port), str(site / "index.html"), "10"]
            relay = subprocess.Popen(
                command,
                stdout=subprocess.PIPE,
                pass_fds=[listener.fileno()],
                env={**os.environ, "PYTHONPATH": str(_ROOT / "grader")},
            )
            try:
                yield listener, relay
            finally:
                relay.terminate()
                relay.communicate()
                server.shutdown()


def test_connections_that_are_kept(site: Path) -> None:
    """Browser and server may keep one for several pages; it is counted as one."""
    with relayed(site) as (listener, relay):
        assert relay.stdout is not None and relay.stdout.readline() == b"ready\n"
        counted = iter(relay.stdout.readline, b"")
        host, port = listener.getsockname()
        browser = HTTPConnection(host, port, timeout=_PATIENCE_S)
        for page in ("run.html", "index.html", "run.html"):
            browser.request("GET", f"/{page}")
            assert browser.getresponse().read() == (site / page).read_bytes()
        assert any(line.startswith(b"count 1 1 ") for line in counted)
        browser.close()
        assert any(line.startswith(b"count 0 1 ") for line in counted)
