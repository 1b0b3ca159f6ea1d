"""``/trades``: submit, find, list and cancel orders."""

from __future__ import annotations

import uuid
from typing import Annotated

import pydantic
from fastapi import APIRouter, Header, Path, Query, Response, Security
from pydantic import Field

from actors.decimals import parse_price, parse_quantity
from actors.errors import Conflict, InputError, NotFound, OrderRejected, PeerLost
from actors.messages import CancelOrder, Order, OrderStatus, OrderType, Side, SubmitOrder, TimeInForce, decoder, encode
from serve_apps.api.bearer import authorize
from serve_apps.api.edge import Edge, SharedEdge
from serve_apps.api.problems import ProblemError
from serve_apps.api.query import OnePortfolio
from serve_apps.api.responses import failures
from serve_apps.api.strict import StrictRoute
from serve_apps.api.trade_schemas import ClientOrderId, Trade, TradeRequest, Trades
from serve_apps.auth.scopes import READ_PORTFOLIO, WRITE_TRADE
from serve_apps.auth.tokens import Principal

router = APIRouter(prefix="/trades", tags=["trades"], route_class=StrictRoute)

Reader = Annotated[Principal, Security(authorize, scopes=[READ_PORTFOLIO])]
Trader = Annotated[Principal, Security(authorize, scopes=[WRITE_TRADE])]
OrderKey = Annotated[str, Path(max_length=128, description="The client's key of the order.", examples=["rebalance-1"])]
IdempotencyKey = Annotated[
    str | None,
    Header(alias="Idempotency-Key", max_length=50, description="Stands in for `client_order_id` where that is absent."),
]

_order = decoder(Order)
_orders = decoder(list[Order])
_client_order_id = pydantic.TypeAdapter(ClientOrderId)


class TradeFilter(OnePortfolio):
    """Which orders to list."""

    open: bool = Field(False, description="Only orders that can still trade.")
    limit: int = Field(100, ge=1, le=1000, description="At most so many.")


@router.post(
    "",
    operation_id="submitTrade",
    summary="Submit an order",
    status_code=201,
    responses={
        200: {"model": Trade, "description": "The same order was submitted before; this is its present state."},
        **failures(404, 409, 413, 415),
    },
)
async def submit_trade(
    trade: TradeRequest, response: Response, principal: Trader, edge: SharedEdge, idempotency_key: IdempotencyKey = None
) -> Trade:
    """Submit an order.

    Sending it again with the same `client_order_id` never trades twice: the same order is answered with its present
    state (200), another one is refused (409). So repeat it whenever an answer did not reach you. An order that the
    pre-trade gate refuses is on record as rejected; the problem carries the gate's code and the order.
    """
    account = edge.portfolio(principal, trade.portfolio)
    key = trade.client_order_id or _key_of_header(idempotency_key)
    submission = _submission(trade, key or f"api-{uuid.uuid4().hex}", account, principal, edge)
    # Two equal submissions at the same moment may both be told 201: they still are one order.
    known = key is not None and await _find(edge, account, key) is not None
    try:
        order = _order(await edge.backends.oms(account, "submit", encode(submission)))
    except Conflict as conflict:
        raise await _reused(edge, conflict, submission, trade) from None
    except PeerLost as lost:
        lost.remedy = (
            f"send it again with client_order_id {submission.client_order_id}, or look it up by that: it is safe"
        )
        raise ProblemError(lost, members={"client_order_id": submission.client_order_id}) from None
    edge.metrics.count("trades_submitted_total")
    view = Trade.of(order, edge.instruments)
    if order.status is OrderStatus.REJECTED:
        edge.metrics.count("trades_rejected_total")
        error = OrderRejected(
            order.text or "the order was rejected",
            field="client_order_id",
            value=order.client_order_id,
            remedy="change the order, then send it under a new client_order_id",
            code=order.reason or None,
        )
        raise ProblemError(error, members={"order": view.model_dump(mode="json")})
    response.status_code = 200 if known else 201
    response.headers["Location"] = f"/trades/{order.client_order_id}?portfolio={account}"
    return view


@router.get("", operation_id="listTrades", summary="List orders", responses=failures(404))
async def list_trades(wanted: Annotated[TradeFilter, Query()], principal: Reader, edge: SharedEdge) -> Trades:
    """List the orders of a portfolio, newest first."""
    account = edge.portfolio(principal, wanted.portfolio)
    body = encode({"account": account, "open_only": wanted.open, "limit": wanted.limit})
    orders = _orders(await edge.backends.oms(account, "orders", body))
    return Trades(portfolio=account, trades=[Trade.of(order, edge.instruments) for order in orders])


