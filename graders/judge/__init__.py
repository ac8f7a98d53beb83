"""The process that judges: trusted."""
