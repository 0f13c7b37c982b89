"""Checkpoint 0: sequence numbers, on the bench and inside a connection."""

ORDER = ("bench", "properties", "cost", "wire")
