"""Lists of orders that depend on one another, from what a trader says: entry, where to take profit, where to stop."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from actors.errors import InputError
from actors.messages import Conditions, Contingency, OrderType, Side, SubmitList, SubmitOrder, TimeInForce

_LONGEST_ID = 48
_RESTING = (TimeInForce.DAY, TimeInForce.GTC)


def exit_ids(client_order_id: str, alone: bool = False) -> tuple[str, str]:
    """Return the client order ids of the exits of an order, take profit first.

    Args:
        client_order_id: That of the order, by which the list goes.
        alone: Whether there is no such order: the take profit then has the id itself.

    Raises:
        InputError: They would be too long.
    """
    ids = client_order_id if alone else f"{client_order_id}.take_profit", f"{client_order_id}.stop_loss"
    longest = _LONGEST_ID - max(map(len, ids)) + len(client_order_id)
    if len(client_order_id) > longest:
        raise InputError(
            "the client order id leaves no room for those of the exits",
            field="client_order_id",
            value=client_order_id,
            rule=f"at most {longest} characters where there are exits",
            code="CLIENT_ORDER_ID_INVALID",
        )
    return ids


def bracket(
    entry: SubmitOrder,
    ids: Sequence[str],
    take_profit: int | None = None,
    stop_loss: int | None = None,
    stop_loss_limit: int | None = None,
) -> SubmitList:
    """Return an order with those that close its position again: both exits (a bracket) or one of them (``oto``).

    The exits stand as long as the entry, or until canceled where the entry does not rest.

    Args:
        entry: The order that opens the position; the list goes by its client order id.
        ids: Client order ids of the exits, take profit first.
        take_profit: Limit price of the exit with a profit, in increments.
        stop_loss: Stop price of the exit with a loss.
        stop_loss_limit: Makes that one a stop-limit order.

    Raises:
        InputError: No exit, or prices on the wrong sides of one another.
    """
    exit_order = msgspec.structs.replace(
        entry,
        side=Side.SELL if entry.side is Side.BUY else Side.BUY,
        time_in_force=entry.time_in_force if entry.time_in_force in _RESTING else TimeInForce.GTC,
        conditions=None,
    )
    exits = _exits(exit_order, ids, take_profit, stop_loss, stop_loss_limit)
    contingency = Contingency.BRACKET if len(exits) == 2 else Contingency.OTO
    return _list(entry.client_order_id, contingency, (entry, *exits))


def oco(
    exit_order: SubmitOrder,
    ids: Sequence[str],
    take_profit: int | None,
    stop_loss: int | None,
    stop_loss_limit: int | None = None,
) -> SubmitList:
    """Return two orders that close a position, of which one cancels the other.

    Args:
        exit_order: What both share: account, instrument, side, quantity; the list goes by its client order id.
        ids: Their client order ids, take profit first.
        take_profit, stop_loss, stop_loss_limit: As of ``bracket``.

    Raises:
        InputError: A price is missing, or they lie on the wrong sides of one another.
    """
    for name, price in (("take_profit", take_profit), ("stop_loss", stop_loss)):
        if price is None:
            raise InputError(f"an oco list needs {name}", field=name, rule="take_profit and stop_loss")
    exits = _exits(exit_order, ids, take_profit, stop_loss, stop_loss_limit)
    return _list(exit_order.client_order_id, Contingency.OCO, exits)


def _list(list_id: str, contingency: Contingency, orders: tuple[SubmitOrder, ...]) -> SubmitList:
    return SubmitList(
        list_id=list_id,
        account=orders[0].account,
        contingency=contingency,
        orders=orders,
        principal=orders[0].principal,
    )


def _exits(
    exit_order: SubmitOrder,
    ids: Sequence[str],
    take_profit: int | None,
    stop_loss: int | None,
    stop_loss_limit: int | None,
) -> tuple[SubmitOrder, ...]:
    exits = []
    if take_profit is not None:
        exits.append(
            msgspec.structs.replace(
                exit_order, client_order_id=ids[0], type=OrderType.LIMIT, limit_price=take_profit, conditions=None
            )
        )
    if stop_loss is not None:
        exits.append(
            msgspec.structs.replace(
                exit_order,
                client_order_id=ids[1],
                type=OrderType.STOP if stop_loss_limit is None else OrderType.STOP_LIMIT,
                limit_price=stop_loss_limit,
                conditions=Conditions(stop_price=stop_loss),
            )
        )
    elif stop_loss_limit is not None:
        raise InputError("a limit without its stop", field="stop_loss_limit", value=stop_loss_limit, rule="a stop_loss")
    if not exits:
        raise InputError("no exit", field="take_profit", rule="take_profit, stop_loss or both")
    if take_profit is not None and stop_loss is not None and exit_order.side.sign * (take_profit - stop_loss) >= 0:
        sells = exit_order.side is Side.SELL
        raise InputError(
            "profit would be taken on the wrong side of the stop",
            field="take_profit",
            value=take_profit,
            rule=f"{'above' if sells else 'below'} the stop loss, {stop_loss}, of an exit that {exit_order.side}s",
        )
    return tuple(exits)
