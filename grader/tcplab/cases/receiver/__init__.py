"""Checkpoint 3: the receiver, on the bench and inside a connection."""
