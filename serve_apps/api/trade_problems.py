"""What the OMS refuses, told in the client's own terms."""

from __future__ import annotations

from collections.abc import Sequence

from actors.errors import Conflict, NotFound, OrderRejected
from actors.messages import Conditions, Order, OrderStatus, SubmitList, SubmitOrder
from actors.refusals import read_refusal_text, refusal_code
from serve_apps.api.problems import ProblemError
from serve_apps.api.trade_schemas import Trade

LIST_REFUSED = "LIST_REFUSED"
_CLIENTS_NAMES = {
    "instrument": "symbol",
    "quantity": "qty",
    "account": "portfolio",
    "display_quantity": "display_qty",
    "trail_amount": "trail_price",
    "trail_rate": "trail_percent",
    "replacement_id": "client_order_id",
}


def no_such_order(client_order_id: str) -> NotFound:
    """Return the refusal of an order id that nobody knows."""
    return NotFound(
        "no such order",
        field="client_order_id",
        value=client_order_id,
        rule="an order of this portfolio",
        code="ORDER_NOT_FOUND",
    )


def refused(orders: Sequence[Order]) -> Order | None:
    """Return the order that is at fault where one was rejected, ``None`` where none was."""
    rejected = [order for order in orders if order.status is OrderStatus.REJECTED]
    return next((order for order in rejected if order.reason != LIST_REFUSED), next(iter(rejected), None))


def rejected(order: Order, view: Trade) -> ProblemError:
    """Return the problem of an order that is on record as rejected: the gate's or the venue's refusal, part by part."""
    error, status = _refusal(order.reason, order.text, "send it under a new client_order_id")
    error.field = error.field or "client_order_id"
    error.value = order.client_order_id if error.value is None else error.value
    return ProblemError(error, status=status, members={"order": view.model_dump(mode="json")})


def replacement_rejected(refusal: OrderRejected, view: Trade) -> ProblemError:
    """Return the problem of a change that the gate refused; ``view`` is the order, which stays as it was."""
    error, status = _refusal(refusal.code, refusal.message, "ask for it under a new client_order_id")
    return ProblemError(error, status=status, members={"order": view.model_dump(mode="json")})


def _refusal(code: str, text: str, again: str) -> tuple[OrderRejected, int]:
    words = read_refusal_text(text)
    error = OrderRejected(
        words.sentence or "the order was rejected",
        field=_CLIENTS_NAMES.get(words.field, words.field) or None,
        value=words.value or None,
        rule=words.limit or None,
        remedy=f"{words.accepted or 'change the order'}; {again}",
        code=code or None,
    )
    return error, refusal_code(error.code).http_status


def reused(conflict: Conflict, sent: SubmitOrder | SubmitList, first: Order, view: Trade) -> ProblemError:
    """Return the refusal of another order under a known key, with the first order and the field that differs."""
    field, rule = conflict.field or "client_order_id", "the same request as of the first order"
    if isinstance(sent, SubmitOrder):
        if field == "conditions":
            field = _different_condition(sent.conditions, first.conditions)
        field = _CLIENTS_NAMES.get(field, field)
        if field in Trade.model_fields and not first.replacement_id:
            rule = f"{_shown(getattr(view, field))}, as in the first order"
        elif field == "principal":
            rule = "the same client as of the first order"
    error = Conflict(
        "another order was submitted under this client_order_id",
        field=field,
        rule=rule,
        remedy="send another order under another client_order_id",
        code=conflict.code,
    )
    return ProblemError(error, members={"order": view.model_dump(mode="json")})


def _different_condition(sent: Conditions | None, first: Conditions | None) -> str:
    one, other = sent or Conditions(), first or Conditions()
    return next((name for name in one.__struct_fields__ if getattr(one, name) != getattr(other, name)), "conditions")


def _shown(value: object) -> str:
    return "none" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
