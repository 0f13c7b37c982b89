"""Checkpoint 1: the byte stream, on the bench and on either side of a connection."""

ORDER = ("bench", "properties", "cost", "wire")
