"""Checkpoint 0: sequence numbers, on the bench and inside a connection."""
