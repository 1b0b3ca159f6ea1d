import base64

import jwt
import pytest
import yaml

from serve_apps.auth.secrets import add_client
from tests.serve_apps.api.harness import in_api

GRANT = {"grant_type": "client_credentials"}
ALL = "read:model read:portfolio read:risk write:trade"


def secret_of(api):
    return yaml.safe_load((api.directory.parent / "home/secrets/first-client.yaml").read_text())["client_secret"]


def basic(client_id, secret):
    return {"Authorization": "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()}


def test_a_token_is_given_for_basic_and_for_body_credentials_and_opens_the_door(tmp_path):
    async def test(api):
        secret = secret_of(api)
        ways = [
            {"data": GRANT, "headers": basic("local-admin", secret)},
            {"data": {**GRANT, "client_id": "local-admin", "client_secret": secret}},
            {"data": {**GRANT, "client_id": "local-admin", "scope": ""}, "headers": basic("local%2Dadmin", secret)},
        ]
        for way in ways:
            answer = await api.http.post("/auth/token", **way)
            assert answer.status_code == 200
            assert answer.headers["cache-control"] == "no-store" and answer.headers["pragma"] == "no-cache"
            token = answer.json()
            assert (token["token_type"], token["expires_in"], token["scope"]) == ("Bearer", 3600, ALL)
            headers = {"Authorization": f"bearer {token['access_token']}"}
            assert (await api.http.get("/trades", headers=headers)).status_code == 200

    in_api(tmp_path, test)


def test_a_token_carries_no_more_than_was_asked_for(tmp_path):
    async def test(api):
        form = {**GRANT, "scope": "read:risk"}
        answer = await api.http.post("/auth/token", data=form, headers=basic("local-admin", secret_of(api)))
        assert answer.json()["scope"] == "read:risk"
        headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        assert (await api.http.get("/trades", headers=headers)).status_code == 403

    in_api(tmp_path, test)


def test_a_bounded_client_gets_bounded_tokens(tmp_path):
    secret = add_client(tmp_path / "home" / "secrets", "desk-2", ["read:portfolio"], ["two"])

    async def test(api):
        answer = await api.http.post("/auth/token", data=GRANT, headers=basic("desk-2", secret))
        token = answer.json()["access_token"]
        assert jwt.decode(token, options={"verify_signature": False})["portfolios"] == ["two"]
        headers = {"Authorization": f"Bearer {token}"}
        assert (await api.http.get("/trades?portfolio=two", headers=headers)).status_code == 200
        assert (await api.http.get("/trades?portfolio=one", headers=headers)).status_code == 404

    in_api(tmp_path, test, "one", "two")


SECRET = object()
REFUSALS = [
    # what is sent (form or bytes), Authorization, error of RFC 6749
    ({}, "right", "invalid_request"),
    ({"grant_type": ""}, "right", "invalid_request"),
    ({"grant_type": "password", "username": "a", "password": "b"}, "right", "unsupported_grant_type"),
    ({"grant_type": "authorization_code"}, "right", "unsupported_grant_type"),
    ({"grant_type": "CLIENT_CREDENTIALS"}, "right", "unsupported_grant_type"),
    (GRANT, None, "invalid_client"),
    (GRANT, "wrong", "invalid_client"),
    (GRANT, "unknown", "invalid_client"),
    (GRANT, "Bearer abc", "invalid_client"),
    (GRANT, "Basic", "invalid_client"),
    (GRANT, "Basic !!!", "invalid_client"),
    (GRANT, "Basic " + base64.b64encode(b"no colon").decode(), "invalid_client"),
    (GRANT, "Basic " + base64.b64encode(b"\xff:\xff").decode(), "invalid_client"),
    (GRANT, "Basic " + base64.b64encode(b"%ff:%ff").decode(), "invalid_client"),
    (GRANT, "Basic " + base64.b64encode(b"local-admin:" + b"x" * 2000).decode(), "invalid_client"),
    ({**GRANT, "client_id": "local-admin"}, None, "invalid_client"),
    ({**GRANT, "client_secret": "x"}, None, "invalid_client"),
    ({**GRANT, "client_id": "local-admin", "client_secret": "x"}, None, "invalid_client"),
    ({**GRANT, "client_id": "local-admin", "client_secret": "x"}, "right", "invalid_request"),
    ({**GRANT, "client_id": "someone-else"}, "right", "invalid_request"),
    ({**GRANT, "scope": "read:everything"}, "right", "invalid_scope"),
    ({**GRANT, "scope": "read:risk  write:trade"}, "right", "invalid_scope"),
    ({**GRANT, "scope": "read:risk,write:trade"}, "right", "invalid_scope"),
    (b"grant_type=client_credentials&grant_type=client_credentials", "right", "invalid_request"),
    (b"grant_type", "right", "invalid_request"),
    (b"\xff\xfe", "right", "invalid_request"),
    (b"grant_type=%ff", "right", "invalid_request"),
    (b"&".join(b"a%d=1" % number for number in range(100)), "right", "invalid_request"),
    (b"", "right", "invalid_request"),
]


@pytest.mark.parametrize(("form", "authorization", "error"), REFUSALS, ids=str)
def test_a_refusal_is_one_of_rfc_6749(tmp_path, form, authorization, error):
    async def test(api):
        ways = {
            "right": basic("local-admin", secret_of(api)),
            "wrong": basic("local-admin", "wrong"),
            "unknown": basic("nobody", "wrong"),
            None: {},
        }
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            **ways.get(authorization, {"Authorization": authorization}),
        }
        sent = {"content": form} if isinstance(form, bytes) else {"data": form}
        answer = await api.http.post("/auth/token", headers=headers, **sent)
        assert answer.json()["error"] == error and set(answer.json()) == {"error", "error_description"}
        assert answer.status_code == (401 if error == "invalid_client" else 400)
        assert ("www-authenticate" in answer.headers) == (error == "invalid_client")
        assert answer.headers.get("www-authenticate", "Basic").startswith("Basic")
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["content-type"] == "application/json"
        assert api.edge.metrics.counters["tokens_issued_total"] == 0

    in_api(tmp_path, test)


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=x", "text/plain", ""])
def test_a_body_that_is_no_form_is_refused(tmp_path, kind):
    async def test(api):
        headers = {**basic("local-admin", secret_of(api)), "Content-Type": kind}
        answer = await api.http.post("/auth/token", content=b'{"grant_type": "client_credentials"}', headers=headers)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")

    in_api(tmp_path, test)


