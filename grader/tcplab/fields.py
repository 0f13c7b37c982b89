"""The fields of a segment that a case can expect, by name: comparing and describing them.

seq ack window mss urgent length data, and the flags syn fin rst psh urg has_ack as True or False.
An expected value may be a function that says whether the actual one is right.
"""

from __future__ import annotations

from typing import Any

from tcplab import packet as p
from tcplab.difference import Field, SegmentDifference
from tcplab.errors import CaseFailed
from tcplab.packet import CIRCLE, Segment, relative_words, signed_distance
from tcplab.transcript import show_bytes

_FLAG_FIELDS = {
    "syn": p.SYN,
    "fin": p.FIN,
    "rst": p.RST,
    "psh": p.PSH,
    "urg": p.URG,
    "has_ack": p.ACK,
}


_SHOWN_BYTES = 12


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
            seen = _in_words(segment, name, actual, wanted, tester_iss, stack_iss)
            raise CaseFailed(
                f"{name} is {seen}, expected {shown}, in {words}",
                name,
                shown,
                seen,
                differing_segment(segment, wanted, tester_iss, stack_iss),
            )


# --- taken apart ---------------------------------------------------------------------------------

_NAMES = {  # as the RFC calls them
    "seq": "SEQ",
    "ack": "ACK",
    "window": "WND",
    "urgent": "UP",
    "mss": "MSS",
    "length": "LEN",
    "data": "DATA",
    **dict.fromkeys(_FLAG_FIELDS, "CTL"),
}
_ORDER = ("SEQ", "ACK", "CTL", "WND", "UP", "MSS", "LEN", "DATA")


def differing_segment(
    segment: Segment, wanted: dict[str, Any], tester_iss: int, stack_iss: int | None
) -> SegmentDifference:
    """A segment of the stack's, with all of its fields, compared with what was asked of it; with
    nothing asked, one that should not have come."""
    actual = {name: _field(segment, name, tester_iss, stack_iss) for name in _NAMES}
    numbers = {
        name: _in_words(segment, name, actual[name], wanted, tester_iss, stack_iss)
        for name in ("seq", "ack")
    }
    shown = {
        "SEQ": numbers["seq"],
        "ACK": "" if actual["ack"] is None else numbers["ack"],
        "CTL": p.flag_names(segment.flags),
        "WND": str(segment.window),
        "UP": str(segment.urgent) if segment.has(p.URG) else "",
        "MSS": "" if segment.mss is None else str(segment.mss),
        "LEN": str(len(segment.data)),
        "DATA": show_bytes(segment.data, _SHOWN_BYTES) if segment.data else "",
    }
    return SegmentDifference(True, bool(wanted), compared(shown, wanted, actual))


def missing_segment(
    wanted: dict[str, Any], within_ms: int = 0, instead: str = ""
) -> SegmentDifference:
    """A segment with these fields was waited for, and did not come; `instead` did."""
    return SegmentDifference(False, True, compared({}, wanted, {}), within_ms, instead)


def compared(
    shown: dict[str, str], wanted: dict[str, Any], actual: dict[str, Any]
) -> tuple[Field, ...]:
    """The fields of a segment as shown, by their names in the RFC, beside what was asked of them,
    by the names of the cases. `actual` holds the values, by the latter; with none, none differs."""
    asked: dict[str, list[str]] = {}
    wrong = set()
    for name, value in wanted.items():
        asked.setdefault(_NAMES[name], []).append(_shown_wish(name, value))
        if actual and not _holds(name, value, actual[name]):
            wrong.add(_NAMES[name])
    wishes = {name: _together(words) for name, words in asked.items()}
    names = [name for name in _ORDER if shown.get(name) or name in wishes]
    return tuple(
        Field(name, shown.get(name, ""), wishes.get(name, ""), name in wrong) for name in names
    )


def _together(words: list[str]) -> str:
    """What is asked of one field. Of flags, those first that have to be set."""
    refused = [word for word in words if word.startswith("no ")]
    required = " ".join(word for word in words if word not in refused)
    return ", ".join([required, *refused] if required else refused)


def _shown_wish(name: str, value: Any) -> str:
    if name in _FLAG_FIELDS:
        word = "ACK" if name == "has_ack" else name.upper()
        return word if value else f"no {word}"
    if callable(value):
        return _purpose(value)
    return show_bytes(value, _SHOWN_BYTES) if isinstance(value, bytes) else _show(value)


def _holds(name: str, wish: Any, actual: Any) -> bool:
    if callable(wish):
        try:
            return bool(wish(actual))
        except TypeError:  # it cannot be asked of a field that is not there
            return False
    if name in ("seq", "ack") and actual is not None:
        return bool((actual - wish) % CIRCLE == 0)
    return bool(actual == wish)


def _field(segment: Segment, name: str, tester_iss: int, stack_iss: int | None) -> Any:
    if name == "seq":
        return segment.seq if stack_iss is None else signed_distance(stack_iss, segment.seq)
    if name == "ack":
        return signed_distance(tester_iss, segment.ack) if segment.has(p.ACK) else None
    if name == "length":
        return len(segment.data)
    flag = _FLAG_FIELDS.get(name)
    return getattr(segment, name) if flag is None else segment.has(flag)


def _in_words(
    segment: Segment,
    name: str,
    actual: Any,
    wanted: dict[str, Any],
    tester_iss: int,
    stack_iss: int | None,
) -> str:
    """A field of a segment's as it is shown: numbers that lead nowhere as they are on the wire."""
    if name not in ("seq", "ack") or actual is None:
        return _show(actual)
    wish = wanted.get(name) if isinstance(wanted.get(name), int) else None
    if name == "seq":
        return relative_words(stack_iss or 0, segment.seq, wish)
    return relative_words(tester_iss, segment.ack, wish)


def _purpose(expected: Any) -> str:
    return getattr(expected, "__doc__", None) or "one of several"


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
