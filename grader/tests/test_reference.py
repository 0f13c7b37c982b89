"""What the reference does where a case must accept more: of two allowed ways, the better one."""

from __future__ import annotations

import re

import pytest

from tcplab.cli import main


@pytest.mark.parametrize(
    "case, segment",
    [
        ("connection.both-windows-closed", r"ACK seq=(\d+) ack=1001 win=1000"),
        ("connection.abort-behind-a-refused-probe", r"RST seq=(\d+)"),
    ],
)
def test_a_peer_that_checks_numbers_hears_it(
    capsys: pytest.CaptureFixture[str], case: str, segment: str
) -> None:
    """Behind a refused probe the window update and the reset have the number that it expects.

    Linux drops all others. With both windows closed, that is for ever.
    """
    assert main(["trace", case, "reference", "--seed", "1"]) == 0
    assert re.findall(rf"◀─+ {segment} ", capsys.readouterr().out) == ["1"]
