"""A book from a file: positions and what the market data do not say, as YAML or CSV.

```yaml
base_currency: USD
date: 2017-12-11                 # default: the newest day of the data
oldest_price_days: 10            # calendar days before the date from which a close no longer counts
exchange_rates: {EUR: 1.18}      # base currency for one unit; default: the newest close of EURUSD
rates: {USD: 0.015}              # or by years: {1: 0.015, 10: 0.024}
volatilities: {AAPL: 0.22}
dividends: {AAPL: 0.015}
prices: {AAPL: 172.67}           # default: the newest close up to the date
positions:
  - {symbol: AAPL, quantity: 100}
  - {symbol: IBM, amount: -25000}
  - {symbol: DAX, amount: 300000, currency: EUR, funded: false}       # a future
  - {currency: EUR, amount: 5000}                                     # cash
  - {symbol: AAPL, quantity: -200, option: {right: put, strike: 160, expiry: 2018-03-16}}
  - {name: bonds, currency: USD, notional: 1e6, dv01: {5Y: 470}, convexity: 2.5e7}
  - name: note
    quantity: 1000                                                    # of face 100
    contract: {type: fixed_bond, start: 2015-02-15, maturity: 2025-02-15, coupon: 0.02}
    market: {discount: {rate: 0.023}}                                 # both as alphamind risk price reads them
```

A position whose price is too old is missing from every figure, with the day of that price as the reason; its last
price still tells its share of the book.

An option may also have ``kind`` (european, american, barrier with ``barrier``, ``barrier_kind`` and ``rebate``,
digital with ``payout``, basket with ``other`` and ``basket_kind``) and a ``volatility`` of its own. A CSV file has a
row a position, with the same names as columns, an option's terms among them, and is in US dollars.
"""

from __future__ import annotations

import csv
import datetime
import pathlib
from collections.abc import Mapping
from typing import Any

from actors.errors import DataError, InputError
from actors.ingest.closes import ClosePanel
from actors.risk.pricing.plausible import plausible_rate, plausible_volatility
from actors.risk.stress.book import StressBook
from actors.risk.stress.co_movement import correlations_of
from actors.risk.stress.contract_position import contract_position
from actors.risk.stress.factors import FactorKind, parse_factor
from actors.risk.stress.fields import currency, date, number, only, truth, used
from actors.risk.stress.market import StressMarket
from actors.risk.stress.newest_prices import OLDEST_DAYS, NewestPrices, last_day, newest_prices
from actors.risk.stress.option_terms import OPTION_KEYS, option_contract
from actors.risk.stress.positions import KeyRatePosition, LinearPosition, OptionPosition, Revaluable
from actors.yaml_text import parsed_yaml

_BOOK_KEYS = (
    "base_currency", "date", "oldest_price_days", "exchange_rates", "rates", "volatilities", "dividends", "prices",
    "positions",
)  # fmt: skip
_POSITION_KEYS = (
    "name", "symbol", "quantity", "amount", "currency", "funded", "option", "notional", "dv01", "convexity",
    "present_value", "contract", "market",
)  # fmt: skip


def read_book(path: pathlib.Path, panel: ClosePanel, history: int | None = None) -> StressBook:
    """Return the book of a file, in the market of a panel's newest closes up to its date.

    Args:
        path: The file.
        panel: Closes.
        history: Newest returns up to the date that correlations are of; ``None``: all.

    Raises:
        DataError: The file can't be read.
        InputError: Naming the entry that is wrong, or has no price.
    """
    try:
        raw = path.expanduser().read_bytes()
        content = _from_csv(raw.decode()) if path.suffix.lower() == ".csv" else None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError("can't be read", field="positions", value=path.name, rule=f"YAML or CSV ({error})") from error
    return book_from(parsed_yaml(raw, "positions", path.name) if content is None else content, panel, history)


