"""What a client's order and cancel do."""

from __future__ import annotations

from actors.errors import Conflict
from actors.messages import Order, OrderStatus, SubmitOrder
from actors.oms import gate
from actors.oms.account import Account, WorkingOrder
from actors.oms.effects import Effects
from actors.oms.inputs import Cancellation, Look, Submission
from actors.oms.state import PartitionState, venue_order
from actors.oms.transitions import Step, transition
from actors.oms.venue import VenueCancel


def submit(state: PartitionState, record: Submission) -> Effects:
    """Put an order through the gate; it becomes an order either way, and goes to the venue where it passes.

    Raises:
        NotFound: No such account.
        Conflict: The account has an order of that client order id.
    """
    submitted = record.order
    account = state.account(submitted.account)
    if submitted.client_order_id in account.orders:
        raise Conflict(
            "the client order id is used already",
            field="client_order_id",
            value=submitted.client_order_id,
            code="CLIENT_ORDER_ID_REUSED",
        )
    index = submitted.instrument
    instrument = state.instruments[index] if 0 <= index < len(state.instruments) else None
    look = record.look or Look(market_sequence=record.market_sequence, price=record.reference_price)
    state.safeguards.looked(index, look)
    candidate = candidate_for(state, account, submitted, look, record.time)
    refusal = state.check(candidate)
    order = Order(
        order_id=f"{state.index}-{len(state.orders) + 1}",
        client_order_id=submitted.client_order_id,
        account=account.id,
        strategy=submitted.strategy,
        principal=submitted.principal,
        instrument=index,
        side=submitted.side,
        type=submitted.type,
        quantity=submitted.quantity,
        limit_price=submitted.limit_price,
        time_in_force=submitted.time_in_force,
        status=OrderStatus.PENDING_NEW if refusal is None else OrderStatus.REJECTED,
        submitted_at=record.time,
        updated_at=record.time,
        reference_price=record.reference_price,
        reason="" if refusal is None else refusal.code,
        text="" if refusal is None else refusal.text,
    )
    working = WorkingOrder(order, account, instrument, candidate.buying_price)
    state.orders[order.order_id] = account.orders[order.client_order_id] = working
    effects = Effects(order)
    if refusal is None:
        state.standing[order.order_id] = working
        state.awaiting[order.order_id] = None
        working.expose(0, state.fee_rate)
        working.resting = state.safeguards.rests(order, 0)
        state.safeguards.order_sent(submitted, look, record.time)
        effects.messages.append(venue_order(order))
    state.tell_order(effects, record.time, order, None)
    return effects


def candidate_for(
    state: PartitionState,
    account: Account,
    submitted: SubmitOrder,
    look: Look,
    time: int,
    added: int | None = None,
    released: int = 0,
    moment: gate.Moment = gate.Moment.SUBMITTED,
) -> gate.Candidate:
    """Return an order as the gate looks at it; ``added``, ``released`` and ``moment`` as of ``gate.Candidate``."""
    index = submitted.instrument
    instrument = state.instruments[index] if 0 <= index < len(state.instruments) else None
    return gate.Candidate(
        submitted,
        instrument,
        account.currency,
        look,
        time,
        state.limits.effective(account.id, submitted.strategy, instrument),
        state.fee_rate,
        account.books,
        account.exposure,
        state.safeguards,
        submitted.quantity if added is None else added,
        released,
        moment,
    )


def cancel(state: PartitionState, record: Cancellation) -> Effects:
    """Ask the venue to cancel an order.

    Raises:
        NotFound: No such account or order.
        Conflict: The order is not open, or being canceled already.
    """
    order = state.order(record.cancel.account, record.cancel.client_order_id)
    working = state.orders[order.order_id]
    effects = Effects()
    status = transition(order.status, Step.CANCEL_REQUESTED)
    state.move(effects, working, status, record.time)
    state.safeguards.activity.cancel_sent(order.account, order.strategy, record.received, record.time)
    effects.order = working.order
    effects.messages.append(VenueCancel(order_id=order.order_id, time=record.time))
    return effects
