"""The attack corpus: submissions that try to gain points, or to do harm, and the harness for them.

An attack is `<kind>/<name>/<task>.py`, or a `make.py` that writes a submission of another form. Its
docstring begins with its head:

    AIM: what it tries, and how
    KIND: gain | harm
    MAX: the most points that it may earn
    SAYS: a pattern that the verdict must match: an attack that broke is not one that was held
    AFTER: what must be true afterwards, beside what is checked after every attack
    SECONDS: the limit of the grading, if it is another one
    MEMORY: the limit of memory in GB, if it is another one
    RUN: command, if the attack is on the start or the end of the whole command
    IN: what the command is run in (see `harness.PLACES`)

`SAYS` is `HELD` unless the head has another pattern; `SAYS: -` asks for none. What an attack may use is
in `tools.py`, whose text the harness puts in the place of the line that imports it. All loops,
forks and allocations are bounded: an attack must do no harm where a wall is missing.

    python -m tests.attacks [--level LEVEL] [--as nobody] [--kind KIND …] [--only WORD] [--every]
"""
