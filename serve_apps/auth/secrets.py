"""The folder of secrets: ``signing-key.pem`` and ``clients.yaml``, readable by nobody but their owner.

On a developer's own machine (profile ``local``) what is missing is generated, and the first client's secret is written
once to ``first-client.yaml``. Everywhere else a missing file stops the start.
"""

from __future__ import annotations

import dataclasses
import fcntl
import os
import pathlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pydantic
import yaml

from actors.errors import ConfigurationError, Conflict
from configs.schema import Configuration
from serve_apps.auth import scopes
from serve_apps.auth.clients import Client, hash_secret, new_secret
from serve_apps.auth.keys import SigningKey

SIGNING_KEY = "signing-key.pem"
CLIENTS = "clients.yaml"
FIRST_CLIENT = "first-client.yaml"
FIRST_CLIENT_ID = "local-admin"

_HOW_TO_MAKE = (
    "python -m serve_apps.auth {folder} CLIENT_ID makes the key and the client and prints the client's secret once"
)


@dataclasses.dataclass(frozen=True)
class Secrets:
    """What the API needs to know in secret."""

    signing_key: SigningKey = dataclasses.field(repr=False)
    clients: tuple[Client, ...]


def secrets_folder(configuration: Configuration) -> pathlib.Path:
    """Return the folder of secrets: as configured, or ``secrets`` in the home."""
    return (configuration.security.secrets or configuration.run.home / "secrets").expanduser()


def ensure_secrets(folder: pathlib.Path, profile: str) -> Secrets:
    """Return the secrets of a folder; in profile ``local`` make what is missing first.

    Args:
        folder: The folder of secrets.
        profile: The configuration's profile.

    Raises:
        ConfigurationError: A file is missing (any profile but ``local``), readable by others, or not what it should be.
    """
    if profile == "local" and _missing(folder):
        with _locked(folder):
            if not (folder / SIGNING_KEY).exists():
                _write(folder / SIGNING_KEY, SigningKey.generate().to_pem())
            if not (folder / CLIENTS).exists():
                _make_first_client(folder)
    if missing := _missing(folder):
        raise ConfigurationError(
            f"secrets are missing in {folder}: {' and '.join(missing)}",
            field="security.secrets",
            value=folder,
            rule=f"a private folder with {SIGNING_KEY} and {CLIENTS}; only profile local makes them by itself",
            remedy=_HOW_TO_MAKE.format(folder=folder),
        )
    _check_permissions(folder, 0o700)
    for name in (SIGNING_KEY, CLIENTS):
        _check_permissions(folder / name, 0o600)
    key = SigningKey.from_pem(_read(folder / SIGNING_KEY), str(folder / SIGNING_KEY))
    return Secrets(key, tuple(_read_clients(folder / CLIENTS)))


def add_client(
    folder: pathlib.Path, client_id: str, granted: Iterable[str], portfolios: Iterable[str] | None = None
) -> str:
    """Add a client to a folder of secrets, making folder and signing key where they are missing.

    Args:
        folder: The folder of secrets.
        client_id: The new client's id.
        granted: Scopes that it may ask for.
        portfolios: Portfolios that it is bounded to; ``None``: all.

    Returns:
        The client's secret; only its hash is kept.

    Raises:
        Conflict: A client of that id exists.
        ConfigurationError: The id or a scope is not valid, or ``clients.yaml`` can't be read.
    """
    secret = new_secret()
    with _locked(folder):
        path = folder / CLIENTS
        present = _read_clients(path) if path.exists() else []
        if any(client.id == client_id for client in present):
            raise Conflict("a client of that id exists", field="client_id", value=client_id, code="CLIENT_EXISTS")
        entry = {"id": client_id, "secret_hash": hash_secret(secret), "scopes": list(granted)}
        if portfolios is not None:
            entry["portfolios"] = list(portfolios)
        _write_clients(path, [*present, _client(entry, path, len(present))])
        if not (folder / SIGNING_KEY).exists():
            _write(folder / SIGNING_KEY, SigningKey.generate().to_pem())
    return secret


def _missing(folder: pathlib.Path) -> list[str]:
    return [name for name in (SIGNING_KEY, CLIENTS) if not (folder / name).exists()]


def _make_first_client(folder: pathlib.Path) -> None:
    secret, granted = new_secret(), scopes.render(scopes.SCOPES)
    note = {"client_id": FIRST_CLIENT_ID, "client_secret": secret, "scope": granted}
    _write(folder / FIRST_CLIENT, yaml.safe_dump(note, sort_keys=False).encode())
    # Last, because its presence is what says that the first client is complete.
    first = Client(id=FIRST_CLIENT_ID, secret_hash=hash_secret(secret), scopes=frozenset(scopes.SCOPES))
    _write_clients(folder / CLIENTS, [first])


@contextmanager
def _locked(folder: pathlib.Path) -> Iterator[None]:
    """Make the folder and hold it: two processes that start at once must not make two keys."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise ConfigurationError(
            f"can't use the folder of secrets: {error.strerror}",
            field="security.secrets",
            value=folder,
            rule="a folder that its owner can write to",
        ) from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _write(path: pathlib.Path, content: bytes) -> None:
    """Write a private file whole or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)


def _check_permissions(path: pathlib.Path, wanted: int) -> None:
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


def _read(path: pathlib.Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"can't read {path}: {error.strerror}", field=str(path)) from None


def _read_clients(path: pathlib.Path) -> list[Client]:
    try:
        content = yaml.safe_load(_read(path))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} is not YAML: {error}", field=str(path)) from None
    if not isinstance(content, dict) or set(content) != {"clients"} or not isinstance(content["clients"], list):
        raise ConfigurationError(f"{path} holds no clients", field=str(path), rule="one key, clients, with a list")
    clients = [_client(entry, path, number) for number, entry in enumerate(content["clients"])]
    ids = [client.id for client in clients]
    for client_id in ids:
        if ids.count(client_id) > 1:
            raise ConfigurationError(f"{path} lists a client twice", field="clients", value=client_id)
    return clients


def _client(entry: Any, path: pathlib.Path, number: int) -> Client:
    try:
        return Client.model_validate(entry)
    except pydantic.ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(["clients", str(number), *map(str, first["loc"])])
        raise ConfigurationError(
            f"{path}: wrong client", field=field, rule=first["msg"].removeprefix("Value error, ")
        ) from None


def _write_clients(path: pathlib.Path, clients: Iterable[Client]) -> None:
    entries = []
    for client in clients:
        entry = client.model_dump(mode="json", exclude_defaults=True)
        entry["scopes"] = sorted(client.scopes)
        entries.append(entry)
    _write(path, yaml.safe_dump({"clients": entries}, sort_keys=False).encode())
