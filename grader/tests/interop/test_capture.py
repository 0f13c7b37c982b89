"""The judge of recordings is judged: it finds each wrong packet of ours, and no other."""

from __future__ import annotations

from pathlib import Path

import pytest
from capture import assert_all_ours_are_good, wrong_packets
from network import KERNEL, OURS, require
from scapy.layers.inet import IP, TCP
from scapy.utils import wrpcap

GOOD = IP(src=OURS, dst=KERNEL) / TCP(sport=80, dport=5000, flags="A") / b"some text"
WRONG = {
    "TCP checksum": IP(src=OURS, dst=KERNEL) / TCP(chksum=1) / b"some text",
    "IP checksum": IP(src=OURS, dst=KERNEL, chksum=1) / TCP() / b"some text",
    "data offset": IP(src=OURS, dst=KERNEL) / TCP(dataofs=4) / b"some text",
    "cut off": IP(src=OURS, dst=KERNEL, proto=6) / b"half",
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_wrong_packet_of_ours_is_found(tmp_path: Path, kind: str) -> None:
    """Among good ones."""
    require("tshark")
    path = tmp_path / "test.pcap"
    wrpcap(str(path), [GOOD, WRONG[kind], GOOD])

    assert len(wrong_packets(path)) == 1
    with pytest.raises(AssertionError, match="1 wrong packets"):
        assert_all_ours_are_good(path)


def test_wrong_packets_of_others_are_not_ours(tmp_path: Path) -> None:
    """The lossy link damages what comes in before we record it."""
    path = tmp_path / "test.pcap"
    wrpcap(str(path), [GOOD, IP(src=KERNEL, dst=OURS) / TCP(chksum=1) / b"some text"])
    assert_all_ours_are_good(path)


def test_a_recording_without_us_proves_nothing(tmp_path: Path) -> None:
    """It would be good for ever."""
    path = tmp_path / "test.pcap"
    wrpcap(str(path), [IP(src=KERNEL, dst=OURS) / TCP()])
    with pytest.raises(AssertionError, match="no packet of ours"):
        assert_all_ours_are_good(path)
