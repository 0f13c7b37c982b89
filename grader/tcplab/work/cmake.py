"""The files with which CMake and CTest serve a work folder. What they do is labs/student.cmake."""

from __future__ import annotations

import json
from typing import Any

from tcplab.kit import COUNT

PRESET = "student"
_JOBS = 2

# The kit's place is read from tcplab.json, so that this file can be kept under version control.
_LISTS = """# Bare CTest: cmake --preset student && ctest --preset checkpoint2
cmake_minimum_required(VERSION 3.22)
project(my_tcp LANGUAGES C)
enable_testing()

set(solution "${CMAKE_CURRENT_SOURCE_DIR}")
file(READ "${solution}/tcplab.json" mark)
string(JSON kit GET "${mark}" kit)
if(NOT EXISTS "${kit}/labs/student.cmake")
    message(FATAL_ERROR "the kit is not in ${kit}: where it is now, call its 'tcplab start'")
endif()
include("${kit}/labs/student.cmake")
"""


def cmake_files() -> dict[str, str]:
    """Their names, and what they say."""
    presets = json.dumps(_presets(COUNT), indent=2)
    return {"CMakeLists.txt": _LISTS, "CMakePresets.json": presets + "\n"}


def _presets(count: int) -> dict[str, Any]:
    """For `cmake --preset student`, then `ctest --preset checkpoint0` and so on, or `all`."""
    names = [f"checkpoint{number}" for number in range(count)]
    only = {name: {"filter": {"include": {"label": f"^{name}$"}}} for name in names}
    return {
        "version": 3,
        "cmakeMinimumRequired": {"major": 3, "minor": 22, "patch": 0},
        "configurePresets": [{"name": PRESET, "binaryDir": "${sourceDir}/build/${presetName}"}],
        "buildPresets": [{"name": PRESET, "configurePreset": PRESET, "jobs": _JOBS}]
        + [
            {"name": name, "configurePreset": PRESET, "jobs": _JOBS, "targets": [name]}
            for name in names
        ],
        "testPresets": [
            {
                "name": name,
                "configurePreset": PRESET,
                "output": {"outputOnFailure": True},
                **only.get(name, {}),
            }
            for name in [*names, "all"]
        ],
    }
