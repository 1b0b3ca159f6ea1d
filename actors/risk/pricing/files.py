"""A contract and its market as a user writes them down: plain data in, what is to be priced out.

    date: 2024-01-02
    contract: {type: american, right: put, strike: 100, expiry: 2025-01-17}
    market: {spot: 100, volatility: 0.2, rate: 0.05, dividend: 0.02}

A volatility of rates needs its ``model``, normal (0.008 is 80 basis points) or lognormal (0.2 is 20% of the rate). All
rates and volatilities are fractions.

Of an option the market may have its ``price`` instead of a volatility, which is then implied. Of a basket it has
``other`` and ``correlation`` too. A curve is one of

    {rate: 0.04}                                                    flat, continuous
    {days: [...], discounts: [...]}                                 discount factors as they are
    {index: sofr, quotes: [{type: swap, tenor: 10Y, rate: 0.036}]}  bootstrapped, if need be with ``discount``
    {quotes: [{type: par_yield, months: 120, rate: 0.04}]}          from par yields of the Treasury
"""

from __future__ import annotations

import dataclasses
import datetime
import difflib
import re
import typing
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from actors.errors import InputError
from actors.order_terms import word
from actors.risk.pricing.bootstrap import bootstrap, par_curve
from actors.risk.pricing.contracts import American, Asian, Barrier, Basket, Contract, Digital, European
from actors.risk.pricing.conventions import Index
from actors.risk.pricing.curve_quotes import (
    DepositQuote,
    ForwardRateQuote,
    FutureQuote,
    ParYieldQuote,
    Quote,
    SwapQuote,
)
from actors.risk.pricing.curves import Curve, flat_curve
from actors.risk.pricing.forwards import Forward, ForwardMarket, ForwardRateAgreement, Future
from actors.risk.pricing.implied import implied_volatility
from actors.risk.pricing.market import Market
from actors.risk.pricing.plausible import plausible_normal, plausible_rate, plausible_volatility
from actors.risk.pricing.rates_contracts import Cap, FixedBond, FloatingBond, InterestRateSwap, Swaption
from actors.risk.pricing.rates_market import RatesMarket, VolatilityModel
from actors.vocabulary import Word

T = TypeVar("T")
_FRACTIONS = "coupon", "rate", "spread", "dividend"
"""Keys of any contract, market or quote that are rates a year."""
_SOUGHT = 0.2
"""A volatility that stands in until that of a price is known."""


def _named(*kinds: type[Any]) -> dict[str, type[Any]]:
    return {re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower(): kind for kind in kinds}


OPTIONS = _named(European, American, Digital, Barrier, Asian, Basket)
RATES = _named(FixedBond, FloatingBond, InterestRateSwap, Cap, Swaption, ForwardRateAgreement)
DELIVERIES = _named(Forward, Future)
QUOTES = {
    "deposit": DepositQuote,
    "future": FutureQuote,
    "forward_rate": ForwardRateQuote,
    "swap": SwapQuote,
    "par_yield": ParYieldQuote,
}


@dataclasses.dataclass(frozen=True)
class Task:
    """What is to be priced.

    Attributes:
        kind: The contract's type, as it was written.
        contract: The contract.
        market: Its market.
        other: That of the second asset of a basket.
        correlation: Of the two assets.
        implied: Whether the market's volatility was implied by the option's price.
    """

    kind: str
    contract: Any
    market: Market | RatesMarket | ForwardMarket
    other: Market | None = None
    correlation: float | None = None
    implied: bool = False


def read_task(data: object) -> Task:
    """Return what plain data ask to be priced.

    Raises:
        InputError: Naming the key that is unknown, missing or wrong.
    """
    whole = _mapping(data, "file")
    _known(whole, {"date", "contract", "market"}, {"date", "contract", "market"}, "")
    date = _converted(datetime.date, whole["date"], "date")
    terms = _mapping(whole["contract"], "contract")
    kind, rest = _kind(terms, {**OPTIONS, **RATES, **DELIVERIES}, "contract")
    contract = _structured(kind, rest, "contract")
    given = _mapping(whole["market"], "market")
    name = str(terms["type"])
    if name in OPTIONS:
        return _option_task(name, contract, date, given)
    if name in RATES:
        curves = {key: _curve(given[key], date, f"market.{key}") for key in ("discount", "forecast") if key in given}
        return Task(name, contract, _structured(RatesMarket, {**given, **curves}, "market"))
    curves = {key: _curve(given[key], date, f"market.{key}") for key in ("discount", "carry") if key in given}
    return Task(name, contract, _structured(ForwardMarket, {**given, **curves}, "market"))


def _option_task(name: str, contract: Contract, date: datetime.date, given: Mapping[str, Any]) -> Task:
    _same_day(given, date, "market.date")
    rest = {key: value for key, value in given.items() if key not in ("other", "correlation", "price")}
    other = correlation = None
    if "other" in given:
        _same_day(_mapping(given["other"], "market.other"), date, "market.other.date")
        other = _structured(Market, {"date": date, **_mapping(given["other"], "market.other")}, "market.other")
    if "correlation" in given:
        correlation = _converted(float, given["correlation"], "market.correlation")
    if "price" not in given:
        return Task(name, contract, _structured(Market, {"date": date, **rest}, "market"), other, correlation)
    if "volatility" in rest:
        raise InputError(
            "both a price and a volatility", field="market.price", value=given["price"], rule="one of the two"
        )
    market = _structured(Market, {"date": date, "volatility": _SOUGHT, **rest}, "market")
    found = implied_volatility(contract, market, _converted(float, given["price"], "market.price"))
    return Task(name, contract, dataclasses.replace(market, volatility=found), implied=True)


