"""A reader that takes a break: copies its input to its output once there is a line in the file that
is named, and gives up when that file ends."""

from __future__ import annotations

import os
import select
import sys


def main() -> None:
    with open(sys.argv[1], "rb", buffering=0) as gate:
        gate.readline()
        while True:
            ready, _, _ = select.select([0, gate], [], [])
            data = os.read(0, 65536) if 0 in ready else b""
            if not data:
                return
            os.write(1, data)


if __name__ == "__main__":
    main()
