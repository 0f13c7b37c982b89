"""`./tcplab run`: programs that nobody wrote for it, over the reference's TCP, byte for byte."""

from __future__ import annotations

import os
import random
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from network import require

from tcplab.running.processes import started
from tcplab.wire.choose import choose_wire

_HERE = Path(__file__).parent
_ROOT = _HERE.parents[2]
_SIZE = 4_000_000
_PATIENCE_S = 120
_BAD = ["--loss", "2%", "--seed", "1"]
_CALLS = ["names", "half_close", "refused", "refused_later", "reset", "reset_seen_by_poll"]
_CALLS += ["child", "others", "unsupported"]
_SERVER = "10.0.0.2"
_PEER = "10.0.0.1"


@pytest.fixture
def payload(tmp_path: Path) -> Path:
    """Some MB of random bytes, in the file `payload` of a folder of its own."""
    folder = tmp_path / "www"
    folder.mkdir()
    (folder / "payload").write_bytes(random.Random(6).randbytes(_SIZE))
    return folder / "payload"


def start(*arguments: str | Path, stdin: Path | None = None) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(_ROOT / "grader"), "PYTHONUNBUFFERED": "1"}
    environment["ASAN_OPTIONS"] = "detect_leaks=1"
    with open(stdin or os.devnull, "rb") as file:
        return subprocess.Popen(
            [sys.executable, "-m", "tcplab", "run", *map(str, arguments)],
            stdin=file,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
        )


def run(*arguments: str | Path, stdin: Path | None = None, status: int = 0) -> tuple[bytes, str]:
    """Runs it to its end. Returns what it has written to standard output, and to the other one."""
    process = start(*arguments, stdin=stdin)
    try:
        output, errors = process.communicate(timeout=_PATIENCE_S)
    finally:
        process.terminate()
        process.wait()
    assert process.returncode == status, errors.decode()
    return output, errors.decode()


def python(name: str, *arguments: str | int) -> list[str]:
    return [sys.executable, str(_HERE / name), *map(str, arguments)]


def serve(folder: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "http.server", "--directory", str(folder), *arguments]


# --- real programs --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "client", [["curl", "-sS"], ["wget", "-q", "-O", "-"]], ids=lambda words: str(words[0])
)
def test_clients_fetch(wire: str, payload: Path, client: list[str]) -> None:
    """Non-blocking connects, poll; the server at the other end is Python's."""
    require(client[0])
    server = shlex.join(serve(payload.parent, "--bind", _PEER, "8000"))
    url = f"http://{_PEER}:8000/payload"
    output, _ = run("--wire", wire, *_BAD, "--with", server, *client, url)
    assert output == payload.read_bytes()


def test_server_serves(wire: str, payload: Path, tmp_path: Path) -> None:
    """A server with poll and threads; curl at the other end."""
    require("curl")
    got = tmp_path / "got"
    visitor = shlex.join(["curl", "-sS", "-o", str(got), f"http://{_SERVER}:8000/payload"])
    run("--wire", wire, *_BAD, "--visit", visitor, *serve(payload.parent, "8000"))
    assert got.read_bytes() == payload.read_bytes()


def test_nc_sends(wire: str, payload: Path, tmp_path: Path) -> None:
    """What a program has written before it ends gets to the other end."""
    require("nc")
    got = tmp_path / "got"
    server = f"nc -n -N -l {_PEER} 80 > {shlex.quote(str(got))}"
    run("--wire", wire, *_BAD, "--with", server, "nc", "-N", _PEER, "80", stdin=payload)
    assert got.read_bytes() == payload.read_bytes()


def test_nc_receives(wire: str, payload: Path) -> None:
    """nc listens, and ends when its peer has."""
    require("nc")
    visitor = f"nc -N {_SERVER} 80 < {shlex.quote(str(payload))}"
    output, _ = run("--wire", wire, *_BAD, "--visit", visitor, "nc", "-n", "-l", "80")
    assert output == payload.read_bytes()


def test_epoll_server(wire: str) -> None:
    """Ten connections at once, each with 300 KB in both directions."""
    visitor = shlex.join(python("epoll_clients.py", _SERVER, 7, 10, 300_000))
    run("--wire", wire, *_BAD, "--visit", visitor, *python("epoll_echo.py", 7, 10))


def test_epoll_clients(wire: str) -> None:
    """Non-blocking connects by the dozen. Both windows are often closed at once."""
    server = shlex.join(python("epoll_echo.py", 7, 40))
    clients = python("epoll_clients.py", _PEER, 7, 40, 300_000)
    run("--wire", wire, *_BAD, "--with", server, *clients)


# --- single calls ---------------------------------------------------------------------------------


@pytest.mark.parametrize("call", _CALLS)
def test_call(wire: str, call: str) -> None:
    """See socket_calls.py."""
    server = shlex.join(python("peers.py", _PEER))
    run("--wire", wire, "--with", f"exec {server}", *python("socket_calls.py", call))


def test_linger_resets(wire: str) -> None:
    """The other end sees a reset, not an orderly end."""
    server = shlex.join(python("peers.py", _PEER, "1"))
    _, heard = run("--wire", wire, "--with", server, *python("socket_calls.py", "linger"))
    assert heard == "reset\n"


# --- the command ----------------------------------------------------------------------------------


