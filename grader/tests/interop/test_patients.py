"""What the pages of the clinics report, with the programs that they name."""

from __future__ import annotations

import os
import random
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from network import require

from tcplab.clinics import Clinic, load
from tcplab.kit import Kit
from tcplab.mutants import apply
from tcplab.wire.choose import choose_wire

_KIT = Kit.find()
_CLINICS = {one.number: one for one in load(_KIT)}
_STRANGER = _KIT.root / "grader" / "clinics" / "stray_reset.py"
_SIZE = 1_000_000
_PATIENCE_S = 60


def received_by(
    clinic: Clinic | None, folder: Path, server: str, wire: str, client: str = "nc -n 10.0.0.1 80"
) -> bytes:
    """What a client over the patient has got from a server at the other end; over the reference,
    if there is no clinic."""
    require("nc")
    tcp = "reference"
    if clinic is not None:
        tcp = str(folder / "patient")
        Path(tcp).mkdir()
        apply(clinic.bug, _KIT.reference, Path(tcp))
    command = ["run", "--tcp", tcp, "--wire", wire, "--with", server, "sh", "-c", client]
    done = subprocess.run(
        [sys.executable, "-m", "tcplab", *command],
        env={**os.environ, "PYTHONPATH": str(_KIT.root / "grader")},
        capture_output=True,
        timeout=_PATIENCE_S,
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def a_tun() -> str:
    kind, problem = choose_wire("auto")
    if kind != "tun":
        pytest.skip(f"no TUN on this machine: {problem}")
    return kind


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "big"
    path.write_bytes(random.Random(4).randbytes(_SIZE))
    return path


def serving(file: Path) -> str:
    return f"nc -N -n -l 10.0.0.1 80 < {shlex.quote(str(file))}"


def test_a_reader_that_takes_a_break_is_stuck(tmp_path: Path, file: Path) -> None:
    """Clinic 3. The client ends when its reader has read nothing for a while."""
    client = "nc -n 10.0.0.1 80 | (sleep 1; timeout 2 cat; true)"
    stuck = received_by(_CLINICS[3], tmp_path, serving(file), "socketpair", client)
    assert 0 < len(stuck) < _SIZE and file.read_bytes().startswith(stuck)
    assert received_by(None, tmp_path, serving(file), "socketpair", client) == file.read_bytes()


def test_the_last_bytes_are_lost(tmp_path: Path, file: Path) -> None:
    """Clinic 4."""
    got = received_by(_CLINICS[4], tmp_path, serving(file), "socketpair")
    assert _SIZE - 1460 <= len(got) < _SIZE and file.read_bytes().startswith(got)


@pytest.mark.parametrize("number", [6, None], ids=["patient", "reference"])
def test_a_stranger_ends_the_connection(number: int | None, tmp_path: Path) -> None:
    """Clinic 6: of the patient, and not of the reference."""
    stranger = shlex.join([sys.executable, str(_STRANGER)])
    server = f"{stranger}; (echo hello; sleep 2; echo world) | nc -N -n -l 10.0.0.1 80"
    clinic = None if number is None else _CLINICS[number]
    got = received_by(clinic, tmp_path, server, a_tun())
    assert got == (b"hello\n" if clinic else b"hello\nworld\n")
