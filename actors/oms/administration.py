"""What the other inputs do: terms, accounts, money, limits, the kill switch, and differences with the venue."""

from __future__ import annotations

from actors.messages import CashEvent, LimitsEvent, StateEvent
from actors.oms.account import Account
from actors.oms.admission import deposited, new_terms
from actors.oms.effects import Effects
from actors.oms.inputs import AccountOpening, Deposit, Discrepancy, LimitsChange, StateChange, Terms
from actors.oms.limits import Limits
from actors.oms.state import PartitionState


def adopt_terms(state: PartitionState, terms: Terms) -> Effects:
    state.check_terms(terms)
    # Extended in place: the books of all accounts look at this one list.
    state.instruments.extend(terms.instruments[len(state.instruments) :])
    state.fee_rate = terms.fee_rate
    return Effects()


def open_account(state: PartitionState, opening: AccountOpening) -> Effects:
    if opening.account not in state.accounts:
        state.accounts[opening.account] = Account(opening.account, opening.currency, state.instruments)
    return Effects()


def deposit(state: PartitionState, deposit: Deposit) -> Effects:
    effects = Effects()
    if state.deposited(deposit):
        return effects
    account = state.account(deposit.account)
    account.deposits[deposit.key] = deposit
    account.books.deposit(deposit.currency, deposit.amount)
    event = CashEvent(
        partition=state.index,
        sequence=state._next_event(),
        time=deposit.time,
        account=deposit.account,
        currency=deposit.currency,
        amount=deposit.amount,
        reason=deposit.reason,
    )
    effects.events.append(event)
    return effects


def change_limits(state: PartitionState, change: LimitsChange) -> Effects:
    state.limits = Limits(**change.limits)
    state.limits_version = change.version
    effects = Effects()
    event = LimitsEvent(
        partition=state.index,
        sequence=state._next_event(),
        time=change.time,
        limits=change.limits,
        version=change.version,
        principal=change.principal,
        reason=change.reason,
    )
    effects.events.append(event)
    return effects


def change_state(state: PartitionState, change: StateChange) -> Effects:
    state.switch.set(change.scope, change.state)
    effects = Effects()
    event = StateEvent(
        partition=state.index,
        sequence=state._next_event(),
        time=change.time,
        scope=change.scope,
        state=change.state,
        principal=change.principal,
        reason=change.reason,
    )
    effects.events.append(event)
    return effects


def note_discrepancy(state: PartitionState, found: Discrepancy) -> Effects:
    effects = Effects()
    alarm = Alarm(code=found.code, time=found.time, order_id=found.order_id, report=0, text=found.text)
    state.alarms.append(alarm)
    effects.alarms.append(alarm)
    return effects
