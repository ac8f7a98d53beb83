"""The filter on system calls, as data: run here as the kernel runs it, for both processors."""

from __future__ import annotations

import errno
import os
import re
import signal
import types
from pathlib import Path

import pytest

from graders.walls import seccomp

MACHINES = ("x86_64", "aarch64")
PID = 4711
EPERM, ENOSYS = seccomp.NOT_PERMITTED, seccomp.NO_SUCH_CALL
# Every call that a sandbox must not make. The table in `graders.walls.seccomp` has the numbers.
CALLS = """
ptrace process_vm_readv process_vm_writev kcmp pidfd_open pidfd_getfd pidfd_send_signal
process_madvise process_mrelease migrate_pages move_pages
unshare setns mount umount2 pivot_root
chroot move_mount open_tree open_tree_attr mount_setattr fsopen fsconfig fsmount fspick add_key
request_key keyctl bpf perf_event_open userfaultfd io_uring_setup io_uring_enter io_uring_register
open_by_handle_at name_to_handle_at fanotify_init vmsplice inotify_init inotify_init1 io_setup
memfd_create memfd_secret shmget msgget semget mq_open mq_unlink personality kexec_load kexec_file_load init_module finit_module
delete_module reboot swapon swapoff acct quotactl quotactl_fd syslog settimeofday clock_settime
adjtimex sethostname setdomainname vhangup iopl ioperm modify_ldt socket
""".split()
HEADERS = {
    "x86_64": (
        "/usr/include/x86_64-linux-gnu/asm/unistd_64.h",
        "/usr/include/asm/unistd_64.h",
    ),
    "aarch64": ("/usr/include/asm-generic/unistd.h",),
}


@pytest.fixture(params=MACHINES)
def machine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each processor in turn, whichever the tests run on."""
    monkeypatch.setattr(os, "uname", lambda: types.SimpleNamespace(machine=request.param))
    monkeypatch.setattr(os, "getpid", lambda: PID)
    return request.param


def run(
    lines: list[tuple[int, int, int, int]],
    number: int,
    architecture: int,
    first: int = 0,
    second: int = 1,
    third: int = 0,
) -> int:
    """Runs a filter as the kernel's machine does, and returns what it answers."""
    data = {
        seccomp.NUMBER_AT: number,
        seccomp.ARCHITECTURE_AT: architecture,
        seccomp.FIRST_ARGUMENT_AT: first & 0xFFFFFFFF,
        seccomp.SECOND_ARGUMENT_AT: second,
        seccomp.SECOND_ARGUMENT_AT + 8: third,
    }
    loaded, at = 0, 0
    for _ in range(len(lines)):
        code, yes, no, value = lines[at]
        at += 1
        if code == seccomp.RETURN:
            return value
        if code == seccomp.LOAD:
            loaded = data[value]
            continue
        holds = {
            seccomp.EQUAL: loaded == value,
            seccomp.AT_LEAST: loaded >= value,
            seccomp.ANY_BIT: bool(loaded & value),
        }[code]
        at += yes if holds else no
    raise AssertionError("the filter has no end")


def answer(
    machine: str,
    number: int,
    first: int = 0,
    signals: bool = False,
    metadata: bool = False,
    second: int = 1,
    third: int = 0,
) -> int:
    """Returns the filter's answer to a system call of the processor itself."""
    lines = seccomp.program(signals, metadata)
    return run(lines, number, seccomp.ARCHITECTURES[machine], first, second, third)


@pytest.mark.parametrize("name", CALLS)
def test_a_call_is_refused(name: str, machine: str) -> None:
    """Each call has a number on each processor, or there is none there, and is not permitted."""
    number = seccomp.REFUSED[name][MACHINES.index(machine)]
    if number is None:
        absent = ("iopl", "ioperm", "modify_ldt", "inotify_init")
        assert (name, machine) in {(call, "aarch64") for call in absent}
    else:
        assert answer(machine, number) == EPERM
        assert answer(machine, number, first=0xFFFFFFFF) == EPERM


def test_the_list_of_calls_is_whole() -> None:
    """No call is refused that the list above does not name."""
    assert sorted(CALLS) == sorted(seccomp.REFUSED)


