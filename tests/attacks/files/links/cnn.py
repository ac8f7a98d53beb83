"""AIM: leaves by symbolic and hard links, renames, devices and handles: what trusted code opens by name, or what the kernel
    opens by number.
KIND: gain
MAX: 0
"""
from tests.attacks.tools import *

secret = PLANTED["home"] + "/.ssh/id_ed25519"
os.symlink(secret, "link")
look("symbolic link", lambda: read("link"))
os.symlink(PLANTED["kit"], "folder")
look_unless_user("symbolic link to a folder", lambda: os.listdir("folder"))
look("hard link", lambda: os.link(secret, "hard") or read("hard"))
look("hard link of the key", lambda: os.link(PLANTED["cache"] + "/local.key", "key") or read("key"))
look("rename", lambda: os.rename("link", escaped(PLANTED["home"])) or "moved")
look("renamed over the kit", lambda: os.rename("folder", PLANTED["kit"] + "/ESCAPED-links") or "moved")
look("block device", lambda: os.mknod("disk", 0o060600, os.makedev(254, 0)) or read("disk"))
look("device of the machine", lambda: read("/dev/vda"))
look("memory device", lambda: os.mknod("memory", 0o020600, os.makedev(1, 1)) or read("memory"))
handle = ctypes.create_string_buffer(struct.pack("Ii", 8, 1) + struct.pack("II", 2, 0), 144)
mount = os.open("/", os.O_PATH)
look("open_by_handle_at", lambda: syscall(304, 265, mount, handle, 0))
done()
