"""SVG as text, for pictures that stand in a page: it gives them its colours, by their classes."""

from __future__ import annotations

from html import escape

_TIP = 10  # pixels
_HALF = 5


class Svg:
    """Elements, in the order in which they are drawn. Text from anywhere is escaped."""

    def __init__(self) -> None:
        self._parts: list[str] = []

    def __str__(self) -> str:
        return "".join(self._parts)

    @staticmethod
    def escape(text: str) -> str:
        """For an attribute, or as text."""
        return escape(text)

    def text(self, kind: str, x: float, y: float, words: str, anchor: str) -> None:
        """A line of words; `anchor` is start, middle or end."""
        self._parts.append(
            f'<text class="{kind}" x="{x:g}" y="{y:g}" text-anchor="{anchor}">'
            f"{escape(words, quote=False)}</text>"
        )

    def label(self, x: float, y: float, flags: str, fields: str) -> None:
        """What stands on an arrow: the flags stand out."""
        more = f' <tspan class="fields">{escape(fields, quote=False)}</tspan>' if fields else ""
        self._parts.append(
            f'<text class="label" x="{x:g}" y="{y:g}" text-anchor="middle">'
            f'<tspan class="flags">{escape(flags, quote=False)}</tspan>{more}</text>'
        )

    def path(self, kind: str, way: str) -> None:
        """A line."""
        self._parts.append(f'<path class="{kind}" d="{way}"/>')

    def arrow(self, kind: str, start: float, end: float, y: float) -> None:
        """From one side to the other."""
        back = -_TIP if end > start else _TIP
        self._parts.append(
            f'<g class="arrow {kind}"><path d="M{start:g} {y:g}H{end + back:g}"/>'
            f'<path class="tip" d="M{end:g} {y:g}l{back} {-_HALF}v{2 * _HALF}z"/></g>'
        )

    def add(self, markup: str) -> None:
        """Something that is drawn elsewhere."""
        self._parts.append(markup)
