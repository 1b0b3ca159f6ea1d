"""How the orders of a list follow what happens to one of them."""

from __future__ import annotations

from collections.abc import Sequence

from actors.messages import OrderStatus
from actors.oms.account import OrderList
from actors.oms.canceling import cancelable, take_back
from actors.oms.effects import Effects
from actors.oms.inputs import SessionLook
from actors.oms.releasing import release
from actors.oms.restating import check_granted, reduce, restate
from actors.oms.state import PartitionState
from actors.oms.working_order import WorkingOrder


def follow(state: PartitionState, effects: Effects, time: int, sessions: Sequence[SessionLook] = ()) -> None:
    """Let every list follow what an input did to one of its orders, until nothing is left to follow.

    Args:
        state: The partition.
        effects: What the input did so far.
        time: The trading clock.
        sessions: Sessions on record with the input, of orders that it may release.
    """
    place = 0
    while place < len(effects.changed):
        filled: dict[WorkingOrder, int] = {}
        for working, lots in effects.changed[place:]:
            filled[working] = filled.get(working, 0) + lots
        place = len(effects.changed)
        for working, lots in filled.items():
            group = working.account.lists.get(working.order.list_id)
            if group is not None:
                _follow(state, effects, group, working, lots, time, sessions)


def _follow(
    state: PartitionState, effects: Effects, group: OrderList, working: WorkingOrder, filled: int, time: int,
    sessions: Sequence[SessionLook],
) -> None:  # fmt: skip
    for other in group.orders:
        if other.partner is working:
            other.expose(state.fee_rate)
    if not group.active:
        if working is group.orders[0] and not working.order.leaves_quantity and not working.amendments:
            release(state, effects, group, time, sessions)
        return
    exclusive, order = group.exclusive, working.order
    check_granted(state, effects, group, working, time)
    if working not in exclusive:
        if filled and working is group.orders[0]:
            restate(state, effects, group, filled, time)
        elif filled < 0 and not order.replacement_id:  # it opens again, and the first may have filled less meanwhile
            first = group.orders[0].order
            text = f"{first.order_id}, the first of its list, has filled {first.filled_quantity} lots"
            reduce(state, effects, group, working, first.filled_quantity, time, "FIRST_ORDER_OF_LIST", text)
        return
    if not order.leaves_quantity and order.status not in (OrderStatus.REJECTED, OrderStatus.EXPIRED):
        for other in exclusive:
            if other is not working and cancelable(other):
                text = f"{order.order_id} is {order.status}"
                take_back(state, effects, other, time, "OTHER_ORDER_OF_LIST", text)
    else:
        text = "the other order of the list was filled"
        for other in exclusive:
            if cancelable(other):
                reduce(state, effects, group, other, group.target(other), time, "OTHER_ORDER_OF_LIST", text)
    if filled > 0 and group.filled > max(group.meant.values(), default=0):
        text = f"more than one order of list {order.list_id} was filled"
        state.raise_alarm(effects, "LIST_OVERFILLED", time, order.order_id, 0, text)
