"""Conversations of the kit's programs with real peers: the Linux kernel's TCP, curl and nc.

Each test makes a network of its own and removes it:

    ┌───────────── network namespace ──────────────┐
    │                                              │
    │  curl, nc, kernel_peer.py                    │
    │        │                                     │
    │  kernel's TCP (reno)                         │
    │        │ 10.0.0.1                            │
    │     ┌──┴───┐  packets   ┌─────────────────┐  │
    │     │ tun0 │ ◀────────▶ │ lossy link ▲    │  │
    │     └──┬───┘            │     our stack   │  │
    │        │ recorder.py       │ 10.0.0.2        │  │
    │                         └─────────────────┘  │
    │                          tcpcat, tcphttpd, … │
    └──────────────────────────────────────────────┘

The programs are built twice: optimised, and with the sanitizers. TCPLAB_APPS=DIR tests those in DIR
instead.
"""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from capture import Recording
from network import Network, NetworkUnavailable, require

from tcplab.wire.choose import choose_wire

_ROOT = Path(__file__).resolve().parents[3]
_PROGRAMS = ["tcpcat", "tcphttpd", "tcpget", "tcpbench"]
_FLAVOURS = {
    "optimised": ["-DCMAKE_BUILD_TYPE=Release"],
    "sanitized": ["-DCMAKE_BUILD_TYPE=Debug", "-DTCPLAB_SANITIZE=ON"],
}


def _build(flavour: str, folder: Path) -> Path:
    """Builds the programs in `folder`; quick if that was done before. Returns where they are."""
    configure: list[str | Path] = ["cmake", "-S", _ROOT, "-B", folder, "-DTCPLAB_TESTS=OFF"]
    configure += ["-DTCPLAB_NESTED=ON", *_FLAVOURS[flavour]]
    compile_: list[str | Path] = ["cmake", "--build", folder, "--parallel", "2"]
    compile_ += ["--target", *_PROGRAMS]
    for command in (configure, compile_):
        result = subprocess.run(command, capture_output=True, check=False)
        assert result.returncode == 0, f"{result.stdout.decode()}\n{result.stderr.decode()}"
    return folder / "bin"


def _build_folder(flavour: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """In the build tree of the tests if there is one, so that it lasts for the next test file."""
    if "TCPLAB_BUILD" in os.environ:
        return Path(os.environ["TCPLAB_BUILD"]) / f"interop-{flavour}"
    return tmp_path_factory.mktemp(flavour)


@pytest.fixture(scope="session", params=_FLAVOURS)
def apps(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the programs to be tested."""
    if "TCPLAB_APPS" in os.environ:
        if request.param != "optimised":
            pytest.skip("TCPLAB_APPS names the programs to be tested")
        return Path(os.environ["TCPLAB_APPS"]).resolve()
    return _build(request.param, _build_folder(request.param, tmp_path_factory))


@pytest.fixture
def network() -> Iterator[Network]:
    """A fresh network."""
    require("unshare", "nsenter", "setpriv", "ip")
    try:
        network = Network()
    except NetworkUnavailable as reason:
        pytest.skip(f"no namespace with a TUN device on this machine: {reason}")
    with network:
        yield network


@pytest.fixture(scope="session")
def a_tun() -> str:
    """The wire that a test needs, where only a TUN will do."""
    found, problem = choose_wire("auto")
    if found != "tun":
        pytest.skip(f"no TUN on this machine: {problem}")
    return found


@pytest.fixture(scope="module", params=["tun", "socketpair"])
def wire(request: pytest.FixtureRequest) -> str:
    """The kernel's TCP at the other end, and the reference's."""
    kind: str = request.param
    if kind == "tun":
        request.getfixturevalue("a_tun")
    return kind


@pytest.fixture
def recorded(network: Network, tmp_path: Path) -> Iterator[Network]:
    """A fresh network whose packets are recorded. At the end, ours must all be well-formed."""
    require("tshark")
    recording = Recording(network, tmp_path / "tun0.pcapng")
    yield network
    recording.stop()


@pytest.fixture(scope="session")
def payload() -> bytes:
    """100 MB of random bytes, the same ones every time."""
    return random.Random(9293).randbytes(100_000_000)


@pytest.fixture(scope="session")
def big_file(payload: bytes, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The payload as the file `big` in a folder of its own, and its first tenth as `tenth`."""
    folder = tmp_path_factory.mktemp("www")
    (folder / "big").write_bytes(payload)
    (folder / "tenth").write_bytes(payload[: len(payload) // 10])
    yield folder / "big"
    (folder / "big").unlink()
    (folder / "tenth").unlink()


def sha256_of(path: Path) -> str:
    """The file's SHA-256, in hexadecimal."""
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()
