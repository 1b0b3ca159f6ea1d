"""``alphamind risk breaches``: which rules of risk are broken, since when, on which evidence and to what effect."""

from __future__ import annotations

import datetime
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import msgspec
import orjson
import typer
from rich.console import Console
from rich.markup import escape

from actors.client import find_run
from actors.messages import encode
from actors.service import socket_path
from actors.wire import BlockingClient
from cluster.options import Run


def breaches(
    account: Annotated[str | None, typer.Option(help="Only those of this account.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Closed ones, too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    run: Run = None,
) -> None:
    """Show which rules of risk are broken: since when, what was measured over which level, and what it set.

    A breach closes by itself where its measure is back; what it has tightened or halted a person lifts
    (`alphamind resume`).
    """
    with BlockingClient(socket_path(find_run(run), "risk"), "alphamind risk") as client:
        body = encode({"account": account, "open_only": not everything})
        answer: dict[str, Any] = msgspec.msgpack.decode(client.request("breaches", body))
    if as_json:
        sys.stdout.write(orjson.dumps(answer, option=orjson.OPT_INDENT_2).decode() + "\n")
    else:
        Console(highlight=False, soft_wrap=True).print(shown(answer["breaches"]))


def shown(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return breaches in words, two lines each, or the word that there are none."""
    return "\n".join(_lines(row) for row in rows) or "no rule of risk is broken"


def _lines(row: Mapping[str, Any]) -> str:
    evidence, unit = row["evidence"], " s" if row["evidence"]["unit"] == "seconds" else ""
    until = "" if row["open"] else f" until {_time(row['closed_at'])}"
    did = row["note"] or row["state"] or row["action"]
    positions = ", ".join(f"{one['symbol']} {one['exposure']}" for one in evidence["positions"])
    missing = f"; {evidence['missing_share']:.0%} of the gross exposure left out" if evidence["missing_share"] else ""
    return (
        f"[bold]{row['number']} {escape(row['rule'])}[/bold] ({escape(row['scope'])}) since "
        f"{_time(row['opened_at'])}{until}: {escape(did)}\n"
        f"  {escape(evidence['measure'])} {evidence['value']}{unit} over {evidence['threshold']}{unit}"
        f"{escape(f'; {positions}' if positions else '')}{missing}"
    )


def _time(nanoseconds: int) -> str:
    moment = datetime.datetime.fromtimestamp(nanoseconds // 10**9, datetime.timezone.utc)
    return moment.strftime("%Y-%m-%d %H:%M:%S")
