"""Every failure as one document: problem details (RFC 9457) with a stable code, the field, the rule and the way out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pydantic
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import Field
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from actors.errors import AlphaMindError, Unavailable
from actors.refusals import REFUSALS
from serve_apps.api.context import context_of, request_id_of
from serve_apps.api.strict import Unreadable

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = 1
_MAXIMUM_ERRORS = 20
_MAXIMUM_ECHO = 200


class FieldError(pydantic.BaseModel):
    """One field at fault."""

    field: str
    rule: str
    value: str | None = None


class Problem(pydantic.BaseModel):
    """A problem document (RFC 9457)."""

    model_config = pydantic.ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:alphamind:problem:symbol-unknown",
                    "title": "Symbol unknown",
                    "status": 422,
                    "detail": "no instrument of that symbol",
                    "code": "SYMBOL_UNKNOWN",
                    "field": "symbol",
                    "value": "SIM01",
                    "remedy": "did you mean SIM001?",
                    "request_id": "9f1c0c7e2b6c4a5f8b0e7a4b8f7d2c11",
                }
            ]
        },
    )

    type: str = Field(description="A name of the kind of problem that never changes.")
    title: str = Field(description="The kind of problem in words.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What went wrong this time.")
    code: str = Field(description="A stable code for programs, `CATEGORY_CONDITION`.")
    field: str | None = Field(None, description="The input at fault.")
    value: str | None = Field(None, description="What was sent there.")
    rule: str | None = Field(None, description="What was expected.")
    remedy: str | None = Field(None, description="The way out.")
    request_id: str = Field(description="Quote it when you ask about this problem; the logs have it too.")
    errors: list[FieldError] | None = Field(None, description="All fields at fault, where there are several.")


class ProblemError(Exception):
    """An error with what HTTP adds to it.

    Args:
        error: The error itself.
        status: HTTP status; that of its code by default.
        headers: Headers of the answer.
        members: Further members of the document.
    """

    def __init__(
        self,
        error: AlphaMindError,
        *,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
        members: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(str(error))
        self.error = error
        self.status = status or status_of(error)
        self.headers = dict(headers or {})
        self.members = dict(members or {})


def status_of(error: AlphaMindError) -> int:
    """Return the HTTP status of an error: that of its code where the table of refusals has it, else its class's."""
    known = REFUSALS.get(error.code)
    return error.status if known is None else known.http_status


