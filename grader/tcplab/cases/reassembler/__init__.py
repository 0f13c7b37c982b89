"""Checkpoint 2: the reassembler, piece by piece on the bench and segment by segment on the wire."""

ORDER = ("bench", "end", "properties", "cost", "wire")
