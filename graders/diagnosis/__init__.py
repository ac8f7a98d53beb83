"""From what was built, compiled and trained on to named faults, each with its evidence and line."""
