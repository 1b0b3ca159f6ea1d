"""What happens to every request: an id, a limit on its body, a line in the log, a count, and never a stack trace."""

from __future__ import annotations

import re
import time
import uuid
from typing import Any

import structlog
from starlette.datastructures import Headers, MutableHeaders
from fastapi import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from actors.metrics import Metrics
from serve_apps.api.context import RequestContext
from serve_apps.api.problems import internal_error

MAXIMUM_BODY = 1024 * 1024
_REQUEST_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class RequestMiddleware:
    """Wraps the application.

    Args:
        app: The application.
        metrics: Counts requests and answers by class of status, and times them.
        maximum_body: Largest body in bytes.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, maximum_body: int = MAXIMUM_BODY) -> None:
        self.app = app
        self.metrics = metrics
        self.maximum_body = maximum_body
        self.log = structlog.get_logger(actor="api")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter_ns()
        asked = Headers(scope=scope).get("x-request-id", "")
        context = RequestContext(asked if _REQUEST_ID.fullmatch(asked) else uuid.uuid4().hex)
        scope["alphamind"] = context
        status = 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-ID"] = context.request_id
                headers["X-Content-Type-Options"] = "nosniff"
                headers.setdefault("Cache-Control", "no-store")
                if status == 413:
                    headers["Connection"] = "close"
            await send(message)

        try:
            await self.app(scope, self._bounded(scope, receive), answer)
        except Exception:
            self.log.exception("request failed", request_id=context.request_id, client=context.client)
            if status:
                raise  # half an answer is out: the server has to break the connection
            await internal_error(context.request_id)(scope, receive, answer)
        finally:
            self._record(scope, context, status, time.perf_counter_ns() - started)

    def _bounded(self, scope: Scope, receive: Receive) -> Receive:
        length = Headers(scope=scope).get("content-length", "0")
        announced = int(length) if length.isascii() and length.isdigit() and len(length) < 19 else 0
        taken = 0

        async def bounded() -> Message:
            nonlocal taken
            if announced > self.maximum_body:
                raise HTTPException(413, f"at most {self.maximum_body} bytes")
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self.maximum_body:
                raise HTTPException(413, f"at most {self.maximum_body} bytes")
            return message

        return bounded

    def _record(self, scope: Scope, context: RequestContext, status: int, nanoseconds: int) -> None:
        self.metrics.count("requests_total")
        self.metrics.count(f"responses_{status // 100}xx_total" if status else "responses_broken_total")
        self.metrics.observe("request_seconds", nanoseconds)
        line: dict[str, Any] = {
            "request_id": context.request_id,
            "client": context.client,
            "method": scope["method"],
            "path": (scope.get("raw_path") or b"").decode("ascii", "replace")[:200],  # no query: it might hold a secret
            "status": status,
            "milliseconds": round(nanoseconds / 1e6, 3),
        }
        if context.failure is not None:
            level = self.log.error if context.is_defect else self.log.warning
            level("request", problem=context.failure, **line)
        else:
            self.log.info("request", **line)
