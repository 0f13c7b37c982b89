"""Scapy, without what nobody needs here.

When it is imported, scapy reads Wireshark's list of all manufacturers of network cards, where there
is one, and loads cryptography. That is half of the time that it takes, each time the grader starts.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_MANUFACTURERS = "share/wireshark/manuf"
_CRYPTOGRAPHY = "cryptography"


@contextmanager
def lean_import() -> Iterator[None]:
    """Scapy that is imported inside finds neither."""
    exists = os.path.exists
    is_hidden = _CRYPTOGRAPHY not in sys.modules

    def exists_elsewhere(path: str) -> bool:
        return not str(path).endswith(_MANUFACTURERS) and exists(path)

    os.path.exists = exists_elsewhere  # type: ignore[assignment]
    if is_hidden:
        sys.modules[_CRYPTOGRAPHY] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        os.path.exists = exists
        if is_hidden:
            del sys.modules[_CRYPTOGRAPHY]
