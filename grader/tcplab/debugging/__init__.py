"""A case under gdb. It is run twice: first to see where it fails, and what is asked of the device
until then; and once more, with a device under gdb that stops where it matters.
"""
