"""What strategies ask of the OMS, under ids that are the same after a restart."""

from __future__ import annotations

import zlib

import msgspec

from actors.messages import (
    CancelOrder,
    Contingency,
    Order,
    OrderStatus,
    ReplaceOrder,
    Stage,
    SubmitList,
    SubmitOrder,
)

Command = SubmitOrder | SubmitList | ReplaceOrder | CancelOrder

MAXIMUM_CLIENT_ORDER_ID = 48


def client_order_id(strategy: str, number: int) -> str:
    """Return the id of a strategy's ``number``-th wish: the same after a restart, at most 48 characters.

    A long name is cut, and told apart from others by its checksum.
    """
    name = strategy if len(strategy) <= 36 else f"{strategy[:27]}~{zlib.crc32(strategy.encode()):08x}"
    return f"{name}-{number}"[:MAXIMUM_CLIENT_ORDER_ID]


def unconfirmed(
    command: SubmitOrder, time: int, status: OrderStatus = OrderStatus.PENDING_NEW, reason: str = "", text: str = ""
) -> Order:
    """Return an order as it looks before the OMS has said anything of it, or when the OMS would not take it at all."""
    return Order(
        order_id="",
        client_order_id=command.client_order_id,
        account=command.account,
        strategy=command.strategy,
        principal=command.principal,
        instrument=command.instrument,
        side=command.side,
        type=command.type,
        quantity=command.quantity,
        limit_price=command.limit_price,
        time_in_force=command.time_in_force,
        status=status,
        submitted_at=time,
        updated_at=time,
        reason=reason,
        text=text,
        conditions=command.conditions,
    )


def unconfirmed_list(
    command: SubmitList, time: int, status: OrderStatus = OrderStatus.PENDING_NEW, reason: str = "", text: str = ""
) -> list[Order]:
    """Return the orders of a list as ``unconfirmed`` does; those that another one triggers are held."""
    orders = []
    for index, submitted in enumerate(command.orders):
        held = index > 0 and command.contingency is not Contingency.OCO
        orders.append(
            msgspec.structs.replace(
                unconfirmed(submitted, time, status, reason, text),
                stage=Stage.HELD if held else Stage.WORKING,
                list_id=command.list_id,
                contingency=command.contingency,
            )
        )
    return orders


def orders_of(command: Command) -> tuple[str, ...]:
    """Return the client order ids of the orders that a command is about."""
    if isinstance(command, SubmitList):
        return tuple(order.client_order_id for order in command.orders)
    return (command.client_order_id,)
