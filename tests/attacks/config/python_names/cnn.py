"""AIM: classes and functions by names of Python: os.system, builtins.eval, keras.utils.get_file, subprocess.Popen.
KIND: gain
MAX: 0
SAYS: -
SECONDS: 60
"""
from tests.attacks.tools import *

def change(config, snapshot):
    path = PLANTED["home"] + "/ESCAPED-python_names"
    layers = config["config"]["layers"]
    layers[1]["config"]["activation"] = {"module": "builtins", "class_name": "function", "config": "eval", "registered_name": "function"}
    layers[1]["config"]["kernel_initializer"] = {"module": "os", "class_name": "system", "config": {"command": "touch " + path}, "registered_name": None}
    layers[2].update(module="subprocess", class_name="Popen", config={"args": ["touch", path]})
    config["compile_config"] = {"loss": {"module": "keras.utils", "class_name": "get_file", "config": {"origin": "file:///etc/passwd", "fname": path}}}


build_model, train = with_config(change)
