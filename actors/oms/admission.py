"""Questions asked before an input is worth a record: is it a repetition, may it follow what is there?"""

from __future__ import annotations

import itertools

import msgspec

from actors.errors import Conflict, InputError
from actors.messages import (
    MONEY_UNIT,
    CancelOrder,
    Contingency,
    Message,
    Order,
    OrderStatus,
    ReplaceOrder,
    Stage,
    SubmitList,
    SubmitOrder,
)
from actors.oms.account import Wish
from actors.oms.canceling import cancelable
from actors.oms.emulation import TRIGGERED
from actors.oms.inputs import Booking, Deposit, Terms
from actors.oms.replacing import replaceable
from actors.oms.state import PartitionState
from actors.oms.working_order import WorkingOrder

_MOST_CASH = 2**62
_LONGEST_LIST = 16
_TRIGGERS = ("stop_price", "trail_amount", "trail_rate")
_REPLACEABLE = (
    "quantity", "limit_price", "stop_price", "trail_amount", "trail_rate", "display_quantity", "expire_time",
)  # fmt: skip


def repeated(state: PartitionState, submitted: SubmitOrder) -> Order | None:
    """Return the order that an earlier submission of the same made, ``None`` where this is the first.

    Raises:
        NotFound: No such account.
        Conflict: Another order was submitted under the id (code ``CLIENT_ORDER_ID_REUSED``).
    """
    account = state.account(submitted.account)
    working = account.orders.get(submitted.client_order_id)
    if working is None:
        if submitted.client_order_id in account.replacements:
            raise _reused("client_order_id", submitted.client_order_id, "a new id: this one was a replacement's")
        return None
    _compare(working.submitted, submitted)
    return working.order


def repeated_list(state: PartitionState, submitted: SubmitList) -> list[Order] | None:
    """Return the orders that an earlier submission of the same list made, ``None`` where this is the first.

    Raises:
        NotFound: No such account.
        InputError: The list is no list: orders of other accounts, too few, or one that depends on nothing.
        Conflict: Another list, or another order, was submitted under one of the ids.
    """
    _check_list(submitted)
    account = state.account(submitted.account)
    group = account.lists.get(submitted.list_id)
    if group is not None:
        _compare(group.submitted, submitted)
        return [working.order for working in group.orders]
    for order in submitted.orders:
        if account.uses(order.client_order_id):
            raise _reused("orders.client_order_id", order.client_order_id, "an id that was not used before")
    return None


def _check_list(submitted: SubmitList) -> None:
    check_list_length(submitted)
    ids = [order.client_order_id for order in submitted.orders]
    foreign = next((order.account for order in submitted.orders if order.account != submitted.account), None)
    for wrong, field, value, rule in (
        (foreign is not None, "orders.account", foreign, f"{submitted.account}, the account of the list"),
        (len(set(ids)) != len(ids), "orders.client_order_id", ", ".join(ids), "an id of its own for each order"),
    ):
        if wrong:
            raise _no_list(field, value, rule)


class ListOutline(Message, kw_only=True, frozen=True):
    """A list whose orders nobody has looked at yet: to count them costs a tenth of reading them."""

    list_id: str
    account: str
    contingency: Contingency
    orders: tuple[msgspec.Raw, ...]


def check_list_length(submitted: SubmitList | ListOutline) -> None:
    """Refuse a list of too few or too many orders, before anyone looks at each of them.

    Raises:
        InputError: Code ``LIST_INVALID``.
    """
    fewest, count = 3 if submitted.contingency is Contingency.BRACKET else 2, len(submitted.orders)
    if not fewest <= count <= _LONGEST_LIST:
        raise _no_list("orders", count, f"{fewest} to {_LONGEST_LIST} orders")


def _no_list(field: str, value: object, rule: str) -> InputError:
    return InputError("the list can't be taken", field=field, value=value, rule=rule, code="LIST_INVALID")


