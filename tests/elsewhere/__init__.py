"""The kit as it is elsewhere: on Linux, with all hidden from it that Windows or macOS lacks.

`sitecustomize.py` does it in each process that has this folder on its path.
"""
