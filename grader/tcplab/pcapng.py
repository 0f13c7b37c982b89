"""A case as a capture for Wireshark, with a comment on each packet: what the case was doing."""

from __future__ import annotations

from pathlib import Path

from scapy.layers.inet import IP
from scapy.utils import PcapNgWriter

from tcplab.errors import UsageError
from tcplab.result import Outcome
from tcplab.story import Act, Passage, Story

_LINKTYPE_RAW = 101  # packets begin with the IP header


def write_pcapng(path: Path, story: Story, outcome: Outcome) -> int:
    """Writes all packets of a story, at their virtual times. Returns how many.

    Raises UsageError if there can be no such file.
    """
    pairs = list(story.passages())
    try:
        with PcapNgWriter(str(path)) as writer:
            writer.linktype = _LINKTYPE_RAW
            for at, (act, passage) in enumerate(pairs):
                packet = IP(passage.raw)
                packet.time = passage.time_ms / 1000
                packet.comment = _comment(act, passage)
                if at == len(pairs) - 1 and outcome.status != "passed":
                    packet.comment += f"; {outcome.status}: {outcome.message}"
                writer.write(packet)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written ({error.strerror}); name another") from None
    return len(pairs)


def _comment(act: Act, passage: Passage) -> str:
    sender = "the stack" if passage.from_dut else "the tester"
    return f"step {act.number}, from {sender}: {act.text}"
