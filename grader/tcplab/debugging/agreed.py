"""What an editor and the kit have agreed on: .vscode/launch.json says it, too."""

from __future__ import annotations

from pathlib import Path

# Descriptors of the device.
COMMAND_FD, WIRE_FD = 100, 101
# Where the editor looks for the program, below the work folder.
DEVICE = Path(".tcplab") / "device"
