"""A case told: the ladder on the terminal, and the capture with its comments."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from scapy.utils import PcapNgReader

from tcplab.cli import main
from tcplab.kit import Kit
from tcplab.packet import ACK, SYN, Segment, craft
from tcplab.report.ladder import ladder
from tcplab.result import Outcome
from tcplab.story import Passage, story_of
from tcplab.transcript import Transcript

KIT = Kit.find()
CASE = "connection.fin-is-acknowledged"
WIDTH = 80


def segment(flags: int, *, from_dut: bool, time_ms: int = 0) -> Segment:
    raw = craft(
        source="10.0.0.2" if from_dut else "10.0.0.1",
        destination="10.0.0.1" if from_dut else "10.0.0.2",
        source_port=80,
        destination_port=80,
        seq=0,
        ack=0,
        flags=flags,
        window=1,
    )
    return Segment.dissect(raw, time_ms, from_dut)


def trace(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    status = main(["trace", *words, "--seed", "1"])
    printed = capsys.readouterr()
    return status, printed.out + printed.err


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """The reference, which does not see that the peer has closed."""
    folder = tmp_path / "work"
    shutil.copytree(KIT.reference, folder)
    source = folder / "connection.c"
    text = source.read_text(encoding="utf-8")
    call = "    take_fin(connection, segment);  /* eighth */\n"
    assert text.count(call) == 1
    source.write_text(text.replace(call, "    (void)take_fin;\n"), encoding="utf-8")
    return folder


def test_a_story_has_each_packet_in_its_step() -> None:
    now_ms = 0
    transcript = Transcript(now=lambda: now_ms)
    syn, answer = segment(SYN, from_dut=False), segment(SYN | ACK, from_dut=True)
    transcript.step("The tester sends")
    transcript.detail("> SYN", syn)
    transcript.detail("< SYN ACK (to nobody in particular)", answer)
    now_ms = 7
    transcript.step("Expected: SYN ACK")
    transcript.detail("< SYN ACK", answer)
    transcript.detail("  a remark")
    first, second = story_of(transcript).acts
    assert first.lines == (Passage(0, False, syn.raw, "SYN"),)  # what nobody had was claimed later
    assert second.lines == (Passage(0, True, answer.raw, "SYN ACK"), "a remark")
    assert (first.time_ms, second.time_ms) == (0, 7)


def test_arrows_point_to_where_packets_go() -> None:
    transcript = Transcript()
    transcript.step("A step")
    transcript.detail("> SYN", segment(SYN, from_dut=False, time_ms=5))
    transcript.detail("< SYN ACK", segment(SYN | ACK, from_dut=True, time_ms=12))
    lines = [text.plain for text in ladder(story_of(transcript), Outcome("passed"), WIDTH)]
    assert re.fullmatch(r" +ms  tester +stack", lines[0])
    assert re.fullmatch(r" +1  A step", lines[1])
    assert re.fullmatch(r" +5  ─+ SYN ─+▶", lines[2])
    assert re.fullmatch(r" +12  ◀─+ SYN ACK ─+", lines[3])
    assert {len(line) for line in (lines[0], *lines[2:])} == {WIDTH}


def test_what_passed_is_drawn(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(WIDTH))
    status, printed = trace(capsys, CASE)
    assert status == 0
    assert printed.endswith("passed on reference, seed 1\n")
    arrows = re.findall(r"^ +\d+  (◀?)─+ (\w+(?: ACK)?) .*$", printed, re.MULTILINE)
    assert arrows[:4] == [("", "SYN"), ("◀", "SYN ACK"), ("", "ACK"), ("", "FIN ACK")]
    body = printed.split("\n\n", 1)[1].splitlines()
    assert all(len(line) <= WIDTH for line in body)
    assert "✗" not in printed


def test_what_failed_says_where(capsys: pytest.CaptureFixture[str], broken: Path) -> None:
    status, printed = trace(capsys, CASE, str(broken))
    assert status == 0
    tail = printed[printed.index("✗") :]
    assert re.match(r"✗ The application looks at the state; expected: CLOSE-WAIT\n", tail)
    assert re.search(r"expected  CLOSE-WAIT\n +actual +ESTABLISHED\n", tail)


def test_a_segment_that_differs_is_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    """As check shows it."""
    _, printed = trace(
        capsys, "connection.our-mss-fits-our-link", "mutant:connection.mss-is-an-echo"
    )
    assert re.search(r"\n +SEQ +ACK +CTL +WND +MSS +LEN\n +expected .* 1460 .*\n", printed)
    assert re.search(r"\n +actual .* 500 +0\n +✗~~\n", printed)


def test_lines_are_no_longer_than_the_terminal_or_columns(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for columns in (80, 100):
        monkeypatch.setenv("COLUMNS", str(columns))
        _, printed = trace(capsys, "sender.model", "mutant:sender.window-counted-from-nxt")
        assert "failed on mutant:" in printed
        assert max(map(len, printed.splitlines())) <= columns
        _, printed = trace(capsys, CASE)
        assert max(map(len, printed.splitlines())) == columns  # the arrows take all there is


def test_a_capture_says_what_each_packet_is_for(
    capsys: pytest.CaptureFixture[str], broken: Path, tmp_path: Path
) -> None:
    file = tmp_path / "case.pcapng"
    status, printed = trace(capsys, CASE, str(broken), "--pcap", str(file))
    with PcapNgReader(str(file)) as reader:
        packets = list(reader)
    comments = [packet.comment.decode("utf-8").strip() for packet in packets]
    assert status == 0 and f"{len(packets)} packets in" in printed
    assert [str(packet["TCP"].flags) for packet in packets] == ["S", "SA", "A", "FA", "A"]
    assert comments[0] == "step 3, from the tester: The tester connects to port 80"
    assert comments[1].startswith("step 3, from the stack")
    assert "failed: " in comments[-1] and not any("failed" in one for one in comments[:-1])
    assert float(packets[-1].time) == pytest.approx(0.04)  # the delayed ACK, in virtual time


def test_raw_numbers_are_those_on_the_wire(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "case.pcapng"
    status, printed = trace(capsys, CASE, "--raw", "--pcap", str(file))
    drawn = re.findall(r"^ +\d+  ◀?─+ .*?seq=(\d+)(?: ack=(\d+))?", printed, re.MULTILINE)
    with PcapNgReader(str(file)) as reader:
        sent = [packet["TCP"] for packet in reader]
    assert status == 0 and len(drawn) >= 4
    wanted = [(str(one.seq), str(one.ack) if "A" in one.flags else "") for one in sent]
    assert drawn == wanted
    assert sent[0].seq not in (0, 1), "the test needs an initial number that shows"


def test_a_known_mistake_can_be_looked_at(capsys: pytest.CaptureFixture[str]) -> None:
    mistake = "mutant:reassembler.drops-what-is-early"
    status, printed = trace(capsys, "reassembler.late-segment-fills-the-gap", mistake)
    assert status == 0 and f"failed on {mistake}, seed 1" in printed
    assert re.search(r"expected +any +2001 .*\n +actual +1 +1001 .*\n +✗~~~\n", printed)


def test_a_known_mistake_shows_in_the_cases_of_other_checkpoints(
    capsys: pytest.CaptureFixture[str],
) -> None:
    mistake = "mutant:reassembler.delivers-nothing"
    _, printed = trace(capsys, "connection.data-both-ways", mistake)
    assert f"failed on {mistake}" in printed


def test_a_case_without_packets_has_steps_only(capsys: pytest.CaptureFixture[str]) -> None:
    status, printed = trace(capsys, "byte_stream.closed-empty-is-finished")
    assert status == 0 and " 1  " in printed and "tester" not in printed.split("\n\n", 1)[1]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["connection.fin*"], r"names \d+ cases: name one, such as connection\."),
        (["connection.no-such-case"], "no case is called"),
        ([CASE, "mutant:sender.no-fin"], "no mutant is called sender.no-fin: did you mean sender"),
        ([CASE, "no/such/folder"], "no/such/folder"),
        ([CASE, "--pcap", "/proc/case.pcapng"], "cannot be written"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    status, printed = trace(capsys, *words)
    assert status == 2 and re.search(said, printed.splitlines()[-1])
