"""What ``alphamind portfolio`` is told in files and on the command line."""

from __future__ import annotations

import difflib
import pathlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import yaml

from actors.errors import InputError
from actors.portfolio.construction.black_litterman import View

Number = TypeVar("Number", int, float)


def read_yaml(path: pathlib.Path, field: str) -> dict[str, Any]:
    """Return the mapping that a YAML file holds.

    Raises:
        InputError: It can't be read, or holds something else.
    """
    try:
        found = yaml.safe_load(path.expanduser().read_text())
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise InputError(f"the file can't be read: {error}", field=field, value=str(path), rule="a YAML file") from None
    if not isinstance(found, dict):
        raise InputError("the file holds no mapping", field=field, value=str(path), rule="lines such as name: value")
    return {str(name): value for name, value in found.items()}


def read_views(path: pathlib.Path) -> tuple[dict[str, float], list[View]]:
    """Return the market's weights and the views of a YAML file.

    It holds ``market``, weight by symbol, and ``views``, a list of ``positions``, ``value`` and perhaps ``confidence``.

    Raises:
        InputError: It holds something else.
    """
    found = read_yaml(path, "--views")
    _names(found, ("market", "views"), "")
    views = found.get("views")
    if not isinstance(views, list) or not all(isinstance(view, dict) for view in views):
        raise InputError("not a list of views", field="views", value=views, rule="a list of mappings")
    for number, view in enumerate(views):
        _names(view, ("positions", "value", "confidence"), f"views[{number}].")
        for name in ("positions", "value"):
            if name not in view:
                raise InputError("a view lacks something", field=f"views[{number}].{name}", rule="given in every view")
        if not isinstance(view["positions"], dict):
            where, value = f"views[{number}].positions", view["positions"]
            raise InputError("not positions", field=where, value=value, rule="an amount by symbol")
    market = found.get("market")
    if not isinstance(market, dict):
        raise InputError("no weights of the market", field="market", value=market, rule="a weight by symbol")
    return market, [View(**view) for view in views]


def read_held(texts: Sequence[str]) -> dict[str, int]:
    """Return lots by symbol from texts such as ``SPY=100``.

    Raises:
        InputError: A text that is none, or two of one symbol.
    """
    return numbers_by_symbol(texts, "--held", int, "not a holding", "SYMBOL=LOTS, for instance SPY=100")


def numbers_by_symbol(
    texts: Sequence[str], field: str, number: Callable[[str], Number], wrong: str, rule: str
) -> dict[str, Number]:
    """Return numbers by symbol from texts such as ``SPY=100``.

    Args:
        texts: What an option was given, once for each symbol.
        field: The option.
        number: Reads a number; raises ``ValueError`` where it is none.
        wrong: What a text that can't be read is.
        rule: What one looks like.

    Raises:
        InputError: A text that is none, or two of one symbol.
    """
    found: dict[str, Number] = {}
    texts_of: dict[str, str] = {}
    for text in texts:
        symbol, _, digits = text.rpartition("=")
        try:
            value = number(digits)
        except ValueError:
            symbol = ""
        if not symbol:
            raise InputError(wrong, field=field, value=text, rule=rule)
        if symbol in found:
            both = f"{texts_of[symbol]} and {text}"
            raise InputError(f"{symbol} is given twice", field=field, value=both, rule="each symbol once")
        found[symbol], texts_of[symbol] = value, text
    return found


def _names(found: Mapping[Any, Any], valid: Sequence[str], where: str) -> None:
    for name in found:
        if name not in valid:
            near = difflib.get_close_matches(str(name), valid, n=1)
            remedy = f"did you mean {near[0]}?" if near else None
            raise InputError("an unknown name", field=f"{where}{name}", rule=", ".join(valid), remedy=remedy)
