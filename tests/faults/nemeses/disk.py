"""A full disk, for the embedded back end."""

import contextlib
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support import descendants

from .base import Nemesis

#: The size of the disk: a little more than a few minutes of posts need.
DISK_SIZE = "64m"

#: Bytes of one write that fills the disk.
FILL_SIZE = 65_536

#: Bytes that a file may have at most, where no disk can be mounted.
FILE_LIMIT = 4_096


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A folder, on a small file system of its own if this user may mount one."""
    folder.mkdir(parents=True, exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_SIZE},mode=700", "none", str(folder)]
    with contextlib.suppress(OSError):
        subprocess.run(mount, check=False, capture_output=True, timeout=10)
    try:
        yield folder
    finally:
        if folder.is_mount():
            subprocess.run(["umount", "-l", str(folder)], check=True, timeout=10)


class DiskFull(Nemesis):
    """A ballast file takes the last byte of the disk, and is deleted again.

    Without a disk of its own, a limit (FILE_LIMIT) on the size of all files takes its place.
    """

    name = "disk full"

    def round(self) -> None:
        with self._ballast() if self.folder.is_mount() else self._limits():
            self.hold(2, 6)
        self.world.measure_resume("server", self.name)

    @property
    def folder(self) -> Path:
        """The data folder: the mount point of the disk."""
        return Path(self.world.environ["SPLITFLAP_DATA_DIR"])

    @contextmanager
    def _ballast(self) -> Iterator[None]:
        path = self.folder / "ballast"
        try:
            with path.open("wb", buffering=0) as file:
                for size in (FILL_SIZE, 512, 1):
                    with contextlib.suppress(OSError):
                        while file.write(b"\0" * size):
                            pass
            yield
        finally:
            path.unlink(missing_ok=True)

    @contextmanager
    def _limits(self) -> Iterator[None]:
        parents = [service.pid for service in self.world.services.values()]
        pids = {pid for parent in parents for pid in (parent, *descendants(parent))}
        before = {pid: resource.prlimit(pid, resource.RLIMIT_FSIZE) for pid in pids}
        try:
            for pid, (_, hard) in before.items():
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (FILE_LIMIT, hard))
            yield
        finally:
            for pid, limits in before.items():
                with contextlib.suppress(ProcessLookupError):
                    resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)
