"""Mechanical mutants: every small slip that could be made in the reference, made, one at a time."""