@router.get("/{client_order_id}", operation_id="findTrade", summary="Find an order", responses=failures(404))
async def find_trade(
    client_order_id: OrderKey, wanted: Annotated[OnePortfolio, Query()], principal: Reader, edge: SharedEdge
) -> Trade:
    """Find an order by the client's key."""
    account = edge.portfolio(principal, wanted.portfolio)
    order = await _find(edge, account, client_order_id)
    if order is None:
        raise _no_such_order(client_order_id)
    return Trade.of(order, edge.instruments)


@router.delete(
    "/{client_order_id}",
    operation_id="cancelTrade",
    summary="Cancel an order",
    responses={
        202: {"model": Trade, "description": "The venue was asked; the order may still be filled until it answers."},
        **failures(404, 409),
    },
)
async def cancel_trade(
    client_order_id: OrderKey,
    wanted: Annotated[OnePortfolio, Query()],
    response: Response,
    principal: Trader,
    edge: SharedEdge,
) -> Trade:
    """Ask for an order to be taken back; what is filled already stays."""
    account = edge.portfolio(principal, wanted.portfolio)
    body = encode(CancelOrder(account=account, client_order_id=client_order_id, principal=principal.client_id))
    try:
        order = _order(await edge.backends.oms(account, "cancel", body))
    except NotFound:
        raise _no_such_order(client_order_id) from None
    response.status_code = 202 if order.status.is_open else 200
    return Trade.of(order, edge.instruments)


async def _find(edge: Edge, account: str, key: str) -> Order | None:
    try:
        body = encode({"account": account, "client_order_id": key})
        found: Order = _order(await edge.backends.oms(account, "order", body))
    except NotFound:
        return None
    return found


_CLIENTS_NAMES = {"instrument": "symbol", "quantity": "qty", "account": "portfolio"}


async def _reused(edge: Edge, conflict: Conflict, submission: SubmitOrder, trade: TradeRequest) -> Exception:
    """Return the refusal of another order under a known key in the client's own terms, with the first order."""
    if conflict.code != "CLIENT_ORDER_ID_REUSED":
        return conflict
    first = await _find(edge, submission.account, submission.client_order_id)
    if first is None:
        return conflict
    view = Trade.of(first, edge.instruments).model_dump(mode="json")
    field = _CLIENTS_NAMES.get(conflict.field or "", conflict.field)
    error = Conflict(
        "another order was submitted under this client_order_id",
        field=field,
        value=getattr(trade, field or "", None),
        rule=f"{view[field]}, as in the first order" if field in view else "the same client as of the first order",
        remedy="send another order under another client_order_id",
        code=conflict.code,
    )
    return ProblemError(error, members={"order": view})


def _submission(trade: TradeRequest, key: str, account: str, principal: Principal, edge: Edge) -> SubmitOrder:
    try:
        instrument = edge.instruments.by_symbol(trade.symbol)
    except NotFound as error:
        raise InputError(
            "no instrument of that symbol",
            field="symbol",
            value=trade.symbol,
            rule="a symbol of the instrument master",
            remedy=error.remedy,
            code="SYMBOL_UNKNOWN",
        ) from None
    return SubmitOrder(
        client_order_id=key,
        account=account,
        instrument=instrument.id,
        side=Side(trade.side),
        quantity=parse_quantity(instrument, trade.qty, "qty"),
        type=OrderType(trade.type),
        limit_price=None if trade.limit_price is None else parse_price(instrument, trade.limit_price, "limit_price"),
        time_in_force=TimeInForce(trade.time_in_force),
        principal=principal.client_id,
    )


def _key_of_header(header: str | None) -> str | None:
    if header is None:
        return None
    key = header[1:-1] if len(header) > 1 and header[0] == header[-1] == '"' else header
    try:
        return _client_order_id.validate_python(key)
    except pydantic.ValidationError:
        raise InputError(
            "unreadable Idempotency-Key",
            field="Idempotency-Key",
            value=header,
            rule="1 to 48 letters, digits, _ . : and -, first a letter or digit",
        ) from None


def _no_such_order(client_order_id: str) -> NotFound:
    return NotFound(
        "no such order",
        field="client_order_id",
        value=client_order_id,
        rule="an order of this portfolio",
        code="ORDER_NOT_FOUND",
    )
