"""Where the files of a run are: home, runs, the state of what is up, and the lock that keeps a second one out."""

from __future__ import annotations

import contextlib
import datetime
import fcntl
import json
import os
import pathlib
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from actors.errors import ConfigurationError, Conflict, NotFound

SOCKET_PATH_BYTES = 107
"""Longest path of a Unix socket on Linux."""


@dataclass(frozen=True)
class UpState:
    """What runs now, as ``alphamind up`` wrote it down for the other commands.

    Attributes:
        pid: Process of ``alphamind up``.
        run: Name of the run; ``directory`` its folder.
        address: Address of the Ray cluster; ``dashboard`` its URL, or ``None``.
        namespace: Ray namespace of the actors.
        api: Base URL of the HTTP API.
        joined: Whether the cluster had been running before.
    """

    pid: int
    run: str
    directory: str
    address: str
    dashboard: str | None
    namespace: str
    api: str
    joined: bool
    token_path: str


def check_path_length(home: pathlib.Path) -> None:
    """Check that the sockets of a run fit into what the system takes for a path.

    Raises:
        ConfigurationError: They do not; says by how much.
    """
    longest = len(os.fsencode(home / "runs" / _new_name() / "sockets" / "portfolio.sock"))
    if longest > SOCKET_PATH_BYTES:
        raise ConfigurationError(
            "the path of the home is too long for Unix sockets",
            field="run.home",
            value=home,
            rule=f"{longest - SOCKET_PATH_BYTES} bytes less",
            remedy="choose a shorter one with ALPHAMIND_HOME",
        )


def prepare_home(home: pathlib.Path) -> None:
    """Make the home, readable by its owner only.

    Raises:
        ConfigurationError: It can't be made or written.
    """
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in ("runs", "secrets"):
            (home / name).mkdir(mode=0o700, exist_ok=True)
        (home / "up.lock").touch()
    except OSError as error:
        raise ConfigurationError(
            f"the home can't be used: {error.strerror}",
            field="run.home",
            value=home,
            rule="a folder that can be written",
            remedy="choose another with ALPHAMIND_HOME",
        ) from None


def new_run(home: pathlib.Path, name: str | None) -> pathlib.Path:
    """Return the folder of the run ``name``, made where it does not exist; without a name a new one."""
    name = name or _new_name()
    directory = home / "runs" / name
    for folder in (directory, directory / "sockets", directory / "journal", directory / "logs"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return directory


def _new_name() -> str:
    return f"{datetime.datetime.now(datetime.timezone.utc):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


@contextlib.contextmanager
def discard_unused(directory: pathlib.Path) -> Iterator[None]:
    """Remove the run's folder when the block fails and nothing was ever run in it."""
    try:
        yield
    except BaseException:
        if not (directory / "instruments.json").exists():
            shutil.rmtree(directory)
        raise


@contextlib.contextmanager
def only_one(home: pathlib.Path) -> Iterator[None]:
    """Hold the home's lock while something is up.

    Raises:
        Conflict: Something is up already; names its process and the way out.
    """
    with (home / "up.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            raise Conflict(
                "AlphaMind is already up with this home",
                field="run.home",
                value=home,
                rule=f"one at a time; process {lock.read().strip() or 'unknown'} holds it",
                remedy="alphamind down, or another home: ALPHAMIND_HOME=… with another --port",
                code="ALREADY_UP",
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        try:
            yield
        finally:
            lock.truncate(0)


def write_state(home: pathlib.Path, state: UpState) -> None:
    """Tell the other commands what is up, and point ``current`` at its run."""
    _replace(home / "up.json", json.dumps(asdict(state), indent=2))
    current = home / "current"
    with contextlib.suppress(FileNotFoundError):
        current.unlink()
    current.symlink_to(state.directory)


def clear_state(home: pathlib.Path) -> None:
    """Say that nothing is up any more; ``current`` keeps pointing at the last run."""
    with contextlib.suppress(FileNotFoundError):
        (home / "up.json").unlink()


def read_state(home: pathlib.Path) -> UpState:
    """Return what is up.

    Raises:
        NotFound: Nothing is.
    """
    try:
        content: dict[str, Any] = json.loads((home / "up.json").read_text())
        state: UpState | None = UpState(**content)
    except FileNotFoundError:
        state = None
    if state is None or not (state.joined or is_held(home)):
        raise NotFound("nothing is up", field="run.home", value=home, remedy="alphamind up", code="NOT_UP")
    return state


def is_held(home: pathlib.Path) -> bool:
    """Return whether a process holds the home's lock; unlike a process id, a lock is not given to a stranger later."""
    with (home / "up.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


def refuse_orphans(home: pathlib.Path) -> None:
    """Check that no run goes on in a joined cluster whose ``alphamind up`` is dead; the caller holds the lock.

    Raises:
        Conflict: One does; names the way out.
    """
    with contextlib.suppress(NotFound):
        state = read_state(home)
        if state.joined:
            raise Conflict(
                f"run {state.run} still goes on in the cluster at {state.address}, though its alphamind up died",
                field="run.home",
                value=home,
                rule="one run at a time",
                remedy=f"alphamind down ends it; alphamind up --run {state.run} then continues it",
                code="ALREADY_UP",
            )


def private_token(path: pathlib.Path) -> pathlib.Path:
    """Return the file with Ray's cluster token, made with 256 random bits where it does not exist."""
    if not path.exists():
        _replace(path, secrets.token_hex(32))
    return path


def _replace(path: pathlib.Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    temporary.replace(path)
