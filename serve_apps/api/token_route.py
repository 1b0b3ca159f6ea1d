"""``POST /auth/token``: access tokens for client credentials (RFC 6749, sections 2.3, 4.4, 5)."""

from __future__ import annotations

import base64
import binascii
import urllib.parse
from typing import Any

import pydantic
import structlog
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from pydantic import Field

from actors.errors import InputError
from serve_apps.api.context import context_of
from serve_apps.api.edge import SharedEdge
from serve_apps.auth import scopes
from serve_apps.auth.clients import CLIENT_CREDENTIALS, Client, Clients

router = APIRouter(prefix="/auth", tags=["auth"])
log = structlog.get_logger(actor="api")

_NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}
_MAXIMUM_CREDENTIAL = 512


class AccessToken(pydantic.BaseModel):
    """An access token (RFC 6749, section 5.1)."""

    access_token: str = Field(description="Send it as `Authorization: Bearer`.")
    token_type: str = Field(examples=["Bearer"])
    expires_in: int = Field(description="Seconds for which it is good.", examples=[3600])
    scope: str = Field(description="What it allows.", examples=["read:portfolio write:trade"])


class OAuthError(pydantic.BaseModel):
    """Why no token was given (RFC 6749, section 5.2)."""

    error: str = Field(examples=["invalid_client"])
    error_description: str


class TokenRefused(Exception):
    """No token: ``error`` is RFC 6749's code."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error
        self.description = description

    def response(self) -> Response:
        """Return the answer as RFC 6749 has it."""
        headers = dict(_NO_STORE)
        if self.error == "invalid_client":
            headers["WWW-Authenticate"] = 'Basic realm="alphamind", charset="UTF-8"'
        status = 401 if self.error == "invalid_client" else 400
        return JSONResponse({"error": self.error, "error_description": self.description}, status, headers)


_FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/x-www-form-urlencoded": {
                "schema": {
                    "type": "object",
                    "required": ["grant_type"],
                    "properties": {
                        "grant_type": {"type": "string", "enum": [CLIENT_CREDENTIALS]},
                        "scope": {
                            "type": "string",
                            "description": "Scopes separated by spaces; all granted ones if absent.",
                        },
                        "client_id": {"type": "string", "description": "Unless sent by HTTP Basic."},
                        "client_secret": {"type": "string", "format": "password", "description": "Likewise."},
                    },
                },
                "example": {"grant_type": CLIENT_CREDENTIALS, "scope": "read:portfolio write:trade"},
            }
        },
    },
    "security": [{"ClientBasic": []}, {}],
}


async def _form(request: Request) -> dict[str, str]:
    """Return the parameters of the body; one that is sent empty counts as not sent (RFC 6749, section 3.2)."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        raise TokenRefused("invalid_request", "the body must be application/x-www-form-urlencoded")
    try:
        text = (await request.body()).decode("utf-8")
        pairs = urllib.parse.parse_qsl(text, strict_parsing=bool(text), errors="strict", max_num_fields=50)
    except ValueError:
        raise TokenRefused("invalid_request", "the body is not a form") from None
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        raise TokenRefused("invalid_request", "a parameter occurs twice")
    return dict(pairs)


def _credentials(request: Request, form: dict[str, str]) -> tuple[str, str]:
    """Return client id and secret from HTTP Basic or the body, never from both (RFC 6749, section 2.3)."""
    headers = request.headers.getlist("authorization")
    if not headers:
        if "client_id" not in form or "client_secret" not in form:
            raise TokenRefused(
                "invalid_client", "client authentication is missing: HTTP Basic, or client_id and client_secret"
            )
        return form["client_id"], form["client_secret"]
    if len(headers) > 1 or "client_secret" in form:
        raise TokenRefused("invalid_request", "more than one way of client authentication")
    kind, _, encoded = headers[0].partition(" ")
    try:
        if kind.lower() != "basic":
            raise ValueError
        user, colon, password = base64.b64decode(encoded.strip(), validate=True).decode("utf-8").partition(":")
        if not colon:
            raise ValueError
        client_id, secret = (urllib.parse.unquote_plus(part, errors="strict") for part in (user, password))
    except (ValueError, binascii.Error):
        raise TokenRefused("invalid_client", "the Authorization header is not HTTP Basic") from None
    if form.get("client_id", client_id) != client_id:
        raise TokenRefused("invalid_request", "client_id differs from the one in the Authorization header")
    return client_id, secret


async def _authenticate(clients: Clients, client_id: str, secret: str) -> Client:
    if len(client_id) > _MAXIMUM_CREDENTIAL or len(secret) > _MAXIMUM_CREDENTIAL:
        raise TokenRefused("invalid_client", "client id or secret is wrong")
    client = await clients.authenticate(client_id, secret)
    if client is None:
        raise TokenRefused("invalid_client", "client id or secret is wrong")
    return client


def _granted(client: Client, asked: str | None) -> frozenset[str]:
    if asked is None:
        return client.scopes
    try:
        wanted = scopes.parse(asked)
    except InputError:
        raise TokenRefused("invalid_scope", "scope is not a list of scopes separated by single spaces") from None
    if not wanted <= client.scopes:
        raise TokenRefused("invalid_scope", "a scope does not exist or is not granted to this client")
    return wanted


@router.post(
    "/token",
    operation_id="createToken",
    summary="Get an access token",
    response_model=AccessToken,
    openapi_extra=_FORM,
    responses={
        400: {
            "model": OAuthError,
            "description": "RFC 6749: invalid_request, unauthorized_client, unsupported_grant_type, " "invalid_scope",
        },
        401: {"model": OAuthError, "description": "RFC 6749: invalid_client"},
    },
)
async def create_token(request: Request, edge: SharedEdge) -> Response:
    """Exchange a client's id and secret for an access token (OAuth 2.0 client credentials, nothing else)."""
    try:
        form = await _form(request)
        if "grant_type" not in form:
            raise TokenRefused("invalid_request", "grant_type is missing")
        if form["grant_type"] != CLIENT_CREDENTIALS:
            raise TokenRefused("unsupported_grant_type", f"only {CLIENT_CREDENTIALS} is supported")
        client = await _authenticate(edge.clients, *_credentials(request, form))
        context_of(request).client = client.id
        if CLIENT_CREDENTIALS not in client.grants or not client.scopes:
            raise TokenRefused("unauthorized_client", "this client may not use this grant type")
        granted = _granted(client, form.get("scope"))
    except TokenRefused as refusal:
        edge.metrics.count("tokens_refused_total")
        log.warning(
            "token refused",
            request_id=context_of(request).request_id,
            client=context_of(request).client,
            error=refusal.error,
            reason=refusal.description,
        )
        return refusal.response()
    token, principal = edge.tokens.issue(client, granted)
    edge.metrics.count("tokens_issued_total")
    log.info(
        "token issued",
        request_id=context_of(request).request_id,
        client=client.id,
        token_id=principal.token_id,
        scope=scopes.render(granted),
    )
    answer = {
        "access_token": token,
        "token_type": "Bearer",
        "expires_in": edge.configuration.security.token_seconds,
        "scope": scopes.render(granted),
    }
    return JSONResponse(answer, headers=_NO_STORE)