def book_from(content: Any, panel: ClosePanel, history: int | None = None) -> StressBook:
    """Return the book that a mapping describes; see ``read_book``."""
    if not isinstance(content, dict) or not isinstance(content.get("positions"), list) or not content["positions"]:
        raise InputError("no positions", field="positions", value=type(content).__name__, rule="a list of mappings")
    only(content, _BOOK_KEYS, "")
    base = currency(content.get("base_currency", "USD"), "base_currency")
    day = date(content.get("date", last_day(panel)), "date")
    newest = newest_prices(panel, day, _oldest_days(content))
    closes, given = newest.fresh, _numbers(content, "prices")
    prices = {**{symbol: close for symbol, (close, _) in newest.found.items()}, **given}
    rates = _mapping(content, "rates")
    exchange = {
        symbol[:3]: close
        for symbol, close in closes.items()
        if len(symbol) == 6 and symbol[3:] == base and symbol.isalpha() and symbol.isupper()
    }
    entries = [_position(one, f"positions[{at}]", base, prices, day) for at, one in enumerate(content["positions"])]
    exchange |= _numbers(content, "exchange_rates")
    _require_used(content, entries, base)
    _require_exchange(entries, base, exchange, newest)
    symbols = {one.symbol for one in entries if isinstance(one, (LinearPosition, OptionPosition)) and one.symbol}
    symbols |= {one.other for one in entries if isinstance(one, OptionPosition) and one.other}
    market = StressMarket(
        date=day,
        base=base,
        prices={**closes, **given},
        volatilities=_numbers(content, "volatilities"),
        dividends=_numbers(content, "dividends"),
        rates={str(name): _curve(rate, f"rates.{name}") for name, rate in rates.items()},
        exchange=exchange,
        correlations=correlations_of(panel.through(day), symbols, history),
    )
    return StressBook(_named(entries), market, _unpriced(entries, content["positions"], newest, given))


def _position(content: Any, field: str, base: str, prices: Mapping[str, float], day: datetime.date) -> Revaluable:
    if not isinstance(content, dict):
        raise InputError("not a position", field=field, value=content, rule="a mapping")
    only(content, _POSITION_KEYS, f"{field}.")
    symbol, money = content.get("symbol"), currency(content.get("currency", base), f"{field}.currency")
    symbol = None if symbol is None else str(symbol)
    name = str(content.get("name", symbol or money))
    beside = [key for key in ("quantity", "option", "contract", "dv01") if key in content]
    if "amount" in content and beside:
        raise InputError(
            f"an amount beside {beside[0]}", field=f"{field}.amount", value=content["amount"], rule="one of the two",
            remedy="leave the amount out: it is quantity times price" if beside[0] == "quantity" else None,
        )  # fmt: skip
    if "dv01" in content:
        dv01 = {
            parse_factor(f"{FactorKind.RATE}:{money}:{tenor}", f"{field}.dv01").tenor or 0.0: amount
            for tenor, amount in _numbers(content, "dv01", f"{field}.").items()
        }
        return KeyRatePosition(
            name=name,
            currency=money,
            notional=abs(number(content, "notional", field)),
            dv01=dv01,
            present_value=number(content, "present_value", field, 0.0),
            convexity=number(content, "convexity", field, 0.0),
        )
    if "contract" in content:
        return contract_position(content, field, money, name, number(content, "quantity", field), day)
    if "option" in content:
        return _option(content, field, money, name, symbol, prices)
    if "amount" in content:
        amount = number(content, "amount", field)
    else:
        amount = number(content, "quantity", field) * _price(symbol, prices, field)
    funded = truth(content.get("funded", True), f"{field}.funded")
    return LinearPosition(name=name, symbol=symbol, amount=amount, currency=money, funded=funded)


def _option(
    content: dict[str, Any], field: str, money: str, name: str, symbol: str | None, prices: Mapping[str, float]
) -> OptionPosition:
    terms, where = content["option"], f"{field}.option"
    if not isinstance(terms, dict):
        raise InputError("not an option", field=where, value=terms, rule="a mapping with right, strike and expiry")
    only(terms, OPTION_KEYS, f"{where}.")
    contract = option_contract(terms, where)
    other = terms.get("other")
    if name == symbol:
        name = f"{symbol} {contract.right} {contract.strike:g} {contract.expiry.isoformat()}"
    return OptionPosition(
        name=name,
        symbol=str(symbol),
        contract=contract,
        quantity=number(content, "quantity", field),
        currency=money,
        reference=_price(symbol, prices, field),
        volatility=_volatility(terms, where) if "volatility" in terms else None,
        other=None if other is None else str(other),
    )


def _volatility(terms: Mapping[str, Any], where: str) -> float:
    volatility = number(terms, "volatility", where)
    plausible_volatility(f"{where}.volatility", volatility)
    return volatility


def _price(symbol: str | None, prices: Mapping[str, float], field: str) -> float:
    price = None if symbol is None else prices.get(symbol)
    if price is None:
        raise InputError(
            f"no price of {symbol}", field=f"{field}.symbol", value=symbol, rule="a symbol of the data",
            remedy="give its price under prices, or an amount of money in the place of a quantity",
        )  # fmt: skip
    return price


