"""What is known of one request while it is answered."""

from __future__ import annotations

import dataclasses

from fastapi import Request


@dataclasses.dataclass
class RequestContext:
    """What the log will say of one request.

    Attributes:
        request_id: Its id, also in the answer's ``X-Request-ID``.
        client: Who asked, once known.
        failure: The internal error that was met, if any.
        is_defect: Whether that is AlphaMind's own fault, not just a service that is away for the moment.
    """

    request_id: str
    client: str | None = None
    failure: str | None = None
    is_defect: bool = False


def context_of(request: Request) -> RequestContext:
    """Return the context that the middleware gave to this request."""
    context = request.scope["alphamind"]
    assert isinstance(context, RequestContext)
    return context


def request_id_of(request: Request) -> str:
    """Return the id of this request."""
    return context_of(request).request_id