def test_exit_status_is_the_programs(wire: str) -> None:
    """And a signal counts as in a shell."""
    run("--wire", wire, "sh", "-c", "exit 7", status=7)
    run("--wire", wire, "sh", "-c", "kill -9 $$", status=137)
    run("--wire", wire, "--visit", "exit 5", *python("epoll_echo.py", 7, 1), status=5)


# An ordinary user, and a /dev/net/tun that is open to all, or to root alone, whatever it is here.
_USER = """
mount -t tmpfs -o dev none /mnt && mknod -m {mode} /mnt/tun c 10 200 &&
mount --bind /mnt/tun /dev/net/tun &&
exec setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user runs all the other tests")
@pytest.mark.parametrize("mode, note", [("0666", ""), ("0600", "over a socket pair")])
def test_ordinary_users(mode: str, note: str) -> None:
    """They get a TUN interface where they may, and a socket pair with a word about it elsewhere."""
    enter = ["unshare", "--mount", "sh", "-c", _USER.format(mode=mode), "sh"]
    may_enter = subprocess.run([*enter, "test", "-r", str(_ROOT)], check=False).returncode == 0
    if choose_wire("auto")[0] != "tun" or not may_enter:
        pytest.skip("no TUN on this machine, no mounts, or a kit in a place that is root's alone")
    with tempfile.TemporaryDirectory() as cache:
        os.chmod(cache, 0o777)
        command = [*enter, "env", f"XDG_CACHE_HOME={cache}", f"PYTHONPATH={_ROOT / 'grader'}"]
        command += ["PYTHONDONTWRITEBYTECODE=1", sys.executable, "-m", "tcplab", "run", *_BAD]
        command += ["--visit", shlex.join(python("epoll_clients.py", _SERVER, 7, 3, 100_000))]
        command += python("epoll_echo.py", 7, 3)
        result = subprocess.run(
            command, cwd=cache, capture_output=True, timeout=_PATIENCE_S, check=False
        )
    assert result.returncode == 0, result.stderr.decode()
    assert note in result.stderr.decode() and (note or not result.stderr)


def test_wrong_calls() -> None:
    """One line says what is wrong."""
    wrong: list[tuple[list[str], str]] = [
        (["nosuch"], "there is no such program"),
        (["--tcp", "/nowhere", "true"], "no such folder"),
        (["--loss", "many", "true"], "--loss"),
        ([], "PROGRAM"),
    ]
    for arguments, words in wrong:
        output, errors = run("--wire", "socketpair", *arguments, status=2)
        assert output == b"" and words in errors


def test_a_skeleton_is_said_to_be_one() -> None:
    """Its programs get an error instead of waiting."""
    arguments = ["--tcp", "skeleton", "--wire", "socketpair", "curl", "-sS", f"http://{_PEER}/"]
    output, errors = run(*arguments, status=7)
    assert output == b"" and "connect" in errors


def test_a_crash_of_the_stack_is_told(tmp_path: Path) -> None:
    """A sanitizer says where; the program gets an error, and so does who ran it."""
    for source in (_ROOT / "reference").glob("*.c"):
        text = source.read_text(encoding="utf-8")
        if source.name == "byte_stream.c":
            head, signature, body = text.partition("\nsize_t byte_stream_write(")
            assert signature
            body = body.replace(
                "{", "{\n    *(volatile char *)malloc(1) = ((char *)malloc(1))[1];", 1
            )
            text = f"#include <stdlib.h>\n{head}{signature}{body}"
        (tmp_path / source.name).write_text(text, encoding="utf-8")
    server = shlex.join(python("peers.py", _PEER))
    options = ["--tcp", str(tmp_path), "--wire", "socketpair", "--with", server]
    _, errors = run(*options, *python("socket_calls.py", "half_close"), status=2)
    assert "byte_stream.c:" in errors
    # The server may have been ended in the middle of a line of its own.
    assert "tcplab: the stack has ended with status" in errors.splitlines()[-1]


def test_an_interrupt_leaves_nothing() -> None:
    """Neither processes nor files: the program is told its folder by its environment."""
    script = "echo $TCPLAB_RUN; echo $$; kill -STOP $$"
    process = start("--wire", "socketpair", "sh", "-c", script)
    assert process.stdout is not None
    control, program = process.stdout.readline().decode().strip(), process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=_PATIENCE_S)
    assert process.returncode == 130 and "nothing was left behind" in errors.decode()
    assert control and not Path(control).parent.exists()
    assert not Path(f"/proc/{int(program)}").exists()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as prober:
        with pytest.raises(FileNotFoundError):
            prober.connect(control)


def test_the_stack_lies_in_memory_as_it_always_does_and_the_program_does_not() -> None:
    """A sanitizer may find no room where addresses are scattered widely."""
    if subprocess.run(["setarch", "-R", "true"], capture_output=True).returncode != 0:
        pytest.skip("this machine lets nobody choose")
    reading = ["cat", "/proc/self/personality"]
    for fixed, flags in ((True, b"00040000\n"), (False, Path(reading[1]).read_bytes())):
        with started(reading, fixed=fixed, stdout=subprocess.PIPE) as process:
            assert process.communicate(timeout=_PATIENCE_S)[0] == flags
    look = "for one in $(pgrep -P $PPID); do cat /proc/$one/personality; done"
    watching = start("--wire", "socketpair", "sh", "-c", look)
    output, errors = watching.communicate(timeout=_PATIENCE_S)
    # Both stacks, and the shell itself.
    assert sorted(output.split()) == sorted([flags.strip(), b"00040000", b"00040000"]), errors
