"""What a rendering child may use, and the calls it may not make. Linux; taken on by the child itself."""

from __future__ import annotations

import ctypes
import platform
import resource
import struct

CPU_SECONDS = 10  # the sample agreement takes 0.1 s (PDF) and 0.5 s (docx)
MEMORY_BYTES = 768 * 1024 * 1024  # address space; typst with both fonts maps 285 MB
OPEN_FILES = 64

# seccomp(2), linux/seccomp.h, linux/bpf_common.h
_PR_SET_SECCOMP = 22
_PR_SET_NO_NEW_PRIVS = 38
_SECCOMP_MODE_FILTER = 2
_ALLOW = 0x7FFF0000
_KILL = 0x80000000
_FAIL_EPERM = 0x00050000 | 1
_LOAD_WORD, _JUMP_EQUAL, _JUMP_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_NUMBER_OFFSET, _ARCH_OFFSET = 0, 4  # struct seccomp_data
_X32_BIT = 0x40000000

# audit architecture, then the numbers of: execve, execveat, socket, io_uring_setup (opens sockets too), ptrace, kill
_FORBIDDEN_CALLS = {
    "x86_64": (0xC000003E, (59, 322, 41, 425, 101, 62)),
    "aarch64": (0xC00000B7, (221, 281, 198, 425, 117, 129)),
}


def can_forbid_calls() -> bool:
    """Whether this machine's system calls are known here; elsewhere a child has the limits alone."""
    return platform.system() == "Linux" and platform.machine() in _FORBIDDEN_CALLS


def confine() -> None:
    """Limit this process for good: processor time, memory, no byte to any file, no core dump, no program, no network.

    Raises OSError where the kernel refuses: then the child ends before it has read anything.
    """
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, OPEN_FILES))
    if can_forbid_calls():
        _forbid_calls(*_FORBIDDEN_CALLS[platform.machine()])


def _instruction(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)


def _forbid_calls(arch: int, numbers: tuple[int, ...]) -> None:
    """Install a filter that answers these calls with EPERM and kills on those of another architecture."""
    fail = len(numbers) + 1  # instructions from the first comparison to the failing return
    program = [
        _instruction(_LOAD_WORD, _ARCH_OFFSET),
        _instruction(_JUMP_EQUAL, arch, if_true=1),
        _instruction(_RETURN, _KILL),
        _instruction(_LOAD_WORD, _NUMBER_OFFSET),
        _instruction(_JUMP_AT_LEAST, _X32_BIT, if_true=fail),
        *(_instruction(_JUMP_EQUAL, number, if_true=fail - 1 - i) for i, number in enumerate(numbers)),
        _instruction(_RETURN, _ALLOW),
        _instruction(_RETURN, _FAIL_EPERM),
    ]
    code = ctypes.create_string_buffer(b"".join(program), 8 * len(program))
    # struct sock_fprog: a 16-bit count, padded to the pointer that follows
    filter_ = ctypes.create_string_buffer(struct.pack("@HxxxxxxP", len(program), ctypes.addressof(code)))
    libc = ctypes.CDLL(None, use_errno=True)
    for option, first, second in (
        (_PR_SET_NO_NEW_PRIVS, 1, 0),
        (_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.addressof(filter_)),
    ):
        if libc.prctl(option, ctypes.c_ulong(first), ctypes.c_ulong(second), ctypes.c_ulong(0), ctypes.c_ulong(0)):
            raise OSError(ctypes.get_errno(), "prctl refused the limits of a rendering child")
