"""Orders that depend on one another: how a list comes in. How its orders follow one another: ``following.py``."""

from __future__ import annotations

from actors.errors import Conflict
from actors.messages import Contingency
from actors.oms import gate
from actors.oms.account import Account, OrderList
from actors.oms.counting import Counting
from actors.oms.effects import Effects
from actors.oms.inputs import ListSubmission
from actors.oms.releasing import hold
from actors.oms.sharing import cost_of, share, share_candidate
from actors.oms.state import PartitionState
from actors.oms.submission import admit, candidate_for, create

LIST_REFUSED = "LIST_REFUSED"


def submit_list(state: PartitionState, record: ListSubmission) -> Effects:
    """Put all orders of a list through the gate; they pass together or are refused together.

    Orders that are held count for nothing yet: they pass the gate once more when they are held no longer.

    Raises:
        NotFound: No such account.
        Conflict: The list's id or one of the client order ids is used already.
    """
    submitted, time = record.orders, record.time
    account = state.account(submitted.account)
    _check_ids(account, record)
    group = OrderList(submitted, record.looks)
    found = _look(state, account, record)
    refused = next((refusal for _, refusal in found if refusal is not None), None)
    effects = Effects()
    for candidate, refusal in found:
        if refused is not None and refusal is None:
            refusal = _by_association(refused)
        held = bool(group.orders) and not group.active
        working = create(state, account, candidate, refusal, submitted.list_id, submitted.contingency, held)
        if group.active and refusal is None:
            group.meant[working.order.order_id] = working.order.quantity
            if group.orders:
                share(group.orders[0], working, state.fee_rate)
        group.orders.append(working)
    account.lists[submitted.list_id] = group
    for place, (working, look) in enumerate(zip(group.orders, record.looks)):
        if refused is None and (group.active or not place):
            admit(state, effects, working, look, time)
        elif refused is None:
            hold(state, working)
        state.tell_order(effects, time, working.order, None)
    effects.orders = [working.order for working in group.orders]
    return effects


def _look(
    state: PartitionState, account: Account, record: ListSubmission
) -> list[tuple[gate.Candidate, gate.Refusal | None]]:
    """Return each order at the gate and what the gate says, those before it that passed already counted."""
    exclusive = record.orders.contingency is Contingency.OCO
    found: list[tuple[gate.Candidate, gate.Refusal | None]] = []
    counting = Counting(state, account)
    for order, look in zip(record.orders.orders, record.looks, strict=True):
        state.safeguards.looked(order.instrument, look)
        candidate = candidate_for(state, account, order, look, record.time)
        if found and exclusive:
            share_candidate(found[0][0], candidate)
        elif found:
            candidate.moment = gate.Moment.HELD
            candidate.added, candidate.released = 0, cost_of(candidate, order.quantity)
        refusal = state.check(candidate)
        found.append((candidate, refusal))
        if refusal is None:
            counting.add(candidate)
    counting.end()
    return found


def _check_ids(account: Account, record: ListSubmission) -> None:
    ids = [order.client_order_id for order in record.orders.orders]
    taken = next((one for place, one in enumerate(ids) if account.uses(one) or one in ids[:place]), None)
    if taken is None and record.orders.list_id not in account.lists:
        return
    raise Conflict(
        "the client order id is used already" if taken else "the list id is used already",
        field="client_order_id" if taken else "list_id",
        value=taken or record.orders.list_id,
        code="CLIENT_ORDER_ID_REUSED",
    )


def _by_association(refusal: gate.Refusal) -> gate.Refusal:
    sentence = f"another order of the list is refused: {refusal.code}"
    return refusal._replace(code=LIST_REFUSED, sentence=sentence)
