"""The words of ``actors.vocabulary`` as FIX 4.4 spells them, both ways, and the reject reasons of FIX 4.4 by name.

What FIX 4.4 has no value for is put together from several fields: a trailing stop is a pegged order with the execution
instruction *trailing stop peg*, a limit-if-touched order is *market if touched* with a price. ``ContingencyType`` came
with FIX 5.0 and has no value for a bracket: it is an *OTO* list whose other orders are an *OCO* list.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from actors.errors import InputError
from actors.vocabulary import (
    Contingency,
    OrderStatus,
    OrderType,
    PegReference,
    ReportType,
    Side,
    TimeInForce,
    Word,
)

W = TypeVar("W", bound=Word)


class Field(Generic[W]):
    """One FIX field whose values stand for words.

    Args:
        tag: Its number.
        name: Its name in the dictionary.
        codes: Its value by word; of words that share one, the first is what the value is read as.
    """

    def __init__(self, tag: int, name: str, codes: Mapping[W, str]) -> None:
        self.tag = tag
        self.name = name
        self.codes = codes
        self._words: dict[str, W] = {}
        for word, code in codes.items():
            self._words.setdefault(code, word)

    def code(self, word: W) -> str:
        """Return the value of a word."""
        return self.codes[word]

    def word(self, code: str) -> W:
        """Return the word of a value.

        Raises:
            InputError: The value is none of those that are taken here.
        """
        found = self._words.get(code)
        if found is None:
            raise InputError(
                f"{self.name} has a value that is not taken here",
                field=f"{self.name}({self.tag})",
                value=code,
                rule="one of " + ", ".join(f"{known} ({word})" for known, word in self._words.items()),
            )
        return found


SIDE = Field(54, "Side", {Side.BUY: "1", Side.SELL: "2"})

ORDER_STATUS = Field(
    39,
    "OrdStatus",
    {
        OrderStatus.NEW: "0",
        OrderStatus.PARTIALLY_FILLED: "1",
        OrderStatus.FILLED: "2",
        OrderStatus.DONE_FOR_DAY: "3",
        OrderStatus.CANCELED: "4",
        OrderStatus.PENDING_CANCEL: "6",
        OrderStatus.STOPPED: "7",
        OrderStatus.REJECTED: "8",
        OrderStatus.SUSPENDED: "9",
        OrderStatus.PENDING_NEW: "A",
        OrderStatus.CALCULATED: "B",
        OrderStatus.EXPIRED: "C",
        OrderStatus.PENDING_REPLACE: "E",
    },
)

EXECUTION_TYPE = Field(
    150,
    "ExecType",
    {
        ReportType.NEW: "0",
        ReportType.DONE_FOR_DAY: "3",
        ReportType.CANCELED: "4",
        ReportType.REPLACED: "5",
        ReportType.PENDING_CANCEL: "6",
        ReportType.STOPPED: "7",
        ReportType.REJECTED: "8",
        ReportType.SUSPENDED: "9",
        ReportType.PENDING_NEW: "A",
        ReportType.CALCULATED: "B",
        ReportType.EXPIRED: "C",
        ReportType.RESTATED: "D",
        ReportType.PENDING_REPLACE: "E",
        ReportType.TRADE: "F",
        ReportType.TRADE_CORRECT: "G",
        ReportType.TRADE_CANCEL: "H",
        ReportType.ORDER_STATUS: "I",
    },
)

CANCEL_REJECT_RESPONSE_TO = Field(
    434, "CxlRejResponseTo", {ReportType.CANCEL_REJECTED: "1", ReportType.REPLACE_REJECTED: "2"}
)
"""The reports that FIX sends as ``OrderCancelReject`` (MsgType 9), not as ``ExecutionReport``."""

ORDER_TYPE = Field(
    40,
    "OrdType",
    {
        OrderType.MARKET: "1",
        OrderType.LIMIT: "2",
        OrderType.STOP: "3",
        OrderType.STOP_LIMIT: "4",
        OrderType.MARKET_IF_TOUCHED: "J",
        OrderType.LIMIT_IF_TOUCHED: "J",
        OrderType.PEGGED: "P",
        OrderType.TRAILING_STOP: "P",
    },
)

TIME_IN_FORCE = Field(
    59,
    "TimeInForce",
    {
        TimeInForce.DAY: "0",
        TimeInForce.GTC: "1",
        TimeInForce.AT_OPEN: "2",
        TimeInForce.IOC: "3",
        TimeInForce.FOK: "4",
        TimeInForce.GTD: "6",
        TimeInForce.AT_CLOSE: "7",
    },
)

PEG = Field(18, "ExecInst", {PegReference.MID: "M", PegReference.BEST: "R"})
"""Mid-price peg and primary peg, beside ``OrdType`` P."""

CONTINGENCY = Field(1385, "ContingencyType", {Contingency.OCO: "1", Contingency.OTO: "2", Contingency.BRACKET: "2"})

TRAILING_STOP_PEG = "a"
"""``ExecInst`` of a trailing stop."""

POST_ONLY = "6"
"""``ExecInst`` of a post-only order: participate, don't initiate."""

