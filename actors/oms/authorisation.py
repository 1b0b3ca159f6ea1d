"""Who may ask an OMS for what.

On this node the user whose processes these are may ask for anything, and so may whoever has the token of the Ray
cluster. Between nodes the name in the certificate decides: what changes limits, states, budgets or money is for the
risk service and for operators (a certificate that is called ``operator``); all else is for every certificate of the
run.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping

from actors.errors import Forbidden
from actors.wire import Handler, Request

IN_CHARGE = ("risk", "operator")
"""Names of the certificates that may control an OMS."""
CONTROLS = ("set_limits", "set_state", "set_budget", "deposit", "book")
"""What only they may ask for from another node."""

_OTHER_NODE = "tls:"


def authorised(handlers: Mapping[str, Handler]) -> dict[str, Handler]:
    """Return handlers that refuse who may not ask for what they do."""
    return {
        method: functools.partial(_checked, method, handler) if method in CONTROLS else handler
        for method, handler in handlers.items()
    }


def _checked(method: str, handler: Handler, request: Request) -> bytes | None:
    principal = request.connection.principal
    if principal.startswith(_OTHER_NODE) and principal.removeprefix(_OTHER_NODE) not in IN_CHARGE:
        raise Forbidden(
            f"{principal} may not ask for {method}",
            field="certificate",
            value=principal.removeprefix(_OTHER_NODE),
            rule=f"one of {', '.join(IN_CHARGE)}",
            remedy="ask the risk service, or make a certificate for an operator",
            code="CONTROL_FORBIDDEN",
        )
    return handler(request)
