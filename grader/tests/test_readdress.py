"""Packets of the cases get other addresses and ports, and nothing else of them changes."""

from __future__ import annotations

import pytest

from tcplab.errors import CannotAsk
from tcplab.foreign.readdress import Readdress
from tcplab.monitors.wholeness import ip_problem, tcp_problem
from tcplab.packet import ACK, SYN, Segment, craft


def _readdress() -> Readdress:
    return Readdress("192.168.7.9", "192.168.7.2", 7, 30000, "10.0.0.1", "10.0.0.2", listening=80)


def _packet(port: int = 80, *, bad_checksum: bool = False, source: str = "10.0.0.1") -> bytes:
    return craft(
        source=source,
        destination="10.0.0.2",
        source_port=40000,
        destination_port=port,
        seq=1,
        ack=2,
        flags=ACK,
        window=3,
        data=b"odd",
        bad_checksum=bad_checksum,
    )


def _answer(there: bytes) -> bytes:
    asked = Segment.dissect(there, 0, from_dut=False)
    return craft(
        source=asked.destination,
        destination=asked.source,
        source_port=asked.destination_port,
        destination_port=asked.source_port,
        seq=5,
        ack=6,
        flags=SYN | ACK,
        window=7,
    )


def test_a_packet_goes_to_the_real_port() -> None:
    there = Segment.dissect(_readdress().outgoing(_packet()), 0, from_dut=False)
    assert (there.source, there.source_port) == ("192.168.7.9", 30000)
    assert (there.destination, there.destination_port) == ("192.168.7.2", 7)
    assert there.data == b"odd"


def test_right_checksums_stay_right() -> None:
    there = _readdress().outgoing(_packet())
    assert (ip_problem(there), tcp_problem(there)) == ("", "")


def test_wrong_checksums_stay_wrong() -> None:
    there = _readdress().outgoing(_packet(bad_checksum=True))
    assert (ip_problem(there), tcp_problem(there)) == ("", "a wrong TCP checksum")


def test_the_answer_comes_from_where_the_case_asked() -> None:
    readdress = _readdress()
    back = readdress.incoming(_answer(readdress.outgoing(_packet())))
    assert back is not None
    answer = Segment.dissect(back, 0, from_dut=True)
    assert answer.flow == ("10.0.0.2", 80, "10.0.0.1", 40000)
    assert (ip_problem(back), tcp_problem(back)) == ("", "")


def test_a_port_on_which_nothing_listens_is_never_the_real_one() -> None:
    readdress = _readdress()
    there = readdress.outgoing(_packet(port=7))
    assert Segment.dissect(there, 0, from_dut=False).destination_port != 7
    back = readdress.incoming(_answer(there))
    assert back is not None and Segment.dissect(back, 0, from_dut=True).source_port == 7


def test_packets_of_others_are_not_ours() -> None:
    assert _readdress().incoming(_answer(_readdress().outgoing(_packet()))) is None


def test_other_addresses_cannot_be_asked() -> None:
    with pytest.raises(CannotAsk):
        _readdress().outgoing(_packet(source="10.0.0.99"))
    with pytest.raises(CannotAsk):
        _readdress().outgoing(b"\x45\x00")
