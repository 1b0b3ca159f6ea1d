"""The programs that may ask for tokens: what each may do, and whether a secret is its own."""

from __future__ import annotations

import asyncio
import functools
import secrets
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import argon2
import pydantic
from pydantic import Field

from actors.errors import Unavailable
from configs.base import Name, Section
from serve_apps.auth.scopes import SCOPES

# 19 MiB, two passes, one lane: OWASP's least for argon2id; secrets are random, 256 bits wide.
_hasher = argon2.PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)

CLIENT_CREDENTIALS = "client_credentials"


class Client(Section):
    """One client program, as ``clients.yaml`` lists it."""

    id: Name
    """Its ``client_id``, and the ``sub`` of its tokens."""
    secret_hash: str = Field(pattern=r"^\$argon2id\$[!-~]+$", repr=False)
    """argon2id hash of its secret; the secret itself is kept nowhere."""
    scopes: frozenset[str]
    """What it may ask for."""
    portfolios: frozenset[Name] | None = None
    """Portfolios that it is bounded to; absent: all."""
    grants: frozenset[Literal["client_credentials"]] = frozenset({"client_credentials"})
    """Grant types that it may use; an empty list locks it out."""

    @pydantic.field_validator("scopes")
    @classmethod
    def _scopes_exist(cls, scopes: frozenset[str]) -> frozenset[str]:
        unknown = sorted(scopes - SCOPES.keys())
        if unknown:
            raise ValueError(f"no such scope: {', '.join(unknown)}; one of {', '.join(SCOPES)}")
        return scopes


def new_secret() -> str:
    """Return a random secret of 256 bits in letters, digits, ``-`` and ``_``."""
    return secrets.token_urlsafe(32)


def hash_secret(secret: str) -> str:
    """Return the argon2id hash under which a secret is kept."""
    return _hasher.hash(secret)


@functools.lru_cache(maxsize=1)
def _nobodys_hash() -> str:
    return hash_secret(new_secret())


def _verify(secret_hash: str, secret: str) -> bool:
    try:
        return _hasher.verify(secret_hash, secret)
    except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
        return False


class Clients:
    """All clients by id; secrets are checked in a few threads, so that the event loop is never held up.

    Args:
        clients: The clients.
        threads: Hashes computed at the same time; each takes 19 MiB.
        waiting: Checks that may be under way or queued; beyond that the caller is told to come back.
    """

    def __init__(self, clients: Iterable[Client], threads: int = 2, waiting: int = 64) -> None:
        self.by_id: Mapping[str, Client] = {client.id: client for client in clients}
        self._waiting = waiting
        self._under_way = 0
        _nobodys_hash()  # computed now, so that the first unknown client doesn't take longer than the others
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="argon2")

    async def authenticate(self, client_id: str, secret: str) -> Client | None:
        """Return the client whose id and secret these are, or ``None``; an unknown id takes as long as a wrong secret.

        Raises:
            Unavailable: Too many checks wait already.
        """
        if self._under_way >= self._waiting:
            raise Unavailable(
                "too many requests for tokens at once", code="TOKEN_ENDPOINT_BUSY", remedy="try again in a second"
            )
        client = self.by_id.get(client_id)
        self._under_way += 1
        try:
            loop = asyncio.get_running_loop()
            right = await loop.run_in_executor(
                self._pool, lambda: _verify(client.secret_hash if client else _nobodys_hash(), secret)
            )
        finally:
            self._under_way -= 1
        return client if right else None

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown(wait=False)
