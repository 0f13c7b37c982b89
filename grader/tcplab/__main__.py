"""`python3 -m tcplab`: what the launcher in the kit's root runs."""

import atexit
import os
import signal
import sys

# Until there is somebody to answer an interrupt in words, it simply ends the program.
_is_heard = signal.getsignal(signal.SIGINT) is signal.default_int_handler
if _is_heard:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

from tcplab.cli import INTERRUPTED, main  # noqa: E402

if _is_heard:
    signal.signal(signal.SIGINT, signal.default_int_handler)

_status = main()
if _status == INTERRUPTED:
    # Python notes an interrupt that comes while a module is loaded, and would end by SIGINT,
    # although it was answered.
    atexit._run_exitfuncs()
    os._exit(_status)
sys.exit(_status)
