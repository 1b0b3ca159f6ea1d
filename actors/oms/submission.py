"""What a client's order does."""

from __future__ import annotations

from actors.errors import Conflict
from actors.messages import Contingency, Order, OrderStatus, Stage, SubmitOrder
from actors.oms import gate
from actors.oms.account import Account
from actors.oms.effects import Effects
from actors.oms.emulation import due_time, emulated, expiry, first_stage, first_trigger, follows_quote, pegged
from actors.oms.inputs import Look, Submission
from actors.oms.sending import send
from actors.oms.state import PartitionState
from actors.oms.timers import Due
from actors.oms.working_order import WorkingOrder

_WORKING, _PENDING_NEW = Stage.WORKING, OrderStatus.PENDING_NEW


def submit(state: PartitionState, record: Submission) -> Effects:
    """Put an order through the gate; it becomes an order either way, and goes its way where it passes.

    Raises:
        NotFound: No such account.
        Conflict: The account has an order of that client order id.
    """
    submitted = record.order
    account = state.account(submitted.account)
    if account.uses(submitted.client_order_id):
        raise Conflict(
            "the client order id is used already",
            field="client_order_id",
            value=submitted.client_order_id,
            code="CLIENT_ORDER_ID_REUSED",
        )
    look = record.look or Look(market_sequence=record.market_sequence, price=record.reference_price)
    state.safeguards.looked(submitted.instrument, look)
    candidate = candidate_for(state, account, submitted, look, record.time)
    refusal = state.check(candidate)
    working = create(state, account, candidate, refusal)
    effects = Effects()
    if refusal is None:
        admit(state, effects, working, look, record.time)
    effects.order = working.order
    state.tell_order(effects, record.time, working.order, None)
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


def create(
    state: PartitionState,
    account: Account,
    candidate: gate.Candidate,
    refusal: gate.Refusal | None,
    list_id: str = "",
    contingency: Contingency | None = None,
    held: bool = False,
) -> WorkingOrder:
    """Make an order of what the gate has looked at and take it in; nothing is sent yet.

    Args:
        state: The partition.
        account: Whose it is.
        candidate: The order at the gate.
        refusal: What the gate said.
        list_id: The list that it belongs to.
        contingency: What kind of list.
        held: Whether it waits for another order of the list.
    """
    submitted, time = candidate.order, candidate.time
    names: tuple[str, ...] = ()
    stage, trigger_price = _WORKING, 0
    if submitted.conditions is not None or (submitted.type, submitted.time_in_force) not in state.native:
        names = emulated(submitted, state.capabilities)
        stage = first_stage(submitted, names, candidate.look)
        trigger_price = first_trigger(submitted, names, candidate.look)
    if held:
        stage = Stage.HELD
    if refusal is not None:
        status, stage, reason, text = OrderStatus.REJECTED, _WORKING, refusal.code, refusal.text
    else:
        status = _PENDING_NEW if stage is _WORKING else OrderStatus.NEW
        reason = text = ""
    order = Order(
        order_id=f"{state.order_prefix}{len(state.orders) + 1}",
        client_order_id=submitted.client_order_id,
        account=account.id,
        strategy=submitted.strategy,
        principal=submitted.principal,
        instrument=submitted.instrument,
        side=submitted.side,
        type=submitted.type,
        quantity=submitted.quantity,
        limit_price=submitted.limit_price,
        time_in_force=submitted.time_in_force,
        status=status,
        submitted_at=time,
        updated_at=time,
        reference_price=candidate.look.price,
        reason=reason,
        text=text,
        conditions=submitted.conditions,
        stage=stage,
        emulated=names,
        trigger_price=trigger_price if refusal is None else 0,
        list_id=list_id,
        contingency=contingency,
    )
    buying_price = candidate.buying_price if refusal is None else 0
    working = WorkingOrder(order, submitted, account, candidate.instrument, buying_price)
    working.contingent = held and refusal is None
    working.seen = candidate.look.market_sequence
    state.add(working)
    return working


def admit(state: PartitionState, effects: Effects, working: WorkingOrder, look: Look, time: int) -> None:
    """Let an order go its way: to the venue, to watch the market, or to wait for its moment."""
    order = working.order
    state.safeguards.order_sent(working.submitted, look, time)
    if order.limit_price is not None or order.trigger_price:
        working.resting = state.safeguards.rests(order, working.resting)
    if order.conditions is not None and order.conditions.reduce_only:
        working.account.reducing[order.order_id] = working
    if order.emulated:
        expires_at = expiry(order, look)
        if expires_at:
            state.timers.add(expires_at, order.order_id, Due.EXPIRE)
        if follows_quote(order, order.emulated):
            working.peg_price = pegged(order, look.bid, look.ask)
            state.watch(working)
    if order.stage is Stage.WORKING:
        send(state, effects, working, time)
    elif order.stage is Stage.WATCHING:
        state.watch(working)
    else:
        state.timers.add(due_time(order, look), order.order_id, Due.SEND)
