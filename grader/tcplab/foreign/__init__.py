"""Other people's TCP as the device under test: the Linux kernel's, and any program's on a TUN.

What is foreign has no command channel and no virtual clock. The same cases run on it, in real time,
as far as it can be asked what they ask.
"""
