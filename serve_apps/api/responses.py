"""The failures that an endpoint documents."""

from __future__ import annotations

from typing import Any

from serve_apps.api.problems import Problem

_DESCRIPTIONS = {
    400: "The body is not JSON, or the Authorization header is unreadable.",
    401: "No access token, or one that is refused.",
    403: "The token lacks the scope.",
    404: "It does not exist, or not for this client.",
    409: "The request contradicts what is already there.",
    413: "The body is larger than 1 MiB.",
    415: "The body is not JSON by its Content-Type.",
    422: "The input is refused; nothing was changed.",
    429: "Too many orders at once; see Retry-After. An order needs a new client_order_id.",
    500: "A defect of AlphaMind; the request_id finds it in the log.",
    503: "Not now; see Retry-After.",
}


def failures(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the ``responses`` of an endpoint that needs a token: these statuses, and those of all."""
    return {
        status: {"model": Problem, "description": _DESCRIPTIONS[status]}
        for status in sorted({400, 401, 403, 422, 500, 503, *statuses})
    }
