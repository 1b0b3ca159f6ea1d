"""Questions asked before an input is worth a record: is it a repetition, may it follow what is there?"""

from __future__ import annotations

import itertools

import msgspec

from actors.errors import Conflict, InputError
from actors.messages import CancelOrder, Order, OrderStatus, SubmitOrder
from actors.oms.inputs import Deposit, Terms
from actors.oms.state import PartitionState

_MOST_CASH = 2**62


def repeated(state: PartitionState, submitted: SubmitOrder) -> Order | None:
    """Return the order that an earlier submission of the same made, ``None`` where this is the first.

    Raises:
        NotFound: No such account.
        Conflict: Another order was submitted under the id (code ``CLIENT_ORDER_ID_REUSED``).
    """
    working = state.account(submitted.account).orders.get(submitted.client_order_id)
    if working is None:
        return None
    order = working.order
    for name in submitted.__struct_fields__:
        if getattr(order, name) != getattr(submitted, name):
            raise Conflict(
                "another order was submitted under this client order id",
                field=name,
                value=getattr(submitted, name),
                rule=f"{getattr(order, name)}, as in the first submission",
                remedy="submit a new order under a new client_order_id",
                code="CLIENT_ORDER_ID_REUSED",
            )
    return order


def cancelable(state: PartitionState, cancel: CancelOrder) -> bool:
    """Return whether a cancel has to be sent: not where the order is canceled, or being canceled, already.

    Raises:
        NotFound: No such account or order.
        Conflict: The order is filled, rejected or expired (code ``ORDER_CLOSED``).
    """
    order = state.order(cancel.account, cancel.client_order_id)
    if order.status in (OrderStatus.CANCELED, OrderStatus.PENDING_CANCEL):
        return False
    if not order.status.is_open:
        raise Conflict(
            f"the order is {order.status}",
            field="client_order_id",
            value=cancel.client_order_id,
            rule="an open order",
            code="ORDER_CLOSED",
        )
    return True


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
        if msgspec.structs.replace(before, time=deposit.time) != deposit:
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
    return len(terms.instruments) != len(state.instruments) or terms.fee_rate != state.fee_rate
