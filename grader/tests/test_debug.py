"""Your code under gdb: where it stops, that it can be started again, and that nothing is left."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tcplab import mutants
from tcplab.cli import main
from tcplab.debugging.agreed import DEVICE
from tcplab.debugging.place import place
from tcplab.debugging.record import Event, Recording
from tcplab.errors import UsageError
from tcplab.kit import Kit
from tcplab.result import Outcome
from tcplab.transcript import Step

KIT = Kit.find()
LATE = "seqno.unwrap-loses-one-past-the-wrap"
FIN = "connection.fin-is-acknowledged"
PROMPT = b"(gdb) "
PATIENCE_S = 100
DEBUG = [sys.executable, "-m", "tcplab", "debug"]


def put(folder: Path, file: str, what: str, instead: str) -> None:
    """Replaces a piece of the reference's text."""
    text = (KIT.reference / file).read_text(encoding="utf-8")
    assert text.count(what) == 1
    (folder / file).write_text(text.replace(what, instead), encoding="utf-8")


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """The reference, to be broken."""
    folder = tmp_path / "Übung 1, it's mine"
    shutil.copytree(KIT.reference, folder)
    return folder


@pytest.fixture(autouse=True)
def nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Neither a process nor a file outlives a session."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(KIT.root / "grader"))
    yield
    assert list(tmp_path.glob("tcplab-*")) == []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes()
        except OSError:
            continue  # it has ended meanwhile
        assert str(tmp_path).encode() not in command, command


