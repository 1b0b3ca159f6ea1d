"""Profits of a book in many scenarios at once: European options are revalued together."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping, Sequence

import numpy as np

from actors.risk.measures.tails import Array
from actors.risk.pricing.contracts import European
from actors.risk.pricing.revaluation import OptionBook, Scenarios, revalue
from actors.risk.stress.book import StressBook
from actors.risk.stress.factors import Factor
from actors.risk.stress.market import ShockedMarket
from actors.risk.stress.positions import OptionPosition, Revaluable
from actors.risk.stress.shocks import Shock


def profits(book: StressBook, scenarios: Sequence[Mapping[Factor, Shock]], left_out: Collection[str] = ()) -> Array:
    """Return what a book gains in each scenario, base currency, shape (scenarios,).

    Args:
        book: What is held.
        scenarios: Changes by factor; they are not checked against what book and market know.
        left_out: Names of positions that do not count.

    Raises:
        InputError: A position can't be valued in one of them.
    """
    markets = [ShockedMarket(book.market, {}), *(ShockedMarket(book.market, shocks) for shocks in scenarios)]
    total = np.zeros(len(markets))
    together: dict[tuple[str, datetime.date], list[OptionPosition]] = {}
    for position in book.positions:
        if position.name in left_out:
            continue
        if isinstance(position, OptionPosition) and isinstance(position.contract, European):
            together.setdefault((position.currency, position.contract.expiry), []).append(position)
        else:
            total += [_value(position, market) for market in markets]
    for (currency, _), options in together.items():
        total += _options(options, markets) * [market.exchange(currency) for market in markets]
    return np.asarray(total[1:] - total[0], np.float64)


def _value(position: Revaluable, market: ShockedMarket) -> float:
    return position.value(market) * market.exchange(position.currency)


def _options(options: Sequence[OptionPosition], markets: Sequence[ShockedMarket]) -> Array:
    """Return what options of one currency and expiry are worth in each market; each is its own underlying."""
    shape = len(markets), len(options)
    spot, volatility, rate = np.empty(shape), np.empty(shape), np.empty(len(markets))
    for row, market in enumerate(markets):
        for column, option in enumerate(options):
            here = option.market(market, option.symbol, option.volatility)
            spot[row, column], volatility[row, column], rate[row] = here.spot, here.volatility, here.rate
    dividends = markets[0].market.dividends
    held = OptionBook(
        underlying=np.arange(len(options)),
        strike=np.array([option.contract.strike for option in options]),
        years=np.array([option.years(markets[0]) for option in options]),
        sign=np.array([float(option.contract.right.sign) for option in options]),
        quantity=np.array([option.quantity for option in options]),
        dividend=np.array([dividends.get(option.symbol, 0.0) for option in options]),
    )
    return revalue(held, Scenarios(spot=spot, volatility=volatility, rate=rate))
