"""Files and streams between our TCP and the kernel's: every byte arrives, in both directions."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from conftest import sha256_of
from network import KERNEL, OURS, PEER, Network, finish, require, stop, wait_for_line


def test_curl_fetches_100_mb(recorded: Network, apps: Path, big_file: Path, tmp_path: Path) -> None:
    """Our server, the kernel's client."""
    require("curl")
    server = recorded.start([apps / "tcphttpd", big_file.parent])
    wait_for_line(server, "listening")
    output = tmp_path / "big"

    finish(recorded.start(["curl", "-sS", "-o", output, f"http://{OURS}/big"]))
    assert sha256_of(output) == sha256_of(big_file)
    output.unlink()
    stop(server)


def test_tcpget_fetches_100_mb(
    recorded: Network, apps: Path, big_file: Path, tmp_path: Path
) -> None:
    """The kernel's server, our client."""
    command = [sys.executable, "-u", "-m", "http.server", "--bind", KERNEL]
    server = recorded.start([*command, "--directory", big_file.parent, "8000"])
    assert server.stdout is not None and server.stdout.readline().startswith(b"Serving HTTP")
    output = tmp_path / "big"

    finish(recorded.start([apps / "tcpget", "-o", output, f"http://{KERNEL}:8000/big"]))
    assert sha256_of(output) == sha256_of(big_file)
    output.unlink()


def test_curl_keeps_the_connection(recorded: Network, apps: Path, big_file: Path) -> None:
    """Three requests, one connection."""
    server = recorded.start([apps / "tcphttpd", big_file.parent])
    wait_for_line(server, "listening")
    command = ["curl", "-sSI", "--write-out", "%{http_code} %{num_connects}\n"]

    output = recorded.run(*command, *[f"http://{OURS}/tenth"] * 3).splitlines()
    assert [line for line in output if line[:4] == "200 "] == ["200 1", "200 0", "200 0"]
    stop(server)


@pytest.mark.parametrize(
    "path, status",
    [("/../secret", 403), ("/%2e%2e/secret", 403), ("/link", 403), ("/nothing", 404), ("/%", 400)],
)
def test_nothing_outside_the_folder_is_served(
    network: Network, apps: Path, tmp_path: Path, path: str, status: int
) -> None:
    """However the path is written."""
    folder = tmp_path / "www"
    folder.mkdir()
    (tmp_path / "secret").write_text("secret")
    (folder / "link").symlink_to("../secret")
    server = network.start([apps / "tcphttpd", folder])
    wait_for_line(server, "listening")

    command = ["curl", "-sS", "--path-as-is", "--write-out", "%{http_code}", "-o", "/dev/null"]
    assert network.run(*command, f"http://{OURS}{path}") == str(status)
    stop(server)


def _converse(
    first: subprocess.Popen[bytes], second: subprocess.Popen[bytes], answer: Path, payload: bytes
) -> None:
    """`first` sends and ends its side; when all of that has come out of `second`, this one sends.

    `answer` is where `first` writes to: a file, since nobody reads a pipe at that time.
    """
    there, back = payload[:3_000_000], payload[3_000_000:5_000_000]
    assert second.stdout is not None
    feeder = threading.Thread(target=finish, args=(first, there))
    feeder.start()
    assert second.stdout.read(len(there)) == there
    assert finish(second, back) == b""
    feeder.join()
    assert answer.read_bytes() == back


def test_nc_connects_and_ends_its_side_first(
    recorded: Network, apps: Path, payload: bytes, tmp_path: Path
) -> None:
    """nc's half-close ends one direction; ours carries on."""
    ours = recorded.start([apps / "tcpcat", "--listen", "80"], stdin=subprocess.PIPE)
    wait_for_line(ours, "listening")
    with (tmp_path / "answer").open("wb") as answer:
        peer = recorded.start(["nc", "-N", OURS, "80"], stdin=subprocess.PIPE, stdout=answer)
    _converse(peer, ours, tmp_path / "answer", payload)


def test_nc_connects_and_we_end_our_side_first(
    recorded: Network, apps: Path, payload: bytes, tmp_path: Path
) -> None:
    """Our half-close ends one direction; nc's carries on."""
    command: list[str | Path] = [apps / "tcpcat", "--listen", "80"]
    with (tmp_path / "answer").open("wb") as answer:
        ours = recorded.start(command, stdin=subprocess.PIPE, stdout=answer)
    wait_for_line(ours, "listening")
    peer = recorded.start(["nc", "-N", OURS, "80"], stdin=subprocess.PIPE)
    _converse(ours, peer, tmp_path / "answer", payload)


def test_nc_listens_and_ends_its_side_first(
    recorded: Network, apps: Path, payload: bytes, tmp_path: Path
) -> None:
    """The other way round is not possible: `nc -l` stops sending when its peer has ended."""
    command = ["nc", "-v", "-n", "-N", "-l", KERNEL, "80"]
    with (tmp_path / "answer").open("wb") as answer:
        peer = recorded.start(command, stdin=subprocess.PIPE, stdout=answer)
    wait_for_line(peer, "Listening")
    ours = recorded.start([apps / "tcpcat", KERNEL, "80"], stdin=subprocess.PIPE)
    _converse(peer, ours, tmp_path / "answer", payload)


def test_we_connect_and_end_our_side_first(recorded: Network, apps: Path, payload: bytes) -> None:
    """The peer answers only after our end."""
    data = payload[:3_000_000]
    peer = recorded.start([*PEER, "echo-all", "80"])
    wait_for_line(peer, "listening")

    ours = recorded.start([apps / "tcpcat", KERNEL, "80"], stdin=subprocess.PIPE)
    assert finish(ours, data) == data
    finish(peer)


def test_fifty_connections_to_us_at_once(recorded: Network, apps: Path) -> None:
    """All of them open before one is used."""
    ours = recorded.start([apps / "tcpcat", "--listen", "--keep", "--echo", "80"])
    wait_for_line(ours, "listening")

    finish(recorded.start([*PEER, "visit", OURS, "80", "50", "200000"]))
    stop(ours)


def test_fifty_connections_from_us_at_once(recorded: Network, apps: Path) -> None:
    """All of them open before one is used."""
    peer = recorded.start([*PEER, "receive", "80", "50", "200000"])
    wait_for_line(peer, "listening")

    finish(recorded.start([apps / "tcpcat", "--echo", "--connections", "50", KERNEL, "80"]))
    finish(peer)


def test_fifty_downloads_at_once(recorded: Network, apps: Path, tmp_path: Path) -> None:
    """curl with fifty connections, as many browsers would come."""
    folder = tmp_path / "www"
    folder.mkdir()
    for number in range(50):
        (folder / f"file{number}").write_text(f"{number}\n" * 20000)
    server = recorded.start([apps / "tcphttpd", folder])
    wait_for_line(server, "listening")

    command: list[str | Path] = ["curl", "-sS", "--parallel", "--parallel-immediate"]
    command += ["--parallel-max", "50", "--output", tmp_path / "file#1"]
    recorded.run(*command, f"http://{OURS}/file[0-49]")
    for number in range(50):
        assert (tmp_path / f"file{number}").read_text() == f"{number}\n" * 20000
    stop(server)
