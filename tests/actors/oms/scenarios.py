"""Plays the order state changes of FIX 4.4 (Volume 4, Appendix D) against a partition, as they stand there.

A scenario is one step a line: what happens, then ``=`` and what the order is afterwards, as OrdStatus, OrderQty, CumQty
and LeavesQty. What clients ask::

    order 10000 gtc      submit, with a time in force (``day`` where none is said)
    cancel               ask for the cancel
    replace Y 12000      ask for another quantity; ``replace Y @9900`` for another limit price
    again 20000          submit under the same client order id
    status               look the order up

What the venue reports is named by its ExecType, as ``ReportType`` has it; answers to a replacement name it::

    trade B 2000 @50     execution B of 2000 lots at a price (100.00 where none is said)
    trade_correct F B 1500
    trade_cancel E B
    replaced Y           and ``replace_rejected Y``
    restated 11000

Instead of what the order is, a step may be ``! CODE``: a request that is refused and changes nothing, or a report that
contradicts what is known: the order stays as it is and an alarm of that code is raised.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from actors.errors import AlphaMindError
from actors.messages import MONEY_UNIT, OrderEvent, OrderType, ReportType, TimeInForce
from actors.oms.admission import repeated, repeated_replacement, to_be_canceled
from actors.oms.effects import Effects
from tests.actors.oms.support import IN_PLACE, LIMITS, PRICE, Bench, submission

WIDE = dataclasses.replace(
    LIMITS,
    maximum_order_quantity=10**9 * MONEY_UNIT,
    maximum_order_notional=10**9 * MONEY_UNIT,
    maximum_position_notional=10**9 * MONEY_UNIT,
)
CASH = 10**9 * MONEY_UNIT


class Play:
    """One scenario under way.

    Attributes:
        bench: The partition.
        executions: Quantity and price of every execution that stands, by its id.
        alarms: Codes of the alarms that the scenario said there would be.
    """

    def __init__(self) -> None:
        self.bench = Bench(WIDE, CASH, IN_PLACE)
        self.executions: dict[str, tuple[int, int]] = {}
        self.alarms: list[str] = []
        self._revisions: dict[str, int] = {}
        self._submitted: dict[str, Any] = {}

    def step(self, line: str) -> None:
        """Play one line and look at what the order is then."""
        what, refused, code = line.partition("!")
        if refused:
            self._refused(what.split(), code.strip())
        else:
            what, _, after = line.partition("=")
            before = self.bench.order() if self.bench.partition.orders else None
            effects = self._do(what.split())
            self._look(line, after.split(), before, effects)

    def _refused(self, words: list[str], code: str) -> None:
        before = self.bench.order() if self.bench.partition.orders else None
        try:
            self._do(words)
        except AlphaMindError as error:
            assert error.code == code, words
        else:
            self.alarms.append(code)
        after = self.bench.order() if self.bench.partition.orders else None
        assert after == before, words
        assert self.bench.alarms() == self.alarms, words

    def _do(self, words: list[str]) -> Effects:
        if words[0] in _REQUESTS:
            return _REQUESTS[words[0]](self, words[1:])
        return self._report(ReportType(words[0]), words[1:])

    def _order(self, words: list[str]) -> Effects:
        tif = TimeInForce(words[1]) if len(words) > 1 else TimeInForce.DAY
        self._submitted = {"quantity": int(words[0]), "limit_price": PRICE, "time_in_force": tif}
        return self.bench.submit(**self._submitted)

    def _again(self, words: list[str]) -> Effects:
        order = submission(**{**self._submitted, "type": OrderType.LIMIT, "quantity": int(words[0])})
        assert repeated(self.bench.partition, order) == self.bench.order()
        return Effects()

    def _status(self, _: list[str]) -> Effects:
        self.bench.order()
        return Effects()

    def _cancel(self, _: list[str]) -> Effects:
        record = self.bench.cancel_record()
        assert to_be_canceled(self.bench.partition, record.cancel)
        return self.bench.give(record)

    def _replace(self, words: list[str]) -> Effects:
        name, wanted = words
        terms = {"limit_price": int(wanted[1:])} if wanted[0] == "@" else {"quantity": int(wanted)}
        record = self.bench.replace_record(replacement_id=name, **terms)
        assert repeated_replacement(self.bench.partition, record.replace) is None
        effects = self.bench.give(record)
        self._revisions[name] = self.bench.partition.orders["3-1"].revision
        return effects

    def _report(self, kind: ReportType, words: list[str]) -> Effects:
        fields: dict[str, Any] = {}
        price = next((int(word[1:]) * 100 for word in words if word[0] == "@"), PRICE)
        words = [word for word in words if word[0] != "@"]
        if kind is ReportType.TRADE:
            fields = {"execution_id": words[0], "quantity": int(words[1]), "price": price}
            self.executions[words[0]] = fields["quantity"], price
        elif kind is ReportType.TRADE_CORRECT:
            fields = {"execution_id": words[0], "reference_id": words[1], "quantity": int(words[2]), "price": price}
            del self.executions[words[1]]
            self.executions[words[0]] = fields["quantity"], price
        elif kind is ReportType.TRADE_CANCEL:
            fields = {"execution_id": words[0], "reference_id": words[1]}
            del self.executions[words[1]]
        elif kind in (ReportType.REPLACED, ReportType.REPLACE_REJECTED):
            fields = {"revision": self._revisions[words[0]]}
        elif kind is ReportType.RESTATED and words:
            fields = {"order_quantity": int(words[0])}
        return self.bench.report(kind, **fields)

    def _look(self, line: str, after: list[str], before: Any, effects: Effects) -> None:
        order = self.bench.order()
        status, quantity, filled, leaves = after
        found = (str(order.status), order.quantity, order.filled_quantity, order.leaves_quantity)
        assert found == (status, int(quantity), int(filled), int(leaves)), line
        filled_now = sum(lots for lots, _ in self.executions.values())
        assert order.filled_value == sum(lots * price for lots, price in self.executions.values()), line
        assert order.filled_quantity == filled_now == self.bench.position(), line
        told = [event for event in effects.events if isinstance(event, OrderEvent)]
        assert told or before == order, line
        assert not told or told[-1].order == order, line
        working = self.bench.partition.orders["3-1"]
        wanted = max([order.quantity, *(amendment.quantity for amendment in working.amendments)])
        assert self.bench.open_quantity() == (max(0, wanted - filled_now) if order.status.is_open else 0), line
        assert list(self.bench.partition.standing) == (["3-1"] if order.leaves_quantity else []), line
        assert self.bench.alarms() == self.alarms, line


_REQUESTS: Mapping[str, Callable[[Play, list[str]], Effects]] = {
    "order": Play._order,
    "again": Play._again,
    "status": Play._status,
    "cancel": Play._cancel,
    "replace": Play._replace,
}


def play(scenario: str) -> Play:
    """Play a scenario; it ends with no more and no fewer alarms than it names."""
    under_way = Play()
    for line in filter(None, map(str.strip, scenario.splitlines())):
        under_way.step(line)
    return under_way
