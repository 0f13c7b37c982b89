"""A student's work folder: what makes it one, and how it is made."""
