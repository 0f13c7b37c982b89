"""Checkpoint 5: the segment on the bench, and the connection on the wire."""
