"""Each monitor sees what breaks its rule, and nothing else."""

from __future__ import annotations

import pytest

from scene import Scene
from tcplab.capture import AppAction
from tcplab.packet import ACK, FIN, PSH, RST, SYN, URG

PA = PSH | ACK


def conversation() -> Scene:
    """A whole connection, opened by the tester and closed by both, with data each way."""
    scene = Scene().open()
    scene.tester(PA, 1, 1, data=b"question").wait(40).stack(ACK, 1, 9, window=65527)
    scene.app(AppAction.READ, b"question").app(AppAction.WRITE, b"answer")
    scene.stack(PA, 1, 9, data=b"answer").tester(ACK, 9, 7)
    scene.tester(FIN | ACK, 9, 7).stack(ACK, 7, 10, window=65534).app(AppAction.EOF)
    scene.app(AppAction.CLOSE).stack(FIN | ACK, 7, 10, window=65534).tester(ACK, 10, 8)
    return scene.tester(ACK, 10, 8).stack(RST, 8)


def test_a_proper_conversation_breaks_no_rule() -> None:
    assert conversation().violations() == []


def test_an_active_opening_breaks_no_rule() -> None:
    scene = Scene()
    scene.app(AppAction.CONNECT).stack(SYN, 0, options=[("MSS", 1460)])
    scene.wait(1000).stack(SYN, 0, options=[("MSS", 1460)])
    scene.tester(SYN | ACK, 0, 1).stack(ACK, 1, 1)
    scene.app(AppAction.WRITE, b"x").stack(PA, 1, 1, data=b"x").tester(ACK, 1, 2)
    assert scene.violations() == []


def test_a_simultaneous_opening_breaks_no_rule() -> None:
    scene = Scene().app(AppAction.CONNECT).stack(SYN, 0).tester(SYN, 0)
    scene.stack(SYN | ACK, 0, 1).tester(SYN | ACK, 0, 1).stack(ACK, 1, 1)
    scene.tester(PA, 1, 1, data=b"hello").stack(ACK, 1, 6, window=65530)
    assert scene.violations() == []


def test_resets_for_nobody_break_no_rule() -> None:
    scene = Scene().tester(SYN, 0).stack(RST | ACK, 0, 1).tester(ACK, 5, 77).stack(RST, 77)
    assert scene.violations() == []


# --- MON-1 to MON-4 ------------------------------------------------------------------------------


def damaged(at: int, scene: Scene) -> Scene:
    """The stack's next segment, with one byte changed."""
    scene.app(AppAction.WRITE, b"data").stack(PA, 1, 1, data=b"data")
    raw = scene.last_raw()
    scene.capture.events.pop()
    return scene.raw_from_stack(raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :])


@pytest.mark.parametrize("at", [10, 36, 39, 43], ids=["ip", "tcp", "header", "payload"])
def test_a_wrong_checksum_is_seen(at: int) -> None:
    assert "MON-1" in damaged(at, Scene().open()).broken()


def test_wrong_lengths_and_ttl_are_seen() -> None:
    for fields in ({"ip": {"len": 39}}, {"ip": {"ttl": 0}}):
        assert "MON-1" in Scene().open().stack(ACK, 1, 1, **fields).broken()


@pytest.mark.parametrize(
    "options",
    [b"\xfd\x00\x00\x00", b"\xfd\x01\x00\x00", b"\x01\x01\xfd\x08", b"\x01\x01\x01\xfd"]
    + [b"\x00\x00\x00\x07"],
)
def test_malformed_options_are_seen(options: bytes) -> None:
    assert "MON-2" in Scene().open().stack(ACK, 1, 1, options=options).broken()


def test_reserved_bits_and_data_offset_are_seen() -> None:
    assert "MON-2" in Scene().open().stack(ACK, 1, 1, reserved=1).broken()
    assert "MON-2" in Scene().open().stack(ACK, 1, 1, tcp={"dataofs": 4}).broken()


def test_mss_rules() -> None:
    scene = Scene().open().stack(ACK, 1, 1, options=[("MSS", 1460)])
    assert scene.broken() == ["MON-3"]
    scene = Scene(mtu=600).tester(SYN, 0).stack(SYN | ACK, 0, 1, options=[("MSS", 561)])
    assert scene.broken() == ["MON-3"]


