"""The whole state of a partition as bytes, and back: what a recovery begins with instead of the first record.

A snapshot holds nothing that the journal could not give; it only saves the time of replaying. Restored and then fed
the same inputs, a partition does the same to the byte.
"""

from __future__ import annotations

from actors.messages import (
    Conditions,
    Fill,
    Instrument,
    Message,
    Order,
    OrderStatus,
    ReplaceOrder,
    SubmitList,
    SubmitOrder,
    TradingState,
    decoder,
    encode,
)
from actors.oms import gate
from actors.oms.account import Account, OrderList, Wish
from actors.oms.effects import Alarm
from actors.oms.inputs import Booking, Deposit, LimitsChange, Look
from actors.oms.partition import Partition
from actors.oms.safeguards import SafeguardsView
from actors.oms.state import Gate
from actors.oms.timers import Due
from actors.oms.venue import Capabilities, native_kinds
from actors.oms.working_order import Amendment, VenueSlice, WorkingOrder
from actors.portfolio.books import Books, BooksState

VERSION = 3
"""Version of the layout; a snapshot of another version is not used, and the journal is replayed from its beginning."""


class _Amendment(Message, frozen=True):
    revision: int
    quantity: int
    limit_price: int | None
    conditions: Conditions | None
    request: ReplaceOrder | None
    venue_quantity: int
    by_cancel: bool
    buying_price: int
    meant: int
    time: int


class _Slice(Message, frozen=True):
    number: int
    quantity: int
    limit_price: int | None
    filled: int
    sent_at: int
    confirmed: bool
    live: bool
    ended: bool


class _Order(Message, frozen=True):
    order: Order
    submitted: SubmitOrder
    settled: OrderStatus
    canceling: bool
    closing: str
    amendments: tuple[_Amendment, ...]
    revision: int
    slice: _Slice | None
    buying_price: int
    partner: str
    peg_price: int
    seen: int
    since: int
    contingent: bool


class _Wish(Message, frozen=True):
    request: ReplaceOrder
    order_id: str
    reason: str
    text: str


class _List(Message, frozen=True):
    submitted: SubmitList
    looks: tuple[Look, ...]
    order_ids: tuple[str, ...]
    active: bool
    meant: dict[str, int]
    asked: dict[str, int]


class _Account(Message, frozen=True):
    id: str
    currency: str
    books: BooksState
    replacements: tuple[_Wish, ...]
    lists: tuple[_List, ...]
    reducing: tuple[str, ...]
    deposits: tuple[Deposit, ...]
    bookings: tuple[Booking, ...]


class _Partition(Message, frozen=True):
    index: int
    time: int
    instruments: tuple[Instrument, ...]
    fee_rate: int
    capabilities: Capabilities
    limits: dict[str, dict[str, int]]
    limits_version: int
    safeguards: SafeguardsView
    states: dict[str, TradingState]
    accounts: tuple[_Account, ...]
    orders: tuple[_Order, ...]
    standing: tuple[str, ...]
    awaiting: tuple[str, ...]
    watching: tuple[tuple[int, tuple[str, ...]], ...]
    timers: tuple[tuple[int, int, str, Due], ...]
    timers_added: int
    fills: tuple[Fill, ...]
    busted: tuple[str, ...]
    rejected: int
    alarms: tuple[Alarm, ...]
    last_report: int
    last_event: int
    era: int = 0


_decode = decoder(_Partition)


def save(partition: Partition) -> bytes:
    """Return the whole state of a partition."""
    return encode(
        _Partition(
            index=partition.index,
            time=partition.time,
            instruments=tuple(partition.instruments),
            fee_rate=partition.fee_rate,
            capabilities=partition.capabilities,
            limits=partition.limits.mapping(),
            limits_version=partition.limits_version,
            safeguards=partition.safeguards.view(),
            states=partition.switch.states(),
            accounts=tuple(_account(account) for account in partition.accounts.values()),
            orders=tuple(_order(working) for working in partition.orders.values()),
            standing=tuple(partition.standing),
            awaiting=tuple(partition.awaiting),
            watching=tuple((instrument, tuple(orders)) for instrument, orders in partition.watching.items()),
            timers=tuple(partition.timers.entries()),
            timers_added=partition.timers.added,
            fills=tuple(partition.fills.values()),
            busted=tuple(sorted(partition.busted)),
            rejected=partition.rejected,
            alarms=tuple(partition.alarms),
            last_report=partition.last_report,
            last_event=partition.last_event,
            era=partition.era,
        )
    )


def _account(account: Account) -> _Account:
    return _Account(
        account.id,
        account.currency,
        account.books.state(),
        tuple(
            _Wish(wish.request, wish.order.order.order_id, wish.reason, wish.text)
            for wish in account.replacements.values()
        ),
        tuple(
            _List(
                group.submitted,
                tuple(group.looks),
                tuple(working.order.order_id for working in group.orders),
                group.active,
                group.meant,
                group.asked,
            )
            for group in account.lists.values()
        ),
        tuple(account.reducing),
        tuple(account.deposits.values()),
        tuple(account.bookings.values()),
    )


