"""Both kinds of wire carry packets exactly: nothing late, nothing lost, nothing added."""

from __future__ import annotations

import errno
import multiprocessing
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection

import pytest

from tcplab.errors import InfrastructureError
from tcplab.kit import Kit
from tcplab.namespace import enter_network_namespace
from tcplab.packet import SYN, craft
from tcplab.wire import Wire, open_wire
from tcplab.wire import choose
from tcplab.wire.choose import choose_wire


def packet(number: int, size: int = 0) -> bytes:
    return craft(
        source="10.0.0.1",
        destination="10.0.0.2",
        source_port=1024 + number,
        destination_port=80,
        seq=number,
        ack=0,
        flags=SYN,
        window=100,
        data=bytes(size),
    )


def carries_exactly(wire: Wire) -> None:
    """Raises AssertionError if it does not. The DUT's end is read and written by hand."""
    os.set_blocking(wire.dut_fd, False)
    for round_ in range(200):
        sent = [packet(number, size=number * 40) for number in range(1 + round_ % 8)]
        for one in sent:
            wire.inject(one)
        assert [os.read(wire.dut_fd, 65536) for _ in sent] == sent
        with pytest.raises(BlockingIOError):
            os.read(wire.dut_fd, 65536)
        for one in sent:
            os.write(wire.dut_fd, one)
        assert wire.collect() == sent
        assert wire.collect() == []
    wire.inject(packet(1))
    os.write(wire.dut_fd, packet(2))
    wire.drain()
    assert wire.collect() == []
    with pytest.raises(BlockingIOError):
        os.read(wire.dut_fd, 65536)


def in_a_namespace(work: Callable[[Connection], None]) -> str:
    """Runs it in a process and a network namespace of its own; returns what it sent back."""
    fork = multiprocessing.get_context("fork")
    ours, theirs = fork.Pipe(duplex=False)
    process = fork.Process(target=work, args=(theirs,))
    process.start()
    theirs.close()
    try:
        return str(ours.recv())
    finally:
        process.join()


def try_tun(report: Connection) -> None:
    enter_network_namespace()
    wire = open_wire("tun")
    try:
        carries_exactly(wire)
        report.send("fine")
    except AssertionError as error:
        report.send(str(error))
    wire.close()


def look_around(report: Connection) -> None:
    before = [name for _, name in socket.if_nameindex()]
    enter_network_namespace()
    open_wire("tun")
    report.send(f"{'tcplab0' in before} {[name for _, name in socket.if_nameindex()]}")


needs_tun = pytest.mark.skipif(choose_wire("auto")[0] != "tun", reason=choose_wire("auto")[1])


def test_the_socket_pair_carries_exactly() -> None:
    wire = open_wire("socketpair")
    carries_exactly(wire)
    wire.close()


@needs_tun
def test_the_tun_interface_carries_exactly() -> None:
    assert in_a_namespace(try_tun) == "fine"


@needs_tun
def test_the_interface_is_nowhere_but_in_its_namespace() -> None:
    assert in_a_namespace(look_around) == "False ['lo', 'tcplab0']"
    assert "tcplab0" not in [name for _, name in socket.if_nameindex()]


def test_a_wire_that_does_not_exist() -> None:
    with pytest.raises(InfrastructureError):
        open_wire("string")


# --- why there is none ---------------------------------------------------------------------------

ASKING = "from tcplab.wire.choose import choose_wire; print(choose_wire('auto')[1])"


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ENOSPC, "as many as sysctl user.max_net_namespaces"),
        (errno.EUSERS, "max_user_namespaces allow"),
        (errno.EPERM, os.strerror(errno.EPERM)),
    ],
)
def test_a_limit_is_no_full_disk(number: int, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choose, "_lacks", lambda capability: False)
    assert said in choose._why_no_namespace(OSError(number, os.strerror(number)))


def test_the_file_and_the_rights_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    of_file = PermissionError(errno.EACCES, "no", "/dev/net/tun")
    of_rights = PermissionError(errno.EPERM, "no")
    monkeypatch.setattr(choose, "_lacks", lambda capability: capability == 12)
    assert "--cap-add NET_ADMIN)" in choose._why_not_permitted(of_rights)
    for user, said in ((0, "by root either"), (1000, "or run as root")):
        monkeypatch.setattr(os, "geteuid", lambda user=user: user)
        assert said in choose._why_not_permitted(of_file)


@pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("setpriv") is None, reason="takes root, and setpriv"
)
@pytest.mark.parametrize(
    ("capability", "said"),
    [("net_admin", "CAP_NET_ADMIN, which is lacking"), ("sys_admin", "root lacks CAP_SYS_ADMIN")],
)
def test_root_without_all_rights(capability: str, said: str) -> None:
    if choose_wire("auto")[0] != "tun":
        pytest.skip("no TUN on this machine, whatever one may do")
    less = ["setpriv", f"--bounding-set=-{capability}", f"--inh-caps=-{capability}"]
    asked = subprocess.run(
        [*less, sys.executable, "-c", ASKING],
        env={**os.environ, "PYTHONPATH": str(Kit.find().root / "grader")},
        capture_output=True,
        text=True,
    )
    assert said in asked.stdout
