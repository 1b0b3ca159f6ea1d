"""Access tokens: JWT (RFC 9068) with one pinned algorithm, issuer and audience.

A token is good for its whole life: it is verified in full once, then remembered until it expires.
"""

from __future__ import annotations

import dataclasses
import re
import uuid
from collections import OrderedDict
from typing import Any

import jwt

from actors.clock import SECOND, Clock, WallClock
from actors.errors import InputError, Unauthenticated
from configs.schema import SecuritySection
from serve_apps.auth import scopes
from serve_apps.auth.clients import Client
from serve_apps.auth.keys import SigningKey

TYPE = "at+jwt"
MAXIMUM_LENGTH = 8192
LEEWAY_SECONDS = 2
"""How far the clocks of two nodes may lie apart."""

_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_REQUIRED = ["iss", "aud", "exp", "iat", "nbf", "jti", "sub", "client_id", "scope"]


@dataclasses.dataclass(frozen=True)
class Principal:
    """Who a token speaks for, and what it allows.

    Attributes:
        client_id: The client (``sub``).
        scopes: What the token may be used for.
        portfolios: Portfolios that it is bounded to; ``None``: all.
        token_id: The token's ``jti``.
        expires: Its ``exp``, seconds since 1970.
    """

    client_id: str
    scopes: frozenset[str]
    portfolios: frozenset[str] | None
    token_id: str
    expires: int

    def may_see(self, portfolio: str) -> bool:
        """Return whether the portfolio is within the principal's bounds."""
        return self.portfolios is None or portfolio in self.portfolios


class Tokens:
    """Issues and verifies the access tokens of one issuer.

    Args:
        key: Signs and verifies.
        security: Issuer, audience and life of the tokens.
        clock: The wall clock, except in tests.
        remembered: Number of verified tokens that are kept; the least recently used is forgotten first.
    """

    def __init__(
        self, key: SigningKey, security: SecuritySection, clock: Clock | None = None, remembered: int = 4096
    ) -> None:
        self._key = key
        self._security = security
        self._clock = clock or WallClock()
        self._maximum_remembered = remembered
        self._remembered: OrderedDict[str, Principal] = OrderedDict()

    def issue(self, client: Client, granted: frozenset[str]) -> tuple[str, Principal]:
        """Return a new token of ``client`` for the scopes ``granted``, and what it says."""
        now = self._clock.now() // SECOND
        principal = Principal(
            client.id, granted, client.portfolios, uuid.uuid4().hex, now + self._security.token_seconds
        )
        claims: dict[str, Any] = {
            "iss": self._security.issuer,
            "aud": self._security.audience,
            "sub": client.id,
            "client_id": client.id,
            "scope": scopes.render(granted),
            "iat": now,
            "nbf": now,
            "exp": principal.expires,
            "jti": principal.token_id,
        }
        if client.portfolios is not None:
            claims["portfolios"] = sorted(client.portfolios)
        headers = {"typ": TYPE, "kid": self._key.key_id}
        return jwt.encode(claims, self._key.private, algorithm=self._key.algorithm, headers=headers), principal

    def verify(self, token: str) -> Principal:
        """Return who a token speaks for.

        Raises:
            Unauthenticated: The token is not one of ours, not for us, or not valid now.
        """
        now = self._clock.now() // SECOND
        known = self._remembered.get(token)
        if known is not None:
            if now < known.expires:
                self._remembered.move_to_end(token)
                return known
            del self._remembered[token]
        principal = self._verify(token, now)
        self._remembered[token] = principal
        if len(self._remembered) > self._maximum_remembered:
            self._remembered.popitem(last=False)
        return principal

    def _verify(self, token: str, now: int) -> Principal:
        if len(token) > MAXIMUM_LENGTH:
            raise _refused("it is too long")
        if not _COMPACT.fullmatch(token):  # the decoder would overlook what is not base64url
            raise _refused("it is unreadable")
        try:
            decoded = jwt.decode_complete(
                token,
                self._key.public,
                algorithms=[self._key.algorithm],
                issuer=self._security.issuer,
                audience=self._security.audience,
                # Times are checked below, against the clock that was handed in.
                options={
                    "require": _REQUIRED,
                    "strict_aud": True,
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                },
            )
        except jwt.InvalidTokenError as error:
            raise _refused(_reason(error)) from None
        header, claims = decoded["header"], decoded["payload"]
        if str(header.get("typ", "")).lower().removeprefix("application/") != TYPE:
            raise _refused("it is of another type")
        if header.get("kid") != self._key.key_id:
            raise _refused("its key is not known")
        try:
            expires, starts = int(claims["exp"]), max(int(claims["nbf"]), int(claims["iat"]))
            granted = scopes.parse(claims["scope"])
            portfolios = claims.get("portfolios")
            principal = Principal(
                str(claims["sub"]),
                granted,
                None if portfolios is None else frozenset(portfolios),
                str(claims["jti"]),
                expires,
            )
        except (InputError, TypeError, ValueError, OverflowError):
            raise _refused("a claim is unreadable") from None
        if now >= expires:
            raise _refused("it has expired")
        if now + LEEWAY_SECONDS < starts:
            raise _refused("it is not valid yet")
        return principal


def _reason(error: jwt.InvalidTokenError) -> str:
    if isinstance(error, jwt.InvalidIssuerError):
        return "another issuer made it"
    if isinstance(error, jwt.InvalidAudienceError):
        return "it is for another audience"
    if isinstance(error, jwt.MissingRequiredClaimError):
        return "a claim is missing"
    if isinstance(error, jwt.InvalidSignatureError | jwt.InvalidAlgorithmError):
        return "its signature is wrong"
    return "it is unreadable"


def _refused(reason: str) -> Unauthenticated:
    return Unauthenticated(
        f"the access token is refused: {reason}",
        field="Authorization",
        rule="a valid access token of this API",
        remedy="get a new one from POST /auth/token",
        code="TOKEN_INVALID",
    )
