"""What the tests with random files share: how many there are, how they are made and what they cost.

`KERAS_KIT_FUZZ=20000 python -m pytest tests/unit/test_fuzz_source.py
tests/unit/test_fuzz_notebooks.py` tries so many for each test, others each time. Without it a few
hundred are tried, the same each time.
"""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

from hypothesis import strategies as st

from graders import rubric, submission
from graders.course import shape
from graders.rubric.stubs import pristine
from graders.submission import Unreadable, idiom

TASKS = {name: rubric.find(name) for name in ("cnn", "custom_layer", "lr_batch_sweep")}
# Far more than any file takes, also where other tests run beside it.
SECONDS = 5.0


def look_at(path: Path, data: bytes, task: rubric.Task) -> str:
    """Reads a submission and looks at it as the kit does before anything of it runs.

    Args:
        path: Path to write it to.
        data: Bytes, the file.
        task: `Task` that it is for.

    Returns:
        String, the module; empty if the file cannot be graded.
    """
    path.write_bytes(data)
    started = time.process_time()
    text = ""
    try:
        source = submission.read(path, task)
    except Unreadable as error:
        assert str(error)
        assert len(str(error)) < 1500
    else:
        text = source.text
        assert submission.is_stub(source, task) in (True, False)
        assert submission.same_code(source, source, task) in (True, False)
        assert "\n" not in idiom.remark(source, pristine(task) or "")
        # As `bulk --similarity` does.
        with contextlib.suppress(RecursionError, MemoryError, ValueError, SyntaxError):
            shape.tokens(source.text, 20_001)
        assert source.digest.startswith("sha256:")
    assert time.process_time() - started < SECONDS
    return text


# Signs, line ends, marks, and what parsers are afraid of.
PIECES = st.sampled_from(
    [
        *"()[]{}:;,.=+-*@\\\"'#%!?\t\n\r\f\v\0 ",
        *("\r\n", '"""', "'''", "f'{", "}'", "\ufeff", "\u2028", "\xa0", "\ud800", "é", "😀"),
        *(
            "lambda:",
            "not ",
            "await ",
            "async ",
            "yield ",
            "global x\n",
            "nonlocal x\n",
            "return\n",
        ),
        *("from __future__ import annotations\n", "from x import *\n", "import a.b as c\n"),
        *("if x:\n", "else:\n", "elif x:\n", "for x in y:\n", "try:\n", "with a as b:\n"),
        *("class A:\n", "def f():\n", "  ", "    ", "match x:\n case _:\n", "0x", "9" * 5000),
        *("1e999", "1_", "x:=1", "%time ", "%%bash\n", "!ls\n", "x = !ls\n", "?x", "\\N{DASH}"),
        *("\\x", "\\\n", "print x\n"),
    ]
)
TEXT = st.lists(st.one_of(PIECES, st.text(max_size=20)), max_size=60).map("".join)


@st.composite
def changed(draw: st.DrawFn, text: str) -> str:
    """Draws a text with a few pieces put in, left out, or doubled."""
    for _ in range(draw(st.integers(1, 5))):
        at = draw(st.integers(0, len(text)))
        end = min(len(text), at + draw(st.integers(0, 200)))
        kind = draw(st.sampled_from(["put", "leave", "double"]))
        between = {"put": draw(PIECES), "leave": "", "double": text[at:end] * 2}[kind]
        text = text[:at] + between + text[at if kind == "put" else end :]
    return text


# What stands before and after something within something.
AROUND = [
    *(("(", ")"), ("[", "]"), ("{", "}"), ("{1:", "}"), ("{**", "}"), ("f(", ")"), ("f(a=", ")")),
    *(("-", ""), ("not ", ""), ("await ", ""), ("lambda:", ""), ("lambda a=", ":0"), ("a**", "")),
    *(("[a for a in ", "]"), ("(yield ", ")"), ("(a:=", ")"), ("a if b else ", ""), ("a[", "]")),
    *(("f'{", "}'"), ('f"{', '}"'), ("", ".a"), ("", "()"), ("", "[0]"), ("", "+a"), ("a=", "")),
    *(("@a\n", ""), ("if a: 0\nel", ""), ("a<", ""), ("del (", ")"), ("with (", "): 0")),
]


@st.composite
def nested(draw: st.DrawFn) -> str:
    """Draws something within something, up to thousands of times, that ends well or does not."""
    before, after = draw(st.sampled_from(AROUND))
    depth = draw(st.sampled_from([1, 5, 20, 60, 99, 150, 199, 300, 1000, 5000]))
    head = draw(st.sampled_from(["", "x = ", "return ", "for ", "class A:\n "]))
    middle = draw(st.sampled_from(["", "a", "1", "a b", "$", "a\n", "if a: 0", "def f(): 0", "*a"]))
    closed = draw(st.sampled_from([depth, depth - 1, depth + 1, 0]))
    end = draw(st.sampled_from(["", "\n", "\nx = 1\n"]))
    return head + before * depth + middle + after * closed + end
