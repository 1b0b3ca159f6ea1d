"""What each instrument of an account has earned, to the last unit: the parts sum to those of the strategies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from actors.decimals import money_text
from actors.messages import Instrument, Message
from actors.portfolio.attribution import market_values
from actors.portfolio.books import Books, Position


class InstrumentFigures(Message, frozen=True):
    """The figures of one instrument in one account, 1e-8 units of the instrument's currency.

    Attributes:
        instrument: Its id; -1 for what the account as a whole was paid and charged, where it was.
        symbol: Its symbol, empty for the account.
        market_value: Value of the net position at the last price, at cost where there is none.
        unrealised: ``market_value`` less the cost of what is held.
        realised: Profit of what was closed, before fees.
        fees: Fees paid.
        income: Dividends and charges of its positions, negative where paid.
        profit: Realised and unrealised profit and income, less fees.
    """

    instrument: int
    symbol: str
    market_value: int
    unrealised: int
    realised: int
    fees: int
    income: int
    profit: int

    def text(self) -> dict[str, str]:
        """Return the figures by name, amounts as decimal strings."""
        names = ("market_value", "unrealised", "realised", "fees", "income", "profit")
        return {"symbol": self.symbol, **{name: money_text(getattr(self, name)) for name in names}}


def attribute_to_instruments(
    books: Books, prices: Mapping[int, int], instruments: Sequence[Instrument], currency: str
) -> list[InstrumentFigures]:
    """Return the figures of every instrument that was ever traded in ``currency``, in the order of ids.

    Args:
        books: The account's books.
        prices: Last price in increments by instrument id.
        instruments: The instrument master.
        currency: Which currency.
    """
    held: dict[int, list[Position]] = {}
    for position in books.positions():
        if instruments[position.instrument].currency == currency:
            held.setdefault(position.instrument, []).append(position)
    rows = [_figures(instruments[at], held[at], prices.get(at)) for at in sorted(held)]
    charges = books.charges(currency)
    return [*rows, InstrumentFigures(-1, "", 0, 0, 0, 0, charges, charges)] if charges else rows


def _figures(instrument: Instrument, held: Sequence[Position], price: int | None) -> InstrumentFigures:
    value = sum(market_values(held, price, instrument))
    unrealised = value - sum(position.cost for position in held)
    realised, fees = sum(position.realised for position in held), sum(position.fees for position in held)
    income = sum(position.income for position in held)
    profit = unrealised + realised + income - fees
    return InstrumentFigures(instrument.id, instrument.symbol, value, unrealised, realised, fees, income, profit)
