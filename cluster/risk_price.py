"""``alphamind risk price``: what one contract of a file is worth, and what moves that."""

from __future__ import annotations

import dataclasses
import pathlib
from typing import Any

from rich.table import Table as Grid

from actors.risk.pricing import Greeks, Market, greeks, price
from actors.risk.pricing.contracts import Basket
from actors.risk.pricing.files import Task, read_task
from actors.risk.pricing.rates_market import RatesMarket
from actors.risk.pricing.valuation import valuation
from actors.yaml_text import parsed_yaml

_GREEKS = tuple(field.name for field in dataclasses.fields(Greeks) if field.name != "price")


def read(path: pathlib.Path) -> Task:
    """Return what a file asks to be priced; see ``actors.risk.pricing.files`` for its form.

    Raises:
        DataError: It is neither YAML nor JSON.
        InputError: Naming the key that is unknown, missing or wrong.
    """
    return read_task(parsed_yaml(path.expanduser().read_bytes(), "file", str(path)))


def priced(task: Task) -> dict[str, Any]:
    """Return value and sensitivities as plain data; of an option those that there are not as ``None``, with the reason.

    Raises:
        InputError: It can't be priced; see ``actors.risk.pricing``.
    """
    told: dict[str, Any] = {"contract": task.kind, "date": task.market.date.isoformat()}
    if isinstance(task.market, Market):
        if task.implied:
            told["implied_volatility"] = task.market.volatility
        if isinstance(task.contract, Basket) or task.other is not None or task.correlation is not None:
            told["price"] = price(task.contract, task.market, task.other, task.correlation)
            lacking = dict.fromkeys(_GREEKS, "a basket has the Greeks of two assets")
            return told | dict.fromkeys(_GREEKS) | {"missing": lacking}
        found = dataclasses.asdict(greeks(task.contract, task.market))
        lacking = {name: "no day can pass before its last one" for name, number in found.items() if number is None}
        return told | found | ({"missing": lacking} if lacking else {})
    of = valuation(task.contract, task.market)
    if isinstance(task.market, RatesMarket) and task.market.model is not None:
        told |= {"volatility": task.market.volatility, "model": str(task.market.model)}
    told |= {"value": of.value, **of.measures, "dv01": of.dv01}
    told["key_rate_dv01"] = {f"{years:g}Y": number for years, number in of.key_rates}
    return told | {name: number for name in ("vega", "delta") if (number := getattr(of, name)) is not None}


def shown(told: dict[str, Any]) -> Grid:
    """Return value and sensitivities as a table."""
    grid = Grid(title=f"{told['contract'].replace('_', ' ')} on {told['date']}", title_justify="left")
    grid.add_column("")
    grid.add_column("", justify="right")
    missing = told.get("missing", {})
    for name, number in told.items():
        if name in missing:
            grid.add_row(name, f"none: {missing[name]}")
        elif name != "missing" and isinstance(number, dict):
            for tenor, part in number.items():
                grid.add_row(f"  {tenor}", f"{part:,.6f}")
        elif name == "model":
            grid.add_row(name, f"{number} volatility")
        elif isinstance(number, float):
            grid.add_row(name.replace("_", " "), f"{number:,.6f}")
    return grid
