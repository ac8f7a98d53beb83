"""Runs any training script, and watches what it builds, compiles and trains."""
