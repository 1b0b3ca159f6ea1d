"""Starts real servers for tests: private, on a free port, gone afterwards."""

from __future__ import annotations

import contextlib
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator

import psutil
import pytest


def free_port() -> int:
    """Return a port of the loopback interface that nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def postgres_programs() -> pathlib.Path:
    """Return the folder of PostgreSQL's programs, or skip the test that asked."""
    folders = [path.parent for path in pathlib.Path("/usr/lib/postgresql").glob("*/bin/postgres")]
    if found := shutil.which("postgres"):
        folders.append(pathlib.Path(found).resolve().parent)
    if not folders:
        pytest.skip("no PostgreSQL on this machine: apt-get install postgresql")
    return max(folders, key=lambda folder: int(folder.parent.name) if folder.parent.name.isdigit() else 0)


class Postgres:
    """A private PostgreSQL that does without ``fsync``: it survives the death of its processes, not the machine's.

    PostgreSQL refuses to run as root; then it runs as the user ``postgres``.

    Args:
        folder: Where its files go; made over to its user.

    Attributes:
        port: Where it listens on loopback.
    """

    def __init__(self, folder: pathlib.Path) -> None:
        self._programs = postgres_programs()
        self._folder = folder
        self.port = free_port()
        self._user: str | None = None
        self._server: subprocess.Popen[bytes] | None = None
        if os.geteuid() == 0:
            try:
                self._user = pwd.getpwnam("postgres").pw_name
            except KeyError:
                pytest.skip("PostgreSQL does not run as root and there is no user postgres")
            shutil.chown(folder, self._user)
        options = ["-D", f"{folder}/data", "-U", "tester", "-A", "trust", "-E", "UTF8", "--no-locale", "-N"]
        create = [str(self._programs / "initdb"), *options]
        subprocess.run(create, user=self._user, check=True, capture_output=True, cwd=folder)

    @property
    def dsn(self) -> str:
        """Connection string."""
        return self.dsn_at(self.port)

    def dsn_at(self, port: int) -> str:
        """Return the connection string for a relay that listens at ``port``."""
        return f"postgresql://tester:never-tell-this@127.0.0.1:{port}/postgres"

    def start(self) -> None:
        """Start it and wait until it takes connections; after ``kill`` that may take more than one attempt.

        Raises:
            RuntimeError: It did not start; says what it printed.
        """
        deadline = time.monotonic() + 60
        settings = ["fsync=off", "full_page_writes=off", "shared_buffers=32MB", "listen_addresses=127.0.0.1"]
        options = ["-D", f"{self._folder}/data", "-p", str(self.port), "-k", str(self._folder)]
        options += [part for setting in settings for part in ("-c", setting)]
        question = [str(self._programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port), "-d", "postgres"]
        while self._server is None or subprocess.run(question).returncode != 0:
            if self._server is None or self._server.poll() is not None:
                # Processes of one that was killed may hold its memory for a moment.
                with (self._folder / "log").open("ab") as output:
                    self._server = subprocess.Popen(
                        [str(self._programs / "postgres"), *options],
                        user=self._user,
                        stdout=output,
                        stderr=output,
                        cwd=self._folder,
                    )
            if time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start:\n{(self._folder / 'log').read_text()}")
            time.sleep(0.02)

    def kill(self, whole: bool = True) -> None:
        """End it with SIGKILL: all of its processes, or the first one alone, which the others then notice."""
        assert self._server is not None
        children = psutil.Process(self._server.pid).children() if whole else []
        self._server.kill()
        for child in children:
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()
        self._server.wait()
        psutil.wait_procs(children, timeout=20)
        self._server = None

    def stop(self) -> None:
        """Stop it, where it runs."""
        if self._server is None:
            return
        self._server.send_signal(signal.SIGINT)
        try:
            self._server.wait(20)
        except subprocess.TimeoutExpired:
            self._server.kill()
            self._server.wait()
        self._server = None


@contextlib.contextmanager
def private_postgres() -> Iterator[Postgres]:
    """Yield a private PostgreSQL that runs; nothing is left of it afterwards."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="alphamind-postgres-"))
    try:
        server = Postgres(folder)
        try:
            server.start()
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """Run a private PostgreSQL and yield its connection string."""
    with private_postgres() as server:
        yield server.dsn
