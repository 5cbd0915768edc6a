"""A small real disk: an ext4 image on a loop device, where this machine lets us mount one."""

import contextlib
import os
import shutil
import subprocess
from pathlib import Path


def may_mount():
    return os.geteuid() == 0 and shutil.which("mkfs.ext4") is not None and Path("/dev/loop-control").exists()


@contextlib.contextmanager
def small_disk(folder, *, mb):
    """The folder of a mounted ext4 of that size."""
    image, place = folder / "disk.img", folder / "disk"
    place.mkdir()
    with image.open("wb") as file:
        file.truncate(mb * 1024 * 1024)
    subprocess.run(["mkfs.ext4", "-q", "-F", "-m", "0", image], check=True, timeout=30)
    subprocess.run(["mount", "-o", "loop", image, place], check=True, timeout=30)
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", place], check=True, timeout=30)


class Hog:
    """Somebody else who writes to the disk until nothing is left, and takes what is given back."""

    def __init__(self, folder):
        self._path = folder / "somebody-elses.log"

    def eat(self):
        """Every block that is free now; how many bytes that were."""
        eaten = 0
        with self._path.open("ab", buffering=0) as file:
            for size in (1_048_576, 65_536, 4_096, 512):
                with contextlib.suppress(OSError):
                    while True:
                        eaten += file.write(b"x" * size)
                        os.fsync(file.fileno())
        return eaten

    def leave(self):
        self._path.unlink(missing_ok=True)
