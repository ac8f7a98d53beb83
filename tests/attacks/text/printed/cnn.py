"""AIM: what is printed reaches the terminal and the page: escapes, markup, bytes that are no text.
KIND: harm
MAX: 0
"""
from tests.attacks.tools import *

print("<hostile-tag>\x1b[2J\x1b]8;;http://example.org\x07 [bold]" * 100)
os.write(1, bytes(range(256)) * 100)
done()
