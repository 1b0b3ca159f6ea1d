"""Ways to make the disk full for a journal and to give the space back."""

from __future__ import annotations

import contextlib
import os
import pathlib
import resource
import subprocess
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

_SIZE = 16 << 20
_LITTLE = 1


class Disk(Protocol):
    """A disk of some journals."""

    def fill(self) -> None:
        """Leave no space on it."""

    def empty(self) -> None:
        """Give the space back."""


class SmallDisk:
    """A file system in memory, filled by a file of ballast.

    Args:
        folder: Where it is mounted.
    """

    def __init__(self, folder: pathlib.Path) -> None:
        self._ballast = folder / "ballast"

    def fill(self) -> None:
        """Leave no space on it."""
        with self._ballast.open("ab", buffering=0) as file, contextlib.suppress(OSError):
            for size in (1 << 20, 1 << 12):
                with contextlib.suppress(OSError):
                    while file.write(bytes(size)) == size:
                        pass

    def empty(self) -> None:
        """Give the space back."""
        self._ballast.unlink()


class FileSizeLimit:
    """The same for whoever may not mount: the processes' files may not grow, as if the disk were full.

    Args:
        pids: Gives the processes that write the journals.
    """

    def __init__(self, pids: Callable[[], Sequence[int]]) -> None:
        self._pids = pids

    def fill(self) -> None:
        """Let no file grow."""
        self._limit(_LITTLE)

    def empty(self) -> None:
        """Let files grow again."""
        self._limit(resource.RLIM_INFINITY)

    def _limit(self, size: int) -> None:
        for pid in self._pids():
            hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)[1]
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, hard))


@contextlib.contextmanager
def small_disk(directory: pathlib.Path, journals: Sequence[str]) -> Iterator[SmallDisk]:
    """Put some journals of a run that has not begun on a small disk of their own.

    Raises:
        OSError: This user may not mount.
    """
    folder = directory / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={_SIZE}", "alphamind-faults", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        raise OSError("this user may not mount")
    try:
        for name in journals:
            (folder / name).mkdir()
            (directory / "journal" / name).symlink_to(folder / name)
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
