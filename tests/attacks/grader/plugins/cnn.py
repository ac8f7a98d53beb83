"""AIM: leaves files that pytest, Python or Keras read where they start: conftest.py, sitecustomize.py, keras.json, .pth, .netrc.
KIND: gain
MAX: 0
AFTER: nothing of it is left
"""
from tests.attacks.tools import *

places = {os.getcwd(), os.path.dirname(os.getcwd()), os.environ.get("HOME", "/tmp"), os.environ.get("TMPDIR", "/tmp")}
for place in places:
    for name in ("conftest.py", "sitecustomize.py", "usercustomize.py", "pytest.ini", "graders.py", ".keras/keras.json", "json.py", "numpy.py"):
        with contextlib.suppress(OSError):
            os.makedirs(os.path.dirname(os.path.join(place, name)), exist_ok=True)
            with open(os.path.join(place, name), "w") as file:
                file.write(f"open({escaped(PLANTED['home'])!r}, 'w')")
look("the kit's folder", lambda: read(os.path.join(PLANTED["kit"], "grade.py")))
done()
