"""The grader of the TCP Lab Kit: it sends packets and commands, and judges what comes back."""

__version__ = "1.0"