def repeated_replacement(state: PartitionState, request: ReplaceOrder) -> Wish | None:
    """Return what became of an earlier wish of the same, ``None`` where this is the first.

    Raises:
        NotFound: No such account or order.
        Conflict: Another wish, or an order, has the replacement's id; or the order can't be changed now.
        InputError: The wish changes nothing.
    """
    account = state.account(request.account)
    wish = account.replacements.get(request.replacement_id)
    if wish is not None:
        _compare(wish.request, request)
        return wish
    if request.replacement_id in account.orders:
        raise _reused("replacement_id", request.replacement_id, "an id that was not used before")
    if all(getattr(request, name) is None for name in _REPLACEABLE):
        raise InputError(
            "the replacement changes nothing",
            field="quantity",
            rule=f"at least one of {', '.join(_REPLACEABLE)}",
            code="REPLACEMENT_EMPTY",
        )
    working = state.find(request.account, request.client_order_id)
    hindrance = replaceable(state, working) or _triggered(working, request)
    if hindrance is not None:
        raise hindrance
    return None


def _compare(first: Message, again: Message) -> None:
    """Refuse a repetition that says something else."""
    if first == again:
        return
    for name in again.__struct_fields__:
        if getattr(first, name) != getattr(again, name):
            raise Conflict(
                "another order was submitted under this client order id",
                field=name,
                value=getattr(again, name),
                rule=f"{getattr(first, name)}, as in the first submission",
                remedy="submit a new order under a new client_order_id",
                code="CLIENT_ORDER_ID_REUSED",
            )


def _reused(field: str, value: str, rule: str) -> Conflict:
    return Conflict(
        "the client order id is used already", field=field, value=value, rule=rule, code="CLIENT_ORDER_ID_REUSED"
    )


def to_be_canceled(state: PartitionState, cancel: CancelOrder) -> bool:
    """Return whether a cancel has to be sent: not where the order is canceled, or being canceled, already.

    Raises:
        NotFound: No such account or order.
        Conflict: The order is filled, rejected or expired (code ``ORDER_CLOSED``).
    """
    working = state.find(cancel.account, cancel.client_order_id)
    if working.settled is OrderStatus.CANCELED or (working.canceling and working.order.leaves_quantity):
        return False
    if not cancelable(working):
        raise Conflict(
            f"the order is {working.settled}",
            field="client_order_id",
            value=cancel.client_order_id,
            rule="an open order",
            code="ORDER_CLOSED",
        )
    return True


def _triggered(working: WorkingOrder, request: ReplaceOrder) -> Conflict | None:
    """Return why the price that an order waits for can't be changed: it has come already."""
    order = working.order
    named = [name for name in _TRIGGERS if getattr(request, name) is not None]
    if order.type not in TRIGGERED or str(order.type) not in order.emulated:
        return None
    if not named or order.stage is not Stage.WORKING:
        return None
    return Conflict(
        "the order has triggered already",
        field=named[0],
        value=getattr(request, named[0]),
        rule="an order that still waits",
        remedy="change its quantity or limit price, or cancel it",
        code="ORDER_TRIGGERED",
    )


