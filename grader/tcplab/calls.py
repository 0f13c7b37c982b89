"""Which functions of the student's a step of a case calls, told from the step's words: so that of
those that are still to be written the one that matters comes first."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

_STEP = re.compile(r"^ {0,2}\d+  (.*)")
_LOOK = re.compile(r"^(?:[a-z ]+: |The application )?looks?; expected: (.*)")
_ASKED = re.compile(r"(\w+)[ =]")

# How a step begins, and what it calls, in this order. What stands before a colon is the name of
# what is asked.
_STREAM = r"(?:[a-z]+ )?stream: "
_BEGINNINGS: dict[str, tuple[tuple[str, str], ...]] = {
    "seqno.c": (
        (r"wrap\(", "seqno_wrap"),
        (r"unwrap\(", "seqno_unwrap"),
        (r"before\(", "seqno_before"),
    ),
    "byte_stream.c": (
        (r"New stream", "byte_stream_new"),
        (_STREAM + r"write ", "byte_stream_write"),
        (_STREAM + r"close", "byte_stream_close"),
        (_STREAM + r"set error", "byte_stream_set_error"),
        (_STREAM + r"pop ", "byte_stream_pop"),
        (_STREAM + r"read ", "byte_stream_peek byte_stream_pop"),
        (_STREAM + r"peek", "byte_stream_peek"),
        (r"The end", "byte_stream_free"),
    ),
    "reassembler.c": (
        (r"New stream", "reassembler_new"),
        (r"insert ", "reassembler_insert"),
        (_STREAM, "reassembler_insert"),  # which holds what was put into it
        (r"The end", "reassembler_free"),
    ),
    "receiver.c": (
        (r"New receiver", "tcp_receiver_new tcp_receiver_inbound"),
        (r"receive \S+ bytes ", "tcp_receiver_receive tcp_receiver_send"),
        (r"receive ", "tcp_receiver_receive"),
        (r"send;", "tcp_receiver_send"),
        (r"acceptable\(", "tcp_receiver_acceptable"),
        (_STREAM, "tcp_receiver_receive"),
        (r"The end", "tcp_receiver_free"),
    ),
    "sender.c": (
        (r"New sender", "tcp_sender_new tcp_sender_outbound"),
        (r"receive ", "tcp_sender_receive"),
        (r"tick ", "tcp_sender_tick"),
        (r"set_mss ", "tcp_sender_set_mss"),
        (r"set_nagle ", "tcp_sender_set_nagle"),
        (r"next\b", "tcp_sender_next"),
        (r"write \S+ bytes,", "tcp_sender_next tcp_sender_receive"),
        (r"The end", "tcp_sender_free"),
    ),
    "segment.c": (
        (r"parse ", "tcp_segment_parse"),
        (r"serialize ", "tcp_segment_serialize"),
        (r"The tester (?:sends|answers|connects)", "tcp_segment_parse"),
        (r"Expected: ", "tcp_segment_serialize"),
    ),
    "connection.c": (
        (r"a segment for nobody", "tcp_reply_to_closed"),
        (r"(?:connection: active OPEN|The application connects)", "tcp_connection_open_active"),
        (r"(?:connection: passive OPEN|The application listens)", "tcp_connection_open_passive"),
        (r"(?:connection: SEND|The application writes)", "tcp_connection_write"),
        (r"(?:connection: RECEIVE|The application reads)", "tcp_connection_read"),
        (r"(?:connection: CLOSE|The application closes)", "tcp_connection_shutdown"),
        (r"(?:connection: ABORT|The application aborts)", "tcp_connection_abort"),
        (r"(?:connection: |The application switches )Nagle", "tcp_connection_set_nagle"),
        (r"The application sets R2", "tcp_connection_set_max_retransmissions"),
        (r"(?:connection: tick |\d+ ms pass)", "tcp_connection_tick"),
        (r"connection: a segment arrives", "tcp_connection_segment_arrives"),
        (r"The tester (?:sends|answers|connects)", "tcp_connection_segment_arrives"),
        (r"(?:connection: next segment|connection: all segments)", "tcp_connection_next_segment"),
        (r"Expected: ", "tcp_connection_next_segment"),
        (r"The application looks at the state", "tcp_connection_state"),
        (r"The application looks at the error", "tcp_connection_error"),
        (r"(?:New connection|Start the stack)", "tcp_connection_new"),
        (r"The end", "tcp_connection_free"),
    ),
}
# Where the name of a query is not the end of its function's.
_QUERIES = {
    "pending": "bytes_pending",
    "update_due": "window_update_due",
    "synchronized": "is_synchronized",
    "in_flight": "bytes_in_flight",
    "consecutive": "consecutive_retransmissions",
    "rto": "rto_ms",
    "eof": "read_finished",
}


def in_the_order_of_need(
    names: Sequence[str], files: Iterable[str], steps: Sequence[str], subject: str
) -> tuple[str, ...]:
    """The names of functions of these files, in another order: first those that the last step
    calls, `subject` being what it asked and did not like; then those of the steps before it; then
    the others as they came."""
    theirs = [one for file in files for one in _BEGINNINGS.get(file, ())]
    needed: dict[str, None] = {}
    for line in reversed(steps):
        step = _STEP.match(line)
        if step:
            needed |= dict.fromkeys(one for one in _called(step[1], theirs, names, subject))
            subject = ""
    first = [one for one in needed if one in names]
    return (*first, *(one for one in names if one not in needed))


def _called(
    step: str, theirs: Sequence[tuple[str, str]], names: Sequence[str], subject: str
) -> Iterator[str]:
    look = _LOOK.match(step)
    if look:
        asked: list[str] = _ASKED.findall(look[1])
        for query in sorted(asked, key=lambda one: one != subject):
            end = f"_{_QUERIES.get(query, query)}"
            yield from (one for one in names if one.endswith(end))
        return
    yield from (one for begin, called in theirs if re.match(begin, step) for one in called.split())
