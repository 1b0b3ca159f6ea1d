"""What the tests of the OMS share: instruments, a partition at work without journal or venue, and a fake exchange."""

from __future__ import annotations

from typing import Any

import msgspec

from actors.messages import (
    MONEY_UNIT,
    CancelOrder,
    CancelOrders,
    Conditions,
    Contingency,
    ExecutionReport,
    Instrument,
    OrderType,
    ReplaceOrder,
    ReportType,
    Side,
    SubmitList,
    SubmitOrder,
    TimeInForce,
    encode,
)
from actors.oms.effects import Effects
from actors.oms.inputs import (
    AccountOpening,
    Cancellation,
    Deposit,
    Input,
    LimitsChange,
    ListSubmission,
    Look,
    MassCancellation,
    Observation,
    Price,
    Replacement,
    Submission,
    Terms,
    TimeReached,
    VenueReport,
)
from actors.oms.limits import Limits
from actors.oms.partition import Partition
from actors.oms.venue import PLAIN, Capabilities, VenueMessage
from configs.schema import Configuration
from tests.actors.oms.fakes import PRICE, FakeMarket, FakeVenue, until

__all__ = ["FakeMarket", "FakeVenue", "PRICE", "until"]

INSTRUMENTS = (
    Instrument(id=0, symbol="AAA"),
    Instrument(id=1, symbol="BBB", price_increment=100, quantity_increment=1_000_000),
    Instrument(id=2, symbol="EEE", currency="EUR"),
    Instrument(id=3, symbol="OLD", valid_to=50),
)
LIMITS = Limits(
    maximum_order_quantity=1_000_000 * MONEY_UNIT,
    maximum_order_notional=250_000 * MONEY_UNIT,
    maximum_position_notional=500_000 * MONEY_UNIT,
    price_collar=MONEY_UNIT // 10,
    allow_short=0,
)
CASH = 1_000_000 * MONEY_UNIT
FEE_RATE = 5_000  # half a basis point


IN_PLACE = Capabilities(replaces=True)
"""A venue that takes plain orders only, and changes them in place."""

NATIVE = Capabilities(
    order_types=tuple(OrderType),
    times_in_force=(*PLAIN.times_in_force, TimeInForce.GTD, TimeInForce.AT_OPEN, TimeInForce.AT_CLOSE),
    replaces=True,
    post_only=True,
    display_quantity=True,
)
"""A venue that does everything itself."""

_CONDITIONS = frozenset(Conditions.__struct_fields__)


def submission(client_order_id: str = "c1", side: Side = Side.BUY, quantity: int = 100, **fields: Any) -> SubmitOrder:
    """An order of AAA for account main; with ``limit_price`` a limit order; conditions may be given by their names."""
    conditions = {name: fields.pop(name) for name in _CONDITIONS & fields.keys()}
    if conditions:
        fields["conditions"] = Conditions(**conditions)
    if fields.get("limit_price") is not None:
        fields.setdefault("type", OrderType.LIMIT)
    fields = {"account": "main", "instrument": 0, **fields}
    return SubmitOrder(client_order_id=client_order_id, side=side, quantity=quantity, **fields)


def market(low: int, high: int | None = None, last: int | None = None, bid: int = 0, ask: int = 0) -> Price:
    """What a slice says of AAA: one price, or a range whose newest price is its highest."""
    high = low if high is None else high
    return Price(0, low, high, high if last is None else last, bid, ask)


def quote(bid: int, ask: int) -> Price:
    """What a slice with a quote of AAA says."""
    middle = (bid + ask) // 2
    return Price(0, middle, middle, middle, bid, ask)


