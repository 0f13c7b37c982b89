"""What VS Code needs in a work folder: tasks, ways to debug, and the extensions for C.

No path of this machine is in them, so that they can be kept under version control.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from tcplab.debugging.agreed import COMMAND_FD, DEVICE, WIRE_FD
from tcplab.kit import Kit

_LAUNCHER = "${workspaceFolder}/tcplab"
_BUILD = "build the unit tests"
_TESTS = "${workspaceFolder}/build/student/tests"

# A compiler's complaint as the grader tells it: "✗ seqno.c:30: expected expression".
_MATCHER = {
    "owner": "tcplab",
    "fileLocation": ["relative", "${workspaceFolder}"],
    "pattern": {
        "regexp": r"(?:^|\s)(?:\./)?(\w+\.[ch]):(\d+): (?:(\d+): )?(.+)$",
        "file": 1,
        "line": 2,
        "message": 4,
    },
}
# Where the output of one check begins and ends, if one follows another.
_ROUNDS = {
    "activeOnStart": True,
    "beginsPattern": r"^checkpoint \d",
    "endsPattern": r"^watching \d+ files",
}


def vscode_files(kit: Kit) -> dict[str, str]:
    """Their names, and what they say."""
    files: dict[str, dict[str, Any]] = {
        "tasks.json": _tasks(),
        "launch.json": _launch(kit),
        "settings.json": _settings(),
        "extensions.json": _extensions(),
    }
    return {f".vscode/{name}": _text(content) for name, content in files.items()}


def _text(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


# --- tasks ---------------------------------------------------------------------------------------


def _tasks() -> dict[str, Any]:
    return {
        "version": "2.0.0",
        "tasks": [
            _task("check", ["check"]) | {"group": {"kind": "build", "isDefault": True}},
            _task("check after each save", ["check", "--watch"])
            | {"isBackground": True, "problemMatcher": _MATCHER | {"background": _ROUNDS}},
            _task("check a checkpoint", ["check", "${input:checkpoint}"]),
            _task("status", ["status"]),
            _task("grade all", ["grade", "."]),
            _task("hint", ["hint", "${input:checkpoint}"]),
            _task("explain a case", ["explain", "${input:case}"]),
            _task("trace a case", ["trace", "${input:case}", "."]),
            {
                "label": _BUILD,
                "type": "shell",
                "command": "cmake --preset student && cmake --build --preset student",
                "options": {"cwd": "${workspaceFolder}"},
                "problemMatcher": "$gcc",
                "group": "build",
            },
        ],
        "inputs": [_ask_checkpoint(), _ask_case()],
    }


def _task(label: str, arguments: Iterable[str]) -> dict[str, Any]:
    return {
        "label": label,
        "type": "process",
        "command": _LAUNCHER,
        "args": list(arguments),
        "options": {"cwd": "${workspaceFolder}"},
        "problemMatcher": _MATCHER,
        "presentation": {"clear": True, "showReuseMessage": False},
    }


def _ask_checkpoint() -> dict[str, Any]:
    return {
        "id": "checkpoint",
        "type": "pickString",
        "description": "Which checkpoint?",
        "options": [str(number) for number in range(6)],
    }


def _ask_case() -> dict[str, Any]:
    return {
        "id": "case",
        "type": "promptString",
        "description": "Which case? Its name stands in what check prints.",
        "default": "seqno.wrap-is-modulo-2^32",
    }


# --- debugging -----------------------------------------------------------------------------------


def _launch(kit: Kit) -> dict[str, Any]:
    tests = sorted(path.stem for path in kit.labs.glob("[0-9]-*/test_*.c"))
    return {
        "version": "0.2.0",
        "configurations": [_debug_a_case(), _debug_a_unit_test()],
        "inputs": [
            _ask_case(),
            {
                "id": "unitTest",
                "type": "pickString",
                "description": "Which unit tests?",
                "options": tests,
            },
        ],
    }


def _debug_a_case() -> dict[str, Any]:
    """The pipe is the kit's: it puts its own gdb in the place of the one named last, which is given
    to it as one word, `gdb --interpreter=mi`."""
    return {
        "name": "debug a case",
        "type": "cppdbg",
        "request": "launch",
        "program": f"${{workspaceFolder}}/{DEVICE}",
        "args": ["--command-fd", str(COMMAND_FD), "--wire-fd", str(WIRE_FD)],
        "cwd": "${workspaceFolder}",
        "MIMode": "gdb",
        "pipeTransport": {
            "pipeCwd": "${workspaceFolder}",
            "pipeProgram": _LAUNCHER,
            "pipeArgs": ["debug", "${input:case}", ".", "--editor"],
            "debuggerPath": "gdb",
        },
    }


def _debug_a_unit_test() -> dict[str, Any]:
    return {
        "name": "debug a unit test",
        "type": "cppdbg",
        "request": "launch",
        "program": f"{_TESTS}/${{input:unitTest}}",
        "cwd": "${workspaceFolder}",
        "environment": [{"name": "ASAN_OPTIONS", "value": "detect_leaks=0"}],  # not under gdb
        "MIMode": "gdb",
        "preLaunchTask": _BUILD,
    }


# --- the rest ------------------------------------------------------------------------------------


def _settings() -> dict[str, Any]:
    """clangd reads .clangd; a second explainer of the same code would contradict it. And CMake is
    for the tests, not for the editor."""
    return {
        "C_Cpp.intelliSenseEngine": "disabled",
        "cmake.configureOnOpen": False,
        "files.associations": {"*.h": "c"},
    }


def _extensions() -> dict[str, Any]:
    return {"recommendations": ["llvm-vs-code-extensions.vscode-clangd", "ms-vscode.cpptools"]}
