"""Checkpoint 3: the receiver, on the bench and inside a connection."""

ORDER = (
    "acknowledgments",
    "fin",
    "windows",
    "acceptability",
    "far",
    "properties",
    "wire",
    "wire_windows",
    "full_buffer",
)
