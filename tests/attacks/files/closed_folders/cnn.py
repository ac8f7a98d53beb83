"""AIM: folders that cannot be entered or listed stay in the scratch folder, because nothing can clean them up.
KIND: harm
MAX: 0
AFTER: nothing of it is left
"""
from tests.attacks.tools import *

for mode in (0, 0o100, 0o300, 0o500):
    os.makedirs(f"closed-{mode}/inner/inmost")
    open(f"closed-{mode}/inner/file", "w").close()
    os.chmod(f"closed-{mode}/inner/inmost", mode)
    os.chmod(f"closed-{mode}/inner", mode)
    os.chmod(f"closed-{mode}", mode)
os.chmod(".", 0)
done()
