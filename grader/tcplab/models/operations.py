"""Plans: what hypothesis makes up, and makes smaller.

An operation is a name and two numbers below 64. What the numbers mean is the model's to say: it
knows where the edges are, to which most operations have to go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

_END = "end"
_MOST = 40  # operations
NUMBERS = 64


@dataclass(frozen=True)
class Operation:
    """See the module's text."""

    kind: str
    a: int
    b: int


@dataclass(frozen=True)
class Plan:
    """The things to begin with, one of the choices for each, and operations on them."""

    settings: tuple[Any, ...]
    operations: tuple[Operation, ...]

    def without(self, at: int, count: int) -> Plan:
        """The same with some operations left out."""
        return Plan(self.settings, self.operations[:at] + self.operations[at + count :])


def plans(
    choices: Sequence[Sequence[Any]], weights: Mapping[str, int], mean: int
) -> SearchStrategy[Plan]:
    """Plans of about `mean` operations. `weights` says which there are, and how often each comes;
    simple ones first, for that is what failures are reduced to."""
    from hypothesis import strategies as st

    both = st.integers(0, NUMBERS * NUMBERS - 1)  # one draw instead of two takes less time
    some = several(weights, [both], mean)
    settings = st.tuples(*(st.sampled_from(list(choice)) for choice in choices))
    return st.builds(_plan, settings, some)


def _plan(settings: tuple[Any, ...], operations: Sequence[tuple[str, int]]) -> Plan:
    pairs = ((kind, *divmod(both, NUMBERS)) for kind, both in operations)
    return Plan(settings, tuple(Operation(kind, a, b) for kind, b, a in pairs))


def several(
    weights: Mapping[str, int], numbers: Sequence[SearchStrategy[Any]], mean: int
) -> SearchStrategy[list[tuple[Any, ...]]]:
    """Lists of about `mean` tuples: a name, and one of each kind of numbers. The end of a list is
    itself a name: that takes hypothesis less time than lists of its own do, and is simplest."""
    from hypothesis import strategies as st

    names = [name for name, weight in weights.items() for _ in range(weight)]
    ends = max(1, round(len(names) / mean))
    names = [_END] * ends + names * max(1, round(mean / len(names)))
    item = st.tuples(st.sampled_from(names), *numbers)

    @st.composite
    def items(draw: Callable[[Any], Any]) -> list[tuple[Any, ...]]:
        drawn: list[tuple[Any, ...]] = []
        while len(drawn) < _MOST:
            one = draw(item)
            if one[0] == _END:
                break
            drawn.append(one)
        return drawn

    return items()