def deposited(state: PartitionState, deposit: Deposit) -> bool:
    """Return whether the deposit was booked before under its key.

    Raises:
        NotFound: No such account.
        Conflict: Another one was booked under the key (code ``DEPOSIT_KEY_REUSED``).
        InputError: It takes out more than is available (code ``CASH_INSUFFICIENT``), or another currency than the
            account's (code ``CURRENCY_MISMATCH``).
    """
    account = state.account(deposit.account)
    before = account.deposits.get(deposit.key)
    if before is not None:
        if msgspec.structs.replace(before, time=deposit.time, via=deposit.via) != deposit:
            raise Conflict(
                "another deposit was booked under this key",
                field="key",
                value=deposit.key,
                remedy="use a new key",
                code="DEPOSIT_KEY_REUSED",
            )
        return True
    if deposit.currency != account.currency:
        raise InputError(
            "the account is in another currency",
            field="currency",
            value=deposit.currency,
            rule=account.currency,
            code="CURRENCY_MISMATCH",
        )
    if abs(account.books.cash(deposit.currency) + deposit.amount) > _MOST_CASH:
        raise InputError(
            "the account would hold more than can be counted",
            field="amount",
            value=deposit.amount,
            rule=f"cash of at most {_MOST_CASH}, in 1e-8 {deposit.currency}",
            code="AMOUNT_INVALID",
        )
    available = account.available_cash(deposit.currency)
    if deposit.amount < 0 and -deposit.amount > available:
        raise InputError(
            "more is taken out than is available",
            field="amount",
            value=deposit.amount,
            rule=f"at least {-max(0, available)}, in 1e-8 {deposit.currency}",
            code="CASH_INSUFFICIENT",
        )
    return False


def booked(state: PartitionState, booking: Booking) -> bool:
    """Return whether the entry was booked before under its key; raises where it can't be booked.

    Raises:
        NotFound: No such account or instrument.
        Conflict: Another one was booked under the key (code ``BOOKING_KEY_REUSED``).
        InputError: It does not fit the books.
    """
    account = state.account(booking.account)
    before = account.bookings.get(booking.key)
    if before is None:
        account.books.check(booking.entry)
        return False
    if msgspec.structs.replace(before, time=booking.time, via=booking.via) != booking:
        raise Conflict(
            "another entry was booked under this key",
            field="key",
            value=booking.key,
            remedy="use a new key",
            code="BOOKING_KEY_REUSED",
        )
    return True


def check_withdrawal(state: PartitionState, deposit: Deposit) -> None:
    """Refuse to take money out that the margin on positions and open orders needs; asked before it goes on record.

    The margin is reckoned at the highest rate of what is held or may be: not less than what the gate asks for.

    Raises:
        NotFound: No such account.
        InputError: Code ``MARGIN``: the equity would not cover the margin any more.
    """
    account = state.account(deposit.account)
    if deposit.amount >= 0 or state.limits.effective(account.id, "", None).margin_rate == MONEY_UNIT:
        return
    held = {one.instrument for one in account.books.positions()}
    held |= {instrument for _, instrument in account.exposure.open_instruments()}
    instruments = [None, *(state.instruments[index] for index in held)]
    rate = max(state.limits.effective(account.id, "", one).margin_rate for one in instruments)
    totals = state.safeguards.totals.of((account.id, ""))
    equity = account.books.cash(account.currency) + totals.held - account.books.owed(account.currency)
    free = equity + -totals.gross * rate // MONEY_UNIT
    if -deposit.amount > free:
        raise InputError(
            "the margin on positions and open orders would not be covered",
            field="amount",
            value=deposit.amount,
            rule=f"at least {-max(0, free)}, in 1e-8 {deposit.currency}",
            code="MARGIN",
        )


def new_terms(state: PartitionState, terms: Terms) -> bool:
    """Return whether ``terms`` differ from those in force and may follow them.

    Raises:
        Conflict: An instrument that orders may rest on was changed or removed (code ``INSTRUMENTS_CHANGED``).
    """
    for before, after in itertools.zip_longest(state.instruments, terms.instruments[: len(state.instruments)]):
        if before != after:
            raise Conflict(
                f"the journal of {state.name} was written with another instrument {before.id}",
                field="instruments",
                value=None if after is None else after.symbol,
                rule=f"{before.symbol} with unchanged terms; new instruments come behind the old ones",
                remedy="continue the run with the instruments it began with, or begin a new run",
                code="INSTRUMENTS_CHANGED",
            )
    return (
        len(terms.instruments) != len(state.instruments)
        or terms.fee_rate != state.fee_rate
        or terms.capabilities != state.capabilities
    )
