"""Text from strangers, made fit to be printed: a terminal obeys some characters."""

from __future__ import annotations

import re

# Control characters (but for the end of a line and the tabulator), and those that turn the
# direction of what follows. Surrogates are what decoding leaves of bytes that are no text.
_HARMFUL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


def harmless(text: str) -> str:
    """The same text, with `\\x1b` in place of an escape character, and so on."""
    return _HARMFUL.sub(lambda found: _spelled(ord(found[0])), text.replace("\r\n", "\n"))


def one_line(text: str) -> str:
    """The same text, harmless and in one line."""
    return " ".join(harmless(text).split())


def last_lines(text: str, count: int, width: int) -> list[str]:
    """The last lines that are not empty, each of them cut to `width` characters."""
    lines = [line.rstrip() for line in harmless(text).expandtabs(4).splitlines() if line.strip()]
    return [cut(line, width) for line in lines[-count:]]


def cut(text: str, length: int) -> str:
    """The text, with an ellipsis at its end if it had to be shortened to `length` characters."""
    return text if len(text) <= length else text[: length - 1] + "…"


def cut_in_the_middle(text: str, length: int) -> str:
    """The same, with the ellipsis in its middle: of many things the end says as much."""
    if len(text) <= length:
        return text
    end = max(0, length - 1) // 2
    return f"{text[: max(0, length - 1 - end)]}…{text[len(text) - end :]}"


def _spelled(code: int) -> str:
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"
