"""The fields of a segment that a case can expect, by name: comparing and describing them.

seq ack window mss urgent length data, and the flags syn fin rst psh urg has_ack as True or False.
An expected value may be a function that says whether the actual one is right.
"""

from __future__ import annotations

from typing import Any

from tcplab import packet as p
from tcplab.errors import CaseFailed
from tcplab.packet import CIRCLE, Segment, signed_distance
from tcplab.transcript import show_bytes

_FLAG_FIELDS = {
    "syn": p.SYN,
    "fin": p.FIN,
    "rst": p.RST,
    "psh": p.PSH,
    "urg": p.URG,
    "has_ack": p.ACK,
}


def match_fields(
    segment: Segment, wanted: dict[str, Any], tester_iss: int, stack_iss: int | None, words: str
) -> None:
    """Compares a segment of the stack's. Numbers are relative; raw as long as the stack's ISN is
    not known. `words` is the segment in words. Raises CaseFailed."""
    for name, expected in wanted.items():
        actual = _field(segment, name, tester_iss, stack_iss)
        if callable(expected):
            holds, shown = bool(expected(actual)), _purpose(expected)
        elif name in ("seq", "ack") and actual is not None:
            holds, shown = (actual - expected) % CIRCLE == 0, str(expected)
        else:
            holds, shown = actual == expected, _show(expected)
        if not holds:
            raise CaseFailed(
                f"{name} is {_show(actual)}, expected {shown}, in {words}",
                name,
                shown,
                _show(actual),
            )


def _field(segment: Segment, name: str, tester_iss: int, stack_iss: int | None) -> Any:
    if name == "seq":
        return segment.seq if stack_iss is None else signed_distance(stack_iss, segment.seq)
    if name == "ack":
        return signed_distance(tester_iss, segment.ack) if segment.has(p.ACK) else None
    if name == "length":
        return len(segment.data)
    flag = _FLAG_FIELDS.get(name)
    return getattr(segment, name) if flag is None else segment.has(flag)


def _purpose(expected: Any) -> str:
    return getattr(expected, "__doc__", None) or "another value"


def _show(value: Any) -> str:
    if isinstance(value, bytes):
        return show_bytes(value)
    if isinstance(value, bool):
        return "set" if value else "not set"
    return "absent" if value is None else str(value)


def describe_fields(fields: dict[str, Any]) -> str:
    words = [name.upper() for name in ("syn", "fin", "rst", "psh", "urg") if fields.get(name)]
    for name, value in fields.items():
        if name in _FLAG_FIELDS:
            if value is False:
                words.append(f"no {'ACK' if name == 'has_ack' else name.upper()}")
            elif name == "has_ack":
                words.append("ACK")
        elif callable(value):
            words.append(f"{name}: {_purpose(value)}")
        else:
            words.append(f"{name}={_show(value)}")
    return " ".join(words) or "a segment"


def describe_wait(within_ms: int, not_before_ms: int) -> str:
    words = f", not before {not_before_ms} ms" if not_before_ms else ""
    return words + (f", within {within_ms} ms" if within_ms else "")
