"""Recordings of packets, and what Wireshark's dissectors think of them."""

from __future__ import annotations

import os
import subprocess
import threading
from pathlib import Path

from network import KERNEL, OURS, Network, wait_for_line

# Bytes. The beginning of a long transfer is as good as all of it, and faster to check.
_LIMIT = 10_000_000

_END_MARK = b"end-of-the-recording"
_NOBODY = "10.0.0.99"

# Packets of ours that are wrong in themselves. Both addresses are asked for: damage to one byte of
# a packet of the kernel's cannot make it look like ours.
_WRONG = (
    f"ip.src == {OURS} && ip.dst == {KERNEL} && "
    '(_ws.malformed || tcp.checksum.status == "Bad" || ip.checksum.status == "Bad")'
)
_OURS = f"ip.src == {OURS} && ip.dst == {KERNEL} && tcp"


class Recording:
    """dumpcap on tun0, from now until `stop`; the first megabytes only.

    dumpcap hands packets on in batches, and forgets the last one when it is ended. So `stop` sends
    a packet of its own first, and waits until that has come out.
    """

    def __init__(self, network: Network, path: Path) -> None:
        self._network = network
        self._path = path
        self._process = network.start(["dumpcap", "-q", "-i", "tun0", "-w", "-"])
        wait_for_line(self._process, "File:")
        self._writer = threading.Thread(target=self._write)
        self._writer.start()

    def _write(self) -> None:
        """Copies what dumpcap says to the file, until the mark or the limit."""
        assert self._process.stdout is not None
        descriptor = self._process.stdout.fileno()
        size, tail = 0, b""
        with self._path.open("wb") as file:
            while size < _LIMIT and _END_MARK not in tail:
                chunk = os.read(descriptor, 1 << 16)
                if not chunk:
                    return
                file.write(chunk)
                size += len(chunk)
                tail = tail[-len(_END_MARK) :] + chunk
        self._process.terminate()

    def stop(self) -> None:
        """Ends the recording; raises AssertionError if a packet of ours in it is wrong."""
        self._network.run("bash", "-c", f"echo {_END_MARK.decode()} > /dev/udp/{_NOBODY}/9")
        self._writer.join()
        self._process.communicate()
        assert_all_ours_are_good(self._path)


def _select(path: Path, display_filter: str) -> list[str]:
    """One line of text for every packet of the file that the filter selects."""
    command: list[str | Path] = ["tshark", "-n", "-r", path, "-Y", display_filter]
    for preference in ("ip.check_checksum:TRUE", "tcp.check_checksum:TRUE"):
        command += ["-o", preference]
    # What is inside TCP is none of our business: random bytes are malformed anything.
    command += ["-d", "tcp.port==1-65535,data"]
    result = subprocess.run(command, capture_output=True, check=False)
    # A file that was cut off at its size limit, or in the midst of being written, is good enough.
    assert result.returncode == 0 or b"cut short" in result.stderr, result.stderr.decode()
    return result.stdout.decode().splitlines()


def wrong_packets(path: Path) -> list[str]:
    """The packets from us that are malformed, or whose IPv4 or TCP checksum is wrong."""
    return _select(path, _WRONG)


def assert_all_ours_are_good(path: Path) -> None:
    """Raises AssertionError if a packet of ours is wrong, or if there is none at all."""
    wrong = wrong_packets(path)
    assert not wrong, f"{len(wrong)} wrong packets in {path}, the first: {wrong[0]}"
    assert _select(path, _OURS), f"no packet of ours in {path}"
