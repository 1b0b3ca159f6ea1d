import re

import jsonschema

from actors.errors import InputError
from serve_apps.api.documentation import page
from serve_apps.auth.scopes import SCOPES
from tests.serve_apps.api.harness import MARKET_ORDER, in_api


def test_the_page_lists_every_endpoint_and_loads_nothing(tmp_path):
    async def test(api):
        answer = await api.http.get("/docs")
        assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/html")
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert not re.search(r"<script|<link|<img|https?://", answer.text)
        for path, methods in api.app.openapi()["paths"].items():
            for method in methods:
                assert f"{method.upper()} {path}" in answer.text
        assert all(scope in answer.text for scope in SCOPES)
        assert "&quot;symbol&quot;: &quot;SIM001&quot;" in answer.text

    in_api(tmp_path, test)


def test_the_page_escapes_what_it_shows():
    document = {
        "openapi": "3.1.0",
        "info": {"title": "<b>", "version": "1", "description": "<i>"},
        "components": {"securitySchemes": {"OAuth2": {"flows": {"clientCredentials": {"scopes": {}}}}}},
        "paths": {},
    }
    assert "<b>" not in page(document) and "<i>" not in page(document)


def test_the_contract_names_scopes_problems_and_examples(tmp_path):
    async def test(api):
        document = (await api.http.get("/openapi.json")).json()
        flow = document["components"]["securitySchemes"]["OAuth2"]["flows"]["clientCredentials"]
        assert flow == {"scopes": SCOPES, "tokenUrl": "/auth/token"}
        names = [operation["operationId"] for methods in document["paths"].values() for operation in methods.values()]
        assert len(set(names)) == len(names)
        for path, methods in document["paths"].items():
            for operation in methods.values():
                for status, answer in operation["responses"].items():
                    kinds = set(answer["content"])
                    problem = status >= "400" and path != "/auth/token"
                    assert kinds == ({"application/problem+json"} if problem else {"application/json"})
        assert "HTTPValidationError" not in str(document)

    in_api(tmp_path, test)


def test_answers_and_examples_are_what_the_contract_says(tmp_path):
    async def test(api):
        document = api.app.openapi()

        def validate(name, instance):
            schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
            jsonschema.Draft202012Validator(schema).validate(instance)

        api.book("main", 10, 10_000)
        headers = api.token(*SCOPES)
        order = await api.http.post("/trades", json=MARKET_ORDER, headers=headers)
        validate("Trade", order.json())
        validate("Trades", (await api.http.get("/trades", headers=headers)).json())
        validate("Positions", (await api.http.get("/portfolios/main/positions", headers=headers)).json())
        validate("Summary", (await api.http.get("/portfolios/main/summary", headers=headers)).json())
        validate("RiskMetrics", (await api.http.get("/risk/metrics", headers=headers)).json())
        validate("Problem", (await api.http.get("/nope")).json())
        for name, schema in document["components"]["schemas"].items():
            for example in schema.get("examples", []):
                validate(name, example)

    in_api(tmp_path, test)


def test_the_documented_examples_are_accepted(tmp_path):
    async def test(api):
        for example in api.app.openapi()["components"]["schemas"]["TradeRequest"]["examples"]:
            answer = await api.http.post("/trades", json=example, headers=api.token("write:trade"))
            assert answer.status_code == 201

    in_api(tmp_path, test)


def test_the_version_is_there_without_an_installation(monkeypatch):
    from importlib.metadata import PackageNotFoundError

    from serve_apps.api import application

    def missing(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(application, "version", missing)
    assert application._version() == "0"
    assert InputError.status == 422
