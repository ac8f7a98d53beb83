"""What differs between operating systems: one module for each kind, chosen here and nowhere else.

Everything outside this folder runs on Linux, macOS and Windows alike, but for `graders.walls` and
`graders.warm.server`: the walls are Linux's own, and only Linux forks a process that has loaded
TensorFlow safely. Both modules offer the same names:

- `FORKS`: whether one warm process forks the others. Elsewhere each of them is spawned.
- `VARIABLES`, `sandbox_variables`: the environment that programs need there.
- `Ends`: reads and writes a pair of pipes with deadlines.
- `popen_options`, `end_tree`, `how_ended`: starts a process apart, ends it with all that it
  started, and names its end; `FROM_OUTSIDE` and `CPU_LIMIT` are ends of a kind.
- `own_tree`, `end_own_tree`, `limit`: what a process does to itself.
- `hold`, `hold_if_free`, `let_go`, `is_own`, `remove`: folders for temporary files.
- `open_regular`: opens a file that somebody else made; `binary`: keeps bytes as they are.
"""

import sys

if sys.platform == "win32":
    from graders.system import windows as here
else:
    from graders.system import posix as here

__all__ = ["here"]
