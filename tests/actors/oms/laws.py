"""What holds of a partition after every input, whatever clients, market and venue do."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable

from actors.messages import (
    Contingency,
    ExecutionReport,
    Fill,
    Order,
    OrderEvent,
    OrderStatus,
    ReportType,
    Side,
    Stage,
    VenueCancel,
    VenueOrder,
    encode,
)
from actors.oms.account import OrderList
from actors.oms.exposure import buying_cost
from actors.oms.partition import Partition
from actors.oms.permission import is_halted, may_send
from actors.oms.sending import outstanding
from actors.oms.transitions import PRECEDENCE
from actors.oms.working_order import WorkingOrder, split_venue_id
from tests.actors.oms.adversary import ENDING, is_nonsense
from tests.actors.oms.support import Bench

STRATEGIES = ("momentum", "carry")
BUSTED = "~bust"


class Record:
    """What the venue's reports that have arrived say was executed, worked out apart from the partition.

    Attributes:
        booked: Order, lots, price and fee of every execution, by its id.
        busted: Ids of those that were taken back.
    """

    def __init__(self) -> None:
        self.booked: dict[str, tuple[str, int, int, int]] = {}
        self.busted: set[str] = set()

    def take(self, report: ExecutionReport, sent: Iterable[str]) -> None:
        """Take a report that arrived for the first time; ``sent``: ids of all orders that went to the venue."""
        if report.order_id not in sent or report.execution_id in self.booked or is_nonsense(report):
            return
        order_id = split_venue_id(report.order_id)[0]
        valid = report.quantity > 0 and report.price > 0 and bool(report.execution_id)
        takes_back = report.type is ReportType.TRADE_CANCEL or report.type is ReportType.TRADE_CORRECT and valid
        known = self.booked.get(report.reference_id, ("",))[0] == order_id and report.reference_id not in self.busted
        if takes_back and known:
            self.busted.add(report.reference_id)
        if valid and (report.type is ReportType.TRADE or report.type is ReportType.TRADE_CORRECT and known):
            self.booked[report.execution_id] = order_id, report.quantity, report.price, report.fee

    def standing(self, order_id: str) -> list[tuple[int, int]]:
        """Return lots and price of the executions of an order that were not taken back."""
        return [
            (lots, price)
            for execution_id, (owner, lots, price, _) in self.booked.items()
            if owner == order_id and execution_id not in self.busted
        ]


def fills_of(bench: Bench) -> list[Fill]:
    """Return every fill that was told, busts as what they are: fills the other way."""
    events = (event for effects in bench.effects for event in effects.events)
    return [event.fill for event in events if isinstance(event, OrderEvent) and event.fill is not None]


def executions_are_booked_once(bench: Bench, record: Record) -> None:
    """Every execution is told once, and once more where it was taken back."""
    told = Counter(fill.execution_id for fill in fills_of(bench))
    assert told == Counter([*record.booked, *(f"{execution_id}{BUSTED}" for execution_id in record.busted)])
    assert set(bench.partition.fills) == set(record.booked)


def positions_are_sums_of_fills(bench: Bench) -> None:
    """No position without fills; the strategies of an account add up to it."""
    books = bench.partition.accounts["main"].books
    position: defaultdict[tuple[str, int], int] = defaultdict(int)
    for fill in fills_of(bench):
        position[fill.strategy, fill.instrument] += fill.side.sign * fill.quantity
    for instrument in (0, 1):
        own = [books.strategy_position(strategy, instrument) for strategy in STRATEGIES]
        assert own == [position[strategy, instrument] for strategy in STRATEGIES]
        assert books.position(instrument) == sum(own)


def cash_is_deposits_and_fills(bench: Bench, deposits: int) -> None:
    """Cash = deposits - bought + sold - fees."""
    instruments = bench.partition.instruments
    traded = sum(
        -fill.side.sign * instruments[fill.instrument].notional(fill.price, fill.quantity) - fill.fee
        for fill in fills_of(bench)
    )
    assert bench.partition.accounts["main"].books.cash("USD") == deposits + traded
    assert bench.partition.accounts["main"].books.imbalance("USD") == 0


def orders_agree_with_their_fills(bench: Bench, record: Record) -> None:
    """CumQty is the sum of executions, LeavesQty = OrderQty - CumQty on live rows; overfills raise an alarm."""
    overfilled = {alarm.order_id for alarm in bench.partition.alarms if alarm.code == "ORDER_OVERFILLED"}
    overfilled = {split_venue_id(order_id)[0] for order_id in overfilled}
    for order_id, working in bench.partition.orders.items():
        order, executions = working.order, record.standing(order_id)
        assert order.filled_quantity == sum(lots for lots, _ in executions)
        assert order.filled_value == sum(lots * price for lots, price in executions)
        assert order.leaves_quantity >= 0
        if order.status.is_open:
            assert order.leaves_quantity == max(0, order.quantity - order.filled_quantity)
        else:
            assert order.leaves_quantity == 0
        assert order.filled_quantity <= order.quantity or order_id in overfilled
        assert (order_id in bench.partition.standing) == (order.leaves_quantity > 0)


def statuses_say_what_is_filled(partition: Partition) -> None:
    """The settled status agrees with the fills, and what is shown has the highest precedence of what applies."""
    for working in partition.orders.values():
        order, settled = working.order, working.settled
        if settled in (OrderStatus.PENDING_NEW, OrderStatus.NEW):
            assert order.filled_quantity == 0
        elif settled is OrderStatus.PARTIALLY_FILLED:
            assert 0 < order.filled_quantity < order.quantity
        elif settled is OrderStatus.FILLED:
            assert order.filled_quantity >= order.quantity
        elif settled.is_open:
            assert order.filled_quantity < order.quantity
        applies = [settled]
        applies += [OrderStatus.PENDING_CANCEL] * working.canceling
        applies += [OrderStatus.PENDING_REPLACE] * any(one.request is not None for one in working.amendments)
        assert order.status is max(applies, key=PRECEDENCE.__getitem__)


def exposure_is_the_worst_case(partition: Partition) -> None:
    """Lots and cash that are counted are those of the open orders, and nothing is left of the others."""
    account = partition.accounts["main"]
    lots: defaultdict[tuple[int, Side], int] = defaultdict(int)
    by_strategy: defaultdict[tuple[str, int, Side], int] = defaultdict(int)
    reserved = 0
    for working in partition.orders.values():
        order = working.order
        lots[order.instrument, order.side] += working.counted
        by_strategy[order.strategy, order.instrument, order.side] += working.counted
        reserved += working.reserved
        if working.partner is None:
            worst_lots, worst_cost = worst_case(working, partition.fee_rate)
            assert (working.counted, working.reserved) == (worst_lots, worst_cost)
    for instrument in (0, 1):
        for side in Side:
            assert account.exposure.open_quantity(instrument, side) == lots[instrument, side]
            for strategy in STRATEGIES:
                counted = account.exposure.strategy_open_quantity(strategy, instrument, side)
                assert counted == by_strategy[strategy, instrument, side]
    assert account.exposure.reserved("USD") == reserved
    for group in account.lists.values():
        _list_is_counted(group, partition.fee_rate)


def worst_case(working: WorkingOrder, fee_rate: int) -> tuple[int, int]:
    """Return the lots that an order may still trade at most, and what that may cost."""
    order = working.order
    if working.contingent or working.instrument is None:
        return 0, 0
    venue_order = working.slice
    may_trade = [order.quantity - order.filled_quantity] if order.status.is_open else [0]
    may_trade += [one.quantity - order.filled_quantity for one in working.amendments]
    if venue_order is not None and venue_order.live:
        may_trade.append(venue_order.quantity - venue_order.filled)
    price = max([working.buying_price, *(one.buying_price for one in working.amendments)])
    limit = order.limit_price if order.type.name in ("LIMIT", "STOP_LIMIT", "LIMIT_IF_TOUCHED") else None
    refused = order.status is OrderStatus.REJECTED and venue_order is None  # it sets nothing aside
    assert limit is None or price >= limit or refused
    lots = max(0, *may_trade)
    if order.side is Side.SELL or not lots:
        return lots, 0
    return lots, buying_cost(working.instrument, price, lots, fee_rate)


def _list_is_counted(group: OrderList, fee_rate: int) -> None:
    """Orders of which only one can fill count, side by side, at least what the worst of them does."""
    for leading in group.exclusive:
        partners = [leading, *(one for one in group.exclusive if one.partner is leading)]
        worst = [worst_case(working, fee_rate) for working in partners]
        assert sum(working.counted for working in partners) >= max(lots for lots, _ in worst) or leading.partner
        assert sum(working.reserved for working in partners) >= max(cost for _, cost in worst) or leading.partner


def the_venue_owes_what_is_awaited(partition: Partition) -> None:
    """An order is awaited where something could be sent again, did the kill switch let it, and nowhere else."""
    for order_id, working in partition.orders.items():
        awaited, found = order_id in partition.awaiting, outstanding(partition, order_id)
        assert awaited or not found
        assert bool(found) or not awaited or not may_send(partition, working)
        if not may_send(partition, working):
            assert all(isinstance(message, VenueCancel) for message in found)


def what_works_at_the_venue_is_what_is_left(partition: Partition) -> None:
    """An open order that does not wait here works there, a closed one does not, and no more of it than is left.

    Unless the venue has made more of it by itself and does not take that back: then there is an alarm.
    """
    larger = {alarm.order_id for alarm in partition.alarms if alarm.code == "VENUE_QUANTITY_DIFFERS"}
    for working in partition.orders.values():
        order, venue_order = working.order, working.slice
        if order.leaves_quantity and order.stage is Stage.WORKING:
            assert venue_order is not None and venue_order.live
        if venue_order is None:
            continue
        if venue_order.live:
            assert not venue_order.ended
            assert order.status.is_open or working.amendments
            left = venue_order.quantity - venue_order.filled
            assert left > 0
            waiting = working.canceling or working.amendments or working.venue_id in larger
            assert left <= order.leaves_quantity or waiting


def only_one_leg_fills(partition: Partition) -> None:
    """Orders of which one cancels the other fill no more than one of them was to fill; else there is an alarm."""
    alarmed = {alarm.order_id for alarm in partition.alarms if alarm.code == "LIST_OVERFILLED"}
    for group in partition.accounts["main"].lists.values():
        legs = group.exclusive
        if not legs or any(leg.order.replacement_id for leg in legs):
            continue
        meant = max(leg.submitted.quantity for leg in legs)
        if group.submitted.contingency is Contingency.BRACKET:
            released = [leg.order.quantity for leg in legs if leg.slice is not None]
            meant = min(meant, max(released, default=0))
        filled = sum(leg.order.filled_quantity for leg in legs)
        assert filled <= max(group.meant.values(), default=0) or alarmed & {leg.order.order_id for leg in legs}
        assert max(group.meant.values(), default=0) <= max(leg.submitted.quantity for leg in legs)


def exits_follow_the_first(partition: Partition) -> None:
    """Orders behind the first do no more than it has filled, unless a client, the venue or a fill wants it otherwise.

    What is more than that is being taken back already, or the venue has refused to; what is filled too much has an
    alarm.
    """
    alarmed = {alarm.order_id for alarm in partition.alarms if alarm.code == "LIST_OVERFILLED"}
    for group in partition.accounts["main"].lists.values():
        if group.submitted.contingency is Contingency.OCO or not group.active:
            continue
        first, others = group.orders[0].order, group.orders[1:]
        if any(other.order.replacement_id or other.replacing for other in others):
            continue
        done = group.filled
        for other in others:
            order = other.order
            target = first.filled_quantity - (done - order.filled_quantity if group.exclusive else 0)
            if order.leaves_quantity and not other.canceling and other.terms.quantity > max(target, 0):
                assert group.asked.get(order.order_id, other.terms.quantity) <= max(target, 0), order
        if group.exclusive and done > first.filled_quantity:
            assert alarmed & {other.order.order_id for other in others}


def the_watch_is_complete(partition: Partition) -> None:
    """Exactly the open orders that wait for a price, or follow the quote, are shown the market."""
    watched = {order_id for orders in partition.watching.values() for order_id in orders}
    assert watched == {
        order_id
        for order_id, working in partition.standing.items()
        if working.order.stage is Stage.WATCHING or working.peg_price
    }


def events_tell_everything(bench: Bench) -> None:
    """Events are numbered without gaps, and the newest of each order is the order as it is."""
    events = [event for effects in bench.effects for event in effects.events]
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    newest: dict[str, Order] = {}
    for event in events:
        if isinstance(event, OrderEvent):
            newest[event.order.order_id] = event.order
    assert newest == {order_id: working.order for order_id, working in bench.partition.orders.items()}


def what_goes_out_may(bench: Bench, arrived: Iterable[ExecutionReport], closed: Collection[str]) -> None:
    """Of the newest input: nothing goes out for an order that waits here or is halted, nor beside its former order.

    Args:
        bench: The partition.
        arrived: The venue's reports so far.
        closed: Ids of venue orders that reconciliation closed.
    """
    sent = [message for effects in bench.effects[:-1] for message in effects.messages]
    for message in bench.effects[-1].messages:
        order_id, number = split_venue_id(message.order_id)
        working = bench.partition.orders[order_id]
        assert working.order.stage is Stage.WORKING
        if isinstance(message, VenueOrder):
            assert not is_halted(bench.partition, working)
            assert encode(message) not in {encode(other) for other in sent}
            assert message.quantity > 0
            assert (message.limit_price or 0) > 0 or "LIMIT" not in message.type.name
            if number > 1:
                former = order_id if number == 2 else f"{order_id}/{number - 1}"
                assert former in closed or _is_over(former, sent, arrived), former
        sent.append(message)


def _is_over(venue_id: str, sent: Iterable[object], arrived: Iterable[ExecutionReport]) -> bool:
    """Whether the venue has said that an order trades no more, or that all is filled that it was ever to fill."""
    quantities = [
        message.quantity
        for message in sent
        if getattr(message, "order_id", "") == venue_id and hasattr(message, "quantity")
    ]
    filled = 0
    for report in arrived:
        if report.order_id != venue_id:
            continue
        if report.type in ENDING or report.type is ReportType.DONE_FOR_DAY:
            return True
        if report.order_quantity:
            quantities.append(report.order_quantity)
        if report.type in (ReportType.TRADE, ReportType.TRADE_CORRECT):
            filled += report.quantity
    return filled >= min(quantities)
