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


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """Run a private PostgreSQL without durability and yield its connection string.

    PostgreSQL refuses to run as root; then it runs as the user ``postgres``, in a folder of that user.
    """
    programs = postgres_programs()
    user = None
    if os.geteuid() == 0:
        try:
            user = pwd.getpwnam("postgres").pw_name
        except KeyError:
            pytest.skip("PostgreSQL does not run as root and there is no user postgres")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="alphamind-postgres-"))
    port = free_port()
    try:
        if user:
            shutil.chown(folder, user)
        data, log = folder / "data", folder / "log"
        create = [programs / "initdb", "-D", data, "-U", "tester", "-A", "trust", "-E", "UTF8", "--no-locale", "-N"]
        subprocess.run(create, user=user, check=True, capture_output=True, cwd=folder)
        settings = ["fsync=off", "full_page_writes=off", "shared_buffers=32MB", "listen_addresses=127.0.0.1"]
        options = [part for setting in settings for part in ("-c", setting)]
        command = [programs / "postgres", "-D", data, "-p", str(port), "-k", folder, *options]
        with log.open("wb") as output:
            server = subprocess.Popen(command, user=user, stdout=output, stderr=output, cwd=folder)
        try:
            _wait_until_ready(programs, port, server, log)
            yield f"postgresql://tester:never-tell-this@127.0.0.1:{port}/postgres"
        finally:
            server.send_signal(signal.SIGINT)
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait_until_ready(programs: pathlib.Path, port: int, server: subprocess.Popen[bytes], log: pathlib.Path) -> None:
    deadline = time.monotonic() + 60
    question = [programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port), "-d", "postgres"]
    while subprocess.run(question).returncode != 0:
        if server.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text()}")
        time.sleep(0.02)