def _same_day(given: Mapping[str, Any], date: datetime.date, path: str) -> None:
    if "date" in given and _converted(datetime.date, given["date"], path) != date:
        raise InputError(
            "two dates in one file", field=path, value=given["date"], rule=f"the file's date, {date.isoformat()}",
            remedy="leave it out: the market is that of the file's date",
        )  # fmt: skip


def _curve(data: object, date: datetime.date, path: str) -> Curve:
    given = _mapping(data, path)
    name = path.rpartition(".")[2]
    if "rate" in given:
        _known(given, {"rate"}, {"rate"}, f"{path}.")
        rate = _converted(float, given["rate"], f"{path}.rate")
        plausible_rate(f"{path}.rate", rate)
        return flat_curve(date, rate, name=name)
    if "quotes" not in given:
        _known(given, {"days", "discounts"}, {"days", "discounts"}, f"{path}.")
        days = _converted(tuple[datetime.date, ...], given["days"], f"{path}.days")
        discounts = _converted(tuple[float, ...], given["discounts"], f"{path}.discounts")
        return Curve(date, days, discounts, name)
    _known(given, {"index", "quotes", "oldest", "discount"}, {"quotes"}, f"{path}.")
    quotes = _quotes(given["quotes"], f"{path}.quotes")
    oldest = _converted(int, given.get("oldest", 0), f"{path}.oldest")
    par = [quote for quote in quotes if isinstance(quote, ParYieldQuote)]
    if par and len(par) == len(quotes) and "index" not in given:
        return par_curve(date, par, oldest=oldest)
    _known(given, {"index", "quotes", "oldest", "discount"}, {"index"}, f"{path}.")
    index = word(Index, f"{path}.index", given["index"])
    discount = _curve(given["discount"], date, f"{path}.discount") if "discount" in given else None
    return bootstrap(date, index, quotes, discount, oldest=oldest)


def _quotes(data: object, path: str) -> list[Quote]:
    if not isinstance(data, Sequence) or isinstance(data, str):
        raise InputError("not a list", field=path, value=data, rule="a list of quotes")
    found = []
    for number, one in enumerate(data):
        kind, rest = _kind(_mapping(one, f"{path}[{number}]"), QUOTES, f"{path}[{number}]")
        found.append(_structured(kind, rest, f"{path}[{number}]"))
    return found


def _kind(data: Mapping[str, Any], kinds: Mapping[str, type[Any]], path: str) -> tuple[type[Any], dict[str, Any]]:
    kind = kinds.get(str(data.get("type")))
    if kind is None:
        raise InputError(
            "no such type", field=f"{path}.type", value=data.get("type", "none"), rule=f"one of {', '.join(kinds)}"
        )
    return kind, {key: value for key, value in data.items() if key != "type"}


def _structured(kind: type[T], data: Mapping[str, Any], path: str) -> T:
    """Return a dataclass of a mapping; its own errors get the path in front of their field."""
    fields = dataclasses.fields(kind)  # type: ignore[arg-type]
    needed = {
        field.name
        for field in fields
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    }
    _known(data, {field.name for field in fields}, needed, f"{path}.")
    hints = typing.get_type_hints(kind)
    ready: dict[str, Any] = {}
    for key, value in data.items():
        hint = hints[key]
        if isinstance(value, Curve):
            ready[key] = value
        elif (kind_of_word := _word(hint)) is not None:
            ready[key] = word(kind_of_word, f"{path}.{key}", value)
        elif dataclasses.is_dataclass(hint):
            ready[key] = _structured(typing.cast(Any, hint), _mapping(value, f"{path}.{key}"), f"{path}.{key}")
        else:
            ready[key] = _converted(hint, value, f"{path}.{key}")
    try:
        found = kind(**ready)
    except InputError as error:
        error.field = f"{path}.{error.field}"
        raise
    _plausible(found, ready, path)
    return found


def _plausible(found: object, ready: Mapping[str, Any], path: str) -> None:
    """Refuse numbers in per cent."""
    for key in (*_FRACTIONS, "strike") if isinstance(found, Cap) else _FRACTIONS:
        if isinstance(ready.get(key), float):
            plausible_rate(f"{path}.{key}", ready[key])
    if isinstance(ready.get("volatility"), float):
        normal = isinstance(found, RatesMarket) and found.model is VolatilityModel.NORMAL
        (plausible_normal if normal else plausible_volatility)(f"{path}.volatility", ready["volatility"])


def _word(hint: Any) -> type[Word] | None:
    """Return the vocabulary that a field takes, also where it may be left out."""
    for one in typing.get_args(hint) or (hint,):
        if isinstance(one, type) and issubclass(one, Word):
            return one
    return None


def _converted(kind: Any, value: object, path: str) -> Any:
    try:
        return msgspec.convert(value, kind, strict=False)
    except msgspec.ValidationError as error:
        told, _, where = str(error).partition(" - at `$")
        rule = told[0].lower() + told[1:]
        raise InputError("can't be read", field=path + where.rstrip("`"), value=value, rule=rule) from None


def _mapping(data: object, path: str) -> Mapping[str, Any]:
    if not isinstance(data, Mapping):
        raise InputError("not a mapping", field=path, value=data, rule="keys with values")
    return {str(key): value for key, value in data.items()}


def _known(data: Mapping[str, Any], known: set[str], needed: set[str], path: str) -> None:
    for key in data:
        if key not in known:
            near = difflib.get_close_matches(key, known, 1)
            raise InputError(
                "no such key",
                field=f"{path}{key}",
                value=data[key],
                rule=f"one of {', '.join(sorted(known))}",
                remedy=f"did you mean {near[0]}?" if near else None,
            )
    missing = sorted(needed - data.keys())
    if missing:
        raise InputError("a key is missing", field=f"{path}{missing[0]}", value="none", rule="needed")