@pytest.mark.parametrize(
    ("peer_mss", "length", "breaks"),
    [(None, 536, False), (None, 537, True), (700, 700, False), (700, 701, True)]
    + [(9000, 1460, False), (1, 536, False)],
)
def test_payload_within_the_mss(peer_mss: int | None, length: int, breaks: bool) -> None:
    data = bytes(length)
    scene = Scene().open(mss=peer_mss).app(AppAction.WRITE, data).stack(PA, 1, 1, data=data)
    assert scene.broken() == (["MON-3"] if breaks else [])


def test_a_segment_without_ack_is_seen() -> None:
    scene = Scene().open().app(AppAction.WRITE, b"x").stack(PSH, 1, data=b"x")
    assert scene.broken() == ["MON-4"]
    assert Scene().tester(SYN, 0).stack(SYN, 0).broken() == ["MON-4"]


# --- MON-5 to MON-8 ------------------------------------------------------------------------------


def test_an_ack_of_nothing_and_a_decreasing_ack_are_seen() -> None:
    scene = Scene().open().tester(PA, 1, 1, data=b"abc").stack(ACK, 1, 5, window=65531)
    assert "MON-5" in scene.broken()
    scene = Scene().open().tester(PA, 1, 1, data=b"abc").stack(ACK, 1, 4, window=65532)
    assert scene.stack(ACK, 1, 1).broken() == ["MON-5"]


def test_an_ack_past_a_hole_is_seen() -> None:
    scene = Scene().open().tester(PA, 11, 1, data=b"abc").stack(ACK, 1, 14, window=65522)
    assert "MON-5" in scene.broken()


def test_an_ack_of_a_segment_with_a_bad_checksum_is_seen() -> None:
    scene = Scene().open().tester(PA, 1, 1, data=b"abc", bad_checksum=True)
    assert "MON-5" in scene.stack(ACK, 1, 4, window=65532).broken()


def test_a_right_edge_that_moves_left_is_seen() -> None:
    scene = Scene().open().tester(PA, 1, 1, data=b"abc").stack(ACK, 1, 4, window=65531)
    assert scene.broken() == ["MON-6"]


def test_data_beyond_the_window_is_seen_and_a_probe_is_not() -> None:
    scene = Scene().open(window=4).app(AppAction.WRITE, b"abcdefgh")
    scene.stack(ACK, 1, 1, data=b"abcd")
    assert scene.broken() == []
    assert scene.wait(1000).stack(ACK, 5, 1, data=b"e").broken() == []
    assert scene.stack(PA, 6, 1, data=b"fgh").broken() == ["MON-7"]


def test_a_window_counts_from_snd_una() -> None:
    """An old segment may acknowledge although its window is no news."""
    scene = Scene().open(window=100).app(AppAction.WRITE, bytes(200))
    scene.stack(ACK, 1, 1, data=bytes(100)).tester(ACK, 6, 98, window=100)
    scene.tester(ACK, 1, 101, window=1).stack(PA, 101, 1, data=bytes(100))
    assert scene.broken() == []


def test_other_bytes_in_a_retransmission_are_seen() -> None:
    scene = Scene().open().app(AppAction.WRITE, b"abcd").stack(PA, 1, 1, data=b"abcd").wait(1000)
    assert "MON-8" in scene.stack(PA, 1, 1, data=b"abXd").broken()


def test_a_fin_that_moves_is_seen() -> None:
    scene = Scene().open().app(AppAction.CLOSE).stack(FIN | ACK, 1, 1).wait(1000)
    assert scene.stack(FIN | ACK, 2, 1).broken() == ["MON-8"]


def test_a_gap_in_the_stream_is_seen() -> None:
    scene = Scene().open().app(AppAction.WRITE, b"abcd").stack(PA, 3, 1, data=b"cd")
    assert scene.broken() == ["MON-8"]


def test_a_syn_again_with_another_number_is_seen() -> None:
    scene = Scene().tester(SYN, 0).stack(SYN | ACK, 0, 1).wait(1000).stack(SYN | ACK, 9, 1)
    assert "MON-8" in scene.broken()