def debugged(work: Path, *words: str) -> str:
    """What a session without a terminal prints."""
    done = subprocess.run([*DEBUG, *words], cwd=work, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


# --- where it stops ------------------------------------------------------------------------------


def recording(status: str, *events: Event) -> Recording:
    texts = ["The tester sends", "Expected: ack=2", "The application looks at the state"]
    steps = [Step(number, text, 0) for number, text in enumerate(texts, 1)]
    return Recording(Outcome(status), tuple(steps), events)


SENT = Event(1, packet=b"x")
SYNC = Event(1, request="sync")
WAIT = Event(2, request="clock.advance 1")
LOOK = Event(3, request="conn.state 0")


def test_to_look_causes_nothing() -> None:
    assert place(recording("failed", SENT, SYNC, WAIT, LOOK), None) == 1
    assert place(recording("failed", SENT, SYNC, WAIT, WAIT), None) == 1
    assert place(recording("failed", LOOK, LOOK), None) == 1
    looked = Event(3, request="stream.state 1")
    assert place(recording("failed", Event(1, request="stream.pop 1 2"), looked), None) == 0
    first = Event(1, request="seqno.wrap 1 2")
    assert place(recording("failed", SYNC, first, first), None) == 0


def test_an_end_comes_of_the_last_request() -> None:
    for status in ("crashed", "timeout"):
        assert place(recording(status, SENT, SYNC, WAIT), None) == 2


def test_what_passes_stops_at_once_or_where_it_is_told() -> None:
    told = recording("passed", SENT, SYNC, WAIT, LOOK)
    assert [place(told, step) for step in (None, 1, 2, 3)] == [1, 1, 2, 3]
    with pytest.raises(UsageError, match="after step 3 nothing is asked"):
        place(told, 4)
    with pytest.raises(UsageError, match="asks nothing"):
        place(recording("failed", SENT), None)


def test_a_batch_is_many_requests() -> None:
    assert Event(1, request="batch stream.new 1 8;stream.write 1 61").verbs == (
        "stream.new",
        "stream.write",
    )
    assert SENT.verbs == () and WAIT.verbs == ("clock.advance",)


# --- sessions ------------------------------------------------------------------------------------


def test_it_stops_where_the_failure_came_from(work: Path) -> None:
    put(
        work,
        "connection.c",
        "    take_fin(connection, segment);  /* eighth */\n",
        "(void)take_fin;",
    )
    text = debugged(work, FIN, ".", "--gdb-command", "bt", "--gdb-command", "break take_text")
    assert "It fails in step 8:\n" in text and "expected CLOSE-WAIT, actual ESTABLISHED" in text
    announced = text.index("\n  5  The tester sends\n")
    assert re.search(r"> FIN ACK .*\n +request: sync\n", text[announced:])
    assert "the first function of your connection.c that is called" in " ".join(text.split())
    frame = r"^#0  tcp_connection_segment_arrives \(.*\) at (?:.*/)?connection\.c:\d+$"
    assert re.search(frame, text, re.MULTILINE)
    assert re.search(r"in stack_receive .* at labs/given/net/stack\.c:\d+$", text, re.MULTILINE)
    assert re.search(r"Breakpoint \d+ at .*: file (?:.*/)?connection\.c, line \d+", text)


def test_where_the_file_of_the_case_is_not_reached_another_one_has_to_do(work: Path) -> None:
    """All that arrives is dropped before the connection sees it."""
    put(work, "segment.c", "checksum(bytes, len, source, destination) != 0", "len > 0")
    case = "connection.listener-and-resets"
    text = debugged(work, case, ".", "--step", "3", "--gdb-command", "bt 1")
    assert "none of your functions in connection.c is called: any other will do" in text
    assert re.search(r"^#0  tcp_segment_parse \(", text, re.MULTILINE)


def test_what_is_told_fits_the_terminal(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(
        work,
        "connection.c",
        "    take_fin(connection, segment);  /* eighth */\n",
        "(void)take_fin;",
    )
    monkeypatch.setenv("COLUMNS", "60")
    told = debugged(work, FIN, ".", "--gdb-command", "quit").partition("gdb stops")[0]
    assert "It fails in step 8:\n" in told and max(map(len, told.splitlines())) <= 60


def test_a_step_can_be_chosen(work: Path) -> None:
    text = debugged(work, FIN, ".", "--step", "3", "--gdb-command", "print segment->flags")
    assert "It passes." in text and "  3  The tester connects to port 80" in text


def test_what_passes_only_without_optimisation_is_told(work: Path) -> None:
    """As with a value that was never set; here it is certain."""
    wrong = "\n#ifdef __OPTIMIZE__\n    return false;\n#endif\n    return steps > 0 &&"
    put(work, "seqno.c", "return steps > 0 &&", wrong)
    told = debugged(work, "seqno.before-on-the-circle", ".", "--gdb-command", "quit")
    text = " ".join(told.split())
    assert "It passes without optimisation; as check compiles it, it fails: suspect memory" in text
    assert "a value that was never set. the answer is false, expected true gdb stops from" in text


def test_a_search_stops_in_the_fewest_steps(work: Path) -> None:
    put(work, "seqno.c", "return steps > 0 &&", "return steps > 1 &&")
    text = debugged(work, "seqno.model", ".", "--gdb-command", "finish")
    assert "  1  before(0, 1); expected: true\n     request: seqno.before\n" in text
    assert re.search(r"^Value returned is .* = false$", text, re.MULTILINE)


def test_a_search_that_finds_nothing_stops_at_once(work: Path) -> None:
    text = debugged(work, "seqno.model", ".", "--gdb-command", "bt 1")
    assert "It passes." in text and re.search(r"^#0  seqno_\w+ \(", text, re.MULTILINE)


def test_the_last_call_of_ones_own_code_has_to_do(work: Path) -> None:
    """What goes wrong in a request may have begun earlier, in the last one that called it."""
    [mutant] = [one for one in mutants.load(KIT.root / "grader" / "mutants") if one.name == LATE]
    text = (work / mutant.file).read_text(encoding="utf-8")
    (work / mutant.file).write_text(mutants.mutate(mutant, text), encoding="utf-8")
    case = "seqno.active-open-from-isn-0xffffffff"
    text = debugged(work, case, ".", "--gdb-command", "bt 1")
    assert "from there on none of your functions is called" in text
    assert re.search(r"^#0  seqno_\w+ \(", text, re.MULTILINE)


def test_a_crash_leads_to_ones_own_code(work: Path) -> None:
    pieces = (
        "size_t first = min_size(accepted, bytes_before_ring_end(stream, stream->total_written));"
    )
    put(work, "byte_stream.c", pieces, "size_t first = accepted;")
    case = "byte_stream.around-the-end-of-its-memory"
    words = [case, ".", "--gdb-command", "continue", "--gdb-command", "info locals"]
    text = debugged(work, *words)
    assert "It crashes in step" in text
    assert re.search(r"in your code: byte_stream_write, .*byte_stream\.c:\d+\n", text)
    assert re.search(r"^accepted = \d+$", text, re.MULTILINE)


def test_questions_of_the_stack_are_passed_over(work: Path) -> None:
    """What the stack asks a sender first, is not where anything goes wrong."""
    put(work, "sender.c", "    sender->snd_una = ack;\n", "    sender->snd_una = ack - 1;\n")
    case = "sender.the-same-stream-through-loss"
    text = debugged(work, case, ".", "--gdb-command", "continue")
    assert re.search(r"^#0  tcp_sender_(receive|next|tick|new) \(", text, re.MULTILINE)
    assert "tcp_sender_snd_nxt (" not in text


def test_components_can_be_debugged(work: Path) -> None:
    text = debugged(work, "sender.lost-fin", ".", "--gdb-command", "print *config")
    assert "rto_initial_ms = 1000" in text and "#0  tcp_sender_new (config=" in text


# --- on a terminal -------------------------------------------------------------------------------


class Terminal:
    """A session on a terminal of its own."""

    def __init__(self, work: Path, *words: str) -> None:
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            os.chdir(work)
            os.execvpe(DEBUG[0], [*DEBUG, *words], {**os.environ, "TERM": "dumb"})

    def until(self, what: bytes) -> bytes:
        """All that is printed up to there, and not yet taken."""
        seen = b""
        deadline = time.monotonic() + PATIENCE_S
        while what not in seen:
            left_s = max(0.0, deadline - time.monotonic())
            assert select.select([self._fd], [], [], left_s)[0], seen
            seen += os.read(self._fd, 1)
        return seen

    def say(self, words: bytes) -> None:
        os.write(self._fd, words)

    def status(self) -> int:
        """The rest is read, for the other side waits for that; then its exit status."""
        try:
            while os.read(self._fd, 4096):
                pass
        except OSError:
            pass  # how a terminal says that nobody is there any more
        os.close(self._fd)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def test_an_endless_loop_is_interrupted(work: Path) -> None:
    line = "    sender->now_ms += ms;\n"
    put(work, "sender.c", line, line + "    for (;;) {\n        sender->now_ms |= 1;\n    }\n")
    terminal = Terminal(work, "sender.lost-fin", ".")
    assert b"It hangs in step" in terminal.until(PROMPT)
    terminal.say(b"continue\n")
    terminal.until(b"Continuing.")
    terminal.say(b"\x03")
    assert re.search(rb"tcp_sender_tick \(.*\)\s+at (?:.*/)?sender\.c:\d+", terminal.until(PROMPT))
    terminal.say(b"quit\n")
    assert terminal.status() == 0


def test_it_can_be_started_again(work: Path) -> None:
    terminal = Terminal(work, "seqno.wrap-is-modulo-2^32", ".")
    first = terminal.until(PROMPT)
    assert b"wrap(0, isn=0); expected: 0" in first and b"#0  seqno_wrap" in first
    terminal.say(b"continue\n")
    assert b"wrap(17, isn=100); expected: 117" in terminal.until(PROMPT)
    terminal.say(b"run\n")
    assert b"wrap(0, isn=0); expected: 0" in terminal.until(PROMPT)
    terminal.say(b"print absolute\n")
    assert b"= 0" in terminal.until(PROMPT)
    for _ in range(7):
        terminal.say(b"continue\n")
        terminal.until(PROMPT)
    terminal.say(b"run\n")
    assert b"wrap(0, isn=0); expected: 0" in terminal.until(PROMPT)
    terminal.say(b"quit\n")
    assert terminal.status() == 0


def test_it_can_be_ended_from_outside(work: Path) -> None:
    terminal = Terminal(work, FIN, ".")
    terminal.until(PROMPT)
    os.kill(terminal.pid, signal.SIGTERM)
    assert terminal.status() == 130


# --- an editor -----------------------------------------------------------------------------------


def test_an_editor_debugs_a_case(tmp_path: Path) -> None:
    """As VS Code does: the pipe is started with the debugger's command as its last word, and told
    what to run in gdb's language for machines."""
    folder = tmp_path / "mine"
    assert main(["start", str(folder)]) == 0
    shutil.copy(KIT.reference / "seqno.c", folder)
    settings = json.loads((folder / ".vscode" / "launch.json").read_text(encoding="utf-8"))
    [one] = [one for one in settings["configurations"] if one["name"] == "debug a case"]
    pipe = one["pipeTransport"]
    words = [pipe["pipeProgram"], *pipe["pipeArgs"], f"{pipe['debuggerPath']} --interpreter=mi"]
    answers = {"${workspaceFolder}": str(folder), "${input:case}": "seqno.wrap-is-modulo-2^32"}
    for variable, value in answers.items():
        words = [word.replace(variable, value) for word in words]
        one["program"] = one["program"].replace(variable, value)
    assert Path(one["program"]) == folder / DEVICE
    with subprocess.Popen(words, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as gdb:
        assert gdb.stdin is not None and gdb.stdout is not None
        for line in (
            f'-file-exec-and-symbols "{one["program"]}"',
            f"-exec-arguments {' '.join(one['args'])}",
            f'-break-insert "{folder}/seqno.c:seqno_wrap"',
            "-exec-run",
        ):
            gdb.stdin.write(line.encode() + b"\n")
        gdb.stdin.flush()
        stops = (line for line in gdb.stdout if line.startswith(b"*stopped,reason"))
        assert f'fullname="{folder}/seqno.c"'.encode() in next(stops)
        gdb.stdin.write(b"-exec-continue\n")
        gdb.stdin.flush()
        assert b'{name="absolute",value="17"}' in next(stops)
        gdb.stdin.write(b"-gdb-exit\n")
        gdb.stdin.close()
        assert gdb.wait(PATIENCE_S) == 0


# --- what there is not ---------------------------------------------------------------------------


def test_what_cannot_be_done(
    work: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (work / "seqno.c").write_text("int x = ;\n", encoding="utf-8")
    monkeypatch.chdir(work)
    complaints = {
        ("seqno.model", "."): "seqno.c:1: expected expression",
        ("seqno.model",): "this is no work folder",
        ("seqno.modell", "."): "did you mean seqno.model",
        ("seqno.*", "."): "names ",
        ("seqno.model", ".", "--editor", ""): "--editor",
        (FIN, ".", "--editor", "/no/such/gdb"): "/no/such/gdb cannot be started",
    }
    for words, complaint in complaints.items():
        assert main(["debug", *words]) == 2
        printed = capsys.readouterr()
        assert complaint in printed.err and printed.err.count("\n") == 1 and printed.out == ""
    monkeypatch.setenv("PATH", "/nowhere")
    assert main(["debug", FIN, "."]) == 2
    assert "gdb is missing" in capsys.readouterr().err
