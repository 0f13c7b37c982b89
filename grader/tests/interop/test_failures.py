"""What our programs and the kernel say when a connection cannot be, or breaks."""

from __future__ import annotations

import subprocess
from pathlib import Path

from network import KERNEL, OURS, PEER, Network, finish, stop, wait_for_line

# Patience of less than a second.
_IMPATIENT = ["--rto-initial", "30", "--rto-min", "30", "--rto-max", "100"]
_IMPATIENT += ["--retries", "3", "--syn-retries", "3"]


def test_our_closed_port_refuses(recorded: Network, apps: Path) -> None:
    """RFC 9293, 3.10.7.1: the SYN is answered by a reset."""
    ours = recorded.start([apps / "tcpcat", "--listen", "--keep", "--discard", "80"])
    wait_for_line(ours, "listening")

    assert recorded.run(*PEER, "connect", OURS, "81") == "ECONNREFUSED\n"
    assert recorded.run(*PEER, "connect", OURS, "80") == "ok\n"
    stop(ours)


def test_a_closed_port_of_the_kernel_refuses_us(recorded: Network, apps: Path) -> None:
    """RFC 9293, 3.10.7.3."""
    ours = recorded.start([apps / "tcpcat", KERNEL, "80"])

    _, errors = ours.communicate()
    assert ours.returncode == 1
    assert errors == b"tcpcat: cannot connect to 10.0.0.1:80: Connection refused\n"


def test_a_host_that_is_not_there_times_out(recorded: Network, apps: Path) -> None:
    """RFC 9293, 3.8.3: R2 for SYN segments. Nobody has the address 10.0.0.77."""
    ours = recorded.start([apps / "tcpcat", *_IMPATIENT, "10.0.0.77", "80"])

    _, errors = ours.communicate()
    assert ours.returncode == 1
    assert errors == b"tcpcat: cannot connect to 10.0.0.77:80: Connection timed out\n"
    # The recording must not be without a packet from us to the kernel.
    recorded.start([apps / "tcpcat", KERNEL, "80"]).communicate()


def test_a_peer_that_vanishes_times_out(network: Network, apps: Path) -> None:
    """RFC 9293, 3.8.3: R2 for data. The kernel's interface goes down in mid-connection."""
    peer = network.start([*PEER, "hold", "80"])
    wait_for_line(peer, "listening")
    ours = network.start([apps / "tcpcat", *_IMPATIENT, KERNEL, "80"], stdin=subprocess.PIPE)
    wait_for_line(peer, "connected")

    network.run("ip", "link", "set", "tun0", "down")
    _, errors = ours.communicate(b"Are you still there?")
    assert ours.returncode == 1
    assert errors == b"tcpcat: connection failed: Connection timed out\n"


def test_a_peer_that_is_killed_resets_us(recorded: Network, apps: Path) -> None:
    """A kernel whose program has died with our bytes unread sends a reset."""
    peer = recorded.start([*PEER, "hold", "80"])
    wait_for_line(peer, "listening")
    ours = recorded.start([apps / "tcpcat", KERNEL, "80"], stdin=subprocess.PIPE)
    wait_for_line(peer, "connected")
    assert ours.stdin is not None

    peer.kill()
    peer.wait()
    # The kernel has closed in order. What we send now reaches nobody.
    _, errors = ours.communicate(b"x" * 100_000)
    assert ours.returncode == 1
    assert errors == b"tcpcat: connection failed: Connection reset by peer\n"


def test_a_server_that_stops_resets_its_peers(recorded: Network, apps: Path) -> None:
    """SIGTERM ends our server in order, and nobody is left waiting."""
    ours = recorded.start([apps / "tcpcat", "--listen", "--keep", "--echo", "80"])
    wait_for_line(ours, "listening")
    peer = recorded.start(["nc", OURS, "80"], stdin=subprocess.PIPE)
    assert peer.stdin is not None and peer.stdout is not None
    peer.stdin.write(b"hello\n")
    peer.stdin.flush()
    assert peer.stdout.readline() == b"hello\n"

    stop(ours)
    peer.wait()


def test_wrong_usage_is_one_line_and_status_2(network: Network, apps: Path) -> None:
    """All programs alike."""
    for program in ("tcpcat", "tcphttpd", "tcpget", "tcpbench"):
        for wrong in (["--loss", "nonsense", "x"], ["--no-such-option"], ["1", "2", "3"]):
            process = network.start([apps / program, *wrong])
            output, errors = process.communicate()
            assert process.returncode == 2, (program, wrong, errors)
            assert output == b""
            assert errors.startswith(program.encode() + b": ") and errors.count(b"\n") == 1
        assert network.run(apps / program, "--help").startswith("usage: " + program)


def test_tcpbench_measures(recorded: Network, apps: Path) -> None:
    """A short run against the kernel; what the figures are does not matter here."""
    output = recorded.run(apps / "tcpbench", "--seconds", "1", "--only", "stack-*")
    assert "stack-to-kernel-throughput" in output
    assert "stack-to-kernel-connections" in output


def test_tcpbench_measures_itself_without_a_tun(apps: Path) -> None:
    """No rights are needed for that, nor a network."""
    command: list[str | Path] = [
        apps / "tcpbench",
        "--self",
        "--seconds",
        "1",
        "--json",
        "--only",
        "*-throughput",
    ]
    result = subprocess.run(command, capture_output=True, check=True)
    assert b'"unit": "Gbit/s"' in result.stdout


def test_the_kernel_counts_no_error_of_ours(network: Network, apps: Path) -> None:
    """Neither a checksum error nor a bad segment arrives at the kernel over a good link."""
    ours = network.start([apps / "tcpcat", "--listen", "--keep", "--echo", "80"])
    wait_for_line(ours, "listening")
    finish(network.start([*PEER, "visit", OURS, "80", "5", "1000000"]))

    counters = network.counters()
    assert counters["InErrs"] == 0 and counters["InCsumErrors"] == 0
    stop(ours)
