import json

import pytest
from structlog.testing import capture_logs

from actors.errors import AlphaMindError, InputError, JournalError, NotFound, Unavailable
from tests.serve_apps.api.harness import MARKET_ORDER, in_api

MEMBERS = {"type", "title", "status", "detail", "code", "request_id"}


def check(answer, status, code):
    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.status_code == problem["status"] == status
    assert problem["code"] == code and MEMBERS <= set(problem)
    assert problem["type"] == f"urn:alphamind:problem:{code.lower().replace('_', '-')}"
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert answer.headers["x-content-type-options"] == "nosniff" and answer.headers["cache-control"] == "no-store"
    assert "Traceback" not in answer.text and ".py" not in answer.text
    return problem


def body(**changes):
    return json.dumps({**MARKET_ORDER, **changes}).encode()


BODIES = [
    (b"{", 400, "JSON_INVALID"),
    (b"\x00", 400, "JSON_INVALID"),
    (b"\xff\xfe{}", 400, "JSON_INVALID"),
    (b"\xef\xbb\xbf{}", 400, "JSON_INVALID"),
    (body().replace(b'"10"', b"NaN"), 400, "JSON_INVALID"),
    (body().replace(b'"10"', b"Infinity"), 400, "JSON_INVALID"),
    (body().replace(b'"10"', b"-Infinity"), 400, "JSON_INVALID"),
    (body().replace(b'"10"', b"1e400"), 400, "JSON_INVALID"),
    (body().replace(b'"10"', b"1" * 5000), 400, "JSON_INVALID"),
    (body().replace(b'"10"', b'"\\ud800"'), 400, "JSON_INVALID"),
    (body().replace(b'"qty"', b'"side"'), 400, "JSON_INVALID"),
    (b"[" * 100_000 + b"]" * 100_000, 400, "JSON_INVALID"),
    (b'{"symbol":' + b"[" * 1000 + b"]" * 1000 + b"}", 400, "JSON_INVALID"),
    (body() + body(), 400, "JSON_INVALID"),
    (b"", 422, "INPUT_INVALID"),
    (b"null", 422, "INPUT_INVALID"),
    (b"[]", 422, "INPUT_INVALID"),
    (b'"order"', 422, "INPUT_INVALID"),
    (b"1", 422, "INPUT_INVALID"),
    (b"{}", 422, "INPUT_INVALID"),
    (b"{" + b",".join(b'"x%d":1' % number for number in range(1000)) + b"}", 422, "INPUT_INVALID"),
    (b" " * (1024 * 1024 + 1), 413, "BODY_TOO_LARGE"),
]


@pytest.mark.parametrize(("content", "status", "code"), BODIES, ids=[str(index) for index in range(len(BODIES))])
def test_a_body_that_cannot_be_read_is_a_clear_problem(tmp_path, content, status, code):
    async def test(api):
        headers = {**api.token("write:trade"), "Content-Type": "application/json"}
        answer = await api.http.post("/trades", content=content, headers=headers)
        problem = check(answer, status, code)
        assert len(answer.content) < 10_000 and len(problem.get("errors", [])) <= 20
        assert api.oms.asked == []

    in_api(tmp_path, test)


def test_a_body_that_hides_its_length_is_cut_off(tmp_path):
    async def test(api):
        sent = 0

        async def flood():
            nonlocal sent
            for _ in range(100):
                sent += 100_000
                yield b" " * 100_000

        headers = {**api.token("write:trade"), "Content-Type": "application/json"}
        answer = await api.http.post("/trades", content=flood(), headers=headers)
        check(answer, 413, "BODY_TOO_LARGE")
        assert sent < 1_200_000 and answer.headers["connection"] == "close"
        check(await api.http.post("/auth/token", content=flood(), headers={
            "Content-Type": "application/x-www-form-urlencoded"
        }), 413, "BODY_TOO_LARGE")  # fmt: skip

    in_api(tmp_path, test)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/xml", None])
def test_a_body_of_another_type_is_refused(tmp_path, kind):
    async def test(api):
        headers = {**api.token("write:trade"), **({"Content-Type": kind} if kind else {})}
        problem = check(
            await api.http.post("/trades", content=body(), headers=headers), 415, "CONTENT_TYPE_UNSUPPORTED"
        )
        assert problem["rule"] == "application/json"

    in_api(tmp_path, test)


