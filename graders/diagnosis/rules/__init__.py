"""The rules, each a small function from `Facts` to a `Finding`, or `None`."""
