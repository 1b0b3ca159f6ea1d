"""Files and folders that nobody but their owner can read: made that way, and refused where they are open to others."""

from __future__ import annotations

import fcntl
import os
import pathlib
from collections.abc import Iterator
from contextlib import contextmanager

from actors.errors import ConfigurationError


@contextmanager
def locked_folder(folder: pathlib.Path, field: str) -> Iterator[None]:
    """Make a private folder and hold it: two processes that start at once must not make two keys.

    Args:
        folder: The folder.
        field: The key of the configuration that names it, for the error.

    Raises:
        ConfigurationError: It can't be made or written.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise ConfigurationError(
            f"can't use the folder of secrets: {error.strerror}",
            field=field,
            value=folder,
            rule="a folder that its owner can write to",
        ) from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def write_private(path: pathlib.Path, content: bytes) -> None:
    """Write a private file whole or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)


def read_private(path: pathlib.Path) -> bytes:
    """Return the content of a private file.

    Raises:
        ConfigurationError: It can't be read, or others can.
    """
    try:
        check_private(path, 0o600)
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"can't read {path}: {error.strerror}", field=str(path)) from None


def check_private(path: pathlib.Path, wanted: int) -> None:
    """Refuse a file or folder that is open to others.

    Args:
        path: The file or folder; it has to exist.
        wanted: The permission bits that are right.

    Raises:
        ConfigurationError: It is open to others or belongs to another user.
    """
    if path.is_dir() and os.statvfs(path).f_flag & os.ST_RDONLY:
        return  # a read-only mount (a Kubernetes secret) is 1777 by design; its files are checked one by one
    status = path.stat()
    error = permission_error(path, status.st_mode & 0o7777, status.st_uid, os.geteuid(), wanted)
    if error is not None:
        raise error


def permission_error(path: pathlib.Path, mode: int, owner: int, user: int, wanted: int) -> ConfigurationError | None:
    """Return what is wrong with the permissions of a secret, if anything.

    Args:
        path: The file or folder.
        mode: Its permission bits.
        owner: Its owner's user id.
        user: The user id of this process.
        wanted: The permission bits that are right; what is mounted by root may be open to its group.
    """
    mounted = owner == 0 != user
    if mode & (0o037 if mounted else 0o077):
        return ConfigurationError(
            f"{path} is open to others",
            field=str(path),
            value=f"mode {mode:04o}",
            rule=f"mode {wanted:04o}",
            remedy=f"chmod {wanted:o} {path}",
        )
    if owner not in (0, user):
        return ConfigurationError(
            f"{path} belongs to another user",
            field=str(path),
            value=f"user {owner}",
            rule=f"user {user} or root",
            remedy=f"chown {user} {path}",
        )
    return None
