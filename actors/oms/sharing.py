"""Orders of one list of which only one can fill count once, as much as the worst of them."""

from __future__ import annotations

from actors.messages import Side
from actors.oms import gate
from actors.oms.exposure import buying_cost
from actors.oms.working_order import WorkingOrder


def share(first: WorkingOrder, other: WorkingOrder, fee_rate: int) -> None:
    """Let an order that can't fill beside ``first`` add nothing to what that one counts."""
    if first.order.instrument == other.order.instrument and first.order.side is other.order.side:
        other.partner = first
        other.expose(fee_rate)


def share_candidate(first: gate.Candidate, other: gate.Candidate) -> None:
    """Let an order at the gate that can't fill beside ``first`` add only what it may do beyond that one."""
    if first.order.instrument == other.order.instrument and first.order.side is other.order.side:
        other.added = max(0, other.order.quantity - first.order.quantity)
        other.released = min(cost_of(first, first.order.quantity), cost_of(other, other.order.quantity))


def cost_of(candidate: gate.Candidate, quantity: int) -> int:
    """Return the cash that an order at the gate would take for so many lots, 1e-8 units; 0 for sales."""
    if candidate.order.side is Side.SELL or candidate.instrument is None or quantity <= 0:
        return 0
    return buying_cost(candidate.instrument, candidate.buying_price, quantity, candidate.fee_rate)


def enlarge_candidate(candidate: gate.Candidate, working: WorkingOrder) -> None:
    """Let changed terms of an order add at the gate only what they count beyond what is counted already.

    That is reckoned together with the orders that can't fill beside it. What makes an order neither larger nor dearer
    adds nothing, whatever the account has come to meanwhile.

    Args:
        candidate: The order as it is to be.
        working: The order as it is.
    """
    quantity, fee_rate = candidate.order.quantity, candidate.fee_rate
    if working.contingent:  # it counts once it is held no longer
        candidate.added, candidate.released = 0, cost_of(candidate, quantity)
        return
    lots = max(0, quantity - working.order.filled_quantity)
    cost = cost_of(candidate, lots)
    added, dearer = _beyond(working, lots, cost, fee_rate)
    alone = working.alone(fee_rate)
    candidate.added = max(0, added) if lots > alone[0] else 0
    dearer = max(0, dearer) if cost > alone[1] else 0
    candidate.released = cost_of(candidate, quantity) - dearer
    if not dearer:
        overdrawn = candidate.exposure.reserved(candidate.currency) - candidate.books.cash(candidate.currency)
        candidate.released += max(0, overdrawn)


def _beyond(working: WorkingOrder, lots: int, cost: int, fee_rate: int) -> tuple[int, int]:
    """Return lots and cash by which what is counted changes once an order may trade ``lots`` for ``cost``."""
    partner = working.partner
    if partner is not None:
        lots, cost = lots - min(lots, partner.counted), cost - min(cost, partner.reserved)
    added, dearer = lots - working.counted, cost - working.reserved
    group = working.account.lists.get(working.order.list_id)
    for other in () if group is None else group.orders:
        if other.partner is working:
            own_lots, own_cost = other.alone(fee_rate)
            added += max(0, own_lots - lots) - other.counted
            dearer += max(0, own_cost - cost) - other.reserved
    return added, dearer
