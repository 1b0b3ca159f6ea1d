"""The folder of secrets: ``signing-key.pem`` and ``clients.yaml``, readable by nobody but their owner.

On a developer's own machine (profile ``local``) what is missing is generated, and the first client's secret is written
once to ``first-client.yaml``. Everywhere else a missing file stops the start.
"""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Iterable
from typing import Any

import pydantic
import yaml

from actors.errors import ConfigurationError, Conflict
from actors.private_files import check_private, locked_folder, read_private, write_private
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
        with locked_folder(folder, "security.secrets"):
            if not (folder / SIGNING_KEY).exists():
                write_private(folder / SIGNING_KEY, SigningKey.generate().to_pem())
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
    check_private(folder, 0o700)
    key = SigningKey.from_pem(read_private(folder / SIGNING_KEY), str(folder / SIGNING_KEY))
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
    with locked_folder(folder, "security.secrets"):
        path = folder / CLIENTS
        present = _read_clients(path) if path.exists() else []
        if any(client.id == client_id for client in present):
            raise Conflict("a client of that id exists", field="client_id", value=client_id, code="CLIENT_EXISTS")
        entry = {"id": client_id, "secret_hash": hash_secret(secret), "scopes": list(granted)}
        if portfolios is not None:
            entry["portfolios"] = list(portfolios)
        _write_clients(path, [*present, _client(entry, path, len(present))])
        if not (folder / SIGNING_KEY).exists():
            write_private(folder / SIGNING_KEY, SigningKey.generate().to_pem())
    return secret


def _missing(folder: pathlib.Path) -> list[str]:
    return [name for name in (SIGNING_KEY, CLIENTS) if not (folder / name).exists()]


def _make_first_client(folder: pathlib.Path) -> None:
    secret, granted = new_secret(), scopes.render(scopes.SCOPES)
    note = {"client_id": FIRST_CLIENT_ID, "client_secret": secret, "scope": granted}
    write_private(folder / FIRST_CLIENT, yaml.safe_dump(note, sort_keys=False).encode())
    # Last, because its presence is what says that the first client is complete.
    first = Client(id=FIRST_CLIENT_ID, secret_hash=hash_secret(secret), scopes=frozenset(scopes.SCOPES))
    _write_clients(folder / CLIENTS, [first])


def _read_clients(path: pathlib.Path) -> list[Client]:
    try:
        content = yaml.safe_load(read_private(path))
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
    write_private(path, yaml.safe_dump({"clients": entries}, sort_keys=False).encode())
