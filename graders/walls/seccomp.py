"""A filter on system calls: what no Keras program needs, and what leads out or cannot be limited.

See `man 2 seccomp`. The filter is a program for the kernel's own small machine; libseccomp makes
longer ones, and is a system package.
"""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import struct

from graders.walls import kernel, reports

PR_SET_SECCOMP, MODE_FILTER = 22, 2
# A call by its number on x86-64 and on ARM64; `None` where there is none.
REFUSED: dict[str, tuple[int | None, int | None]] = {
    # other processes: their memory, descriptors, limits, priorities
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "kcmp": (312, 272),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424),
    "process_madvise": (440, 440),
    "process_mrelease": (448, 448),
    "migrate_pages": (256, 238),
    "move_pages": (279, 239),
    # namespaces and mounts
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "move_mount": (429, 429),
    "open_tree": (428, 428),
    "open_tree_attr": (467, 467),
    "mount_setattr": (442, 442),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    # keys, kernel programs, and calls that go round the other walls
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "open_by_handle_at": (304, 265),
    "name_to_handle_at": (303, 264),
    "fanotify_init": (300, 262),
    "vmsplice": (278, 75),
    "inotify_init": (253, None),
    "inotify_init1": (294, 26),
    "io_setup": (206, 0),
    # memory that no limit counts, or that outlives its process
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "msgget": (68, 186),
    "semget": (64, 190),
    "mq_open": (240, 180),
    "mq_unlink": (241, 181),
    # the machine itself
    "personality": (135, 92),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "acct": (163, 89),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "syslog": (103, 116),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "adjtimex": (159, 171),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "vhangup": (153, 58),
    "iopl": (172, None),
    "ioperm": (173, None),
    "modify_ldt": (154, None),
    # no network of any kind; a pair of sockets is another call
    "socket": (41, 198),
}
# What right work may ask for, and does well without. Such calls do nothing and report success: a
# sandbox stays in one session, by which the kernel shares out processors, and in one group of
# processes, which is ended at once.
PRETENDED: dict[str, tuple[int | None, int | None]] = {
    "sched_setaffinity": (203, 122),
    "sched_setscheduler": (144, 119),
    "sched_setparam": (142, 118),
    "sched_setattr": (314, 274),
    "setpriority": (141, 140),
    "ioprio_set": (251, 30),
    "setsid": (112, 157),
    "setpgid": (109, 154),
    # Larger buffers of sockets are memory that no limit counts.
    "setsockopt": (54, 208),
}
# What Landlock lets everybody do with files whose content it protects. Copying a file ends with
# such calls, so they do nothing and report success.
METADATA: dict[str, tuple[int | None, int | None]] = {
    "chmod": (90, None),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "chown": (92, None),
    "fchown": (93, 55),
    "lchown": (94, None),
    "fchownat": (260, 54),
    "utime": (132, None),
    "utimes": (235, None),
    "futimesat": (261, None),
    "utimensat": (280, 88),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "setxattrat": (463, 463),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
    "fremovexattr": (199, 16),
    "removexattrat": (466, 466),
    "file_setattr": (469, 469),
}
# Landlock before version 3 knows nothing of it.
TRUNCATE = (76, 45)
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
CLONE, CLONE3, PRLIMIT = (56, 220), (435, 435), (302, 261)
SOCKETPAIR, FCNTL = (53, 199), (72, 25)
# Of its kinds, only a stream is connected for good: no address can be given to it.
OTHER_SOCKETS = 0xE
# Commands that reach other processes: F_SETOWN, F_SETSIG, F_SETOWN_EX, F_SETLEASE, F_NOTIFY.
FCNTL_COMMANDS = (8, 10, 15, 1024, 1026)
# Calls that send a signal: their numbers, which argument is the signal, and whether the first one
# alone says where it goes: to a process, or to a group if it is 0 or negative.
SIGNALS: dict[str, tuple[tuple[int, int], int, bool]] = {
    "kill": ((62, 129), 1, True),
    "rt_sigqueueinfo": ((129, 138), 1, True),
    "tgkill": ((234, 131), 2, False),
    "rt_tgsigqueueinfo": ((297, 240), 2, False),
    "tkill": ((200, 130), 1, False),
}
# No submission may end itself by one of these, so the signal tells whose end it was. Python turns
# SIGINT into an exception, which ends nothing by itself.
SPARED = tuple(sent for sent in reports.FROM_OUTSIDE if sent != signal.SIGINT)
NEGATIVE = 0x80000000
NEW_NAMESPACES = 0x7E020080
X32 = 0x40000000

LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
NUMBER_AT, ARCHITECTURE_AT, FIRST_ARGUMENT_AT, SECOND_ARGUMENT_AT = 0, 4, 16, 24
ALLOW, KILL = 0x7FFF0000, 0x80000000
NOT_PERMITTED, NO_SUCH_CALL = 0x00050000 | errno.EPERM, 0x00050000 | errno.ENOSYS
NOTHING_DONE = 0x00050000

Line = tuple[int, int, int, int]


def _unless_zero(number: int) -> list[Line]:
    """Refuses a call unless its first argument is 0."""
    return _only_for(number, 0)


def _only_for(number: int, value: int) -> list[Line]:
    """Refuses a call unless its first argument has one value."""
    return [
        (EQUAL, 0, 4, number),
        (LOAD, 0, 0, FIRST_ARGUMENT_AT),
        (EQUAL, 1, 0, value),
        (RETURN, 0, 0, NOT_PERMITTED),
        (RETURN, 0, 0, ALLOW),
    ]


