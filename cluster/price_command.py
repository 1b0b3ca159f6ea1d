"""The command ``alphamind risk price``: what it takes and what it says of itself."""

from __future__ import annotations

import pathlib
import sys
from typing import Annotated

import orjson
import typer
from rich.console import Console


def risk_price(
    file: Annotated[pathlib.Path, typer.Argument(help="YAML or JSON with date, contract and market.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """Price the contract of a file: options with Greeks or implied volatility, rates and forwards with DV01s.

    For instance: {date: 2024-01-02, contract: {type: american, right: put, strike: 100, expiry: 2025-01-17}, market:
    {spot: 100, volatility: 0.2, rate: 0.05}}.
    """
    from cluster import risk_price as commands

    told = commands.priced(commands.read(file))
    if as_json:
        sys.stdout.write(orjson.dumps(told, option=orjson.OPT_INDENT_2).decode() + "\n")
    else:
        Console(highlight=False).print(commands.shown(told))
