"""A system call filter for the device under test: it needs no processes, sockets or namespaces.

The program is classic BPF (see seccomp(2)), built here so that nothing has to be installed. A
refused call fails with EPERM; the rest of the sandbox does not depend on this filter, except that
it is what keeps a fork bomb from going off, also as root, where RLIMIT_NPROC counts for nothing,
and what keeps the settings of the wire, which serves many devices, out of reach.
"""

from __future__ import annotations

import platform
import struct
from dataclasses import dataclass

_LOAD_WORD = 0x20  # BPF_LD | BPF_W | BPF_ABS
_JUMP_EQUAL = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
_JUMP_AT_LEAST = 0x35  # BPF_JMP | BPF_JGE | BPF_K
_AND = 0x54  # BPF_ALU | BPF_AND | BPF_K
_RETURN = 0x06  # BPF_RET | BPF_K
_ALLOW = 0x7FFF0000
_REFUSE = 0x00050001  # SECCOMP_RET_ERRNO | EPERM
_OFFSET_NUMBER = 0
_OFFSET_ARCHITECTURE = 4
_OFFSET_FIRST_ARGUMENT = 16  # its lower half, on these little-endian machines
_X32_BIT = 0x40000000
_TRACER_FLAGS = 0x00800100  # CLONE_UNTRACED | CLONE_VM: neither fork nor pthread_create has both


@dataclass(frozen=True)
class _Architecture:
    audit: int
    clone: int
    ptrace: int
    others: tuple[int, ...]


_ARCHITECTURES = {
    # fork vfork clone3 ioctl
    # socket socketpair mount unshare setns bpf perf_event_open userfaultfd io_uring_setup
    # keyctl add_key memfd_create memfd_secret shmget msgget semget process_vm_writev pivot_root
    # chroot
    "x86_64": _Architecture(
        0xC000003E,
        56,
        101,
        (57, 58, 435, 16)
        + (41, 53, 165, 272, 308, 321, 298, 323, 425, 250, 248, 319, 447, 29, 68, 64, 311)
        + (155, 161),
    ),
    "aarch64": _Architecture(
        0xC00000B7,
        220,
        117,
        (435, 29)
        + (198, 199, 40, 97, 268, 280, 241, 282, 425, 219, 217, 279, 447, 194, 186, 190, 271)
        + (41, 51),
    ),
}


def program(*, allow_tracing: bool = False) -> bytes | None:
    """The filter, as the stage puts it on each device; None for a machine that is not known here.

    `allow_tracing`: the leak detector stops the program with a thread that traces it.
    """
    architecture = _ARCHITECTURES.get(platform.machine())
    if architecture is None:
        return None
    steps = [
        (_LOAD_WORD, 0, 0, _OFFSET_ARCHITECTURE),
        (_JUMP_EQUAL, 1, 0, architecture.audit),
        (_RETURN, 0, 0, _REFUSE),
        (_LOAD_WORD, 0, 0, _OFFSET_NUMBER),
    ]
    refused = architecture.others
    if not allow_tracing:
        refused += (architecture.clone, architecture.ptrace)
    # Each test jumps to the last instruction but one; jumps count the instructions skipped.
    tests = [(_JUMP_AT_LEAST, _X32_BIT)] + [(_JUMP_EQUAL, number) for number in refused]
    if allow_tracing:
        steps += [
            (_JUMP_EQUAL, 0, 3, architecture.clone),
            (_LOAD_WORD, 0, 0, _OFFSET_FIRST_ARGUMENT),
            (_AND, 0, 0, _TRACER_FLAGS),
            (_JUMP_EQUAL, len(tests), len(tests) + 1, _TRACER_FLAGS),
        ]
    for index, (kind, value) in enumerate(tests):
        steps.append((kind, len(tests) - index, 0, value))
    steps += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _REFUSE)]
    return b"".join(struct.pack("<HBBI", *step) for step in steps)
