"""`python3 -m tcplab`: what the launcher in the kit's root runs."""

import sys

from tcplab.cli import main

sys.exit(main())
