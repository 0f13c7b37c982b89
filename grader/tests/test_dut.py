"""Replies are taken apart with suspicion, and reports of sanitizers in plain words."""

from __future__ import annotations

import pytest

from tcplab.dut import RequestRefused, parse_reply
from tcplab.errors import DutNonsense
from tcplab.sanitizer import explain_report


def test_words_values_and_times() -> None:
    reply = parse_reply("conn.read 1 9", "ok 68656c6c6f eof=1 tx=3,3,17")
    assert reply.hex(0) == b"hello" and reply.flag_of("eof")
    assert reply.tx == [3, 3, 17] and not reply.more


def test_no_bytes_and_more() -> None:
    assert parse_reply("x", "ok -").hex(0) == b""
    assert parse_reply("x", "more tx=1").more


@pytest.mark.parametrize("text", ["", "okay", "yes 1", "OK 1", "\n", "ok\t1", "more…"])
def test_answers_that_are_none(text: str) -> None:
    with pytest.raises(DutNonsense):
        parse_reply("x", text)


@pytest.mark.parametrize("text", ["ok", "ok -1", "ok 1x", "ok 0x10", "ok " + "9" * 30, "ok ½"])
def test_numbers_that_are_none(text: str) -> None:
    with pytest.raises(DutNonsense):
        parse_reply("x", text).number(0)


@pytest.mark.parametrize("text", ["ok 123", "ok zz", "ok"])
def test_bytes_that_are_none(text: str) -> None:
    with pytest.raises(DutNonsense):
        parse_reply("x", text).hex(0)


def test_lacking_values_and_strange_times() -> None:
    with pytest.raises(DutNonsense):
        parse_reply("x", "ok a=1").value("b")
    with pytest.raises(DutNonsense):
        parse_reply("x", "ok tx=1,,2")


def test_refusals_carry_their_reason() -> None:
    with pytest.raises(RequestRefused) as refused:
        parse_reply("conn.connect", "error EADDRINUSE port 80 is taken")
    assert refused.value.reason == "EADDRINUSE port 80 is taken"


ASAN = """=================================================================
==1==ERROR: AddressSanitizer: heap-buffer-overflow on address 0x602000000013 at pc 0x55 bp 0x7f
WRITE of size 1 at 0x602000000013 thread T0
    #0 0x7f in __interceptor_memcpy ../../../src/libsanitizer/interceptors.inc:827
    #1 0x55 in copy_in byte_stream.c:42
    #2 0x55 in byte_stream_write byte_stream.c:66
    #3 0x55 in write_stream labs/given/dut/commands_stream.c:80
"""
UBSAN = """sender.c:17:9: runtime error: signed integer overflow: 2147483647 + 1 cannot be
    #0 0x55 in double_rto sender.c:17
    #1 0x55 in tcp_sender_tick sender.c:99
"""
ASSERT = "dut: connection.c:12: tcp_connection_tick: Assertion `ms > 0' failed.\n" + ASAN


def test_an_overflow_in_plain_words() -> None:
    finding = explain_report(ASAN)
    assert finding.summary.startswith("it wrote past the end of allocated memory")
    assert finding.where == "byte_stream.c:42 in copy_in"


def test_undefined_behaviour_in_plain_words() -> None:
    finding = explain_report(UBSAN)
    assert finding.summary.startswith("undefined behaviour: signed integer overflow")
    assert finding.where == "sender.c:17 in double_rto"


def test_an_assertion_in_plain_words() -> None:
    finding = explain_report(ASSERT)
    assert finding.summary == "the assertion 'ms > 0' failed"
    assert finding.where == "connection.c:12"


def test_a_report_that_says_nothing() -> None:
    assert explain_report("Killed").summary == ""
