"""The three functions of seqno.h, one call at a time."""

from __future__ import annotations

from tcplab.case import case
from tcplab.lab import Lab

_2_31 = 1 << 31
_2_32 = 1 << 32
_2_64 = 1 << 64
_A_MOMENT_S = 0.5  # of processor time: a loop of 2^32 rounds takes more

# Where numbers that are not handled modulo 2^32 break.
_CORNERS = [0, 1, 0x10, _2_31 - 1, _2_31, _2_31 + 1, _2_32 - 0x10, _2_32 - 1]


def _comes_before(a: int, b: int) -> bool:
    """RFC 9293, 3.4, in arithmetic without bounds."""
    return 0 < (b - a) % _2_32 < _2_31


def _nearest(n: int, isn: int, checkpoint: int) -> int:
    """Of all numbers that wrap to n the nearest to the checkpoint; of two the lower."""
    first = (n - isn) % _2_32 + checkpoint // _2_32 * _2_32
    candidates = (first - _2_32, first, first + _2_32)
    possible = [one for one in candidates if 0 <= one < _2_64]
    return min(possible, key=lambda one: (abs(one - checkpoint), one))


# --- wrap ----------------------------------------------------------------------------------------


@case(
    "seqno.wrap-is-modulo-2^32",
    checkpoint=0,
    rfc=["9293 3.4", "U-3"],
    rule="The sequence number on the wire is the ISN plus the absolute number, modulo 2^32.",
    hint="Unsigned arithmetic in C wraps by itself: add, then cut to 32 bits.",
    kills=["seqno.wrap-modulo-one-too-few"],
)
def wrap_is_modulo(lab: Lab) -> None:
    lab.seqno.wrap(0, isn=0, gives=0)
    lab.seqno.wrap(17, isn=100, gives=117)
    lab.seqno.wrap(3 * _2_32, isn=0, gives=0)
    lab.seqno.wrap(3 * _2_32 + 17, isn=15, gives=32)
    lab.seqno.wrap(7 * _2_32 - 2, isn=15, gives=13)
    lab.seqno.wrap(1, isn=_2_32 - 1, gives=0)
    lab.seqno.wrap(_2_64 - 1, isn=0, gives=_2_32 - 1)


@case(
    "seqno.any-isn-will-do-{isn:#x}",
    checkpoint=0,
    rfc=["9293 3.4.1", "C-ISN-3", "D-SEQ-7"],
    rule="A stream may begin at any number: with the ISN {isn:#x} the first numbers wrap and unwrap"
    " like with any other.",
    hint="Which of your intermediate results is signed, and can it overflow or be negated?",
    kills=["seqno.unwrap-zero-counts-as-negative"],
    each=[{"isn": isn} for isn in (0, _2_31 - 1, _2_31, _2_32 - 16, _2_32 - 1)],
)
def any_isn(lab: Lab, isn: int) -> None:
    for absolute in (0, 1, 2, 15, 16, 17, 70_000):
        raw = (isn + absolute) % _2_32
        lab.seqno.wrap(absolute, isn=isn, gives=raw)
        lab.seqno.unwrap(raw, isn=isn, checkpoint=0, gives=absolute)
        lab.seqno.unwrap(raw, isn=isn, checkpoint=70_001, gives=absolute)


# --- unwrap --------------------------------------------------------------------------------------


@case(
    "seqno.unwrap-past-2^32",
    checkpoint=0,
    rfc=["9293 3.4", "U-3"],
    rule="Of the absolute numbers that wrap to one number, the nearest to the checkpoint is meant.",
    hint="How far is `n` from the wrapped checkpoint, as a signed 32-bit distance?",
    kills=["seqno.unwrap-ignores-the-checkpoint"],
)
def unwrap_past_2_32(lab: Lab) -> None:
    lab.seqno.unwrap(17, isn=0, checkpoint=_2_32 + 5, gives=_2_32 + 17)
    lab.seqno.unwrap(0, isn=0, checkpoint=_2_32 + 5, gives=_2_32)
    lab.seqno.unwrap(_2_32 - 1, isn=0, checkpoint=_2_32 + 5, gives=_2_32 - 1)
    lab.seqno.unwrap(10, isn=20, checkpoint=5 * _2_32, gives=5 * _2_32 - 10)


@case(
    "seqno.unwrap-looks-back-and-ahead",
    checkpoint=0,
    rfc=["9293 3.4", "U-3"],
    rule="The nearest number may lie behind the checkpoint as well as ahead of it.",
    hint="A checkpoint is no lower bound: an old segment has a number that lies behind it.",
    kills=["seqno.unwrap-only-ahead"],
)
def unwrap_looks_back(lab: Lab) -> None:
    isn, here = lab.isn(), 3 * _2_32 + lab.random.getrandbits(32)
    for distance in (0, 1, 1000, 65_535, _2_31 - 1):
        for there in (here + distance, here - distance):
            lab.seqno.unwrap((isn + there) % _2_32, isn=isn, checkpoint=here, gives=there)


