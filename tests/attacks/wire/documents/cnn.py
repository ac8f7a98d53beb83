"""AIM: documents that are hard to read: nested 100000 deep, numbers of a million digits, names a million characters long, half of a
    character, the same key again and again, tuples of tuples.
KIND: harm
MAX: 0
SAYS: -
SECONDS: 60
"""
from tests.attacks.tools import *

fd = sandbox()[2].write_fd
if os.fork() == 0:
    os._exit(0)
number = PLANTED["port"] % 5
documents = [b'{"event":' * 100_000 + b"1" + b"}" * 100_000, b'{"event": {"epoch": ' + b"9" * 10**6 + b"}}", b'{"event": {"' + b"a" * 10**6 + b'": 1}}',
             b'{"event": {"epoch": "\\ud800", "\xff": 1}}', b'{"event": {"a": ' + b'{"$tuple": [' * 900 + b"1" + b"]}" * 900 + b"}}"]
send(documents[number])
send(documents[0])
time.sleep(1)
os._exit(0)
