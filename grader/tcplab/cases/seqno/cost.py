"""What unwrapping costs."""

from __future__ import annotations

from tcplab.case import case
from tcplab.cost import Work, expect_cost_near_reference, expect_even_cost
from tcplab.lab import Lab

BUILDS_ON = ("seqno.wrap-is-modulo-2^32", "seqno.unwrap-past-2^32")

_CALLS = 20_000
_FAR = 44  # 2^44 is 4096 times round the circle


def _unwrapping(power: int) -> Work:
    words = f"{_CALLS:,} unwraps near a checkpoint of 2^{power}"
    return Work(words, (), f"seqno.churn {1 << power} {_CALLS}", _CALLS)


@case(
    "seqno.unwrap-in-constant-time",
    checkpoint=0,
    rfc=["9293 3.4", "D-SEQ-5", "K-COST-1"],
    rule="Unwrapping takes the same time wherever the checkpoint is: there is no loop round the"
    " circle.",
    hint="The distance from the checkpoint to the next candidate is one subtraction modulo 2^32.",
    kills=["seqno.unwrap-loops"],
)
def unwrap_in_constant_time(lab: Lab) -> None:
    # Who does nothing is quick.
    lab.seqno.unwrap(17, 0, (1 << _FAR) + 5, gives=(1 << _FAR) + 17)
    expect_even_cost(lab, "call", _unwrapping(_FAR - 4), _unwrapping(_FAR))
    expect_cost_near_reference(lab, _unwrapping(_FAR))
    expect_even_cost(lab, "call", _unwrapping(_FAR), _unwrapping(63))
