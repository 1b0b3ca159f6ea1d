"""What the end-to-end tests do again and again: wait, speak HTTP, ask services, look at processes."""

from __future__ import annotations

import pathlib
import time
from collections.abc import Callable
from typing import Any

import httpx
import msgspec
import psutil
import yaml

from actors.errors import AlphaMindError
from actors.service import socket_path
from actors.wire import BlockingClient


def wait_for(condition: Callable[[], Any], timeout: float, what: str) -> Any:
    """Return the first true result of ``condition``; errors of services that are away count as false."""
    deadline = time.monotonic() + timeout
    last: object = None
    while time.monotonic() < deadline:
        try:
            last = condition()
        except (AlphaMindError, httpx.TransportError, KeyError) as error:
            last = error
        else:
            if last:
                return last
        time.sleep(0.1)
    raise AssertionError(f"{what} did not happen within {timeout} s; last: {last!r}")


def ask(directory: pathlib.Path, name: str, method: str, body: Any = None) -> Any:
    """Send one request to a service and return the decoded answer."""
    with BlockingClient(socket_path(directory, name), "test", timeout=5.0) as client:
        answer = client.request(method, b"" if body is None else msgspec.msgpack.encode(body))
    return msgspec.msgpack.decode(answer) if answer else None


def status(directory: pathlib.Path, name: str) -> dict[str, Any]:
    """Return a service's status."""
    report = ask(directory, name, "status")
    assert report["ready"], report
    found: dict[str, Any] = report["status"]
    return found


def http_client(home: pathlib.Path, api: str, scope: str | None = None) -> httpx.Client:
    """Return a client with a token for ``scope`` (all scopes of the first client by default)."""
    first = yaml.safe_load((home / "secrets" / "first-client.yaml").read_text())
    form = {"grant_type": "client_credentials"} | ({"scope": scope} if scope else {})
    answer = httpx.post(f"{api}/auth/token", data=form, auth=(first["client_id"], first["client_secret"]))
    assert answer.status_code == 200, answer.text
    return httpx.Client(
        base_url=api, headers={"Authorization": f"Bearer {answer.json()['access_token']}"}, timeout=15.0
    )


def listeners(root: psutil.Process) -> list[tuple[str, int, str]]:
    """Return address, port and process name of every TCP listener of a process and all below it."""
    found = []
    for process in [root, *root.children(recursive=True)]:
        try:
            for connection in process.net_connections(kind="tcp"):
                if connection.status == psutil.CONN_LISTEN:
                    found.append((connection.laddr.ip, connection.laddr.port, process.name()))
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found
