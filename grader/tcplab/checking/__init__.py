"""One check of a checkpoint, as a student makes it dozens of times a day, and `--watch`."""