def test_every_number_stands_once(machine: str) -> None:
    """No call is compared twice: the second line would never be reached."""
    for signals in (False, True):
        calls, skipped = [], 0
        for code, _, otherwise, value in seccomp.program(signals, metadata=signals):
            # Behind a call whose arguments count, the next lines compare these.
            if skipped:
                skipped -= 1
            elif code == seccomp.EQUAL:
                calls.append(value)
                skipped = otherwise if otherwise > 1 else 0
        assert len(calls) == len(set(calls))


def test_jumps_stay_in_the_program(machine: str) -> None:
    """No jump leads behind the last line, which allows."""
    for signals in (False, True):
        lines = seccomp.program(signals, metadata=signals)
        for at, (code, yes, no, _) in enumerate(lines):
            if code in (seccomp.EQUAL, seccomp.AT_LEAST, seccomp.ANY_BIT):
                assert at + 1 + max(yes, no) < len(lines)
        assert lines[-1] == (seccomp.RETURN, 0, 0, seccomp.ALLOW)
        assert len(lines) < 4096


@pytest.mark.parametrize("name", MACHINES)
def test_numbers_are_those_of_the_kernel(name: str) -> None:
    """The kernel's own headers have the same numbers, where they are installed."""
    text = "".join(Path(path).read_text() for path in HEADERS[name] if Path(path).exists())
    known = {found[0]: int(found[1]) for found in re.findall(r"__NR_(\w+)\s+(\d+)\n", text)}
    if not known:
        pytest.skip("the headers of the kernel are not installed")
    column = MACHINES.index(name)
    single = {"clone": seccomp.CLONE, "clone3": seccomp.CLONE3, "prlimit64": seccomp.PRLIMIT}
    single |= {name: numbers for name, (numbers, _, _) in seccomp.SIGNALS.items()}
    single |= {"truncate": seccomp.TRUNCATE, "socketpair": seccomp.SOCKETPAIR}
    single |= {"fcntl": seccomp.FCNTL}
    for call, numbers in (seccomp.REFUSED | seccomp.PRETENDED | seccomp.METADATA | single).items():
        # The newest calls are not in older headers.
        if call in known:
            assert numbers[column] == known[call], call


def test_a_new_process_is_allowed_and_a_new_namespace_is_not(machine: str) -> None:
    """`clone` is judged by each of its flags; those of `clone3` cannot be seen, so it is absent."""
    column = MACHINES.index(machine)
    threads = 0x3D0F00
    assert answer(machine, seccomp.CLONE[column], first=threads) == seccomp.ALLOW
    for bit in (0x80, *(1 << number for number in (17, *range(25, 31)))):
        assert answer(machine, seccomp.CLONE[column], first=threads | bit) == EPERM
    assert answer(machine, seccomp.CLONE3[column]) == ENOSYS


def test_limits_are_changed_for_oneself_only(machine: str) -> None:
    """`prlimit` names its process: 0 is the caller."""
    number = seccomp.PRLIMIT[MACHINES.index(machine)]
    assert answer(machine, number, first=0) == seccomp.ALLOW
    assert answer(machine, number, first=1) == EPERM


def sends(machine: str, name: str, target: int, sent: int, signals: bool) -> int:
    """Returns the filter's answer to a call that sends a signal."""
    numbers, position, _ = seccomp.SIGNALS[name]
    given = {("second", "third")[position - 1]: sent}
    number = numbers[MACHINES.index(machine)]
    return answer(machine, number, target, signals=signals, **given)


@pytest.mark.parametrize("name", sorted(set(seccomp.SIGNALS) - {"tkill"}))
def test_signals_go_to_oneself_only_where_nothing_else_keeps_them(name: str, machine: str) -> None:
    """With `signals`, the filter lets a process send signals to itself."""
    for target, expected in ((PID, seccomp.ALLOW), (1, EPERM), (-1, EPERM), (0, EPERM)):
        assert sends(machine, name, target, signal.SIGUSR1, signals=True) == expected
        assert sends(machine, name, target, signal.SIGUSR1, signals=False) == seccomp.ALLOW


def test_a_thread_is_sent_no_signal_where_nothing_else_keeps_them(machine: str) -> None:
    """A thread's number does not tell its process."""
    assert sends(machine, "tkill", PID, signal.SIGUSR1, signals=True) == EPERM
    assert sends(machine, "tkill", PID, signal.SIGUSR1, signals=False) == seccomp.ALLOW


