"""Functions that are still as in the skeleton: told by what is between their braces."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tcplab import calls, stubs
from tcplab.calls import in_the_order_of_need
from tcplab.cli import main
from tcplab.kit import COMPONENT_FILES, Kit, files_beside

KIT = Kit.find()
IN_THE_SKELETON = {
    name: stubs.bodies((KIT.skeleton / name).read_text()) for name in COMPONENT_FILES
}
CONTRACTS = "".join(path.read_text() for path in KIT.labs.glob("*/*.h"))


@pytest.mark.parametrize("name", COMPONENT_FILES)
def test_the_skeleton_is_all_to_be_written_and_the_reference_is_not(name: str) -> None:
    assert set(IN_THE_SKELETON[name]) <= set(stubs.still_to_write(KIT.skeleton, name))
    assert stubs.still_to_write(KIT.reference, name) == ()
    assert (KIT.skeleton / name).read_text().count("/* TODO: yours */") == len(
        IN_THE_SKELETON[name]
    )


def test_what_is_changed_around_a_stub_does_not_matter(tmp_path: Path) -> None:
    text = (KIT.skeleton / "seqno.c").read_text()
    text = text.replace("/* TODO: yours */", "// later: { \n").replace("    (void)n;\n", "")
    text = text.replace("return isn;", "return (struct seqno){isn.raw + (uint32_t)absolute};")
    (tmp_path / "seqno.c").write_text(f'#define BRACE "{{"\n{text}')
    assert stubs.still_to_write(tmp_path, "seqno.c") == ("seqno_unwrap", "seqno_before")


def test_files_of_one_checkpoint_count_together(tmp_path: Path) -> None:
    shutil.copy(KIT.skeleton / "segment.c", tmp_path)
    shutil.copy(KIT.reference / "connection.c", tmp_path)
    to_write = stubs.still_to_write(tmp_path, "connection.c")
    assert to_write == tuple(IN_THE_SKELETON["segment.c"])
    assert stubs.unwritten(tmp_path) == ("segment.c",)
    assert stubs.still_to_write(None, "connection.c") == ()


@pytest.mark.parametrize(
    "text", ["/*" * 50_000, "{" * 90_000, "f(" * 50_000, "}" * 9, '"' * 90_001]
)
def test_text_that_is_no_program_is_read_through(text: str) -> None:
    assert stubs.bodies(text) == {}


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A work folder, in which we are."""
    folder = tmp_path / "mine"
    assert main(["start", str(folder)]) == 0
    monkeypatch.chdir(folder)
    return folder


