"""A disk that is too small: programs whose board or journal is there find it full now and then."""

import contextlib
import ctypes
import os
import pathlib
import subprocess
import sys

SIZE = 1 << 20      # a board begins with 256 kB
UNSHARED = "CHAOS_UNSHARED"
WAYS = ["--mount"], ["--user", "--map-current-user", "--keep-caps", "--mount"]

libc = ctypes.CDLL(None, use_errno=True)


def enter_namespace():
    """Starts this program again in a mount namespace of its own, so that its mounts end with it, however it ends. If
    the system does not permit that, the program goes on as it is."""
    if UNSHARED in os.environ:
        return
    os.environ[UNSHARED] = ""
    for way in WAYS:
        with contextlib.suppress(OSError):
            if subprocess.run(["unshare", *way, "true"], stderr=subprocess.DEVNULL, check=False).returncode == 0:
                os.environ[UNSHARED] = "yes"
                os.execvp("unshare", ["unshare", *way, sys.executable, *sys.argv])


class Disk:
    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(mode=0o700)
        self.is_there = bool(os.environ.get(UNSHARED)) and libc.mount(
            b"tmpfs", os.fsencode(directory), b"tmpfs", 0, f"size={SIZE},mode=700".encode()) == 0
        self.filler = self.directory / "filler"

    def fill(self):
        with open(self.filler, "ab", buffering=0) as file, contextlib.suppress(OSError):
            while file.write(bytes(4096)) == 4096:
                pass

    def leave(self, size):
        """Fills the disk but for that many bytes."""
        if self.filler.exists():
            os.truncate(self.filler, min(size, self.filler.stat().st_size))

    def close(self):
        if self.is_there:
            libc.umount2(os.fsencode(self.directory), 2)    # MNT_DETACH
