"""What if there is no memory? One allocation after another is made to fail."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tcplab.dut import RequestRefused
from tcplab.errors import CaseFailed

if TYPE_CHECKING:
    from tcplab.lab import Lab

_MOST = 200


def lacking_memory(lab: Lab, make: Callable[[], None], use: Callable[[], None]) -> None:
    """Makes something again and again; the first time its first allocation fails, then its second,
    and so on, until there is none left to fail. `make` asks for the same memory each time, or one
    would be left out. It may raise RequestRefused for want of memory; where it does not, what it
    has made has to work: `use`."""
    for at in range(1, _MOST):
        lab.transcript.step(f"Allocation {at} from here fails; expected: NULL, or one that works")
        if not _make_without(lab, at, make, use):
            lab.transcript.step("All its allocations have failed once: now with enough memory")
            make()
            use()
            return
    raise CaseFailed(f"more than {_MOST} allocations to make it", "allocations", "a few", "many")


def _make_without(lab: Lab, at: int, make: Callable[[], None], use: Callable[[], None]) -> bool:
    """Was there an allocation to fail?"""
    lab.request(f"memory.fail {at}")
    made = True
    try:
        make()
    except RequestRefused as refusal:
        if "_outbound returned NULL" in refusal.reason:
            raise CaseFailed("a sender without a stream", "the result", "NULL", "no NULL") from None
        made = False
    failed = lab.request("memory.fail 0").number(0) == 0
    if made:
        use()
    elif not failed:
        raise CaseFailed("NULL, although no allocation failed", "the result", "no NULL", "NULL")
    return failed
