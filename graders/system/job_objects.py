"""Job objects of Windows: a process and all that it starts end together, and share limits."""

from __future__ import annotations

import ctypes
import os
import sys
import threading
import time

assert sys.platform == "win32"

# The exit code of a tree that has used up its processor time.
OUT_OF_TIME = 0x4B495454
LOOK_SECONDS = 1.0
# From winnt.h.
_EXTENDED_LIMITS = 9
_ACCOUNTING = 1
_KILL_ON_CLOSE, _JOB_MEMORY, _DIE_ON_EXCEPTION = 0x2000, 0x200, 0x400
# No window asks what to do about a crash: SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX.
_QUIET = 0x3


class _Basic(ctypes.Structure):
    _fields_ = [
        ("PerProcessUserTimeLimit", ctypes.c_int64),
        ("PerJobUserTimeLimit", ctypes.c_int64),
        ("LimitFlags", ctypes.c_uint32),
        ("MinimumWorkingSetSize", ctypes.c_size_t),
        ("MaximumWorkingSetSize", ctypes.c_size_t),
        ("ActiveProcessLimit", ctypes.c_uint32),
        ("Affinity", ctypes.c_size_t),
        ("PriorityClass", ctypes.c_uint32),
        ("SchedulingClass", ctypes.c_uint32),
    ]


class _Extended(ctypes.Structure):
    _fields_ = [
        ("BasicLimitInformation", _Basic),
        ("IoInfo", ctypes.c_uint64 * 6),
        ("ProcessMemoryLimit", ctypes.c_size_t),
        ("JobMemoryLimit", ctypes.c_size_t),
        ("PeakProcessMemoryUsed", ctypes.c_size_t),
        ("PeakJobMemoryUsed", ctypes.c_size_t),
    ]


class _Accounting(ctypes.Structure):
    _fields_ = [
        ("TotalUserTime", ctypes.c_int64),
        ("TotalKernelTime", ctypes.c_int64),
        ("ThisPeriodTotalUserTime", ctypes.c_int64),
        ("ThisPeriodTotalKernelTime", ctypes.c_int64),
        ("TotalPageFaultCount", ctypes.c_uint32),
        ("TotalProcesses", ctypes.c_uint32),
        ("ActiveProcesses", ctypes.c_uint32),
        ("TotalTerminatedProcesses", ctypes.c_uint32),
    ]


def _kernel() -> ctypes.WinDLL:
    found = ctypes.WinDLL("kernel32", use_last_error=True)
    # Handles are as wide as pointers, which ctypes has to be told.
    handle = ctypes.c_void_p
    found.CreateJobObjectW.restype = handle
    found.CreateJobObjectW.argtypes = [ctypes.c_void_p, ctypes.c_wchar_p]
    found.GetCurrentProcess.restype = handle
    found.AssignProcessToJobObject.argtypes = [handle, handle]
    found.SetInformationJobObject.argtypes = [
        handle, ctypes.c_int, ctypes.c_void_p, ctypes.c_uint32
    ]  # fmt: skip
    found.QueryInformationJobObject.argtypes = [
        handle, ctypes.c_int, ctypes.c_void_p, ctypes.c_uint32, ctypes.c_void_p
    ]  # fmt: skip
    found.TerminateJobObject.argtypes = [handle, ctypes.c_uint32]
    return found


# The caller's own job. Its only handle closes with the process, and that ends the others.
_own: list[int] = []


def _set(job: int, memory: int | None) -> None:
    limits = _Extended()
    limits.BasicLimitInformation.LimitFlags = _KILL_ON_CLOSE | _DIE_ON_EXCEPTION
    if memory is not None:
        limits.BasicLimitInformation.LimitFlags |= _JOB_MEMORY
        limits.JobMemoryLimit = memory
    kernel, size = _kernel(), ctypes.sizeof(limits)
    if not kernel.SetInformationJobObject(job, _EXTENDED_LIMITS, ctypes.byref(limits), size):
        raise ctypes.WinError(ctypes.get_last_error())


def enclose() -> None:
    """Puts the caller into a job of its own: what it starts will end when it ends.

    Raises:
        OSError: If Windows refuses.
    """
    kernel = _kernel()
    kernel.SetErrorMode(_QUIET)
    job = kernel.CreateJobObjectW(None, None)
    if not job:
        raise ctypes.WinError(ctypes.get_last_error())
    _set(job, None)
    if not kernel.AssignProcessToJobObject(job, kernel.GetCurrentProcess()):
        raise ctypes.WinError(ctypes.get_last_error())
    _own.append(job)


def limit(memory: int, cpu_seconds: int) -> None:
    """Limits what the caller and all that it starts use together.

    Args:
        memory: Integer, bytes.
        cpu_seconds: Integer, seconds of all threads together.

    Raises:
        OSError: If Windows refuses.
    """
    for job in _own:
        _set(job, memory)
        threading.Thread(target=_watch, args=(job, cpu_seconds), daemon=True).start()


def _watch(job: int, cpu_seconds: int) -> None:
    """Ends the caller's job once it has used up its processor time."""
    kernel, found = _kernel(), _Accounting()
    size = ctypes.sizeof(found)
    while kernel.QueryInformationJobObject(job, _ACCOUNTING, ctypes.byref(found), size, None):
        # In units of 100 ns.
        if (found.TotalUserTime + found.TotalKernelTime) / 1e7 > cpu_seconds:
            kernel.TerminateJobObject(job, OUT_OF_TIME)
            os._exit(OUT_OF_TIME)
        time.sleep(LOOK_SECONDS)