def _sends(number: int, position: int, to_process: bool, only_itself: bool) -> list[Line]:
    """Refuses a process to send itself the signals by which the machine ends processes.

    Args:
        number: Integer, the call.
        position: Integer, which of its arguments is the signal.
        to_process: Boolean, whether the first one is a process. Children may be ended, by their
            number. Nobody needs to end a thread by such a signal.
        only_itself: Boolean, whether signals to others are refused as well.
    """
    refuse: list[Line] = [(RETURN, 0, 0, NOT_PERMITTED)]
    if to_process and not only_itself:
        refuse = [
            (LOAD, 0, 0, FIRST_ARGUMENT_AT),
            (EQUAL, 2, 0, os.getpid()),
            (EQUAL, 1, 0, 0),
            (AT_LEAST, 0, 1, NEGATIVE),
            *refuse,
        ]
    last = len(SPARED) - 1
    test: list[Line] = [(LOAD, 0, 0, FIRST_ARGUMENT_AT + 8 * position)]
    for at, sent in enumerate(SPARED):
        test.append((EQUAL, last - at, 0 if at < last else len(refuse), int(sent)))
    test += refuse
    if only_itself:
        own: list[Line] = [(LOAD, 0, 0, FIRST_ARGUMENT_AT), (EQUAL, 1, 0, os.getpid())]
        test += [*own, (RETURN, 0, 0, NOT_PERMITTED)]
    test.append((RETURN, 0, 0, ALLOW))
    return [(EQUAL, 0, len(test), number), *test]


def program(signals: bool, metadata: bool = False) -> list[Line]:
    """Returns the filter.

    Args:
        signals: Boolean, whether it keeps signals to the process itself (which its children lose
            then, too); Landlock does that better where it can.
        metadata: Boolean, whether it keeps the modes and times of files as they are, and their
            lengths, but by a descriptor.
    """
    machine = os.uname().machine
    column = list(ARCHITECTURES).index(machine)
    lines: list[Line] = [
        (LOAD, 0, 0, ARCHITECTURE_AT),
        (EQUAL, 1, 0, ARCHITECTURES[machine]),
        (RETURN, 0, 0, KILL),
        (LOAD, 0, 0, NUMBER_AT),
    ]
    if machine == "x86_64":
        lines += [(AT_LEAST, 0, 1, X32), (RETURN, 0, 0, NOT_PERMITTED)]
    for numbers in REFUSED.values():
        number = numbers[column]
        if number is not None:
            lines += [(EQUAL, 0, 1, number), (RETURN, 0, 0, NOT_PERMITTED)]
    for numbers in (PRETENDED | METADATA if metadata else PRETENDED).values():
        number = numbers[column]
        if number is not None:
            lines += [(EQUAL, 0, 1, number), (RETURN, 0, 0, NOTHING_DONE)]
    if metadata:
        lines += [(EQUAL, 0, 1, TRUNCATE[column]), (RETURN, 0, 0, NOT_PERMITTED)]
    # Its flags lie in memory, where no filter can see them. The C library then takes `clone`.
    lines += [(EQUAL, 0, 1, CLONE3[column]), (RETURN, 0, 0, NO_SUCH_CALL)]
    lines += [
        (EQUAL, 0, 4, CLONE[column]),
        (LOAD, 0, 0, FIRST_ARGUMENT_AT),
        (ANY_BIT, 0, 1, NEW_NAMESPACES),
        (RETURN, 0, 0, NOT_PERMITTED),
        (RETURN, 0, 0, ALLOW),
    ]
    lines += _unless_zero(PRLIMIT[column])
    lines += [
        (EQUAL, 0, 4, SOCKETPAIR[column]),
        (LOAD, 0, 0, SECOND_ARGUMENT_AT),
        (ANY_BIT, 0, 1, OTHER_SOCKETS),
        (RETURN, 0, 0, NOT_PERMITTED),
        (RETURN, 0, 0, ALLOW),
    ]
    count = len(FCNTL_COMMANDS)
    lines += [(EQUAL, 0, count + 3, FCNTL[column]), (LOAD, 0, 0, SECOND_ARGUMENT_AT)]
    lines += [(EQUAL, count - at, 0, command) for at, command in enumerate(FCNTL_COMMANDS)]
    lines += [(RETURN, 0, 0, ALLOW), (RETURN, 0, 0, NOT_PERMITTED)]
    for name, (numbers, position, to_process) in SIGNALS.items():
        if signals and name == "tkill":
            # A thread's number does not tell its process.
            lines += [(EQUAL, 0, 1, numbers[column]), (RETURN, 0, 0, NOT_PERMITTED)]
        else:
            lines += _sends(numbers[column], position, to_process, signals)
    return [*lines, (RETURN, 0, 0, ALLOW)]


def restrict(signals: bool, metadata: bool = False) -> None:
    """Filters the system calls of the caller and its children, for good.

    Args:
        signals: Boolean, see `program`.
        metadata: Boolean, see `program`.

    Raises:
        IsolationError: If the kernel refuses.
    """
    if not kernel.known_machine():
        raise kernel.IsolationError(0, "the filter needs Linux on x86-64 or ARM64")
    lines = program(signals, metadata)
    code = b"".join(struct.pack("<HBBI", *line) for line in lines)
    buffer = ctypes.create_string_buffer(code, len(code))
    header = struct.pack("<HxxxxxxQ", len(lines), ctypes.addressof(buffer))
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    if kernel.libc().prctl(PR_SET_SECCOMP, ctypes.c_ulong(MODE_FILTER), header, 0, 0) != 0:
        raise kernel.failed("seccomp")
