"""``alphamind risk breaches``: which rules of risk are broken, since when, on which evidence and to what effect."""

from __future__ import annotations

import datetime
import sys
from typing import Annotated, Any

import msgspec
import orjson
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from actors.client import find_run
from actors.messages import encode
from actors.service import socket_path
from actors.wire import BlockingClient

_UNITS = {"money": "", "fraction": "", "seconds": " s"}


def breaches(
    account: Annotated[str | None, typer.Option(help="Only those of this account.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Closed ones, too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    run: Annotated[
        str | None, typer.Option(help="Name or directory of a run; by default the one that is up or came up last.")
    ] = None,
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
        Console(highlight=False).print(shown(answer["breaches"]))


def shown(rows: list[dict[str, Any]]) -> Table | str:
    """Return breaches as a table, or the word that there are none."""
    if not rows:
        return "no rule of risk is broken"
    table = Table("breach", "rule", "scope", "measured", "over", "opened", "closed", "did", "positions")
    for row in rows:
        evidence, unit = row["evidence"], _UNITS[row["evidence"]["unit"]]
        table.add_row(
            str(row["number"]),
            escape(row["rule"]),
            escape(row["scope"]),
            escape(f"{evidence['measure']} {evidence['value']}{unit}"),
            f"{evidence['threshold']}{unit}",
            _time(row["opened_at"]),
            "" if row["open"] else _time(row["closed_at"]),
            escape(row["note"] or row["state"] or row["action"]),
            escape(", ".join(f"{one['symbol']} {one['exposure']}" for one in evidence["positions"])),
        )
    return table


def _time(nanoseconds: int) -> str:
    moment = datetime.datetime.fromtimestamp(nanoseconds // 10**9, datetime.timezone.utc)
    return moment.strftime("%Y-%m-%d %H:%M:%S")
