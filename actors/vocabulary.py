"""The words of trading, each with one meaning: sides, order types, states, what venues report.

They travel as their lower-case names. Where FIX 4.4 has a code for a word, ``actors.fix_codes`` names it.
"""

from __future__ import annotations

import enum


class Word(str, enum.Enum):
    """Base of the enumerations that travel as their lower-case names."""

    def __str__(self) -> str:
        """Return the name as it travels."""
        return str(self.value)

    # Equal to its text, and so of its hash; the enumeration's own is computed in Python, and tables are keyed by words.
    __hash__ = str.__hash__


class Side(Word):
    """Side of an order or a fill."""

    sign: int
    """+1 for buy, -1 for sell."""

    BUY = "buy"
    SELL = "sell"


Side.BUY.sign, Side.SELL.sign = 1, -1


class OrderType(Word):
    """How an order is priced, and what it waits for.

    Stops wait until the market is at their stop price or worse for them; *if touched* orders until it is there or
    better. A pegged order's limit follows the quote.
    """

    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"
    STOP_LIMIT = "stop_limit"
    TRAILING_STOP = "trailing_stop"
    MARKET_IF_TOUCHED = "market_if_touched"
    LIMIT_IF_TOUCHED = "limit_if_touched"
    PEGGED = "pegged"


class TimeInForce(Word):
    """How long an order stands."""

    DAY = "day"
    GTC = "gtc"
    IOC = "ioc"
    FOK = "fok"
    GTD = "gtd"
    AT_OPEN = "at_open"
    AT_CLOSE = "at_close"


class PegReference(Word):
    """What a pegged order follows: the middle of the quote, or the best price of its own side."""

    MID = "mid"
    BEST = "best"


class Contingency(Word):
    """How the orders of a list depend on one another.

    * ``oco``, one cancels the other: the first that is filled ends the others; a part that is filled reduces them.
    * ``oto``, one triggers the others: they are held until the first has closed with something filled.
    * ``bracket``: ``oto`` whose others are ``oco``.
    """

    OCO = "oco"
    OTO = "oto"
    BRACKET = "bracket"


class Stage(Word):
    """Where an order is: at the venue (or on its way there), watching the market here, or held for another order."""

    WORKING = "working"
    WATCHING = "watching"
    HELD = "held"


class OrderStatus(Word):
    """State of an order, named after FIX 4.4 ``OrdStatus``."""

    is_open: bool
    """True while the order can still trade, today or on a later day."""

    PENDING_NEW = "pending_new"
    NEW = "new"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    PENDING_CANCEL = "pending_cancel"
    CANCELED = "canceled"
    REJECTED = "rejected"
    EXPIRED = "expired"
    PENDING_REPLACE = "pending_replace"
    DONE_FOR_DAY = "done_for_day"
    CALCULATED = "calculated"
    STOPPED = "stopped"
    SUSPENDED = "suspended"


_OPEN = {
    OrderStatus.PENDING_NEW,
    OrderStatus.NEW,
    OrderStatus.PARTIALLY_FILLED,
    OrderStatus.PENDING_CANCEL,
    OrderStatus.PENDING_REPLACE,
    OrderStatus.DONE_FOR_DAY,
    OrderStatus.STOPPED,
    OrderStatus.SUSPENDED,
}
for _status in OrderStatus:
    _status.is_open = _status in _OPEN  # read many times for every order


class TradingState(Word):
    """The kill switch: ``reduce_only`` lets positions shrink, ``halted`` lets nothing through but cancels."""

    ACTIVE = "active"
    REDUCE_ONLY = "reduce_only"
    HALTED = "halted"


class ReportType(Word):
    """What a venue says about an order, named after FIX 4.4 ``ExecType``; refusals are messages of their own there."""

    NEW = "new"
    TRADE = "trade"
    CANCELED = "canceled"
    REJECTED = "rejected"
    EXPIRED = "expired"
    CANCEL_REJECTED = "cancel_rejected"
    PENDING_NEW = "pending_new"
    PENDING_CANCEL = "pending_cancel"
    PENDING_REPLACE = "pending_replace"
    REPLACED = "replaced"
    REPLACE_REJECTED = "replace_rejected"
    DONE_FOR_DAY = "done_for_day"
    CALCULATED = "calculated"
    STOPPED = "stopped"
    SUSPENDED = "suspended"
    RESTATED = "restated"
    TRADE_CORRECT = "trade_correct"
    TRADE_CANCEL = "trade_cancel"
    ORDER_STATUS = "order_status"
