"""Checkpoint 3: the receiver, on the bench and inside a connection."""

ORDER = (
    "acknowledgments",
    "fin",
    "windows",
    "acceptability",
    "properties",
    "wire",
    "wire_windows",
    "full_buffer",
)
