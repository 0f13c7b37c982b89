"""Checkpoint 4: the sender, alone on the bench and inside a stack on the wire."""

ORDER = (
    "opening",
    "segments",
    "acknowledgments",
    "closing",
    "retransmission",
    "round_trips",
    "windows",
    "small_segments",
    "waiting",
    "borders",
    "choices",
    "far",
    "properties",
    "wire",
    "lost_syn",
    "wire_loss",
    "wire_windows",
)
