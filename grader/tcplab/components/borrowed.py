"""Pointers to bytes that a component hands out: they have to lead somewhere."""

from __future__ import annotations

from tcplab.check import expect_true
from tcplab.dut import Reply


def expect_sound_pointer(subject: str, reply: Reply) -> None:
    """What the device says of a pointer behind its bytes (labs/given/dut/PROTOCOL.md). Raises
    CaseFailed."""
    lives, past = "memory that lives until the next call", "a local variable of a call that is over"
    unset = "a pointer or a length as it was before the call"
    expect_true(subject, "unset" not in reply.words, "every field is set", unset)
    expect_true(subject, "past" not in reply.words, lives, past)
    expect_true(subject, "dangling" not in reply.words, "NULL", "something else")