@pytest.mark.parametrize("signals", [False, True])
@pytest.mark.parametrize("name", seccomp.SIGNALS)
def test_nobody_ends_himself_as_the_machine_would(name: str, signals: bool, machine: str) -> None:
    """SIGKILL and the like come from outside; a child may be ended, by its number."""
    _, _, to_process = seccomp.SIGNALS[name]
    for sent in (signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        for target in (PID, 0, -1, -PID):
            assert sends(machine, name, target, sent, signals) == EPERM
        child = seccomp.ALLOW if to_process and not signals else EPERM
        assert sends(machine, name, PID + 1, sent, signals) == child


@pytest.mark.parametrize("name", seccomp.PRETENDED)
def test_a_priority_is_asked_for_and_not_given(name: str, machine: str) -> None:
    """What right work may ask for reports success and does nothing."""
    number = seccomp.PRETENDED[name][MACHINES.index(machine)]
    assert number is not None
    assert answer(machine, number) == seccomp.NOTHING_DONE


def test_a_pair_of_sockets_is_connected_for_good(machine: str) -> None:
    """A stream, also one that blocks nobody, is allowed; a datagram socket could be sent elsewhere."""
    number = seccomp.SOCKETPAIR[MACHINES.index(machine)]
    for kind in (1, 1 | 0x800 | 0x80000):
        assert answer(machine, number, second=kind) == seccomp.ALLOW
    for kind in (2, 3, 4, 5, 2 | 0x80000):
        assert answer(machine, number, second=kind) == EPERM


def test_a_descriptor_tells_nobody_anything(machine: str) -> None:
    """Leases and signals by a descriptor are refused; every other command of `fcntl` passes."""
    number = seccomp.FCNTL[MACHINES.index(machine)]
    for command in (*range(20), *range(1020, 1040)):
        refused = command in seccomp.FCNTL_COMMANDS
        expected = EPERM if refused else seccomp.ALLOW
        assert answer(machine, number, second=command) == expected, command


@pytest.mark.parametrize("name", seccomp.METADATA)
def test_modes_and_times_stay_where_landlock_is_alone(name: str, machine: str) -> None:
    """Such calls report success and do nothing, so that copying a file goes on working."""
    number = seccomp.METADATA[name][MACHINES.index(machine)]
    if number is not None:
        assert answer(machine, number, metadata=True) == seccomp.NOTHING_DONE
        assert answer(machine, number) == seccomp.ALLOW


def test_no_file_is_cut_by_its_path_where_landlock_is_alone(machine: str) -> None:
    """Landlock before version 3 lets everybody cut files short."""
    number = seccomp.TRUNCATE[MACHINES.index(machine)]
    assert answer(machine, number, metadata=True) == EPERM
    assert answer(machine, number) == seccomp.ALLOW


def test_calls_of_another_processor_end_the_process(machine: str) -> None:
    """A 64-bit processor also takes 32-bit calls, with other numbers; x32 has its own range."""
    other = 0x40000003 if machine == "x86_64" else 0x40000028
    assert run(seccomp.program(False), 1, other) == seccomp.KILL
    if machine == "x86_64":
        assert answer(machine, seccomp.X32 | 1) == EPERM


def test_everything_else_is_allowed(machine: str) -> None:
    """Reading, writing and the like pass: TensorFlow needs them."""
    refused = {numbers[MACHINES.index(machine)] for numbers in seccomp.REFUSED.values()}
    refused |= {numbers[MACHINES.index(machine)] for numbers in seccomp.PRETENDED.values()}
    refused |= {seccomp.CLONE3[MACHINES.index(machine)]}
    refused |= {numbers[MACHINES.index(machine)] for numbers, _, _ in seccomp.SIGNALS.values()}
    for number in range(600):
        if number not in refused:
            assert answer(machine, number) == seccomp.ALLOW, number


def test_answers_are_errors() -> None:
    """The kernel's answers hold the numbers of the errors."""
    assert (EPERM & 0xFFFF, ENOSYS & 0xFFFF) == (errno.EPERM, errno.ENOSYS)
