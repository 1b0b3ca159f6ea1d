"""From weights to whole lots, exactly, without spending more than there is."""

from __future__ import annotations

import dataclasses
import fractions
import math
from collections.abc import Mapping

from actors.decimals import money_text
from actors.errors import InputError
from actors.messages import MONEY_UNIT, Instrument

_ROUNDING = 1e-9
_NO_PART = fractions.Fraction(1, 1_000_000)
"""A part of a lot that is a rounding error of its weight, and is not worth a lot."""


@dataclasses.dataclass(frozen=True)
class Priced:
    """An instrument at a price in its increments, positive."""

    instrument: Instrument
    price: int


@dataclasses.dataclass(frozen=True)
class Holdings:
    """Whole lots.

    Attributes:
        lots: Lots by symbol; negative where short.
        value: What each is worth, in 1e-8 currency units.
        money: What may be invested, net.
        left: Of it what is not; never negative.
    """

    lots: dict[str, int]
    value: dict[str, int]
    money: int
    left: int


def whole_lots(
    weights: Mapping[str, float], market: Mapping[str, Priced], capital: int, budget: float = 1.0
) -> Holdings:
    """Return the lots that come nearest to weights while their net value stays within the budget.

    Each position is cut to whole lots, and what is left goes to those that lost the largest part of a lot, one lot
    each, as long as it suffices (the method of largest remainders). Shorts are worth no more than their targets. Longs
    less shorts are worth no more than the targets, and no more than ``budget`` times ``capital``, to the last 1e-8.

    Args:
        weights: Fraction of the capital by symbol.
        market: Instrument and price by symbol.
        capital: Money, in 1e-8 currency units, positive.
        budget: Fraction of the capital that may be invested, net.

    Raises:
        InputError: A weight or price that is none, a symbol without a price, several currencies, or weights whose sum
            is beyond the budget.
    """
    _check(weights, market, capital, budget)
    money = math.floor(fractions.Fraction(budget) * capital)
    targets = {symbol: round(fractions.Fraction(weight) * capital) for symbol, weight in weights.items()}
    shorts = {symbol: -target for symbol, target in targets.items() if target < 0}
    longs = {symbol: target for symbol, target in targets.items() if target >= 0}
    sold = _side(shorts, market, sum(shorts.values()))
    proceeds = sum(_value(market[symbol], lots) for symbol, lots in sold.items())
    net = sum(targets.values())
    # Targets that take the whole budget but for rounding errors may take the whole budget.
    meant = money if abs(net - money) <= _ROUNDING * capital else min(net, money)
    bought = _side(longs, market, meant + proceeds)
    lots = {symbol: bought.get(symbol, 0) - sold.get(symbol, 0) for symbol in weights}
    value = {symbol: _value(market[symbol], held) for symbol, held in lots.items()}
    return Holdings(lots, value, money, money - sum(value.values()))


def _side(targets: Mapping[str, int], market: Mapping[str, Priced], money: int) -> dict[str, int]:
    """Return lots of positive targets (money by symbol) that are together worth ``money`` at most."""
    lots = {symbol: target * MONEY_UNIT // _unit(market[symbol]) for symbol, target in targets.items()}
    left = money - sum(_value(market[symbol], held) for symbol, held in lots.items())
    if left < 0:
        # Longs beside shorts that were cut: less came in than the targets were made for.
        lots, left = _cut(lots, market, left)
    remainders = {
        symbol: fractions.Fraction(target * MONEY_UNIT, _unit(market[symbol])) - lots[symbol]
        for symbol, target in targets.items()
    }
    for symbol in sorted(remainders, key=lambda one: (-remainders[one], one)):
        more = _value(market[symbol], lots[symbol] + 1) - _value(market[symbol], lots[symbol])
        if remainders[symbol] > _NO_PART and more <= left:
            lots[symbol] += 1
            left -= more
    return lots


def _cut(lots: dict[str, int], market: Mapping[str, Priced], left: int) -> tuple[dict[str, int], int]:
    """Return lots with as few of the largest position's taken away as make up for what is lacking."""
    found = dict(lots)
    while left < 0 and any(found.values()):
        symbol = max(found, key=lambda one: (_value(market[one], found[one]), one))
        before = _value(market[symbol], found[symbol])
        found[symbol] -= min(-(left * MONEY_UNIT // _unit(market[symbol])), found[symbol])
        left += before - _value(market[symbol], found[symbol])
    return found, left


def _unit(priced: Priced) -> int:
    """Return what one lot is worth, in 1e-16 currency units."""
    instrument = priced.instrument
    return priced.price * instrument.price_increment * instrument.quantity_increment * instrument.multiplier


def _value(priced: Priced, lots: int) -> int:
    return priced.instrument.notional(priced.price, lots)


def _check(weights: Mapping[str, float], market: Mapping[str, Priced], capital: int, budget: float) -> None:
    if capital <= 0:
        raise InputError("there is no capital", field="capital", value=money_text(capital), rule="a positive sum")
    if not math.isfinite(budget):
        raise InputError("not a budget", field="budget", value=budget, rule="a finite number")
    for symbol, weight in weights.items():
        if not math.isfinite(weight):
            raise InputError("not a weight", field=f"weights.{symbol}", value=weight, rule="a finite number")
        if symbol not in market:
            raise InputError(f"{symbol} has no price", field=f"market.{symbol}", rule="an instrument and its price")
        if market[symbol].price <= 0:
            price = market[symbol].price
            raise InputError(f"{symbol} has no positive price", field=f"market.{symbol}", value=price, rule="positive")
    currencies = sorted({market[symbol].instrument.currency for symbol in weights})
    if len(currencies) > 1:
        raise InputError(
            "the instruments are of several currencies",
            field="market",
            value=", ".join(currencies),
            rule="one currency",
            remedy="give each currency a capital of its own",
        )
    total = math.fsum(weights.values())
    if total > budget + _ROUNDING * max(1.0, abs(budget)):
        raise InputError("the weights add up to more than the budget", field="weights", value=total, rule=f"{budget:g}")