def test_what_is_to_write_is_said_instead_of_a_hint(
    work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(KIT.reference / "seqno.c", work)
    text = (work / "seqno.c").read_text()
    body = text[text.index("bool seqno_before") :]
    stub = (KIT.skeleton / "seqno.c").read_text()
    (work / "seqno.c").write_text(text.replace(body, stub[stub.index("bool seqno_before") :]))
    assert main(["check", "0"]) == 1
    shown = capsys.readouterr().out
    assert "to write  still as in the skeleton: seqno_before\n" in shown
    assert "  hint " not in shown and "  likely " not in shown


@pytest.mark.parametrize(
    ("file", "steps", "subject", "first"),
    [
        ("seqno.c", "before(1, 2); expected: true", "", "seqno_before"),
        ("byte_stream.c", "stream: read up to 4; expected: no bytes", "", "byte_stream_peek"),
        ("byte_stream.c", "stream: look; expected: is_closed false", "", "byte_stream_is_closed"),
        ("byte_stream.c", "inbound stream: pop 3", "", "byte_stream_pop"),
        ("reassembler.c", "look; expected: bytes_pending 3", "", "reassembler_bytes_pending"),
        (
            "receiver.c",
            "acceptable(seq=1, length=0); expected: true",
            "",
            "tcp_receiver_acceptable",
        ),
        (
            "receiver.c",
            "look; expected: rcv_nxt 1, update_due true",
            "update_due",
            "tcp_receiver_window_update_due",
        ),
        ("receiver.c", "look; expected: rcv_nxt 1, pending 0", "", "tcp_receiver_rcv_nxt"),
        ("sender.c", "next; expected: seq=0 SYN", "", "tcp_sender_next"),
        ("sender.c", "look; expected: consecutive 1", "", "tcp_sender_consecutive_retransmissions"),
        ("segment.c", "serialize SYN; expected: the same when read", "", "tcp_segment_serialize"),
        ("connection.c", "connection: CLOSE", "", "tcp_connection_shutdown"),
        (
            "connection.c",
            "The application looks; expected: eof=1",
            "",
            "tcp_connection_read_finished",
        ),
    ],
)
def test_what_the_last_step_calls_is_to_be_written_first(
    file: str, steps: str, subject: str, first: str
) -> None:
    names = tuple(name for one in files_beside(file) for name in IN_THE_SKELETON[one])
    lines = ["  1  something else", f"  2  {steps}", "       a detail of it"]
    ordered = in_the_order_of_need(names, files_beside(file), lines, subject)
    assert ordered[0] == first and sorted(ordered) == sorted(names)


def test_what_the_steps_before_call_comes_next() -> None:
    names = tuple(name for name in IN_THE_SKELETON["receiver.c"] if name != "tcp_receiver_send")
    lines = ["  1  New receiver with mss=1", "  2  receive seq=0 SYN", "  3  send; expected: ack=1"]
    ordered = in_the_order_of_need(names, ["receiver.c"], lines, "ack")
    assert ordered[:3] == ("tcp_receiver_receive", "tcp_receiver_new", "tcp_receiver_inbound")


def test_every_function_is_known_by_the_step_that_calls_it() -> None:
    known = {
        name
        for table in calls._BEGINNINGS.values()
        for _, called in table
        for name in called.split()
    }
    written = {name for file in COMPONENT_FILES for name in IN_THE_SKELETON[file]}
    assert known <= written
    for query in written - known:  # found by the word of the step
        assert f"{query}(const struct " in CONTRACTS


def test_the_function_that_failed_is_named_first(
    work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (KIT.reference / "receiver.c").read_text()
    skeleton = (KIT.skeleton / "receiver.c").read_text()
    for name in ("tcp_receiver_window_update_due", "tcp_receiver_acceptable"):
        text = text.replace(_function(text, name), _function(skeleton, name))
    (work / "receiver.c").write_text(text)
    assert main(["check", "3", "--case", "receiver.acceptable-*"]) == 1
    shown = capsys.readouterr().out
    assert "skeleton: tcp_receiver_acceptable,\n            tcp_receiver_window_" in shown
    assert "  1  New receiver with recv_capacity=" in shown, "there is room: no advice will come"


def _function(text: str, name: str) -> str:
    found = re.search(rf"^bool {name}\(.*?^\}}\n", text, re.M | re.S)
    assert found
    return found[0]


def test_a_stack_without_a_connection_skips_the_cases_with_packets(
    work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("seqno.c", "byte_stream.c"):
        shutil.copy(KIT.reference / name, work)
    assert main(["check", "1", "--mode", "stack"]) == 1
    shown = capsys.readouterr().out
    assert "8 skipped" in shown and "✗" not in shown and " failed" not in shown
    assert " – 8 cases skipped (needs connection.c, which is still to be written)\n" in shown
    assert "next: ./tcplab check 1, where the other files are the reference's\n" in shown
    assert "hint" not in shown and "trace" not in shown


def test_a_component_that_rests_on_an_unwritten_one_is_not_blamed(
    work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("seqno.c", "byte_stream.c", "receiver.c"):
        shutil.copy(KIT.reference / name, work)
    assert main(["check", "3", "--mode", "stack"]) == 1
    shown = capsys.readouterr().out
    assert "✗ receiver" not in shown and "look in" not in shown
    assert "unit tests: not run, for reassembler.c is still to be written\n" in shown
    assert "skipped (needs reassembler.c, which is still to be written)\n" in shown
    assert "next: ./tcplab check 3, where the other files are the reference's\n" in shown
