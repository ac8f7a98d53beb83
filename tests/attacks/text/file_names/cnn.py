"""AIM: tracebacks that name other files, whose lines would be read and shown: /etc/passwd, the key.
KIND: harm
MAX: 0
SAYS: -
SECONDS: 60
"""
from tests.attacks.tools import *

def fault():
    for path in (PLANTED["cache"] + "/local.key", PLANTED["home"] + "/.ssh/id_ed25519", "/etc/passwd"):
        try:
            exec(compile("\n" * 3 + "raise ValueError(1)", path, "exec"), {})
        except ValueError as error:
            found = error
    return found


def build_model(input_shape, num_classes):
    raise fault()


def train(model, train_data, val_data):
    raise fault()
