"""Where to stop: the request at which to look, for a step in which something was seen."""

from __future__ import annotations

from collections.abc import Sequence

from tcplab.debugging.record import Event, Recording
from tcplab.errors import UsageError
from tcplab.result import PASSED

# Requests that only look at what has come of others.
_LOOKS = (
    "conn.state conn.read stack.counters clock.now continue"
    " stream.state reassembler.pending receiver.state sender.state tcp.state"
).split()
_WAITS = "clock.advance"
_EXPECTING = "Expected"


def place(recording: Recording, step: int | None) -> int:
    """The index of the event to stop at.

    Of a step that was asked for, that is its first request; of a case that passes, its first of
    all. Of one that fails it is the last request that can have caused what was seen then: to look
    at a state, or to wait for a packet, causes nothing. One that crashed or hung did so in its last
    request. Raises UsageError if there is no such request.
    """
    events = recording.events
    requests = [at for at, event in enumerate(events) if event.request]
    if not requests:
        raise UsageError("this case asks nothing of your code: there is nothing to stop at")
    if step is not None:
        return _first_of(events, requests, step)
    if recording.outcome.status == PASSED:
        return requests[0]
    if recording.outcome.status != "failed":
        return requests[-1]
    causes = [at for at in requests if _causes(recording, events[at])]
    last = causes[-1] if causes else requests[-1]
    return next(
        at for at in requests if events[at].step == events[last].step and at in causes + [last]
    )


def _first_of(events: Sequence[Event], requests: Sequence[int], step: int) -> int:
    for at in requests:
        if events[at].step >= step:
            return at
    raise UsageError(f"--step {step}: after step {events[requests[-1]].step} nothing is asked")


def _causes(recording: Recording, event: Event) -> bool:
    if all(verb in _LOOKS for verb in event.verbs):
        return False
    words = next((one.text for one in recording.steps if one.number == event.step), "")
    return event.verbs != (_WAITS,) or not words.startswith(_EXPECTING)
