"""`python3 -m tcplab`: what the launcher in the kit's root runs."""

import signal
import sys

# Until there is somebody to answer an interrupt in words, it simply ends the program.
_is_heard = signal.getsignal(signal.SIGINT) is signal.default_int_handler
if _is_heard:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

from tcplab.cli import main  # noqa: E402

if _is_heard:
    signal.signal(signal.SIGINT, signal.default_int_handler)

sys.exit(main())
