"""Reads JSON strictly: UTF-8 (RFC 8259), no NaN or Infinity, no number beyond a double, no key twice, no deep nesting.

An unreadable body is not an error at once but a value that no endpoint accepts: whether the caller may ask at all is
decided first, so that a stranger learns nothing but 401.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from typing import Any

import orjson
from fastapi import Request, Response
from fastapi.routing import APIRoute

from actors.errors import InputError


class Unreadable:
    """A body that is not strict JSON, and why."""

    def __init__(self, error: InputError) -> None:
        self.error = error


def parse_json(body: bytes) -> Any:
    """Return the value that a body holds.

    Raises:
        InputError: The body is not strict JSON.
    """
    try:
        orjson.loads(body)  # strict about everything but keys that occur twice
        return json.loads(body, object_pairs_hook=_object)
    except (ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise InputError(
            f"the body is not JSON: {reason}",
            field="body",
            rule="JSON as of RFC 8259, no key twice",
            code="JSON_INVALID",
        ) from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"key {twice[:50]!r} occurs twice")
    return members


class StrictRequest(Request):
    """A request whose JSON is read strictly."""

    async def json(self) -> Any:
        """Return the body's value, or ``Unreadable``."""
        try:
            return parse_json(await self.body())
        except InputError as error:
            return Unreadable(error)


class StrictRoute(APIRoute):
    """A route that reads JSON strictly; every router of the API uses it."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the route's handler."""
        handler = super().get_route_handler()

        async def strictly(request: Request) -> Response:
            return await handler(StrictRequest(request.scope, request.receive))

        return strictly
