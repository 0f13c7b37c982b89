"""Checkpoint 4: the sender, alone on the bench and inside a stack on the wire."""
