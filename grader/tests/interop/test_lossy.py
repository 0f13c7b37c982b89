"""Transfers over a link that loses, doubles, reorders and damages packets, in both directions.

The recordings are made by the programs themselves, between their stack and the lossy link: what the
link damages afterwards is not our TCP's fault.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from capture import assert_all_ours_are_good
from conftest import sha256_of
from network import KERNEL, OURS, Network, finish, stop, wait_for_line

_BAD_LINK = ["--loss", "5%", "--dup", "2%", "--reorder", "5%", "--corrupt", "1%"]
# The round-trip time is far below a millisecond here. Waiting a second after each loss, as the RFC
# wants it on the Internet, would make hours of it.
_QUICK_TIMERS = ["--rto-initial", "50", "--rto-min", "5", "--rto-max", "100", "--ack-delay", "2"]
_QUICK_TIMERS += ["--retries", "50"]

pytestmark = pytest.mark.parametrize("seed", [1, 2, 3])


def _let_the_kernel_be_quick(network: Network) -> None:
    """The same for the kernel's retransmission timeout, which is 200 ms at least otherwise."""
    route = ["ip", "route", "change", "10.0.0.0/24", "dev", "tun0", "src", KERNEL]
    network.run(*route, "rto_min", "5ms")


def _assert_that_the_link_was_bad(network: Network) -> None:
    """The kernel has seen damage and loss: a link that does nothing would prove nothing."""
    counters = network.counters()
    assert counters["InCsumErrors"] > 0


def test_we_send_10_mb(
    network: Network, apps: Path, big_file: Path, tmp_path: Path, seed: int
) -> None:
    """Our server, curl."""
    _let_the_kernel_be_quick(network)
    pcap, output = tmp_path / "ours.pcap", tmp_path / "tenth"
    options: list[str | Path] = [*_BAD_LINK, *_QUICK_TIMERS, "--seed", str(seed), "--pcap", pcap]
    server = network.start([apps / "tcphttpd", *options, big_file.parent])
    wait_for_line(server, "listening")

    finish(network.start(["curl", "-sS", "-o", output, f"http://{OURS}/tenth"]))
    assert sha256_of(output) == sha256_of(big_file.parent / "tenth")
    stop(server)
    assert_all_ours_are_good(pcap)
    _assert_that_the_link_was_bad(network)
    pcap.unlink()


def test_we_receive_10_mb(
    network: Network, apps: Path, big_file: Path, tmp_path: Path, seed: int
) -> None:
    """Our client, and the server of Python's library."""
    _let_the_kernel_be_quick(network)
    pcap, output = tmp_path / "ours.pcap", tmp_path / "tenth"
    command = [sys.executable, "-u", "-m", "http.server", "--bind", KERNEL]
    server = network.start([*command, "--directory", big_file.parent, "8000"])
    assert server.stdout is not None and server.stdout.readline().startswith(b"Serving HTTP")

    options: list[str | Path] = [
        *_BAD_LINK,
        *_QUICK_TIMERS,
        "--seed",
        str(seed),
        "--pcap",
        pcap,
        "-o",
        output,
    ]
    finish(network.start([apps / "tcpget", *options, f"http://{KERNEL}:8000/tenth"]))
    assert sha256_of(output) == sha256_of(big_file.parent / "tenth")
    assert_all_ours_are_good(pcap)
    _assert_that_the_link_was_bad(network)
    pcap.unlink()
