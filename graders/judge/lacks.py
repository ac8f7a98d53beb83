"""What the place where work is graded lacks: found in an error, and told with what to do instead.

A row of `LACKS` knows one kind by the error's type and text, and by the lines that its traceback
shows. All three are a submission's claims: the words are written here, and no point depends on
them.
"""

from __future__ import annotations

import dataclasses
import re

# What a submission may import, beside Python's own library: a part of the kit's dependencies.
PACKAGES = ("keras", "tensorflow", "numpy", "scipy", "scikit-learn", "matplotlib")
_THESE = f"Packages that are there: {', '.join(PACKAGES)}."
# Packages that lessons use and the kit has not; of another name, nobody knows what it is.
_KNOWN = (
    "pandas torch torchvision tensorflow_datasets tensorflow_hub tensorflow_addons keras_hub "
    "keras_cv keras_nlp keras_tuner kerastuner tf_keras kagglehub kaggle wandb mlflow seaborn "
    "plotly cv2 skimage imageio albumentations transformers jax flax xgboost lightgbm optuna "
    "gdown opendatasets torchinfo visualkeras pydot graphviz statsmodels nltk spacy IPython "
    "ipywidgets"
)
_MAIN = (
    "Top-level code runs whenever the file is imported: put trials under "
    '`if __name__ == "__main__":` at the end of the file, where the grader leaves them out.'
)
_PROCESSES = re.compile(
    r"SemLock|multiprocessing|SharedMemory|shared_memory|psm_|concurrent[./]futures[./]process|"
    r"joblib|loky|/dev/shm"
)
# What the system raises where it refuses something, in processes and between them.
_REFUSALS = frozenset(
    """PermissionError OSError FileNotFoundError EOFError BlockingIOError BrokenPipeError
    ConnectionResetError ConnectionRefusedError""".split()
)
_BROKEN_POOLS = frozenset(["BrokenProcessPool", "TerminatedWorkerError"])
# A file that a message names, other than memory that processes share.
_NAMED_FILE = re.compile(r"'(?!/?psm_|/dev/shm)[^']+'\s*$")


@dataclasses.dataclass(frozen=True)
class _Lack:
    """Something that is missing where work is graded.

    Attributes:
        told: Pattern of the error, `type: message`.
        lacks: String, what is missing; `{0}` is the pattern's first group.
        instead: String, what to do.
        shown: Pattern of the traceback; empty if any will do.
        trial: Boolean, whether a line that is run while the file is imported is likely a trial,
            which has its place.
    """

    told: str
    lacks: str
    instead: str
    shown: str = ""
    trial: bool = True


_MISSING = r"^ModuleNotFoundError: .*No module named '"
_OFFLINE = (
    r"URLError|HTTPError|gaierror|ConnectionError|ConnectTimeout|MaxRetryError|"
    r"URL fetch failure|name resolution|Network is unreachable|getaddrinfo"
)
_NO_NETWORK = "There is no network where work is graded."
_NO_DEBUGGER = "Nobody is there to use a debugger where work is graded."
_NO_ANSWER = "Nobody is there to answer `input()` where work is graded."
_UNFOUND = r"No such file or directory|File not found|Unable to (?:synchronously )?open file"
_DATA = "Use the data that the function is given, and write other values into the code."

