"""Recordings of packets, and what Wireshark's dissectors think of them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from network import KERNEL, OURS, Network, finish, wait_for_line

# Bytes. The beginning of a long transfer is as good as all of it, and faster to check.
_LIMIT = 10_000_000
_RECORDER = Path(__file__).with_name("recorder.py")

# Packets of ours that are wrong in themselves. Both addresses are asked for: damage to one byte of
# a packet of the kernel's cannot make it look like ours.
_WRONG = (
    f"ip.src == {OURS} && ip.dst == {KERNEL} && "
    '(_ws.malformed || _ws.expert.severity == "Error"'
    ' || tcp.checksum.status == "Bad" || ip.checksum.status == "Bad")'
)
_OURS = f"ip.src == {OURS} && ip.dst == {KERNEL} && tcp"


class Recording:
    """What passes through tun0 from now until `stop`; the first megabytes only."""

    def __init__(self, network: Network, path: Path) -> None:
        self._path = path
        command: list[str | Path] = [sys.executable, _RECORDER, path, str(_LIMIT)]
        self._process = network.start(command, stdin=subprocess.PIPE)
        wait_for_line(self._process, "recording")

    def stop(self) -> None:
        """Ends the recording; raises AssertionError if a packet of ours in it is wrong."""
        finish(self._process)
        assert_all_ours_are_good(self._path)


def _select(path: Path, display_filter: str) -> list[str]:
    """One line of text for every packet of the file that the filter selects."""
    command: list[str | Path] = ["tshark", "-n", "-r", path, "-Y", display_filter]
    for preference in ("ip.check_checksum:TRUE", "tcp.check_checksum:TRUE"):
        command += ["-o", preference]
    # What is inside TCP is none of our business: random bytes are malformed anything.
    command += ["-d", "tcp.port==1-65535,data"]
    result = subprocess.run(command, capture_output=True, check=False)
    assert result.returncode == 0, result.stderr.decode()
    return result.stdout.decode().splitlines()


def wrong_packets(path: Path) -> list[str]:
    """The packets from us that are malformed, or whose IPv4 or TCP checksum is wrong."""
    return _select(path, _WRONG)


def assert_all_ours_are_good(path: Path) -> None:
    """Raises AssertionError if a packet of ours is wrong, or if there is none at all."""
    wrong = wrong_packets(path)
    assert not wrong, f"{len(wrong)} wrong packets in {path}, the first: {wrong[0]}"
    assert _select(path, _OURS), f"no packet of ours in {path}"
