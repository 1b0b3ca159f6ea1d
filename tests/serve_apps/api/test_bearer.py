import pytest

from serve_apps.auth.clients import Client
from serve_apps.auth.scopes import SCOPES
from tests.serve_apps.api.harness import in_api

PUBLIC = {
    ("post", "/auth/token"),
    ("get", "/healthz"),
    ("get", "/readyz"),
}


def test_every_endpoint_asks_for_its_one_scope_and_for_nothing_else(tmp_path):
    async def test(api):
        seen = set()
        for path, methods in api.app.openapi()["paths"].items():
            for method, operation in methods.items():
                if (method, path) in PUBLIC:
                    assert not any("OAuth2" in option for option in operation.get("security", []))
                    continue
                assert len(operation.get("security", [])) == 1, f"{method} {path} needs no scope"
                (scope,) = operation["security"][0]["OAuth2"]
                assert scope in SCOPES
                seen.add(scope)
                url = path.format(id="nowhere", client_order_id="nothing")

                async def ask(headers, method=method, url=url):
                    return await api.http.request(method, url, headers=headers)

                stranger = await ask({})
                assert stranger.status_code == 401, f"{method} {path}"
                assert stranger.headers["www-authenticate"] == 'Bearer realm="alphamind"'
                others = await ask(api.token(*(SCOPES.keys() - {scope})))
                assert others.status_code == 403, f"{method} {path}"
                assert others.json()["code"] == "SCOPE_MISSING"
                assert (
                    others.headers["www-authenticate"]
                    == f'Bearer realm="alphamind", error="insufficient_scope", scope="{scope}"'
                )
                assert (await ask(api.token(scope))).status_code not in (401, 403), f"{method} {path}"
        assert seen == set(SCOPES)

    in_api(tmp_path, test)


def test_every_route_is_documented_or_is_the_documentation(tmp_path):
    async def test(api):
        hidden = [route.path for route in api.app.routes if hasattr(route, "path")]
        assert sorted(hidden) == ["/docs", "/openapi.json"]

    in_api(tmp_path, test)


@pytest.mark.parametrize("authorization", [None, "", "Basic bG9jYWwtYWRtaW46eA==", "Token abc", "abc"])
def test_no_token_is_told_without_an_error_code(tmp_path, authorization):
    async def test(api):
        headers = {} if authorization is None else {"Authorization": authorization}
        answer = await api.http.get("/trades", headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == 'Bearer realm="alphamind"'
        assert answer.json()["code"] == "AUTHENTICATION_REQUIRED"

    in_api(tmp_path, test)


@pytest.mark.parametrize("authorization", ["Bearer", "Bearer ", "Bearer a b", "bearer  "])
def test_a_malformed_header_is_an_invalid_request(tmp_path, authorization):
    async def test(api):
        answer = await api.http.get("/trades", headers={"Authorization": authorization})
        assert answer.status_code == 400
        assert answer.headers["www-authenticate"] == 'Bearer realm="alphamind", error="invalid_request"'

    in_api(tmp_path, test)


def test_two_tokens_are_an_invalid_request(tmp_path):
    async def test(api):
        pair = ("Authorization", api.token("read:portfolio")["Authorization"])
        assert (await api.http.get("/trades", headers=[pair, pair])).status_code == 400

    in_api(tmp_path, test)


@pytest.mark.parametrize("token", ["a.b.c", "é", "x" * 10_000])
def test_a_refused_token_is_an_invalid_token(tmp_path, token):
    async def test(api):
        answer = await api.http.get("/trades", headers={"Authorization": f"Bearer {token}".encode("latin-1")})
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith(
            'Bearer realm="alphamind", error="invalid_token", error_description="'
        )
        assert answer.json()["code"] == "TOKEN_INVALID" and token not in answer.text

    in_api(tmp_path, test)


def test_a_token_in_the_query_is_not_taken(tmp_path):
    async def test(api):
        token = api.token("read:portfolio")["Authorization"].removeprefix("Bearer ")
        assert (await api.http.get(f"/trades?access_token={token}")).status_code == 401

    in_api(tmp_path, test)


def test_a_token_of_another_api_with_another_key_is_refused(tmp_path):
    async def test(api):
        async def other(twin):
            client = Client(id="desk-1", secret_hash="$argon2id$x", scopes=frozenset(SCOPES))
            token, _ = twin.edge.tokens.issue(client, client.scopes)
            assert (await api.http.get("/trades", headers={"Authorization": f"Bearer {token}"})).status_code == 401

        from tests.serve_apps.api.harness import running

        async with running(tmp_path / "other") as twin:
            await other(twin)

    in_api(tmp_path, test)


def test_a_stranger_learns_nothing_about_a_bad_body(tmp_path):
    async def test(api):
        for content in (b"{", b"", b'{"qty": 1}', b"\xff"):
            answer = await api.http.post("/trades", content=content, headers={"Content-Type": "application/json"})
            assert answer.status_code == 401

    in_api(tmp_path, test)
