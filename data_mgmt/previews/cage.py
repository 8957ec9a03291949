"""The worker's cage: limits of the kernel, and the few system calls that reading a file needs.

After `lock` the process opens no file, makes no socket and no process, sends no signal to another,
and never gets more again; only memory, what is open by then and the clock are left.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import struct
from collections.abc import Iterator
from dataclasses import dataclass

#: Nobody: only root may become somebody else.
NOBODY = 65534

# linux/seccomp.h, linux/audit.h, linux/prctl.h, linux/filter.h
_SECCOMP_SET_MODE_FILTER, _FILTER_FLAG_TSYNC = 1, 1
_PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS, _PR_SET_PDEATHSIG = 4, 38, 1
_ALLOW, _KILL, _REFUSE = 0x7FFF0000, 0x80000000, 0x00050000 | 1  # SECCOMP_RET_ERRNO | EPERM
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16
_X32 = 0x40000000

#: Allowed calls and their numbers on x86_64 and aarch64 (-1: not there).
_CALLS = {
    "read": (0, 63), "write": (1, 64), "close": (3, 57), "fstat": (5, 80), "lseek": (8, 62),
    "pread64": (17, 67),
    "readv": (19, 65), "writev": (20, 66), "sendto": (44, 206), "recvfrom": (45, 207),
    "poll": (7, -1), "ppoll": (271, 73), "fcntl": (72, 25), "getcwd": (79, 17),
    "mmap": (9, 222), "mprotect": (10, 226), "munmap": (11, 215), "brk": (12, 214),
    "mremap": (25, 216), "madvise": (28, 233), "futex": (202, 98), "sched_yield": (24, 124),
    "rt_sigaction": (13, 134), "rt_sigprocmask": (14, 135), "rt_sigreturn": (15, 139),
    "sigaltstack": (131, 132), "restart_syscall": (219, 128), "set_robust_list": (273, 99),
    "rseq": (334, 293), "membarrier": (324, 283), "arch_prctl": (158, -1),
    "nanosleep": (35, 101), "clock_nanosleep": (230, 115), "clock_gettime": (228, 113),
    "clock_getres": (229, 114), "gettimeofday": (96, 169), "time": (201, -1), "times": (100, 153),
    "getrusage": (98, 165), "getrandom": (318, 278), "getpid": (39, 172), "gettid": (186, 178),
    "getuid": (102, 174), "geteuid": (107, 175), "getgid": (104, 176), "getegid": (108, 177),
    "uname": (63, 160), "sysinfo": (99, 179), "sched_getaffinity": (204, 123),
    "exit": (60, 93), "exit_group": (231, 94),
}  # fmt: skip
_TGKILL = (234, 131)
#: The machine's name, its AUDIT_ARCH, its number of seccomp(2), its column in the table above.
_MACHINES = {
    "x86_64": (0xC000003E, 317, 0),
    "aarch64": (0xC00000B7, 277, 1),
}


class NoCage(RuntimeError):
    """The machine can't lock the worker up, so nothing is read."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a worker may use: memory and CPU time."""

    memory_bytes: int = 1 << 30
    cpu_seconds: int = 15


def lock(limits: Limits) -> None:
    """Give up every right but to compute and to speak over what is open.

    Raises
    ------
    NoCage
        The kernel does not allow it; the caller must not go on.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    os.umask(0o777)
    for kind, soft, hard in (
        (resource.RLIMIT_CORE, 0, 0),
        (resource.RLIMIT_FSIZE, 0, 0),
        (resource.RLIMIT_NPROC, 0, 0),
        (resource.RLIMIT_NOFILE, 8, 8),
        (resource.RLIMIT_AS, limits.memory_bytes, limits.memory_bytes),
        (resource.RLIMIT_CPU, limits.cpu_seconds, limits.cpu_seconds + 1),
    ):
        resource.setrlimit(kind, (soft, hard))
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    for option, value in (
        (_PR_SET_DUMPABLE, 0),
        (_PR_SET_NO_NEW_PRIVS, 1),
        (_PR_SET_PDEATHSIG, 9),
    ):
        if libc.prctl(option, value, 0, 0, 0):
            raise NoCage(os.strerror(ctypes.get_errno()))
    _filter(libc)


def _filter(libc: ctypes.CDLL) -> None:
    if platform.machine() not in _MACHINES:
        raise NoCage(f"no list of system calls for {platform.machine()}")
    architecture, seccomp, column = _MACHINES[platform.machine()]
    program = b"".join(_program(architecture, column))
    held = ctypes.create_string_buffer(program, len(program))

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))

    wanted = Program(len(program) // 8, ctypes.cast(held, ctypes.c_void_p))
    done = libc.syscall(seccomp, _SECCOMP_SET_MODE_FILTER, _FILTER_FLAG_TSYNC, ctypes.byref(wanted))
    if done:
        raise NoCage(os.strerror(ctypes.get_errno()) if done < 0 else "a thread kept out of it")


def _program(architecture: int, column: int) -> Iterator[bytes]:
    """Yield the filter: the right architecture, then each allowed call, then a refusal."""
    yield _step(_LOAD, _ARCHITECTURE)
    yield _step(_EQUAL, architecture, 1, 0)
    yield _step(_RETURN, _KILL)
    yield _step(_LOAD, _NUMBER)
    yield _step(_AT_LEAST, _X32, 0, 1)
    yield _step(_RETURN, _KILL)
    for numbers in _CALLS.values():
        if numbers[column] >= 0:
            yield _step(_EQUAL, numbers[column], 0, 1)
            yield _step(_RETURN, _ALLOW)
    # abort() signals its own process: no other's.
    yield _step(_EQUAL, _TGKILL[column], 0, 3)
    yield _step(_LOAD, _FIRST_ARGUMENT)
    yield _step(_EQUAL, os.getpid(), 0, 1)
    yield _step(_RETURN, _ALLOW)
    yield _step(_RETURN, _REFUSE)


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)