# --- MON-9, MON-12, MON-16 -----------------------------------------------------------------------


def in_flight() -> Scene:
    scene = Scene().open().app(AppAction.WRITE, b"abcd")
    return scene.stack(ACK, 1, 1, data=b"ab").stack(PA, 3, 1, data=b"cd")


def test_an_early_retransmission_is_seen() -> None:
    assert in_flight().wait(998).stack(ACK, 1, 1, data=b"ab").broken() == ["MON-9"]
    assert in_flight().wait(1000).stack(ACK, 1, 1, data=b"ab").broken() == []


def test_reasons_for_an_early_retransmission() -> None:
    scene = in_flight().wait(1)
    for _ in range(3):
        scene.tester(ACK, 1, 1)
    assert scene.stack(ACK, 1, 1, data=b"ab").broken() == []
    scene = in_flight().tester(ACK, 1, 1, window=0).wait(9).tester(ACK, 1, 1, window=900)
    assert scene.stack(PA, 1, 1, data=b"abcd").broken() == []
    scene = in_flight().wait(1000).stack(ACK, 1, 1, data=b"ab").wait(5).tester(ACK, 1, 3)
    assert scene.stack(PA, 3, 1, data=b"cd").broken() == []


def test_a_late_ack_is_seen() -> None:
    scene = Scene().open().tester(PA, 1, 1, data=b"abc").wait(501)
    assert scene.broken() == ["MON-12"]
    scene = Scene().open().tester(PA, 1, 1, data=b"abc").wait(499).stack(ACK, 1, 4, window=65532)
    assert scene.wait(1000).broken() == []


@pytest.mark.parametrize(
    ("seq", "ack", "flags"),
    [(5, 1, PA), (1, 9, PA), (1, 0, PSH)],
    ids=["gap", "ack of unsent data", "no ack"],
)
def test_no_ack_is_owed_for_what_need_not_be_taken(seq: int, ack: int, flags: int) -> None:
    assert Scene().open().tester(flags, seq, ack, data=b"abc").wait(600).broken() == []


def test_a_flood_is_seen() -> None:
    scene = in_flight()
    for _ in range(250):
        scene.wait(2).stack(ACK, 5, 1)
    assert "MON-16" in scene.broken()


# --- MON-10, MON-11, MON-13 ----------------------------------------------------------------------


def test_a_reset_for_a_reset_is_seen() -> None:
    assert Scene().tester(RST | ACK, 1, 1).stack(RST, 1).broken() == ["MON-10"]
    assert Scene().open().tester(RST, 5).stack(RST, 1).broken() == ["MON-10"]


def test_an_ack_for_a_bare_ack_is_seen() -> None:
    assert Scene().open().tester(ACK, 1, 1).tester(ACK, 1, 1).stack(ACK, 1, 1).broken() == [
        "MON-10"
    ]


def test_answers_to_other_segments_are_fine() -> None:
    assert Scene().open().tester(ACK, 0, 1).stack(ACK, 1, 1).broken() == []  # a keep-alive
    assert Scene().open().tester(ACK, 1, 2).stack(ACK, 1, 1).broken() == []  # of unsent data
    assert Scene().open().tester(RST, 2).stack(ACK, 1, 1).broken() == []  # a challenge
    assert Scene().open().tester(URG | ACK, 1, 1).stack(ACK, 1, 1).broken() == []


def test_more_acks_than_segments_are_seen() -> None:
    scene = Scene().open().tester(PA, 1, 1, data=b"abc")
    for _ in range(4):
        scene.stack(ACK, 1, 4, window=65532)
    assert scene.broken() == ["MON-11"]


def test_window_updates_do_not_count() -> None:
    scene = Scene().open().tester(PA, 1, 1, data=b"abc").stack(ACK, 1, 4, window=65532)
    for window in (65533, 65534, 65535):
        scene.stack(ACK, 1, 4, window=window)
    assert scene.broken() == []


def test_segments_of_no_connection_are_seen() -> None:
    assert Scene().tester(ACK, 5, 77).stack(ACK, 77, 5).broken() == ["MON-13"]
    assert Scene().stack(SYN, 0).broken() == ["MON-13"]