def _order(working: WorkingOrder) -> _Order:
    current = working.slice
    return _Order(
        working.order,
        working.submitted,
        working.settled,
        working.canceling,
        working.closing,
        tuple(
            _Amendment(*(getattr(amendment, name) for name in _Amendment.__struct_fields__))
            for amendment in working.amendments
        ),
        working.revision,
        None if current is None else _Slice(*(getattr(current, name) for name in _Slice.__struct_fields__)),
        working.buying_price,
        "" if working.partner is None else working.partner.order.order_id,
        working.peg_price,
        working.seen,
        working.since,
        working.contingent,
    )


def load(payload: bytes, check: Gate = gate.look) -> Partition:
    """Return the partition that ``save`` described.

    Raises:
        msgspec.MsgspecError: The bytes are no snapshot of this version.
    """
    saved: _Partition = _decode(payload)
    partition = Partition(saved.index, check)
    partition.time = saved.time
    partition.instruments.extend(saved.instruments)
    partition.fee_rate = saved.fee_rate
    partition.capabilities = saved.capabilities
    partition.native = native_kinds(saved.capabilities)
    for scope, limits in saved.limits.items():
        partition.safeguards.change_limits(
            LimitsChange(time=0, limits=limits, version=saved.limits_version, principal="", reason="", scope=scope)
        )
    for scope, state in saved.states.items():
        partition.switch.set(scope, state)
    for account in saved.accounts:
        _restore_account(partition, account)
    for order in saved.orders:
        _restore_order(partition, order)
    for order in saved.orders:  # a partner may have come later
        if order.partner:
            partition.orders[order.order.order_id].partner = partition.orders[order.partner]
    for order_id in saved.standing:
        partition.standing[order_id] = partition.orders[order_id]
    for account in saved.accounts:
        _restore_groups(partition, account)
    for working in partition.orders.values():  # a partner is older than who shares with it
        if working.may_trade:
            working.expose(partition.fee_rate)
    for working in partition.standing.values():
        working.resting = partition.safeguards.rests(working.order, 0)
    partition.safeguards.restore(saved.safeguards)
    partition.awaiting = dict.fromkeys(saved.awaiting)
    for instrument, order_ids in saved.watching:
        partition.watching[instrument] = {order_id: partition.orders[order_id] for order_id in order_ids}
    partition.timers.restore(saved.timers, saved.timers_added)
    partition.fills = {fill.execution_id: fill for fill in saved.fills}
    partition.busted = set(saved.busted)
    partition.rejected = saved.rejected
    partition.alarms = list(saved.alarms)
    partition.last_report, partition.last_event = saved.last_report, saved.last_event
    partition.name_orders_after(saved.era)
    return partition


def _restore_account(partition: Partition, saved: _Account) -> None:
    account = partition.accounts[saved.id] = Account(saved.id, saved.currency, partition.instruments)
    account.books = Books.from_state(saved.books, partition.instruments)
    partition.safeguards.totals.follow(saved.id)
    account.deposits = {deposit.key: deposit for deposit in saved.deposits}
    account.bookings = {booking.key: booking for booking in saved.bookings}


def _restore_order(partition: Partition, saved: _Order) -> None:
    order = saved.order
    known = 0 <= order.instrument < len(partition.instruments)
    working = WorkingOrder(
        order,
        saved.submitted,
        partition.accounts[order.account],
        partition.instruments[order.instrument] if known else None,
        saved.buying_price,
    )
    working.settled, working.canceling, working.closing = saved.settled, saved.canceling, saved.closing
    working.revision, working.peg_price = saved.revision, saved.peg_price
    working.seen, working.since, working.contingent = saved.seen, saved.since, saved.contingent
    working.amendments = tuple(
        Amendment(*(getattr(amendment, name) for name in _Amendment.__struct_fields__))
        for amendment in saved.amendments
    )
    if saved.slice is not None:
        current = saved.slice
        working.slice = VenueSlice(current.number, current.quantity, current.limit_price, current.sent_at)
        for name in ("filled", "confirmed", "live", "ended"):
            setattr(working.slice, name, getattr(current, name))
    partition.orders[order.order_id] = working.account.orders[order.client_order_id] = working


def _restore_groups(partition: Partition, saved: _Account) -> None:
    account = partition.accounts[saved.id]
    for wish in saved.replacements:
        working = partition.orders[wish.order_id]
        account.replacements[wish.request.replacement_id] = Wish(wish.request, working, wish.reason, wish.text)
    for group in saved.lists:
        restored = account.lists[group.submitted.list_id] = OrderList(group.submitted, group.looks)
        restored.orders = [partition.orders[order_id] for order_id in group.order_ids]
        restored.active, restored.meant, restored.asked = group.active, group.meant, group.asked
    account.reducing = {order_id: partition.orders[order_id] for order_id in saved.reducing}