def problem_response(
    request_id: str,
    error: AlphaMindError,
    *,
    status: int | None = None,
    headers: Mapping[str, str] | None = None,
    members: Mapping[str, Any] | None = None,
) -> Response:
    """Return the problem document of an error.

    An error inside AlphaMind (status 500 and above, unless it is ``Unavailable``) shows its code and the request's id
    alone; its details belong in the log.
    """
    status = status or status_of(error)
    headers = dict(headers or {})
    details: dict[str, Any] = error.describe()
    if status >= 500 and not isinstance(error, Unavailable):
        details = {
            "code": error.code,
            "message": f"AlphaMind failed to answer; its log has the cause under {request_id}",
        }
    if status in (429, 503):
        headers.setdefault("Retry-After", str(RETRY_SECONDS))
    document: dict[str, Any] = {
        "type": f"urn:alphamind:problem:{error.code.lower().replace('_', '-')}",
        "title": error.code.replace("_", " ").capitalize(),
        "status": status,
        "detail": details["message"],
        "code": error.code,
        **{name: _echo(details[name]) for name in ("field", "value", "rule", "remedy") if name in details},
        "request_id": request_id,
        **(members or {}),
    }
    return JSONResponse(document, status, headers, MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Make ``app`` answer every kind of error by a problem document."""
    app.add_exception_handler(ProblemError, _on_problem_error)
    app.add_exception_handler(AlphaMindError, _on_error)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(HTTPException, _on_http_exception)


def internal_error(request_id: str) -> Response:
    """Return the document of an error that nobody foresaw."""
    return problem_response(request_id, AlphaMindError("internal error"))


def _echo(value: Any) -> str:
    """Return what a client sent, short and printable enough to be sent back."""
    return str(value)[:_MAXIMUM_ECHO].encode("utf-8", "replace").decode()


async def _on_problem_error(request: Request, exception: Exception) -> Response:
    assert isinstance(exception, ProblemError)
    return problem_response(
        request_id_of(request),
        exception.error,
        status=exception.status,
        headers=exception.headers,
        members=exception.members,
    )


async def _on_error(request: Request, exception: Exception) -> Response:
    assert isinstance(exception, AlphaMindError)
    if status_of(exception) >= 500:
        context = context_of(request)
        context.failure, context.is_defect = str(exception), not isinstance(exception, Unavailable)
    return problem_response(request_id_of(request), exception)


class _HttpError(AlphaMindError):
    """An error that the HTTP framework found."""


_HTTP = {
    400: ("REQUEST_UNREADABLE", "the request can't be read", None),
    404: ("PATH_UNKNOWN", "there is nothing at this path", "GET /docs lists all paths"),
    405: ("METHOD_NOT_ALLOWED", "this path does not answer that method", "see the Allow header"),
    413: ("BODY_TOO_LARGE", "the body is too large", None),
    415: ("CONTENT_TYPE_UNSUPPORTED", "the body is not of a type that is read here", None),
}


async def _on_http_exception(request: Request, exception: Exception) -> Response:
    assert isinstance(exception, HTTPException)
    code, message, remedy = _HTTP.get(exception.status_code, ("REQUEST_REFUSED", str(exception.detail), None))
    headers = dict(exception.headers or {})
    if exception.status_code == 405:
        headers["Allow"] = _allowed(request) or headers.get("Allow", "")
    rule = str(exception.detail) if exception.status_code == 413 else None
    error = _HttpError(message, code=code, rule=rule, remedy=remedy)
    return problem_response(request_id_of(request), error, status=exception.status_code, headers=headers)


def _allowed(request: Request) -> str:
    """Return all methods of a path; the framework knows but those of the first endpoint that it finds there."""
    methods = {
        method.upper()
        for template, operations in request.app.openapi()["paths"].items()
        if compile_path(template)[0].match(request.url.path)
        for method in operations
    }
    return ", ".join(sorted(methods))


async def _on_validation_error(request: Request, exception: Exception) -> Response:
    assert isinstance(exception, RequestValidationError)
    request_id = request_id_of(request)
    if isinstance(exception.body, Unreadable):
        return problem_response(request_id, exception.body.error, status=400)
    if isinstance(exception.body, bytes):
        error = _HttpError(
            "the body is not JSON by its Content-Type",
            field="Content-Type",
            value=request.headers.get("content-type", "none"),
            rule="application/json",
            code="CONTENT_TYPE_UNSUPPORTED",
        )
        return problem_response(request_id, error, status=415)
    errors = [_field_error(error) for error in exception.errors()[:_MAXIMUM_ERRORS]]
    first = errors[0]
    error = _HttpError(
        f"{first.field}: {first.rule}", field=first.field, value=first.value, rule=first.rule, code="INPUT_INVALID"
    )
    members = {"errors": [each.model_dump(exclude_none=True) for each in errors]} if len(errors) > 1 else None
    return problem_response(request_id, error, status=422, members=members)


def _field_error(error: Mapping[str, Any]) -> FieldError:
    location = [str(part) for part in error["loc"]]
    rule = {
        "missing": "required",
        "extra_forbidden": "no such field here",
    }.get(error["type"], str(error["msg"]).removeprefix("Value error, "))
    value = error.get("input")
    shown = None if error["type"] == "missing" or value is None or isinstance(value, dict | list) else _echo(value)
    return FieldError(field=".".join(location[1:]) or location[0], rule=rule, value=shown)
