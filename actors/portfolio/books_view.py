"""What books look like from outside: a position, the books as they travel, the books whole."""

from __future__ import annotations

from actors.entries import LotMethod
from actors.messages import Message
from actors.portfolio.currency_pool import CurrencyPool
from actors.portfolio.holding import HoldingState
from actors.portfolio.steps import Transfer


class Position(Message, frozen=True):
    """What one strategy holds of one instrument in one account, and what came of it so far.

    Attributes:
        instrument: Instrument id.
        strategy: Name of the strategy.
        quantity: Lots, negative when short.
        cost: Money paid for the open quantity, fees excluded; negative when short (money received).
        realised: Profit of what was closed, before fees.
        fees: Fees paid since the beginning, rebates deducted.
        income: Dividends and charges received, negative where paid.
    """

    instrument: int
    strategy: str
    quantity: int
    cost: int
    realised: int
    fees: int
    income: int = 0


class BooksView(Message, frozen=True):
    """The books of one account at one moment, as they travel.

    Attributes:
        account: Its key.
        sequence: Sequence of the newest event of the account's partition that is booked here.
        cash: Money by currency.
        positions: Every position ever held, flat ones too (they carry realised profit and fees).
        charges: Income of the account as a whole by currency, negative where paid.
        conversions: Money that came from other currencies, less what went into them.
        currencies: The stake in every foreign currency.
    """

    account: str
    sequence: int
    cash: dict[str, int]
    positions: list[Position]
    charges: dict[str, int] = {}
    conversions: dict[str, int] = {}
    currencies: dict[str, CurrencyPool] = {}


class BooksState(Message, frozen=True):
    """The books of one account whole, as a snapshot keeps them.

    Attributes:
        view: Cash, charges and stakes; its positions are told by ``holdings``.
        currency: The account's own.
        lots: Which lots a closing trade takes.
        holdings: Every position with its history.
        transfers: What moved between them, by number.
        deposits: Money that came in other than by fills, by currency.
        turnover: Value of all fills, by currency.
        bookings: Number of bookings.
    """

    view: BooksView
    currency: str
    lots: LotMethod
    holdings: list[HoldingState]
    transfers: dict[int, Transfer]
    deposits: dict[str, int]
    turnover: dict[str, int]
    bookings: int