def _mapping(content: Mapping[str, Any], key: str, field: str = "") -> dict[Any, Any]:
    found = content.get(key, {})
    if not isinstance(found, dict):
        raise InputError(f"no {key}", field=f"{field}{key}", value=found, rule="a mapping")
    return found


def _numbers(content: Mapping[str, Any], key: str, field: str = "") -> dict[str, float]:
    found = _mapping(content, key, field)
    return {str(name): number(found, name, f"{field}{key}") for name in found}


def _curve(content: Any, field: str) -> dict[float, float]:
    if not isinstance(content, dict):
        curve = {1.0: number({"rate": content}, "rate", field)}
    else:
        curve = {number({"years": years}, "years", field): number(content, years, field) for years in content}
    for rate in curve.values():
        plausible_rate(field, rate)
    return curve


def _require_used(content: Mapping[str, Any], entries: list[Revaluable], base: str) -> None:
    """Refuse numbers in per cent, and those of symbols and currencies that no position has."""
    symbols = {str(name) for one in entries for key in ("symbol", "other") if (name := getattr(one, key, None))}
    currencies = {base, *(one.currency for one in entries)}
    for key, names in (
        ("prices", symbols), ("volatilities", symbols), ("dividends", symbols),
        ("rates", currencies), ("exchange_rates", currencies),
    ):  # fmt: skip
        used(_mapping(content, key), names, key)
    for symbol, volatility in _numbers(content, "volatilities").items():
        plausible_volatility(f"volatilities.{symbol}", volatility)
    for symbol, dividend in _numbers(content, "dividends").items():
        plausible_rate(f"dividends.{symbol}", dividend)


def _named(positions: list[Revaluable]) -> list[Revaluable]:
    seen: dict[str, int] = {}
    for position in positions:
        seen[position.name] = seen.get(position.name, 0) + 1
    for name, count in seen.items():
        if count > 1:
            raise InputError(
                "two positions have one name", field="positions", value=name, rule="a name of its own for each",
                remedy="give them a name each, or add them up",
            )  # fmt: skip
    return positions


def _oldest_days(content: Mapping[str, Any]) -> int:
    days = content.get("oldest_price_days", OLDEST_DAYS)
    if isinstance(days, bool) or not isinstance(days, int) or days < 0:
        raise InputError("no number of days", field="oldest_price_days", value=days, rule="a whole number, 0 or more")
    return days


def _unpriced(
    entries: list[Revaluable], contents: list[Any], newest: NewestPrices, given: Mapping[str, float]
) -> dict[str, str]:
    """Return the reason by name of positions that need a price which is too old and is not given."""
    found = {}
    for entry, content in zip(entries, contents, strict=True):
        if isinstance(entry, LinearPosition) and "amount" in content:
            continue
        if isinstance(entry, (LinearPosition, OptionPosition)):
            for symbol in (entry.symbol, getattr(entry, "other", None)):
                reason = None if symbol is None or symbol in given else newest.stale(symbol)
                if reason is not None:
                    found[entry.name] = reason
    return found


def _require_exchange(
    entries: list[Revaluable], base: str, exchange: Mapping[str, float], newest: NewestPrices
) -> None:
    for entry in entries:
        reason = None if entry.currency in {base, *exchange} else newest.stale(entry.currency + base)
        if reason is not None:
            raise InputError(
                f"no exchange rate of {entry.currency}", field=f"exchange_rates.{entry.currency}",
                value=entry.currency + base, rule=reason, remedy="give it under exchange_rates",
            )  # fmt: skip


def _from_csv(text: str) -> dict[str, Any]:
    rows = []
    for at, row in enumerate(csv.DictReader(text.splitlines())):
        if None in row:
            raise InputError(
                "more fields than columns", field=f"positions[{at}]", value=row[None],
                rule="a field for each column of the first line", remedy="quote a field that has a comma in it",
            )  # fmt: skip
        given = {key: value for key, value in row.items() if key and value not in (None, "")}
        entry: dict[str, Any] = {key: value for key, value in given.items() if key not in OPTION_KEYS}
        terms = {key: value for key, value in given.items() if key in OPTION_KEYS}
        if terms:
            entry["option"] = terms
        rows.append(entry)
    return {"positions": rows}
