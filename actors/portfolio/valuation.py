"""What an account is worth at given prices, in one currency, in exact integers and as decimal strings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from actors.decimals import money_text, price_text, quantity_text, ratio_text
from actors.messages import Instrument, Message
from actors.portfolio.attribution import market_values
from actors.portfolio.books import Books, Position


class Valuation(Message, frozen=True):
    """The figures of one account in one currency, 1e-8 units.

    Attributes:
        currency: The currency.
        cash: Money held.
        equity: Cash plus net exposure, less what is owed of margined positions.
        gross_exposure: Sum of the absolute values of all net positions.
        net_exposure: Sum of their signed values.
        unrealised: Net exposure less the cost of the open positions.
        realised: Profit of what was closed, before fees.
        fees: Fees paid.
        deposits: Money that came in other than by trading, less what left.
        income: Dividends and charges received, negative where paid.
    """

    currency: str
    cash: int
    equity: int
    gross_exposure: int
    net_exposure: int
    unrealised: int
    realised: int
    fees: int
    deposits: int
    income: int = 0

    def text(self) -> dict[str, str]:
        """Return the figures as decimal strings by name; ``profit`` is equity less deposits."""
        amounts = {name: money_text(getattr(self, name)) for name in self.__struct_fields__ if name != "currency"}
        return {"currency": self.currency, **amounts, "profit": money_text(self.equity - self.deposits)}


def exposures(
    books: Books, prices: Mapping[int, int], instruments: Sequence[Instrument], currency: str
) -> dict[int, int]:
    """Return the signed market value of every open net position in ``currency``, by instrument id.

    A position without a price counts at its cost.
    """
    values = {
        instrument: instruments[instrument].notional(prices[instrument], quantity)
        for instrument, quantity in books.net_positions().items()
        if instrument in prices and instruments[instrument].currency == currency
    }
    for position in books.positions():
        instrument = position.instrument
        if position.quantity and instrument not in prices and instruments[instrument].currency == currency:
            values[instrument] = values.get(instrument, 0) + position.cost
    return values


def value(books: Books, prices: Mapping[int, int], instruments: Sequence[Instrument], currency: str) -> Valuation:
    """Value the books of one account in ``currency`` at the last ``prices`` (increments by instrument id)."""
    values = exposures(books, prices, instruments, currency).values()
    cash, net = books.cash(currency), sum(values)
    return Valuation(
        currency=currency,
        cash=cash,
        equity=cash + net - books.owed(currency),
        gross_exposure=sum(map(abs, values)),
        net_exposure=net,
        unrealised=net - books.cost(currency),
        realised=books.realised(currency),
        fees=books.fees(currency),
        deposits=books.deposits(currency),
        income=books.income(currency),
    )


def margin(books: Books, instruments: Sequence[Instrument], currency: str, maintenance: bool = False) -> int:
    """Return the money that the open margined positions tie up, 1e-8 units: initial, or maintenance margin."""
    return sum(
        abs(quantity) * (one.maintenance_margin if maintenance else one.initial_margin)
        for one, quantity in ((instruments[number], lots) for number, lots in books.net_positions().items())
        if one.margined and one.currency == currency
    )


def total(valuations: Iterable[Valuation]) -> Valuation:
    """Return the sum of at least one valuation, all in one currency."""
    rows = list(valuations)
    names = [name for name in Valuation.__struct_fields__ if name != "currency"]
    return Valuation(rows[0].currency, *(sum(getattr(row, name) for row in rows) for name in names))


def position_rows(
    books: Books,
    prices: Mapping[int, int],
    times: Mapping[int, int],
    instruments: Sequence[Instrument],
    equity: Mapping[str, int],
    include_closed: bool = False,
) -> list[dict[str, Any]]:
    """Return one row per instrument, in the order of ids, all figures as decimal strings.

    A row holds symbol, quantity, price and its time, market value, cost, average cost of one unit (rounded half-even to
    1e-8), unrealised and realised profit, fees, weight (share of the equity in its currency) and the strategies' parts.
    Price, market value, unrealised profit and weight are ``None`` where there is no price yet.
    """
    parts: dict[int, list[Position]] = {}
    for position in books.positions():
        parts.setdefault(position.instrument, []).append(position)
    rows = []
    for instrument_id, held in sorted(parts.items()):
        if not include_closed and not any(position.quantity for position in held):
            continue
        instrument, price = instruments[instrument_id], prices.get(instrument_id)
        values = market_values(held, price, instrument)
        quantity, cost = sum(position.quantity for position in held), sum(position.cost for position in held)
        market_value = None if price is None else instrument.notional(price, quantity)
        rows.append(
            {
                "instrument": instrument_id,
                "symbol": instrument.symbol,
                "currency": instrument.currency,
                "quantity": quantity_text(instrument, quantity),
                "price": None if price is None else price_text(instrument, price),
                "price_time": times.get(instrument_id),
                "market_value": None if market_value is None else money_text(market_value),
                "cost": money_text(cost),
                "average_cost": average_cost_text(instrument, cost, quantity),
                "unrealised": None if market_value is None else money_text(market_value - cost),
                "realised": money_text(sum(position.realised for position in held)),
                "fees": money_text(sum(position.fees for position in held)),
                "income": money_text(sum(position.income for position in held)),
                "weight": None if market_value is None else ratio_text(market_value, equity[instrument.currency]),
                "strategies": [
                    {
                        "strategy": position.strategy,
                        "quantity": quantity_text(instrument, position.quantity),
                        "market_value": None if price is None else money_text(part),
                        "cost": money_text(position.cost),
                        "average_cost": average_cost_text(instrument, position.cost, position.quantity),
                        "unrealised": None if price is None else money_text(part - position.cost),
                        "realised": money_text(position.realised),
                        "fees": money_text(position.fees),
                        "income": money_text(position.income),
                    }
                    for position, part in zip(held, values, strict=True)
                    if include_closed or position.quantity
                ],
            }
        )
    return rows


def average_cost_text(instrument: Instrument, cost: int, quantity: int) -> str | None:
    """Return the cost of one unit as a decimal string, rounded half-even to 1e-8; ``None`` for a flat position."""
    if quantity == 0:
        return None
    sign = 1 if quantity > 0 else -1
    return ratio_text(sign * cost, abs(quantity) * instrument.quantity_increment * instrument.multiplier)