REDUCE_ONLY = "C"
"""``PositionEffect(77)`` of a reduce-only order: close."""

FIELDS: tuple[Field[Any], ...] = (
    SIDE,
    ORDER_TYPE,
    TIME_IN_FORCE,
    PEG,
    ORDER_STATUS,
    EXECUTION_TYPE,
    CANCEL_REJECT_RESPONSE_TO,
    CONTINGENCY,
)
"""Every field whose values stand for words."""


def read_order_type(code: str, instructions: str = "", priced: bool = False) -> tuple[OrderType, PegReference | None]:
    """Return what ``OrdType(40)`` means beside the fields that it is put together with.

    Args:
        code: ``OrdType``.
        instructions: ``ExecInst(18)``: values parted by blanks.
        priced: Whether there is a ``Price(44)``.

    Returns:
        The order type, and what a pegged order follows.

    Raises:
        InputError: A value that is not taken here, or a pegged order that does not say what it follows.
    """
    kind = ORDER_TYPE.word(code)
    if kind is OrderType.MARKET_IF_TOUCHED and priced:
        return OrderType.LIMIT_IF_TOUCHED, None
    if kind is not OrderType.PEGGED:
        return kind, None
    given = set(instructions.split())
    if TRAILING_STOP_PEG in given:
        return OrderType.TRAILING_STOP, None
    pegs = given & {PEG.code(peg) for peg in PegReference}
    return OrderType.PEGGED, PEG.word(pegs.pop() if len(pegs) == 1 else instructions)


class OrderReject(enum.IntEnum):
    """``OrdRejReason(103)``: why a new order is refused."""

    BROKER_OR_EXCHANGE_OPTION = 0
    UNKNOWN_SYMBOL = 1
    EXCHANGE_CLOSED = 2
    ORDER_EXCEEDS_LIMIT = 3
    TOO_LATE_TO_ENTER = 4
    UNKNOWN_ORDER = 5
    DUPLICATE_ORDER = 6
    STALE_ORDER = 8
    UNSUPPORTED_ORDER_CHARACTERISTIC = 11
    INCORRECT_QUANTITY = 13
    UNKNOWN_ACCOUNT = 15
    OTHER = 99


class CancelReject(enum.IntEnum):
    """``CxlRejReason(102)``: why a cancel or a replacement is refused."""

    TOO_LATE_TO_CANCEL = 0
    UNKNOWN_ORDER = 1
    BROKER_OR_EXCHANGE_OPTION = 2
    ALREADY_PENDING = 3
    UNABLE_TO_MASS_CANCEL = 4
    DUPLICATE_CLIENT_ORDER_ID = 6
    OTHER = 99


class BusinessReject(enum.IntEnum):
    """``BusinessRejectReason(380)``: why a message never became an order, cancel or replacement."""

    OTHER = 0
    UNKNOWN_ID = 1
    UNKNOWN_SECURITY = 2
    UNSUPPORTED_MESSAGE_TYPE = 3
    APPLICATION_NOT_AVAILABLE = 4
    CONDITIONALLY_REQUIRED_FIELD_MISSING = 5
    NOT_AUTHORIZED = 6


class DontKnowTrade(str, enum.Enum):
    """``DKReason(127)``: why a trade that a venue reports is not one that is known here."""

    QUANTITY_EXCEEDS_ORDER = "C"
    NO_MATCHING_ORDER = "D"
    CALCULATION_DIFFERENCE = "F"
    OTHER = "Z"