def test_talking_after_a_reset_is_seen() -> None:
    scene = in_flight().tester(RST, 1).wait(1000).stack(ACK, 1, 1, data=b"ab")
    assert scene.broken() == ["MON-13"]


def test_talking_after_a_reset_outside_the_window_is_fine() -> None:
    scene = in_flight().tester(RST, 70000).wait(1000).stack(ACK, 1, 1, data=b"ab")
    assert scene.broken() == []


def test_retransmission_after_the_own_reset_is_seen() -> None:
    scene = in_flight().tester(ACK, 1, 1).app(AppAction.ABORT).stack(RST | ACK, 5, 1).wait(1000)
    assert scene.stack(ACK, 1, 1, data=b"ab").broken() == ["MON-13"]


def test_talking_after_last_ack_is_seen() -> None:
    scene = conversation().wait(1000)
    assert scene.stack(FIN | ACK, 7, 10, window=65534).broken() == ["MON-13"]


def test_a_second_connection_on_the_same_ports_is_fine() -> None:
    scene = conversation()
    scene.tester(SYN, 500, window=100).stack(SYN | ACK, 9000, 501).tester(ACK, 501, 9001)
    scene.tester(PA, 501, 9001, data=b"abc").stack(ACK, 9001, 504, window=65532)
    assert scene.broken() == []


# --- MON-14, MON-15 ------------------------------------------------------------------------------


def test_the_last_segment_without_psh_is_seen() -> None:
    scene = Scene().open().app(AppAction.WRITE, b"abcd").stack(ACK, 1, 1, data=b"ab")
    assert scene.broken() == []
    assert scene.stack(ACK, 3, 1, data=b"cd").broken() == ["MON-14"]


def test_bytes_that_nobody_wrote_are_seen() -> None:
    scene = Scene().open().app(AppAction.WRITE, b"abcd").stack(PA, 1, 1, data=b"abXd")
    assert scene.broken() == ["MON-15"]
    scene = Scene().open().app(AppAction.WRITE, b"ab").stack(PA, 1, 1, data=b"abcd")
    assert scene.broken() == ["MON-15"]


def test_bytes_that_nobody_sent_are_seen() -> None:
    scene = Scene().open().tester(PA, 1, 1, data=b"abc").stack(ACK, 1, 4, window=65532)
    assert scene.app(AppAction.READ, b"ab").broken() == []
    assert scene.app(AppAction.READ, b"X").broken() == ["MON-15"]
    scene = Scene().open().tester(PA, 1, 1, data=b"abc").stack(ACK, 1, 4, window=65532)
    assert scene.app(AppAction.READ, b"abcd").broken() == ["MON-15"]


def test_either_copy_of_overlapping_bytes_may_be_delivered() -> None:
    for delivered in (b"abcXYZ", b"abcdYZ", b"abXXYZ"):
        scene = Scene().open().tester(PA, 1, 1, data=b"abcd")
        scene.tester(PA, 3, 1, data=b"XXYZ").stack(ACK, 1, 7, window=65529)
        broken = scene.app(AppAction.READ, delivered).broken()
        assert broken == ([] if delivered != b"abXXYZ" else [])


def test_a_false_end_is_seen() -> None:
    assert Scene().open().app(AppAction.EOF).broken() == ["MON-15"]
    scene = Scene().open().tester(FIN | ACK, 4, 1).stack(ACK, 1, 1).app(AppAction.EOF)
    assert scene.broken() == ["MON-15"]
    scene = Scene().open().tester(FIN | PA, 1, 1, data=b"abc").stack(ACK, 1, 5, window=65531)
    assert scene.app(AppAction.EOF).broken() == ["MON-15"]


# --- several connections -------------------------------------------------------------------------


def test_connections_are_kept_apart() -> None:
    scene = Scene().open().tester(PA, 1, 1, data=b"abc")
    other = Scene(tester_port=40001).tester(SYN, 0).stack(SYN | ACK, 0, 1, window=100)
    scene.capture.events += other.capture.events
    scene.stack(ACK, 1, 4, window=65532)
    assert scene.broken() == []
