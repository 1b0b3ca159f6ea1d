"""A venue of which anything may be expected: mostly it answers as it should, but nobody may rely on that.

What it says of one order comes in order; what it says of several may overtake one another. Nothing is lost for good:
reports are numbered once they leave the venue, and one that is missing is asked for again.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from typing import Any

from actors.messages import ExecutionReport, ReportType, VenueCancel, VenueOrder, VenueReplace
from actors.oms.venue import VenueMessage
from tests.actors.oms.fakes import PRICE

NO_IDS = ("3-1/²", "3-1/99999999999", "3-1/", "/", "²", "", "3-1/-1")
"""What no order was ever called."""
_NONSENSE = "nonsense-"

NO_NUMBERS = (-1, -(2**60), 2**54, 2**62, 2**63 - 1)
"""What no quantity, price, revision or fee can be."""
NUMBERS = ("quantity", "price", "order_quantity", "limit_price", "revision")

ENDING = frozenset({ReportType.CANCELED, ReportType.EXPIRED, ReportType.REJECTED, ReportType.CALCULATED})


@dataclasses.dataclass
class Resting:
    """An order in the venue's own book; ``ended``: it was refused or canceled, however much of it was filled."""

    quantity: int
    filled: int = 0
    ended: bool = False

    @property
    def open(self) -> bool:
        """Whether it may still trade."""
        return not self.ended and self.filled < self.quantity


def is_nonsense(report: ExecutionReport) -> bool:
    """Return whether a report is one of those that no venue can mean, by the execution that it names."""
    return report.execution_id.startswith(_NONSENSE)


class Adversary:
    """The venue's side: what it got, what it will say, and what it has said.

    Attributes:
        received: Every message in the order of arrival.
        unanswered: Those that it has said nothing to.
        book: What it knows of each order, by the id that it was sent under.
        said: Its numbered reports.
        executions: Its executions by their ids, each with its order's id and its lots.
        unsettled: Ids of the orders that opened again by a bust, or of which it said what its book does not have.
    """

    def __init__(self) -> None:
        self.received: list[VenueMessage] = []
        self.unanswered: list[VenueMessage] = []
        self.book: dict[str, Resting] = {}
        self.said: list[ExecutionReport] = []
        self.executions: dict[str, tuple[str, int]] = {}
        self.unsettled: set[str] = set()
        self._restated: set[str] = set()
        self._waiting: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        self._number = 0

    def receive(self, message: VenueMessage) -> None:
        """Get a message; one that it got before changes nothing."""
        self.received.append(message)
        self.unanswered.append(message)
        if isinstance(message, VenueOrder):
            self.book.setdefault(message.order_id, Resting(message.quantity))

    def answer(self, place: int, refuse: bool) -> None:
        """Answer one of the messages as the book has it, or refuse what it asks."""
        message = self.unanswered.pop(place)
        resting = self.book[message.order_id]
        if isinstance(message, VenueOrder):
            resting.ended = resting.ended or refuse
            self.say(message.order_id, ReportType.REJECTED if refuse else ReportType.NEW)
        elif isinstance(message, VenueReplace):
            fields: dict[str, Any] = {"revision": message.revision}
            if refuse or resting.ended or resting.filled >= max(resting.quantity, message.quantity):
                self.say(message.order_id, ReportType.REPLACE_REJECTED, **fields)
                return
            resting.quantity = max(message.quantity, resting.filled)
            self.say(message.order_id, ReportType.REPLACED, order_quantity=resting.quantity, **fields)
        elif isinstance(message, VenueCancel):
            canceled = resting.open and not refuse
            resting.ended = resting.ended or canceled
            self.say(message.order_id, ReportType.CANCELED if canceled else ReportType.CANCEL_REJECTED)

    def trade(self, order_id: str, quantity: int, price: int, fee: int) -> None:
        """Execute a part of an order, whatever is left of it."""
        self._number += 1
        execution_id = f"e{self._number}"
        self.executions[execution_id] = order_id, quantity
        self.book[order_id].filled += quantity
        self.say(order_id, ReportType.TRADE, execution_id=execution_id, quantity=quantity, price=price, fee=fee)

    def restate(self, reference_id: str, quantity: int, price: int) -> None:
        """Take an execution back, or correct it where there is a quantity."""
        self._number += 1
        execution_id = f"e{self._number}"
        order_id, lots = self.executions[reference_id]
        self.unsettled.add(order_id)
        if reference_id not in self._restated:
            self._restated.add(reference_id)
            self.book[order_id].filled += quantity - lots
        kind = ReportType.TRADE_CORRECT if quantity else ReportType.TRADE_CANCEL
        if quantity:
            self.executions[execution_id] = order_id, quantity
        fields = {"execution_id": execution_id, "reference_id": reference_id, "quantity": quantity, "price": price}
        self.say(order_id, kind, **fields)

    @property
    def executed(self) -> list[ExecutionReport]:
        """The reports that told of an execution, a correction or a bust; no nonsense among them."""
        return [report for report in self.said if report.execution_id and not is_nonsense(report)]

    def say_again(self, report: ExecutionReport) -> None:
        """Report an execution, a correction or a bust again, as a new report."""
        names = ("execution_id", "reference_id", "quantity", "price", "fee")
        self.say(report.order_id, report.type, **{name: getattr(report, name) for name in names})

    def say_anything(self, order_id: str, kind: ReportType, number: int, revision: int, reference_id: str) -> None:
        """Say something of an order, known or not; ``number`` is whatever the kind of report has use for."""
        restates = kind in (ReportType.RESTATED, ReportType.REPLACED)
        self.unsettled.add(order_id)
        self.say(
            order_id,
            kind,
            revision=revision,
            reference_id=reference_id,
            execution_id=f"x{len(self.said)}" if kind is ReportType.TRADE_CORRECT else "",
            order_quantity=number if restates else 0,
            quantity=0 if restates else number,
            price=PRICE,
            limit_price=PRICE - number if kind is ReportType.RESTATED and number % 2 else 0,
        )

    def say_nonsense(self, order_id: str, kind: ReportType, field: str, number: int) -> None:
        """Say something with a number that can't be, of an order that it got or of an id that can't be."""
        fields = {"execution_id": f"{_NONSENSE}{len(self.said)}-{self._number}", "quantity": 1, "price": PRICE}
        self.say(order_id, kind, **{**fields, field: number})

    def say(self, order_id: str, kind: ReportType, **fields: Any) -> None:
        """Have something to say of an order."""
        self._waiting[order_id].append({"type": kind, **fields})

    @property
    def talking(self) -> list[str]:
        """The orders of which it has something to say."""
        return [order_id for order_id, reports in self._waiting.items() if reports]

    def speak(self, order_id: str, time: int) -> None:
        """Number the next report of an order, which is then on its way."""
        fields = self._waiting[order_id].pop(0)
        self.said.append(ExecutionReport(sequence=len(self.said) + 1, order_id=order_id, time=time, **fields))
