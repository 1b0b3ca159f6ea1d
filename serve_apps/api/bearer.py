"""Who asks, and may they: bearer tokens as of RFC 6750."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request
from fastapi.openapi.models import OAuthFlowClientCredentials, OAuthFlows
from fastapi.security import OAuth2, SecurityScopes

from actors.errors import Forbidden, InputError, Unauthenticated
from serve_apps.api.context import context_of
from serve_apps.api.edge import edge_of
from serve_apps.api.problems import ProblemError
from serve_apps.auth.scopes import SCOPES
from serve_apps.auth.tokens import Principal

REALM = "alphamind"

scheme = OAuth2(
    scheme_name="OAuth2",
    flows=OAuthFlows(clientCredentials=OAuthFlowClientCredentials(tokenUrl="/auth/token", scopes=SCOPES)),
    description="Client credentials (RFC 6749, section 4.4); the token goes into `Authorization: Bearer`.",
    auto_error=False,
)


async def authorize(
    request: Request, wanted: SecurityScopes, _documented: Annotated[str | None, Depends(scheme)]
) -> Principal:
    """Return who asks; an endpoint names its scope by ``Security(authorize, scopes=[...])``.

    Raises:
        ProblemError: 401 without an error code where no token came, ``invalid_request``, ``invalid_token`` or
            ``insufficient_scope`` otherwise.
    """
    token = _token(request)
    try:
        principal = edge_of(request).tokens.verify(token)
    except Unauthenticated as error:
        challenge = f'Bearer realm="{REALM}", error="invalid_token", error_description="{error.message}"'
        raise ProblemError(error, headers={"WWW-Authenticate": challenge}) from None
    context_of(request).client = principal.client_id
    missing = sorted(set(wanted.scopes) - principal.scopes)
    if missing:
        scope = " ".join(sorted(wanted.scopes))
        raise ProblemError(
            Forbidden(
                f"the token lacks the scope {' '.join(missing)}",
                field="scope",
                value=" ".join(sorted(principal.scopes)),
                rule=scope,
                remedy="get a token with that scope; your client must be granted it",
                code="SCOPE_MISSING",
            ),
            headers={"WWW-Authenticate": f'Bearer realm="{REALM}", error="insufficient_scope", scope="{scope}"'},
        )
    return principal


def _token(request: Request) -> str:
    headers = request.headers.getlist("authorization")
    scheme_name, _, token = headers[0].partition(" ") if headers else ("", "", "")
    if len(headers) > 1 or (scheme_name.lower() == "bearer" and (not token.strip() or " " in token.strip())):
        raise ProblemError(
            InputError("unreadable Authorization header", field="Authorization", rule="Bearer and one token, once"),
            status=400,
            headers={"WWW-Authenticate": f'Bearer realm="{REALM}", error="invalid_request"'},
        )
    if scheme_name.lower() != "bearer":
        raise ProblemError(
            Unauthenticated(
                "no access token", field="Authorization", rule="Bearer and a token", remedy="POST /auth/token"
            ),
            headers={"WWW-Authenticate": f'Bearer realm="{REALM}"'},
        )
    return token.strip()