# The first that fits is told.
LACKS = (
    _Lack(
        _MISSING + r"(?:ipdb|pudb|pdbpp|web_pdb|debugpy)", _NO_DEBUGGER, "Remove it.", trial=False
    ),
    _Lack(
        _MISSING + r"((?:datasets|graders)(?:\.[\w.]+)?)'",
        "The grader has this one file, and no `{0}`: functions are given their data.",
        'Import what the kit has for trials under `if __name__ == "__main__":`, where the grader '
        "leaves it out. If that is a file of yours, move what you use from it into the file that "
        "is graded.",
        trial=False,
    ),
    _Lack(
        _MISSING + r"(google\.colab[\w.]*|kaggle_\w+)'",
        "Work is not graded in Colab or on Kaggle, and there is no `{0}`.",
        f"Remove the import and what uses it. {_DATA}",
        trial=False,
    ),
    _Lack(
        _MISSING + rf"((?:{'|'.join(_KNOWN.split())})(?:\.[\w.]+)?)'",
        "The package `{0}` is not there where work is graded, and cannot be installed.",
        f"No task needs it: do without it. {_THESE}",
        trial=False,
    ),
    _Lack(
        _MISSING + r"([\w.]+)'",
        "The grader has this one file and the kit's packages, and no `{0}`.",
        "If that is a file of yours, move what you use from it into the file that is graded. If it "
        f"is a package, is its name right? Else do without it. {_THESE}",
        trial=False,
    ),
    _Lack(
        r"^ImportError: .*relative import",
        "The grader has this one file, without a package around it.",
        "Move what you use from your other files into it.",
        trial=False,
    ),
    _Lack(
        r"^(?:Import|Runtime)Error: .*(?:pip install|You must install) `?(\w+)",
        "The package `{0}` is not there where work is graded, and cannot be installed.",
        "Do without it; `model.summary()` describes a model without other packages.",
    ),
    _Lack(
        r"^NameError: .*'get_ipython'",
        "Only notebooks have `get_ipython()`.",
        "Remove that line (it was a `%…` or `!…` of a notebook), or hand in the notebook itself.",
        trial=False,
    ),
    _Lack(
        rf"(?:{_OFFLINE}).*keras-applications|keras-applications.*(?:{_OFFLINE})",
        _NO_NETWORK,
        "Pretrained weights cannot be downloaded. If the function in the stub has the argument "
        "`weights`, hand it on (weights=weights): it names a file that is there. Without it, "
        "weights=None starts from random ones.",
        trial=False,
    ),
    _Lack(_OFFLINE, _NO_NETWORK, "Use the data that the function is given, not a download."),
    _Lack(
        r"^(?:CalledProcess|FileNotFound)Error: .*'(pip3?|wget|curl|git|kaggle|nvidia-smi|apt)",
        "Other programs (`{0}`) are of no use where work is graded: nothing can be installed "
        "there, and there is no network.",
        f"Do without it. {_THESE}",
        shown="subprocess",
    ),
    _Lack("^EOFError: .*reading a line", _NO_ANSWER, "Write the value instead."),
    _Lack(
        "^(?:EOFError|ValueError)", _NO_ANSWER, "Write the value instead.", r"getpass|sys\.stdin"
    ),
    _Lack("^BdbQuit", _NO_DEBUGGER, "Remove `breakpoint()`.", trial=False),
    _Lack(
        "^(?:IndexError|ValueError|SystemExit)",
        "Nobody gives arguments on a command line where work is graded.",
        "Write the values into the code.",
        r"sys\.argv|argparse\.py|optparse\.py|absl/(?:app|flags)",
    ),
    _Lack(
        "^KeyError: '([^']+)'",
        "There are no environment variables of yours where work is graded (no `{0}`).",
        "Write the value into the code, or give one for the case that it is missing: "
        'os.environ.get("{0}", …).',
        r"environ",
    ),
    _Lack(
        r"Could not satisfy device specification|unknown device|/device:(?:GPU|TPU)",
        "There may be no GPU where work is graded.",
        "Leave the device to TensorFlow: remove `tf.device(…)`.",
    ),
    _Lack(
        "^IndexError|Failed to connect to the TPU|TPUClusterResolver|Please provide a TPU Name",
        "There may be no GPU, and no TPU, where work is graded.",
        "Leave the device to TensorFlow: remove the lines that look for one.",
        r"list_physical_devices|list_logical_devices|get_visible_devices|TPUClusterResolver",
    ),
    _Lack(
        "headless|no display|connect to display",
        "There is no display where work is graded.",
        "Leave the choice of a backend out: `plt.show()` shows nothing there, and is no error.",
        trial=False,
    ),
    _Lack(
        r"\[Errno 1\]",
        "Work is graded in a sandbox, which refuses what no task needs: sockets, priorities, "
        "sessions, debuggers, other owners and modes of files, and the like.",
        "Do without it.",
        trial=False,
    ),
    _Lack(
        rf"^PermissionError|Read-only|(?:{_UNFOUND}).*'/",
        "Where work is graded, files can be written in the working folder and in that of the "
        "module tempfile, and files of yours are not there.",
        f"{_DATA} To write a file, use a path that begins with the name of a file or folder, as "
        "logs/run1.",
        trial=False,
    ),
    _Lack(_UNFOUND, "The grader has this one file, and no other.", _DATA),
)
_OF_PROCESSES = (
    "Where work is graded, processes of your own may not share locks or memory. Do without them: "
    "use_multiprocessing=False, or threads, do the same, and TensorFlow uses all processors by "
    "itself."
)
_FOUND = tuple((re.compile(row.told, re.DOTALL), re.compile(row.shown), row) for row in LACKS)


def _shares(name: str, message: str, trace: str) -> bool:
    """Returns whether an error may come from processes of the submission's own."""
    if name in _BROKEN_POOLS:
        return True
    told = _PROCESSES.search(f"{message}\n{trace}")
    return name in _REFUSALS and bool(told) and not _NAMED_FILE.search(message)


def lacking(name: str, message: str, trace: str, importing: bool) -> str:
    """Returns what the place where work is graded lacks, if that may be why it raised.

    Args:
        name: String, the type of the error.
        message: String, what the error says.
        trace: String, the traceback.
        importing: Boolean, whether the file was being imported.

    Returns:
        String, with what to do about it; empty if the error is of another kind.
    """
    if _shares(name, message, trace):
        return _OF_PROCESSES
    for told, shown, row in _FOUND:
        found = told.search(f"{name}: {message}")
        if found and shown.search(trace):
            groups = [group[:80] for group in found.groups()] or [""]
            words = f"{row.lacks} {row.instead}".replace("{0}", groups[0])
            return f"{words} {_MAIN}" if importing and row.trial else words
    return ""
