"""AIM: an exception whose text, name, class and traceback raise, never end or are of another kind.
KIND: harm
MAX: 0
SAYS: -
SECONDS: 60
"""
from tests.attacks.tools import *

class Meta(type):
    @property
    def __name__(cls):
        raise RuntimeError("no name")

    @property
    def __module__(cls):
        return 7


class Fault(Exception, metaclass=Meta):
    def __str__(self):
        raise SystemExit(0)

    __repr__ = __format__ = __str__

    @property
    def __traceback__(self):
        raise KeyboardInterrupt

    @property
    def __cause__(self):
        return self


def fault():
    return Fault()


def build_model(input_shape, num_classes):
    raise fault()


def train(model, train_data, val_data):
    raise fault()
