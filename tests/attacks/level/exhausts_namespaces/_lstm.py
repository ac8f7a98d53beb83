"""Gives the attack beside it time."""
import time

time.sleep(8)
raise ValueError("a moment later")
