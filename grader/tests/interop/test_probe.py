"""`./tcplab probe` on the kit's own tcpcat, which the grader has not started."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from network import OURS, Network, stop, wait_for_line

from tcplab.kit import Kit
from tcplab.mutants import load, mutate

_ROOT = Path(__file__).resolve().parents[3]
_PORT = 7
_NOT_ASKED = "cannot be asked: "


@contextmanager
def tcpcat(network: Network, program: Path, mode: str) -> Iterator[None]:
    """tcpcat serves connections in the network, for as long as this lasts."""
    server = network.start([program, "--listen", "--keep", f"--{mode}", str(_PORT)])
    wait_for_line(server, "listening")
    yield
    stop(server)


def start_probe(network: Network, *more: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tcplab", "probe", "--tun", "tun0"]
    command += ["--address", OURS, "--port", str(_PORT), *more]
    return network.start(command, environment={"PYTHONPATH": str(_ROOT / "grader")})


def run_probe(network: Network, *more: str) -> dict[str, dict[str, Any]]:
    """The cases that were asked, by id."""
    output, errors = start_probe(network, "--json", "-", *more).communicate()
    assert output, errors.decode()
    record = json.loads(output)
    cases = [case for one in record["checkpoints"] for case in one["cases"]]
    return {case["id"]: case for case in cases if not case["message"].startswith(_NOT_ASKED)}


def refusal(network: Network, *more: str) -> str:
    """The one line with which it says that it cannot be done."""
    probe = start_probe(network, *more)
    _, errors = probe.communicate()
    assert probe.returncode == 2
    assert errors.count(b"\n") == 1
    return errors.decode()


def listed(mode: str) -> set[str]:
    """The cases that can be asked, from probed_cases.txt."""
    text = Path(__file__).with_name("probed_cases.txt").read_text(encoding="utf-8")
    return set(text.partition(f"[{mode}]\n")[2].partition("\n\n")[0].split())


# --- a sound program -----------------------------------------------------------------------------


@pytest.mark.timeout(300)
@pytest.mark.parametrize("mode", ["discard", "echo"])
def test_every_case_passes(network: Network, apps: Path, mode: str) -> None:
    """And no fewer are asked than ever: a new case that can be asked may be added to the list."""
    with tcpcat(network, apps / "tcpcat", mode):
        asked = run_probe(network)
    assert [case for case in asked.values() if case["status"] != "passed"] == []
    assert listed(mode) - set(asked) == set()


def test_the_mode_can_be_given(network: Network, apps: Path) -> None:
    with tcpcat(network, apps / "tcpcat", "discard"):
        assert "close.fin-is-answered" in run_probe(
            network, "--mode", "discard", "--case", "close.fin*", "--tester", "10.0.0.9"
        )


# --- a broken one --------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tcpcat with two bugs of the list of mutants in it."""
    kit = Kit.find()
    names = ("connection.peer-mss-not-learned", "connection.any-reset-in-window-kills")
    text = (kit.reference / "connection.c").read_text(encoding="utf-8")
    for mutant in load(_ROOT / "grader" / "mutants"):
        if mutant.name in names:
            text = mutate(mutant, text)
    folder = tmp_path_factory.mktemp("broken")
    (folder / "connection.c").write_text(text, encoding="utf-8")
    build = folder / "build"
    configure: list[str | Path] = ["cmake", "-S", _ROOT, "-B", build, "-DTCPLAB_TESTS=OFF"]
    configure += ["-DTCPLAB_NESTED=ON", f"-DTCPLAB_SOLUTION={folder}"]
    compile_: list[str | Path] = ["cmake", "--build", build, "--parallel", "2"]
    compile_ += ["--target", "tcpcat"]
    for command in (configure, compile_):
        result = subprocess.run(command, capture_output=True, check=False)
        assert result.returncode == 0, f"{result.stdout.decode()}\n{result.stderr.decode()}"
    return build / "bin" / "tcpcat"


def test_bugs_are_found(network: Network, broken: Path) -> None:
    """With the rule that every grade says, and with the steps up to it."""
    name = "connection.reset-must-be-exact"
    with tcpcat(network, broken, "discard"):
        case = run_probe(network, "--case", name)[name]
    assert case["status"] == "failed"
    assert case["rule"].startswith("A reset at RCV.NXT ends the connection")
    assert any("The tester sends" in step for step in case["steps"])


def test_bugs_of_the_sender_are_found(network: Network, broken: Path) -> None:
    with tcpcat(network, broken, "echo"):
        asked = run_probe(network, "--case", "echo.segments-fit-the-peers-mss-*")
    failed = {name for name, case in asked.items() if case["status"] == "failed"}
    assert failed == {"echo.segments-fit-the-peers-mss-300"}
    assert len(asked) == 3


# --- what it says when it cannot -----------------------------------------------------------------


def test_no_such_interface(network: Network) -> None:
    assert "there is no interface nix" in refusal(network, "--tun", "nix")


def test_no_tun_interface(network: Network) -> None:
    assert "lo is no TUN interface" in refusal(network, "--tun", "lo")


def test_nobody_has_it_open(network: Network) -> None:
    assert "no program has tun0 open" in refusal(network)


def test_nothing_listens(network: Network, apps: Path) -> None:
    with tcpcat(network, apps / "tcpcat", "discard"):
        assert "port 8 refuses" in refusal(network, "--port", "8")
        assert "nothing answers at 10.0.0.77" in refusal(network, "--address", "10.0.0.77")


def test_addresses_must_make_sense(network: Network, apps: Path) -> None:
    with tcpcat(network, apps / "tcpcat", "discard"):
        assert "is no IPv4 address" in refusal(network, "--address", "ten")
        assert "kernel's own address" in refusal(network, "--tester", "10.0.0.1")


def test_permission_is_needed(network: Network, apps: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give up the permission")
    with tcpcat(network, apps / "tcpcat", "discard"):
        command = ["setpriv", "--bounding-set=-net_raw", "--inh-caps=-net_raw"]
        command += [sys.executable, "-m", "tcplab", "probe", "--tun", "tun0"]
        command += ["--address", OURS, "--port", str(_PORT)]
        probe = network.start(command, environment={"PYTHONPATH": str(_ROOT / "grader")})
        _, errors = probe.communicate()
    assert probe.returncode == 2 and b"CAP_NET_RAW" in errors
