"""Options and margined instruments in an instrument file: read, checked, and written back."""

from __future__ import annotations

import decimal
from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeVar

import numpy as np

from actors.errors import ConfigurationError
from actors.messages import MONEY_UNIT, OptionTerms

_KEYS = ("underlying", "right", "strike", "expiry", "style", "settlement")
_Choice = TypeVar("_Choice", bound=str)


def read_option(value: Any, field: str, ids: Mapping[str, int]) -> OptionTerms | None:
    """Return the terms of an option, or ``None`` where the entry has none.

    Args:
        value: A mapping with ``underlying`` (its symbol, or its number in the file), ``right``, ``strike``, ``expiry``
            and, where they are not ``american`` and ``physical``, ``style`` and ``settlement``; in CSV
            ``underlying=AAA;right=call;...``.
        field: Where it stands.
        ids: Instrument ids by symbol.

    Raises:
        ConfigurationError: Naming the key and the rule.
    """
    if value is None or value == "":
        return None
    if isinstance(value, str):
        parts = [part.partition("=") for part in value.split(";") if part]
        value = {name.strip(): text.strip() for name, _, text in parts}
    if not isinstance(value, dict) or set(value) - set(_KEYS) or not {"underlying", "right", "strike"} <= set(value):
        raise ConfigurationError(
            f"{field} is unreadable",
            field=field,
            value=value,
            rule="underlying, right, strike and expiry; style and settlement where they differ from american, physical",
        )
    underlying = value["underlying"]
    number = underlying if isinstance(underlying, int) else ids.get(str(underlying), -1)
    if number not in ids.values():
        raise ConfigurationError(
            f"{field}: no instrument {underlying}",
            field=f"{field}.underlying",
            value=underlying,
            rule="the symbol of an instrument of the same file",
        )
    return OptionTerms(
        underlying=number,
        right=_one_of(("call", "put"), value["right"], f"{field}.right"),
        strike=read_money(value["strike"], f"{field}.strike"),
        expiry=_moment(value.get("expiry"), f"{field}.expiry"),
        style=_one_of(("american", "european"), value.get("style", "american"), f"{field}.style"),
        settlement=_one_of(("physical", "cash"), value.get("settlement", "physical"), f"{field}.settlement"),
    )


def plain_option(option: OptionTerms | None, iso: Callable[[int], str]) -> Any:
    """Return the terms as ``read_option`` reads them."""
    if option is None:
        return None
    return {
        "underlying": option.underlying,
        "right": option.right,
        "strike": plain_money(option.strike),
        "expiry": iso(option.expiry),
        "style": option.style,
        "settlement": option.settlement,
    }


def read_settlement(value: Any, field: str) -> Literal["cash", "margined"]:
    """Return whether the whole price is paid or only gains and losses.

    Raises:
        ConfigurationError: It is neither.
    """
    return _one_of(("cash", "margined"), value or "cash", field)


def read_money(value: Any, field: str) -> int:
    """Return an amount that is not negative, 1e-8 units; 0 where there is none.

    Raises:
        ConfigurationError: It is not one.
    """
    try:
        units = decimal.Decimal(str(value or 0)) * MONEY_UNIT
    except decimal.InvalidOperation:
        units = decimal.Decimal("NaN")
    if not units.is_finite() or units < 0 or units != units.to_integral_value():
        raise ConfigurationError(
            f"{field} is not an amount", field=field, value=value, rule="0 or more, a multiple of 0.00000001"
        )
    return int(units)


def plain_money(amount: int) -> str:
    """Return an amount as ``read_money`` reads it."""
    return format((decimal.Decimal(amount) / MONEY_UNIT).normalize(), "f")


def _one_of(choices: tuple[_Choice, ...], value: Any, field: str) -> _Choice:
    for choice in choices:
        if str(value).lower() == choice:
            return choice
    raise ConfigurationError(f"{field} is unknown", field=field, value=value, rule=" or ".join(choices))


def _moment(value: Any, field: str) -> int:
    try:
        moment = np.datetime64(str(value).removesuffix("Z").replace("+00:00", ""), "ns")
        if np.isnat(moment):
            raise ValueError
    except ValueError:
        raise ConfigurationError(
            f"{field} is not a time", field=field, value=value, rule="an ISO date or time in UTC"
        ) from None
    return int(moment.astype(np.int64))
