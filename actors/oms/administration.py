"""What the other inputs do: terms, accounts, money, limits, the kill switch, and differences with the venue."""

from __future__ import annotations

from actors.journal.losses import Loss
from actors.messages import AccountEvent, BookingEvent, CashEvent, LimitsEvent, LotMethod, StateEvent
from actors.oms import amending
from actors.oms.account import Account
from actors.oms.admission import booked, deposited, new_terms
from actors.oms.canceling import EXPIRED, cancelable, take_back
from actors.oms.effects import Effects
from actors.oms.inputs import (
    AccountOpening,
    Booking,
    BudgetGrant,
    Deposit,
    Discrepancy,
    LimitsChange,
    StateChange,
    Terms,
)
from actors.oms.permission import HALTED, may_send
from actors.oms.state import PartitionState
from actors.oms.transitions import REQUESTABLE, Step
from actors.oms.venue import native_kinds
from actors.oms.working_order import WorkingOrder, split_venue_id


def adopt_terms(state: PartitionState, terms: Terms) -> Effects:
    """Take over the instruments (old ones unchanged) and the expected fee.

    Raises:
        Conflict: An instrument was changed or removed (code ``INSTRUMENTS_CHANGED``).
    """
    new_terms(state, terms)
    # Extended in place: the books of all accounts look at this one list.
    state.instruments.extend(terms.instruments[len(state.instruments) :])
    if terms.fee_rate != state.fee_rate:
        state.fee_rate = terms.fee_rate
        for working in state.orders.values():
            if working.may_trade:
                working.expose(state.fee_rate)
    state.capabilities = terms.capabilities
    state.native = native_kinds(terms.capabilities)
    return Effects()


def open_account(state: PartitionState, opening: AccountOpening) -> Effects:
    """Begin an account; one that is there already stays as it is."""
    effects = Effects()
    if opening.account in state.accounts:
        return effects
    state.accounts[opening.account] = Account(opening.account, opening.currency, state.instruments, opening.lots)
    state.safeguards.totals.follow(opening.account)
    if opening.lots is not LotMethod.AVERAGE:
        event = AccountEvent(
            partition=state.index,
            sequence=state.next_event(),
            time=opening.time,
            account=opening.account,
            currency=opening.currency,
            lots=opening.lots,
        )
        effects.events.append(event)
    return effects


def deposit(state: PartitionState, money: Deposit) -> Effects:
    """Book money once for its key.

    Raises:
        NotFound: No such account.
        Conflict: Another deposit has the key.
        InputError: More is taken out than is available, or in another currency.
    """
    effects = Effects()
    if deposited(state, money):
        return effects
    account = state.account(money.account)
    account.deposits[money.key] = money
    account.books.deposit(money.currency, money.amount)
    event = CashEvent(
        partition=state.index,
        sequence=state.next_event(),
        time=money.time,
        account=money.account,
        currency=money.currency,
        amount=money.amount,
        reason=money.reason,
    )
    effects.events.append(event)
    return effects


def book(state: PartitionState, booking: Booking) -> Effects:
    """Book an entry once for its key.

    Raises:
        NotFound: No such account or instrument.
        Conflict: Another entry has the key.
        InputError: It does not fit the books.
    """
    effects = Effects()
    if booked(state, booking):
        return effects
    account = state.account(booking.account)
    account.bookings[booking.key] = booking
    account.books.enter(booking.entry)
    for strategy, instrument in account.books.touched:
        account.exposure.booked(strategy, instrument)
    event = BookingEvent(
        partition=state.index,
        sequence=state.next_event(),
        time=booking.time,
        account=booking.account,
        entry=booking.entry,
        reason=booking.reason,
        key=booking.key,
    )
    effects.events.append(event)
    return effects


def change_limits(state: PartitionState, change: LimitsChange) -> Effects:
    """Replace the limits of a scope."""
    state.safeguards.change_limits(change)
    effects = Effects()
    event = LimitsEvent(
        partition=state.index,
        sequence=state.next_event(),
        time=change.time,
        limits=change.limits,
        version=change.version,
        principal=change.principal,
        reason=change.reason,
        scope=change.scope,
    )
    effects.events.append(event)
    return effects


def change_state(state: PartitionState, change: StateChange) -> Effects:
    """Move the kill switch; what it stops and the venue may not have got yet is taken back."""
    state.safeguards.change_state(change)
    effects = Effects()
    event = StateEvent(
        partition=state.index,
        sequence=state.next_event(),
        time=change.time,
        scope=change.scope,
        state=change.state,
        principal=change.principal,
        reason=change.reason,
    )
    effects.events.append(event)
    for order_id in list(state.awaiting) if change.takes_back else ():
        working = state.orders[order_id]
        current = working.slice
        unconfirmed = current is not None and current.live and not current.confirmed
        if unconfirmed and cancelable(working) and not may_send(state, working):
            text = "the venue had not confirmed it when trading was stopped"
            take_back(state, effects, working, change.time, HALTED, text)
    return effects


def take_budget(state: PartitionState, grant: BudgetGrant) -> Effects:
    """Put a share of the firm's limits in force."""
    state.safeguards.budget.take(grant)
    return Effects()


def note_discrepancy(state: PartitionState, found: Discrepancy) -> Effects:
    """Raise the alarm over a difference with the venue; an order that is not there any more is closed here.

    So is one that the venue does not take; a replacement or a cancel that it does not take is given up.
    """
    effects = Effects()
    if found.epoch:
        state.name_orders_after(found.epoch)
    if not found.expected:
        state.raise_alarm(effects, found.code, found.time, found.order_id, 0, found.text)
    working = state.orders.get(split_venue_id(found.order_id)[0])
    if working is None:
        return effects
    if found.refused:
        _give_up(state, effects, working, found)
    if found.closes and working.settled in REQUESTABLE:
        current = working.slice
        step = Step.EXPIRED if working.closing == EXPIRED else Step.CANCELED
        if current is not None:
            if found.refused and current.number == 1 and not current.confirmed:
                step = Step.REJECTED
            current.end()
        state.move(effects, working, found.time, step, reason=working.closing or found.code, text=found.text)
    return effects


def _give_up(state: PartitionState, effects: Effects, working: WorkingOrder, found: Discrepancy) -> None:
    """Give up the replacement, or the cancel with all that waited for it, that the venue does not take."""
    for amendment in working.amendments:
        if amendment.by_cancel if found.refused == "cancel" else amendment.revision == found.revision:
            amending.refuse(state, effects, working, amendment, found.time, found.code, found.text)
    if found.refused == "cancel" and working.canceling:
        working.canceling, working.closing = False, ""
        state.move(effects, working, found.time, text=found.text)


def note_loss(state: PartitionState, loss: Loss) -> Effects:
    """Raise the alarm over records that are lost; no id that an order among them may have had is given again."""
    effects = Effects()
    state.name_orders_after(loss.epoch)
    state.raise_alarm(effects, "RECORDS_LOST", loss.time, "", 0, loss.text)
    return effects
