"""Which pictures a page wants: its ladders, and the places that it has marked.

    <!-- picture:states -->                  the eleven states, all ways that runs of the cases show
    <!-- picture:states CASE -->             the same, with the way of one case
    <!-- picture:space CASE STEP -->         the sequence space after that step
    what stands here is for those who read the page as a file
    <!-- /picture -->
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tcplab.errors import UsageError
from tcplab.handouts.pictures.runs import REFERENCE, Play

# A command that traces one case, and its output. What stands after the case is what it is run on.
_LADDER = (
    r"^(?P<command>```sh\n\./tcplab trace (?P<case>[a-z][^\s']*)"
    r"(?: (?P<target>[a-z][^\s']*))?\n```\n)"
    r"\n(?P<output>```text\n.*?^```$)"
)
_PICTURE = r"^<!-- picture:(?P<what>[^\n]*?) -->\n(?P<inside>.*?)^<!-- /picture -->$"
_FENCE = r"^(?P<fence>`{3,}|~{3,})[^\n]*\n.*?^(?P=fence)$"  # what is in another block is no wish
_ANY = re.compile(f"{_LADDER}|{_PICTURE}|{_FENCE}", re.DOTALL | re.MULTILINE)
_TEXT = re.compile(r"^```text\n.*?^```$", re.DOTALL | re.MULTILINE)
_DRAWN = re.compile(r"<!-- drawn:(\d+) -->(.*?)<!-- /drawn -->", re.DOTALL)


@dataclass(frozen=True)
class Ladder:
    """A case from beginning to end."""

    play: Play


@dataclass(frozen=True)
class States:
    """The eleven states; with a case, its way through them."""

    play: Play | None


@dataclass(frozen=True)
class SpaceAt:
    """Sequence spaces, or buffers, after a step."""

    play: Play
    step: int


Wish = Ladder | States | SpaceAt


def split(markdown: str) -> tuple[str, list[Wish]]:
    """A page, with a place for each picture that it wants, and these. Text that stands for a
    picture stays in its place. Raises UsageError."""
    wishes: list[Wish] = []

    def place(wish: Wish, text: str) -> str:
        wishes.append(wish)
        return f"<!-- drawn:{len(wishes) - 1} -->\n\n{text}\n\n<!-- /drawn -->"

    def one(match: re.Match[str]) -> str:
        if match["what"] is not None:
            text = _TEXT.search(match["inside"])
            return place(_wish(match["what"].split()), text[0] if text else "")
        target = match["target"] or REFERENCE
        if match["command"] is None or not is_of_the_kit(target):
            return match[0]
        return match["command"] + "\n" + place(Ladder(Play(match["case"], target)), match["output"])

    return _ANY.sub(one, markdown), wishes


def is_of_the_kit(target: str) -> bool:
    """Is it there wherever the site is made? A reader's own folder is not."""
    return target == REFERENCE or target.startswith("mutant:")


def filled(html: str, figures: list[str], text: str) -> str:
    """A page of the site, with its pictures in their places. `text` is what goes round the text of
    a picture, with {} where that is."""

    def one(match: re.Match[str]) -> str:
        inside = match[2].strip()
        return figures[int(match[1])].replace(
            "<!-- text -->", text.format(inside) if inside else ""
        )

    return _DRAWN.sub(one, html)


def _wish(words: list[str]) -> Wish:
    match words:
        case ["states"]:
            return States(None)
        case ["states", name, *target] if len(target) <= 1:
            return States(Play(name, *target))
        case ["space", name, step, *target] if step.isdigit() and len(target) <= 1:
            return SpaceAt(Play(name, *target), int(step))
    raise UsageError(f"no such picture: {' '.join(words)}; there are states, and space CASE STEP")
