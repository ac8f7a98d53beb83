"""What attacks use. The harness puts this text in the place of the line that imports it."""

import contextlib
import ctypes
import json
import os
import struct
import sys
import time

# What the attack is told of the machine: the worst case is a student who knows all of it.
PLANTED: dict = {}
LIBC = ctypes.CDLL(None, use_errno=True)
LOOT: list[str] = []
ARM = os.uname().machine == "aarch64"


def look(what, call):
    """Tries something; an `OSError` is a wall that held, a result that is true is loot."""
    try:
        found = call()
    except OSError as error:
        print("held", what, error)
        return None
    if found:
        LOOT.append(f"{what}: {str(found)[:60]}")
    return found


def look_unless_user(what, call):
    """Tries what is held by walls, but open to every user: the level `user` promises nothing of it."""
    return look(what, call) if PLANTED["level"] != "user" else None


def done():
    """Ends the attack: the message of the error names what it got."""
    word = "LOOT" if LOOT else "HELD"
    raise ValueError("<" + word + ": " + "; ".join(LOOT)[:900].replace(">", "") + ">")


def called(result):
    """Returns what a call of libc returned; raises the `OSError` of a failure."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def syscall(x86, arm, *arguments):
    """Makes a system call by its number."""
    given = [ctypes.c_long(item) if isinstance(item, int) else item for item in arguments]
    return called(LIBC.syscall(ctypes.c_long(arm if ARM else x86), *given))


def read(path, most=200):
    """Reads the beginning of a file; an empty one counts as read."""
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        return os.read(fd, most) or b"(empty)"
    finally:
        os.close(fd)


def name_process(word=""):
    """Gives the process the attack's name, by which the harness finds what is left."""
    LIBC.prctl(15, ("atk-" + (word or PLANTED.get("name", "")))[:15].encode(), 0, 0, 0)


def escaped(folder):
    """Returns the path of a file that must not come to be in a folder outside."""
    return os.path.join(folder, "ESCAPED-" + PLANTED.get("name", ""))


def write_outside(folder):
    """Makes a file in a folder outside, and takes it away again: the folder may be the machine's."""
    fd = os.open(escaped(folder), os.O_WRONLY | os.O_CREAT, 0o600)
    os.write(fd, b"written from a sandbox\n")
    os.close(fd)
    os.unlink(escaped(folder))
    return "written"


def fill_scratch(megabytes, unlink=False):
    """Writes files to the folder that it is in; returns how much stayed there unnoticed."""
    kept, written, block = [], 0, b"x" * 2**20
    with contextlib.suppress(OSError):
        while written < megabytes:
            name = f"file-{len(kept)}"
            kept.append(os.open(name, os.O_WRONLY | os.O_CREAT, 0o600))
            if unlink:
                os.unlink(name)
            for _ in range(100):
                written += os.write(kept[-1], block) // 2**20
    time.sleep(2)
    return written >= megabytes and f"{written} MB"


def own_namespace(kind):
    """Returns whether the process has a namespace of its own: what it does there harms nobody."""
    try:
        return os.readlink(f"/proc/self/ns/{kind}") != PLANTED["namespaces"][kind]
    except OSError:
        return False


def pids():
    """Returns the numbers of the processes that /proc shows, without this one and its threads."""
    try:
        names = os.listdir("/proc")
    except PermissionError:
        names = []
    found = sorted(int(name) for name in names if name.isdigit())
    return [pid for pid in found if pid != os.getpid()]


def status(pid, key):
    """Returns a line of a process's status."""
    with open(f"/proc/{pid}/status") as file:
        for line in file:
            if line.startswith(key + ":"):
                return line.split(":", 1)[1].strip()
    return ""


def room(gigabytes):
    """Returns whether the machine has so much memory free, so that no attack takes the last of it."""
    with open("/proc/meminfo") as file:
        for line in file:
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) > gigabytes * 2**20
    return False


def frames():
    """Returns the frames of the sandbox's own code, from the attack outwards."""
    frame, found = sys._getframe(), []
    while frame is not None:
        found.append(frame)
        frame = frame.f_back
    return found


def sandbox():
    """Finds the table of verbs and the channel in the frames of the process."""
    verbs = box = channel = None
    for frame in frames():
        verbs = verbs or frame.f_globals.get("VERBS")
        box = box or frame.f_locals.get("box")
        channel = channel or frame.f_locals.get("channel")
    if channel is None and box is not None:
        channel = getattr(box, "_channel", None)
    if verbs is None or channel is None:
        raise RuntimeError("the attack finds neither the verbs nor the channel: adapt tools.py")
    return verbs, box, channel


def send(document, payload=b"", header=None):
    """Writes one frame to the judge, or what looks like one."""
    _, _, channel = sandbox()
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    push(channel.write_fd, (header or struct.pack(">IQ", len(data), len(payload))) + data + payload)


def push(fd, data, seconds=10.0):
    """Writes all of some bytes to a descriptor that may not block."""
    view, end = memoryview(data), time.monotonic() + seconds
    while view and time.monotonic() < end:
        try:
            view = view[os.write(fd, view[: 2**20]) :]
        except BlockingIOError:
            time.sleep(0.002)


def replace_verb(verb, change):
    """Answers a verb in the place of the sandbox: `change(original, box, given)`."""
    verbs, _, _ = sandbox()
    original = verbs[verb]
    verbs[verb] = lambda box, **given: change(original, box, given)


def with_config(change):
    """Has a model's config changed on its way: `change(config, snapshot)`, which may return text.

    Returns a `build_model` and a `train` that are right but for that.
    """
    import keras

    def build_model(input_shape, num_classes):
        layers = keras.layers
        model = keras.Sequential(
            [
                keras.Input(input_shape),
                layers.Conv2D(8, 3, activation="relu"),
                layers.MaxPooling2D(4),
                layers.Conv2D(8, 3, activation="relu"),
                layers.GlobalAveragePooling2D(),
                layers.Dense(num_classes, activation="softmax"),
            ]
        )
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model

    def train(model, train_data, val_data):
        (x, y), validation = train_data, [part[:10] for part in val_data]
        return model.fit(x[:100], y[:100], epochs=1, validation_data=validation, verbose=0)

    def forge(original, box, given):
        answer = original(box, **given)
        config = json.loads(answer["snapshot"]["config"])
        changed = change(config, answer["snapshot"])
        if not isinstance(changed, str):
            changed = json.dumps(config if changed is None else changed)
        answer["snapshot"]["config"] = changed
        return answer

    replace_verb("build", forge)
    return build_model, train


def replace_probe(function, change):
    """Answers a probe in the place of the sandbox: `change(answer)`; the others are let through."""

    def answer(original, box, given):
        if given.get("function") != function:
            return original(box, **given)
        try:
            honest = original(box, **given)
        except BaseException:
            honest = None
        return change(honest)

    replace_verb("probe", answer)


def descriptors(pid="self"):
    """Returns the descriptors of a process and what they lead to."""
    found = {}
    for name in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(OSError):
            found[int(name)] = os.readlink(f"/proc/{pid}/fd/{name}")
    return found