class Bench:
    """A partition with the inputs that it was given and the effects that they had.

    Attributes:
        look: What is looked at for an order: AAA at 100.00, quoted 99.99 to 100.01, in a session from 50 to 10,000.
    """

    def __init__(self, limits: Limits = LIMITS, cash: int = CASH, capabilities: Capabilities = PLAIN) -> None:
        self.partition = Partition(3)
        self.inputs: list[Input] = []
        self.effects: list[Effects] = []
        self.time = 100
        self.look = Look(
            market_sequence=1, price=PRICE, bid=PRICE - 1, ask=PRICE + 1, session_open=50, session_close=10_000
        )
        self.give(Terms(time=0, instruments=INSTRUMENTS, fee_rate=FEE_RATE, capabilities=capabilities))
        self.give(AccountOpening(time=0, account="main", currency="USD"))
        self.give(Deposit(time=0, account="main", currency="USD", amount=cash, reason="opening cash", key="opening"))
        self.give(LimitsChange(time=0, limits=limits.mapping(), version=1, principal="test", reason="test"))

    def give(self, record: Input) -> Effects:
        """Apply an input and remember it."""
        effects = self.partition.apply(record)
        self.inputs.append(record)
        self.effects.append(effects)
        return effects

    def submit(self, client_order_id: str = "c1", reference: int = PRICE, **fields: Any) -> Effects:
        """Submit an order."""
        return self.give(self.submit_record(submission(client_order_id, **fields), reference))

    def submit_record(self, order: SubmitOrder, reference: int = PRICE) -> Submission:
        """Return the input that submits an order."""
        look = msgspec.structs.replace(self.look, price=reference)
        return Submission(time=self.time, market_sequence=0, reference_price=0, order=order, look=look)

    def submit_list(self, contingency: Contingency, *orders: SubmitOrder, list_id: str = "l1") -> Effects:
        """Submit orders that depend on one another."""
        return self.give(self.list_record(contingency, *orders, list_id=list_id))

    def list_record(self, contingency: Contingency, *orders: SubmitOrder, list_id: str = "l1") -> ListSubmission:
        """Return the input that submits orders that depend on one another."""
        wish = SubmitList(list_id=list_id, account="main", contingency=contingency, orders=orders)
        return ListSubmission(time=self.time, orders=wish, looks=(self.look,) * len(orders))

    def replace(self, client_order_id: str = "c1", replacement_id: str = "r1", **fields: Any) -> Effects:
        """Ask for an order to be changed."""
        return self.give(self.replace_record(client_order_id, replacement_id, **fields))

    def replace_record(self, client_order_id: str = "c1", replacement_id: str = "r1", **fields: Any) -> Replacement:
        """Return the input that asks for an order to be changed."""
        wish = ReplaceOrder(account="main", client_order_id=client_order_id, replacement_id=replacement_id, **fields)
        return Replacement(time=self.time, replace=wish, look=self.look)

    def cancel(self, client_order_id: str = "c1") -> Effects:
        """Ask for a cancel."""
        return self.give(self.cancel_record(client_order_id))

    def cancel_record(self, client_order_id: str = "c1") -> Cancellation:
        """Return the input that asks for a cancel."""
        return Cancellation(time=self.time, cancel=CancelOrder(account="main", client_order_id=client_order_id))

    def cancel_all(self, **fields: Any) -> Effects:
        """Ask for all orders that fit to be canceled."""
        return self.give(self.cancel_all_record(**fields))

    def cancel_all_record(self, **fields: Any) -> MassCancellation:
        """Return the input that asks for all orders that fit to be canceled."""
        return MassCancellation(time=self.time, cancel=CancelOrders(**fields))

    def observe(self, *prices: Price) -> Effects:
        """Let the next market slice say something, one unit of time later."""
        return self.give(self.observe_record(*prices))

    def observe_record(self, *prices: Price) -> Observation:
        """Return the input that says what the next market slice says, one unit of time later."""
        self.time += 1
        self.look = msgspec.structs.replace(self.look, market_sequence=self.look.market_sequence + 1)
        return Observation(time=self.time, shard=0, sequence=self.look.market_sequence, prices=prices)

    def reach(self, time: int) -> Effects:
        """Let the trading clock reach a moment."""
        self.time = time
        return self.give(self.reach_record(time))

    @staticmethod
    def reach_record(time: int) -> TimeReached:
        """Return the input that says that the trading clock has reached a moment."""
        return TimeReached(time=time)

    def report(self, kind: ReportType, order_id: str = "3-1", sequence: int | None = None, **fields: Any) -> Effects:
        """Let the venue report."""
        if sequence is None:
            sequence = self.partition.last_report + 1
        if kind in (ReportType.TRADE, ReportType.TRADE_CORRECT):
            fields.setdefault("execution_id", f"e{sequence}")
            fields.setdefault("price", PRICE)
        report = ExecutionReport(sequence=sequence, order_id=order_id, type=kind, time=self.time, **fields)
        return self.give(VenueReport(time=self.time, report=report))

    def report_new(self, order_id: str = "3-1") -> Effects:
        """Let the venue acknowledge an order."""
        return self.report(ReportType.NEW, order_id)

    def trade(self, quantity: int, order_id: str = "3-1", **fields: Any) -> Effects:
        """Let the venue report an execution."""
        return self.report(ReportType.TRADE, order_id, quantity=quantity, **fields)

    def order(self, client_order_id: str = "c1") -> Any:
        """Return an order."""
        return self.partition.order("main", client_order_id)

    def position(self) -> int:
        """Return the account's position in AAA."""
        return self.partition.accounts["main"].books.position(0)

    def open_quantity(self, side: Side = Side.BUY) -> int:
        """Return what open orders of AAA may still trade."""
        return self.partition.accounts["main"].exposure.open_quantity(0, side)

    def alarms(self) -> list[str]:
        """Return the codes of all alarms."""
        return [alarm.code for alarm in self.partition.alarms]

    def sent(self) -> list[VenueMessage]:
        """Return everything that went to the venue."""
        return [message for effects in self.effects for message in effects.messages]

    def events(self) -> list[bytes]:
        """Return all events so far, encoded."""
        return [encode(event) for effects in self.effects for event in effects.events]


def replayed(inputs: list[Input]) -> tuple[Partition, list[bytes], list[bytes]]:
    """Apply inputs to a new partition; return it, its events and its messages to the venue, encoded."""
    partition = Partition(3)
    effects = [partition.apply(record) for record in inputs]
    events = [encode(event) for one in effects for event in one.events]
    return partition, events, [encode(message) for one in effects for message in one.messages]


def configuration(**sections: Any) -> Configuration:
    """A configuration for tests: account ``main``, quick venue timeout."""
    return Configuration.model_validate({"oms": {"venue_timeout": 0.05}, **sections})