@pytest.mark.parametrize("path", ["/", "/nope", "/trades/", "/trades/a/b", "/%00", "/\u202e", "/portfolios//positions"])
def test_an_unknown_path_is_not_found(tmp_path, path):
    async def test(api):
        check(await api.http.get(path, headers=api.token("read:portfolio")), 404, "PATH_UNKNOWN")

    in_api(tmp_path, test)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/trades", "DELETE, GET, POST"),
        ("POST", "/trades/a", "DELETE, GET, PATCH"),
        ("GET", "/auth/token", "POST"),
        ("POST", "/docs", "GET"),
        ("TRACE", "/healthz", "GET"),
    ],
)
def test_a_method_that_a_path_does_not_answer_is_told_with_those_it_does(tmp_path, method, path, allowed):
    async def test(api):
        answer = await api.http.request(method, path)
        check(answer, 405, "METHOD_NOT_ALLOWED")
        assert answer.headers["allow"] == allowed

    in_api(tmp_path, test)


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (InputError("wrong", field="x"), 422, "INPUT_INVALID"),
        (NotFound("gone"), 404, "RESOURCE_NOT_FOUND"),
        (Unavailable("later", code="MODEL_NOT_FITTED"), 503, "MODEL_NOT_FITTED"),
    ],
)
def test_an_error_of_a_service_keeps_its_code(tmp_path, error, status, code):
    async def test(api):
        api.prediction = error
        problem = check(
            await api.http.post("/models/m/predict", json={}, headers=api.token("read:model")), status, code
        )
        assert problem["detail"] == error.message

    in_api(tmp_path, test)


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("secret"),
        AlphaMindError("secret"),
        JournalError("secret", field="/secret/segment.py", value="secret"),
        {"not JSON": float("nan"), "secret": 1},
    ],
)
def test_an_internal_error_shows_an_id_and_nothing_else(tmp_path, error):
    async def test(api):
        api.prediction = error
        answer = await api.http.post(
            "/models/m/predict", json={}, headers={**api.token("read:model"), "X-Request-ID": "find-me-1"}
        )
        assert answer.status_code in (500, 503) and "secret" not in answer.text
        problem = check(answer, answer.status_code, answer.json()["code"])
        assert problem["request_id"] == "find-me-1" and "find-me-1" in problem["detail"]
        assert (await api.http.get("/healthz")).status_code == 200

    with capture_logs() as log:
        in_api(tmp_path, test)
    assert any(line.get("request_id") == "find-me-1" and line["log_level"] == "error" for line in log)


def test_an_error_in_the_middle_of_an_answer_breaks_the_answer(tmp_path):
    async def test(api):
        from fastapi.responses import StreamingResponse

        async def half():
            yield b"half"
            raise RuntimeError("broken")

        api.app.add_api_route("/half", lambda: StreamingResponse(half()), include_in_schema=False)
        await api.http.get("/half")
        assert api.edge.metrics.counters["responses_2xx_total"] == 1
        assert (await api.http.get("/healthz")).status_code == 200

    in_api(tmp_path, test)


@pytest.mark.parametrize("request_id", ["", "a b", "x" * 65, "<script>", "é", "a\tb"])
def test_a_request_id_that_is_none_is_replaced(tmp_path, request_id):
    async def test(api):
        answer = await api.http.get("/healthz", headers={"X-Request-ID": request_id.encode("latin-1")})
        assert answer.headers["x-request-id"] != request_id and len(answer.headers["x-request-id"]) == 32

    in_api(tmp_path, test)


def test_the_log_says_who_asked_for_what_and_holds_no_token(tmp_path):
    async def test(api):
        headers = api.token("read:portfolio")
        await api.http.get("/trades?portfolio=main", headers={**headers, "X-Request-ID": "seen-1"})
        note = (api.directory.parent / "home/secrets/first-client.yaml").read_text()
        secret = note.split("client_secret: ")[1].split()[0]
        form = {"grant_type": "client_credentials", "client_id": "local-admin", "client_secret": secret}
        token = (await api.http.post("/auth/token", data=form)).json()["access_token"]
        await api.http.get("/healthz", headers={"Authorization": f"Bearer {token}"})
        hidden.extend([headers["Authorization"].removeprefix("Bearer "), secret, token, "portfolio=main"])

    hidden = []
    with capture_logs() as log:
        in_api(tmp_path, test)
    (line,) = [line for line in log if line.get("request_id") == "seen-1"]
    assert (line["client"], line["method"], line["path"], line["status"]) == ("desk-1", "GET", "/trades", 200)
    assert line["milliseconds"] > 0
    assert [line["client"] for line in log if line["event"] == "token issued"] == ["local-admin"]
    assert not any(text in str(log) for text in hidden)


def test_requests_are_counted_and_timed(tmp_path):
    async def test(api):
        for path in ("/healthz", "/nope", "/trades"):
            await api.http.get(path)
        numbers = api.edge.metrics.snapshot()
        assert (numbers["requests_total"], numbers["responses_2xx_total"], numbers["responses_4xx_total"]) == (3, 1, 2)
        assert numbers["request_seconds_p99"] > 0

    in_api(tmp_path, test)
