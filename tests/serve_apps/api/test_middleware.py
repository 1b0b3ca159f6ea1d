import asyncio

from actors.metrics import Metrics
from serve_apps.api.middleware import RequestMiddleware


def test_what_is_no_request_passes_untouched():
    seen = []

    async def application(scope, receive, send):
        seen.append((scope, receive, send))

    metrics = Metrics()
    scope = {"type": "lifespan"}
    asyncio.run(RequestMiddleware(application, metrics)(scope, None, None))
    assert seen == [({"type": "lifespan"}, None, None)] and metrics.snapshot() == {}
