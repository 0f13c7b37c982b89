"""Checkpoint 4: the sender, alone on the bench and inside a stack on the wire."""

ORDER = (
    "opening",
    "segments",
    "acknowledgments",
    "closing",
    "retransmission",
    "lost_syn",
    "round_trips",
    "windows",
    "small_segments",
    "waiting",
    "borders",
    "choices",
    "far",
    "properties",
)
