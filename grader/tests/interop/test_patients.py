"""What the pages of the clinics report, with the programs that they name."""

from __future__ import annotations

import os
import random
import shlex
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Condition, Thread

import pytest
from network import require

from tcplab.clinics import Clinic, load
from tcplab.kit import Kit
from tcplab.mutants import apply

_KIT = Kit.find()
_CLINICS = {one.number: one for one in load(_KIT)}
_STRANGER = _KIT.root / "grader" / "clinics" / "stray_reset.py"
_READER = Path(__file__).with_name("slow_reader.py")
_SIZE = 1_000_000
_PATIENCE_S = 60


def received_by(
    clinic: Clinic | None, folder: Path, server: str, wire: str, client: str = "nc -n 10.0.0.1 80"
) -> bytes:
    """What a client over the patient has got from a server at the other end; over the reference,
    if there is no clinic."""
    with conversation(clinic, folder, server, wire, client) as process:
        output, errors = process.communicate(timeout=_PATIENCE_S)
    assert process.returncode == 0, errors.decode()
    return output


@contextmanager
def conversation(
    clinic: Clinic | None, folder: Path, server: str, wire: str, client: str, *options: str
) -> Iterator[subprocess.Popen[bytes]]:
    """The same while it goes on."""
    require("nc")
    tcp = "reference"
    if clinic is not None:
        tcp = str(folder / "patient")
        Path(tcp).mkdir()
        apply(clinic.bug, _KIT.reference, Path(tcp))
    command = ["run", "--tcp", tcp, "--wire", wire, *options]
    command += ["--with", server, "sh", "-c", client]
    with subprocess.Popen(
        [sys.executable, "-m", "tcplab", *command],
        env={**os.environ, "PYTHONPATH": str(_KIT.root / "grader")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


class ClosedWindows:
    """Counts the segments of the patient that offer no window, as they are recorded."""

    def __init__(self, folder: Path) -> None:
        self.pipe = folder / "live.pcap"
        os.mkfifo(self.pipe)
        self._count = 0
        self._changed = Condition()
        Thread(target=self._watch, daemon=True).start()

    def wait_for(self, more: int) -> None:
        """Until so many more have come."""
        with self._changed:
            wanted = self._count + more
            assert self._changed.wait_for(lambda: self._count >= wanted, _PATIENCE_S)

    def _watch(self) -> None:
        with self.pipe.open("rb") as capture:
            capture.read(24)
            while header := capture.read(16):
                packet = capture.read(struct.unpack("=IIII", header)[2])
                tcp = packet[(packet[0] & 15) * 4 :]
                if packet[12:16] == bytes([10, 0, 0, 2]) and tcp[14:16] == b"\0\0":
                    with self._changed:
                        self._count += 1
                        self._changed.notify_all()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "big"
    path.write_bytes(random.Random(4).randbytes(_SIZE))
    return path


def serving(file: Path) -> str:
    return f"nc -N -n -l 10.0.0.1 80 < {shlex.quote(str(file))}"


@pytest.mark.parametrize("number", [3, None], ids=["patient", "reference"])
def test_a_reader_that_takes_a_break(number: int | None, tmp_path: Path, file: Path) -> None:
    """Clinic 3: the window, once closed, stays so, as two more answers to probes show; that of the
    reference opens again."""
    gate, closed = tmp_path / "gate", ClosedWindows(tmp_path)
    os.mkfifo(gate)
    client = f"nc -n 10.0.0.1 80 | {shlex.join([sys.executable, str(_READER), str(gate)])}"
    clinic = None if number is None else _CLINICS[number]
    options = ("--pcap", str(closed.pipe))
    with conversation(clinic, tmp_path, serving(file), "socketpair", client, *options) as process:
        closed.wait_for(1)
        with gate.open("wb", buffering=0) as told:
            told.write(b"read\n")
            if clinic is not None:
                closed.wait_for(2)
                told.close()
            got, errors = process.communicate(timeout=_PATIENCE_S)
    assert process.returncode == 0, errors.decode()
    if clinic is None:
        assert got == file.read_bytes()
    else:
        assert 0 < len(got) < _SIZE and file.read_bytes().startswith(got)


def test_the_last_bytes_are_lost(tmp_path: Path, file: Path) -> None:
    """Clinic 4."""
    got = received_by(_CLINICS[4], tmp_path, serving(file), "socketpair")
    assert _SIZE - 1460 <= len(got) < _SIZE and file.read_bytes().startswith(got)


@pytest.mark.parametrize("number", [6, None], ids=["patient", "reference"])
def test_a_stranger_ends_the_connection(number: int | None, tmp_path: Path, a_tun: str) -> None:
    """Clinic 6: of the patient, and not of the reference."""
    read, sent = tmp_path / "read", tmp_path / "sent"
    os.mkfifo(read)
    os.mkfifo(sent)
    stranger = shlex.join([sys.executable, str(_STRANGER), str(read)])
    server = f"exec 3<>{shlex.quote(str(sent))}; {stranger} >&3;"
    server += " (echo hello; read said <&3; echo world) | nc -N -n -l 10.0.0.1 80"
    client = f"nc -n 10.0.0.1 80 | (read line; echo $line; echo > {shlex.quote(str(read))}; cat)"
    clinic = None if number is None else _CLINICS[number]
    got = received_by(clinic, tmp_path, server, a_tun, client)
    assert got == (b"hello\n" if clinic else b"hello\nworld\n")
