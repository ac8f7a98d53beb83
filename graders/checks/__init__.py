"""The checks, one file for each task."""