@case(
    "seqno.unwrap-is-never-negative",
    checkpoint=0,
    rfc=["9293 3.4", "D-SEQ-6"],
    rule="An absolute number below zero does not exist: the nearest one from zero on is meant.",
    hint="What does your subtraction give when the checkpoint is smaller than the distance?",
    kills=["seqno.unwrap-below-zero", "seqno.unwrap-zero-counts-as-negative"],
)
def unwrap_is_never_negative(lab: Lab) -> None:
    isn = lab.isn()
    lab.seqno.unwrap((isn - 1) % _2_32, isn=isn, checkpoint=0, gives=_2_32 - 1)
    lab.seqno.unwrap((isn - 1) % _2_32, isn=isn, checkpoint=1000, gives=_2_32 - 1)
    lab.seqno.unwrap((isn + _2_31 + 5) % _2_32, isn=isn, checkpoint=4, gives=_2_31 + 5)
    lab.seqno.unwrap(isn, isn=isn, checkpoint=1000, gives=0)
    lab.seqno.unwrap(isn, isn=isn, checkpoint=_2_31 - 1, gives=0)


@case(
    "seqno.unwrap-between-two-equals",
    checkpoint=0,
    rfc=["9293 3.4", "D-SEQ-6"],
    rule="Of two numbers exactly 2^31 away on either side the lower is meant, unless it would be"
    " negative; one step beside there is no doubt.",
    hint="There are 2^31 - 1 steps that are surely nearer ahead. Is your comparison < or <=?",
    kills=["seqno.unwrap-tie-goes-up"],
)
def unwrap_between_two_equals(lab: Lab) -> None:
    isn = lab.isn()
    lab.seqno.unwrap(isn, isn=isn, checkpoint=_2_31, gives=0)
    lab.seqno.unwrap(isn, isn=isn, checkpoint=_2_31 + 1, gives=_2_32)
    lab.seqno.unwrap(isn, isn=isn, checkpoint=_2_32 + _2_31 - 1, gives=_2_32)
    lab.seqno.unwrap(isn, isn=isn, checkpoint=_2_32 + _2_31, gives=_2_32)
    lab.seqno.unwrap(isn, isn=isn, checkpoint=_2_32 + _2_31 + 1, gives=2 * _2_32)
    lab.seqno.unwrap((isn + _2_31) % _2_32, isn=isn, checkpoint=0, gives=_2_31)


@case(
    "seqno.unwrap-far-along-the-stream",
    checkpoint=0,
    rfc=["9293 3.4", "D-SEQ-5"],
    rule="Unwrapping takes the same short time wherever in the stream the checkpoint lies.",
    hint="A loop that adds 2^32 until it is near takes 2^31 rounds here. Can you compute the rest?",
    kills=["seqno.unwrap-loops"],
)
def unwrap_far_along(lab: Lab) -> None:
    isn = lab.isn()
    lab.dut.cpu_limit_s = _A_MOMENT_S
    for here in (1 << 40, 1 << 52, (1 << 53) + 1, 1 << 63, _2_64 - _2_32):
        lab.seqno.unwrap((isn + here + 9) % _2_32, isn=isn, checkpoint=here, gives=here + 9)
        lab.seqno.unwrap((isn + here - 9) % _2_32, isn=isn, checkpoint=here, gives=here - 9)


@case(
    "seqno.unwrap-stays-below-2^64",
    checkpoint=0,
    rfc=["9293 3.4", "D-SEQ-5"],
    rule="An absolute number of 2^64 or more does not exist: the nearest one below is meant.",
    hint="Which addition of yours can wrap around 2^64?",
    kills=["seqno.unwrap-beyond-2^64"],
)
def unwrap_stays_below(lab: Lab) -> None:
    last = _2_64 - 1
    lab.seqno.unwrap(_2_32 - 1, isn=0, checkpoint=last, gives=last)
    lab.seqno.unwrap(_2_32 - 3, isn=0, checkpoint=last, gives=last - 2)
    lab.seqno.unwrap(5, isn=0, checkpoint=last, gives=_2_64 - _2_32 + 5)
    lab.seqno.unwrap(5, isn=0, checkpoint=last - 100, gives=_2_64 - _2_32 + 5)


@case(
    "seqno.unwrap-undoes-wrap",
    checkpoint=0,
    rfc=["9293 3.4", "U-3"],
    rule="What was wrapped unwraps to itself, given any checkpoint less than 2^31 away.",
    hint="Try the smallest numbers for which it fails on paper.",
    kills=["seqno.wrap-modulo-one-too-few", "seqno.unwrap-ignores-the-checkpoint"],
)
def unwrap_undoes_wrap(lab: Lab) -> None:
    for _ in range(30):
        absolute, isn = lab.random.getrandbits(lab.random.randrange(1, 62)), lab.isn()
        distance = lab.random.randrange(1 - _2_31, _2_31)
        raw = (isn + absolute) % _2_32
        lab.seqno.wrap(absolute, isn=isn, gives=raw)
        lab.seqno.unwrap(raw, isn=isn, checkpoint=max(0, absolute + distance), gives=absolute)


