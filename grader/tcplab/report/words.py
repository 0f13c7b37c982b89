"""Short words that several reports share."""

from __future__ import annotations

import textwrap


def wrapped(words: str, width: int) -> list[str]:
    """Lines of at most `width` columns; an empty one where there is nothing to say."""
    return textwrap.wrap(words, width, break_on_hyphens=False) or [""]


def rfc_words(label: str) -> str:
    """`9293 3.4` is a section, `MUST-61` a requirement of RFC 9293."""
    number, _, section = label.partition(" ")
    if number.isdigit():
        return f"RFC {number}, {section}" if section else f"RFC {number}"
    return label
