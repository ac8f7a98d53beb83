"""What instructors use: the release, the bridge to nbgrader, and a whole class at once."""