@case(
    "seqno.unwrap-in-every-corner",
    checkpoint=0,
    rfc=["9293 3.4", "D-SEQ-2"],
    rule="Wherever number, ISN and checkpoint stand to each other, the nearest number is meant.",
    hint="If you distinguish cases, can you say why there is no case that you forgot?",
    kills=["seqno.unwrap-tie-goes-up", "seqno.unwrap-below-zero"],
)
def unwrap_in_every_corner(lab: Lab) -> None:
    for n in _CORNERS:
        for isn in lab.random.sample(_CORNERS, 3):
            for rounds in (0, 1, 5):
                here = rounds * _2_32 + lab.random.choice(_CORNERS)
                lab.seqno.unwrap(n, isn=isn, checkpoint=here, gives=_nearest(n, isn, here))


# --- before --------------------------------------------------------------------------------------


@case(
    "seqno.before-on-the-circle",
    checkpoint=0,
    rfc=["9293 3.4", "D-SEQ-1"],
    rule="A number is before another if going forward reaches it in fewer than 2^31 steps.",
    hint="Subtract as 32-bit numbers, the one that is to be before from the other, and look at the"
    " difference; never compare numbers.",
    kills=[
        "seqno.before-is-plain-less",
        "seqno.before-includes-half-the-circle",
        "seqno.before-the-other-way-round",
    ],
)
def before_on_the_circle(lab: Lab) -> None:
    lab.seqno.before(0xFFFFFFF0, 0x10, gives=True)
    lab.seqno.before(0x10, 0xFFFFFFF0, gives=False)
    lab.seqno.before(100, 100, gives=False)
    lab.seqno.before(0, _2_31 - 1, gives=True)
    lab.seqno.before(0, _2_31, gives=False)
    lab.seqno.before(_2_31, 0, gives=False)


@case(
    "seqno.before-itself-never",
    checkpoint=0,
    rfc=["9293 3.4", "D-SEQ-4"],
    rule="No number comes before itself, and each comes before the next.",
    hint="`before` means <, not =<: an acknowledgment of SND.UNA acknowledges nothing new.",
    kills=["seqno.before-includes-itself"],
)
def before_itself_never(lab: Lab) -> None:
    for number in [*_CORNERS, lab.isn()]:
        lab.seqno.before(number, number, gives=False)
        lab.seqno.before(number, (number + 1) % _2_32, gives=True)
        lab.seqno.before((number + 1) % _2_32, number, gives=False)


@case(
    "seqno.before-ends-half-way-round",
    checkpoint=0,
    rfc=["9293 3.4", "D-SEQ-3"],
    rule="From any number on, 2^31 - 1 numbers come after it; the one half-way round is neither"
    " before nor after.",
    hint="What is the value of your constant for half the circle? In C ^ is not a power.",
    kills=["seqno.before-half-is-29", "seqno.before-includes-half-the-circle"],
)
def before_ends_half_way(lab: Lab) -> None:
    for number in [*_CORNERS, lab.isn(), lab.isn()]:
        lab.seqno.before(number, (number + 100) % _2_32, gives=True)
        lab.seqno.before((number + 100) % _2_32, number, gives=False)
        lab.seqno.before(number, (number + _2_31 - 1) % _2_32, gives=True)
        lab.seqno.before(number, (number + _2_31) % _2_32, gives=False)
        lab.seqno.before(number, (number + _2_31 + 1) % _2_32, gives=False)


@case(
    "seqno.before-in-every-corner",
    checkpoint=0,
    rfc=["9293 3.4", "D-SEQ-2"],
    rule="Wherever two numbers stand on the circle, the way forward between them decides.",
    hint="Draw the circle, and the two numbers in each order on either side of zero and of 2^31.",
    kills=["seqno.before-wrong-in-one-quadrant", "seqno.before-is-plain-less"],
)
def before_in_every_corner(lab: Lab) -> None:
    for a in _CORNERS:
        for b in _CORNERS:
            lab.seqno.before(a, b, gives=_comes_before(a, b))


@case(
    "seqno.before-one-way-only",
    checkpoint=0,
    rfc=["9293 3.4", "D-SEQ-2"],
    rule="Of two numbers at most one comes before the other, and moving both along the circle"
    " changes nothing.",
    hint="Is your answer a function of the difference alone?",
    kills=["seqno.before-wrong-in-one-quadrant"],
)
def before_one_way_only(lab: Lab) -> None:
    for _ in range(15):
        a, b, shift = lab.isn(), lab.isn(), lab.isn()
        ahead = _comes_before(a, b)
        lab.seqno.before(a, b, gives=ahead)
        lab.seqno.before(b, a, gives=_comes_before(b, a))
        lab.seqno.before((a + shift) % _2_32, (b + shift) % _2_32, gives=ahead)
