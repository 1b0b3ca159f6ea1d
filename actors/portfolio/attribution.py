"""What each strategy of an account has earned, to the last unit: the parts always sum to the account's own figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from actors.decimals import money_text
from actors.messages import Instrument, Message
from actors.portfolio.books import Books, Position


class StrategyFigures(Message, frozen=True):
    """The figures of one strategy in one account and currency, 1e-8 units.

    Attributes:
        strategy: Its name; empty for what the account as a whole was paid and charged, where it was.
        market_value: Value of its positions at the last prices, at cost where there is none.
        cost: Money paid for its open positions.
        unrealised: ``market_value`` less ``cost``.
        realised: Profit of what it closed, before fees.
        fees: Fees paid.
        profit: Realised and unrealised profit and income, less fees.
        income: Dividends and charges of its positions, negative where paid.
    """

    strategy: str
    market_value: int
    cost: int
    unrealised: int
    realised: int
    fees: int
    profit: int
    income: int = 0

    def text(self) -> dict[str, str]:
        """Return the figures by name, amounts as decimal strings."""
        amounts = {name: money_text(getattr(self, name)) for name in self.__struct_fields__ if name != "strategy"}
        return {"strategy": self.strategy, **amounts}


def market_values(held: Sequence[Position], price: int | None, instrument: Instrument) -> list[int]:
    """Return what each strategy's part of one instrument is worth, in the order of ``held``.

    The parts sum to the value of the net position. Where the single values are rounded, the few units by which they
    miss it go to the largest part.

    Args:
        held: Every position of one account in the instrument.
        price: Last price in increments; ``None`` where there is none: each part counts at its cost.
        instrument: The instrument.
    """
    if price is None:
        return [position.cost for position in held]
    values = [instrument.notional(price, position.quantity) for position in held]
    rest = instrument.notional(price, sum(position.quantity for position in held)) - sum(values)
    if rest:
        largest = max(range(len(held)), key=lambda index: abs(held[index].quantity))
        values[largest] += rest
    return values


def attribute(
    books: Books, prices: Mapping[int, int], instruments: Sequence[Instrument], currency: str
) -> list[StrategyFigures]:
    """Return the figures of every strategy that ever traded in ``currency``, in the order of their first fill.

    Their profits sum to the account's.

    Args:
        books: The account's books.
        prices: Last price in increments by instrument id.
        instruments: The instrument master.
        currency: Which currency.
    """
    parts: dict[int, list[Position]] = {}
    strategies: dict[str, list[int]] = {}
    for position in books.positions():
        if instruments[position.instrument].currency == currency:
            parts.setdefault(position.instrument, []).append(position)
            strategies.setdefault(position.strategy, [0, 0, 0, 0, 0])
    for instrument, held in parts.items():
        values = market_values(held, prices.get(instrument), instruments[instrument])
        for position, value in zip(held, values, strict=True):
            amounts = (value, position.cost, position.realised, position.fees, position.income)
            figures = strategies[position.strategy]
            strategies[position.strategy] = [known + amount for known, amount in zip(figures, amounts, strict=True)]
    rows = [
        StrategyFigures(
            strategy, value, cost, value - cost, realised, fees, value - cost + realised + income - fees, income
        )
        for strategy, (value, cost, realised, fees, income) in strategies.items()
    ]
    charges = books.charges(currency)
    return [*rows, StrategyFigures("", 0, 0, 0, 0, 0, charges, charges)] if charges else rows
