"""``/docs``: the API on one page, made from its OpenAPI document; it loads nothing from anywhere."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'"
_STYLE = """
:root{color-scheme:light dark}
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
section{border-top:1px solid #8886;padding:.5rem 0}
h2{font-size:1rem;margin:.5rem 0}h2 code{font-size:1.05rem}
pre{background:#8882;padding:.75rem;overflow-x:auto;border-radius:4px}
table{border-collapse:collapse}td,th{text-align:left;padding:.15rem 1rem .15rem 0;vertical-align:top}
.scope{float:right;font-family:monospace}
"""


def install(app: FastAPI) -> None:
    """Add the page to ``app``."""

    async def documentation(request: Request) -> HTMLResponse:
        return HTMLResponse(page(app.openapi()), headers={"Content-Security-Policy": _POLICY})

    app.add_api_route("/docs", documentation, methods=["GET"], include_in_schema=False)
    app.docs_url = "/docs"  # where Ray Serve's dashboard looks for it


def page(document: Mapping[str, Any]) -> str:
    """Return the page of an OpenAPI document."""
    information = document["info"]
    flow = document["components"]["securitySchemes"]["OAuth2"]["flows"]["clientCredentials"]
    scopes = "".join(_row(f"<code>{_text(name)}</code>", _text(what)) for name, what in flow["scopes"].items())
    operations = "".join(
        _operation(method, path, operation, document)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    )
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{_text(information["title"])}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style>'
        f'<h1>{_text(information["title"])} {_text(information["version"])}</h1>'
        f'<p>{_text(information["description"])}</p>'
        f'<p>The whole contract: <a href="openapi.json">openapi.json</a> (OpenAPI {_text(document["openapi"])}).</p>'
        f"<table>{scopes}</table>{operations}</html>"
    )


def _operation(method: str, path: str, operation: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    wanted = [scope for option in operation.get("security", []) for scope in option.get("OAuth2", [])]
    parameters = "".join(
        _row(
            f"<code>{_text(parameter['name'])}</code>",
            _text(parameter["in"]),
            "required" if parameter.get("required") else "",
            _text(parameter.get("description", "")),
        )
        for parameter in operation.get("parameters", [])
    )
    answers = "".join(
        _row(f"<code>{_text(status)}</code>", _text(answer["description"]))
        for status, answer in operation["responses"].items()
    )
    examples = "".join(f"<pre>{_text(example)}</pre>" for example in _examples(operation, document))
    return (
        f'<section><h2><span class="scope">{_text(" ".join(wanted) or "public")}</span>'
        f"<code>{_text(method.upper())} {_text(path)}</code></h2>"
        f"<p>{_text(operation.get('description') or operation['summary'])}</p>"
        f"<table>{parameters}</table>{examples}<table>{answers}</table></section>"
    )


def _examples(operation: Mapping[str, Any], document: Mapping[str, Any]) -> Iterator[str]:
    for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
        schema = content.get("schema", {})
        if "$ref" in schema:
            schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        for example in [content["example"]] if "example" in content else schema.get("examples", []):
            if media_type == "application/json":
                yield json.dumps(example, indent=2)
            else:
                yield "&".join(f"{name}={value}" for name, value in example.items())


def _row(*cells: str) -> str:
    return "<tr>" + "".join(f"<td>{cell}" for cell in cells)


def _text(value: Any) -> str:
    return html.escape(str(value))
