"""AIM: a Lambda layer with bytecode, which must never be loaded.
KIND: gain
MAX: 0
SAYS: -
SECONDS: 60
"""
from tests.attacks.tools import *

def change(config, snapshot):
    import base64
    import marshal

    path = PLANTED["home"] + "/ESCAPED-lambda_code"
    code = base64.b64encode(marshal.dumps(compile(f"open({path!r}, chr(119))", "x", "eval"))).decode()
    function = {"class_name": "__lambda__", "config": {"code": code, "defaults": None, "closure": None}}
    config["config"]["layers"].insert(2, {"module": "keras.layers", "class_name": "Lambda", "config": {"name": "l", "function": function}, "registered_name": None})


build_model, train = with_config(change)
