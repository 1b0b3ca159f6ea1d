"""What an account's books take beside fills and deposits: corporate actions, income and charges, exercises, rates.

Entries are inputs: they are journaled as they came, and whoever keeps a copy of the books takes the same ones in the
same order. Ratios are exact; amounts are integers of 1e-8 units, and so are prices of one unit of an instrument, which
need not be on its tick: what a part of a lot, a settlement or a merger is paid with seldom is.
"""

from __future__ import annotations

import enum
from typing import Literal

from actors.encoding import Message


class LotMethod(str, enum.Enum):
    """Which lots a sale closes: all alike at their average cost, the oldest, the newest, or those that are named.

    ``SPECIFIC`` closes the oldest until a ``LotSelection`` names others.
    """

    AVERAGE = "average"
    FIFO = "fifo"
    LIFO = "lifo"
    SPECIFIC = "specific"


ChargeKind = Literal["interest", "borrow", "rebate", "financing", "fee", "tax", "other"]


class Split(Message, tag="split", kw_only=True, frozen=True):
    """Every ``denominator`` lots became ``numerator`` (1:10 is a reverse split, 21:20 a stock dividend of 5%).

    Attributes:
        instrument: Instrument id.
        numerator: Lots afterwards.
        denominator: Lots before.
        price: Price after the split that is paid for what is less than a lot; needed only where the account's position
            does not divide.
    """

    instrument: int
    numerator: int
    denominator: int
    price: int | None = None


class CashDividend(Message, tag="dividend", kw_only=True, frozen=True):
    """Holders were paid, and who is short paid, ``amount`` for one unit of the instrument."""

    instrument: int
    amount: int


class Rename(Message, tag="rename", kw_only=True, frozen=True):
    """Positions in ``instrument`` are positions in ``into`` from now on, at the same cost."""

    instrument: int
    into: int


class Termination(Message, tag="termination", kw_only=True, frozen=True):
    """All positions end for money: a delisting, an expiry (worthless at price 0, or cash settled), a redemption.

    Attributes:
        instrument: Instrument id.
        price: What is paid for one unit; may be 0.
        kind: Why.
    """

    instrument: int
    price: int
    kind: Literal["delisting", "expiry", "redemption"]


class VariationMargin(Message, tag="variation", kw_only=True, frozen=True):
    """A margined instrument was settled at ``price``: what was gained or lost since the last time moves in cash."""

    instrument: int
    price: int


class Exercise(Message, tag="exercise", kw_only=True, frozen=True):
    """An option was exercised by (long), or assigned to (short), one strategy: the underlying moves at the strike.

    The option's cost becomes part of the underlying's, so that no profit is realised by the exercise itself; where the
    underlying is margined, it is realised.

    Attributes:
        instrument: Id of the option.
        strategy: Who holds it.
        quantity: Lots of the option, positive.
    """

    instrument: int
    strategy: str
    quantity: int


class Charge(Message, tag="charge", kw_only=True, frozen=True):
    """Interest, borrow cost, rebate, financing, a fee or a tax; ``amount`` is positive where the account receives it.

    Attributes:
        kind: What it is.
        currency: Its currency.
        amount: Money, 1e-8 units.
        strategy: Who bears it; with ``instrument``, or empty for the account as a whole.
        instrument: For which position; -1 for the account as a whole.
    """

    kind: ChargeKind
    currency: str
    amount: int
    strategy: str = ""
    instrument: int = -1


class Conversion(Message, tag="conversion", kw_only=True, frozen=True):
    """Money of one currency was exchanged for another; both amounts are positive."""

    sold: str
    sold_amount: int
    bought: str
    bought_amount: int


class ExchangeRate(Message, tag="rate", kw_only=True, frozen=True):
    """From now on one unit of ``currency`` is translated at ``rate`` (1e-8) units of the account's own."""

    currency: str
    rate: int


class LotSelection(Message, tag="lots", kw_only=True, frozen=True):
    """A sale (or a cover) closed the lots named here: execution that opened them, and how many of them.

    What is not named closes the oldest. It replaces an earlier selection for the same execution.
    """

    instrument: int
    strategy: str
    execution_id: str
    lots: tuple[tuple[str, int], ...]


Entry = (
    Split
    | CashDividend
    | Rename
    | Termination
    | VariationMargin
    | Exercise
    | Charge
    | Conversion
    | ExchangeRate
    | LotSelection
)


def stock_dividend(instrument: int, new: int, held: int, price: int | None = None) -> Split:
    """Return the entry of ``new`` lots for every ``held`` ones."""
    return Split(instrument=instrument, numerator=held + new, denominator=held, price=price)