def test_two_authorization_headers_are_refused(tmp_path):
    async def test(api):
        pair = ("Authorization", basic("local-admin", secret_of(api))["Authorization"])
        answer = await api.http.post("/auth/token", data=GRANT, headers=[pair, pair])
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")

    in_api(tmp_path, test)


def test_an_unknown_client_and_a_wrong_secret_are_told_the_same(tmp_path):
    async def test(api):
        wrong = await api.http.post("/auth/token", data=GRANT, headers=basic("local-admin", "wrong"))
        unknown = await api.http.post("/auth/token", data=GRANT, headers=basic("nobody", "wrong"))
        assert wrong.content == unknown.content
        assert wrong.headers["www-authenticate"] == unknown.headers["www-authenticate"]

    in_api(tmp_path, test)


@pytest.mark.parametrize("change", [{"grants": []}, {"scopes": []}])
def test_a_client_that_may_not_use_the_grant_is_unauthorized(tmp_path, change):
    secret = add_client(tmp_path / "home" / "secrets", "desk-2", ["read:risk"])
    path = tmp_path / "home" / "secrets" / "clients.yaml"
    content = yaml.safe_load(path.read_text())
    content["clients"][0].update(change)
    path.write_text(yaml.safe_dump(content))

    async def test(api):
        answer = await api.http.post("/auth/token", data=GRANT, headers=basic("desk-2", secret))
        assert (answer.status_code, answer.json()["error"]) == (400, "unauthorized_client")

    in_api(tmp_path, test)


def test_a_crowd_at_the_door_is_told_to_come_back(tmp_path):
    async def test(api):
        api.edge.clients._waiting = 0
        answer = await api.http.post("/auth/token", data=GRANT, headers=basic("local-admin", "x"))
        assert (answer.status_code, answer.json()["code"]) == (503, "TOKEN_ENDPOINT_BUSY")
        assert answer.headers["retry-after"] == "1"

    in_api(tmp_path, test)
