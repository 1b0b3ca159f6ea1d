"""``/trades``: submit, find, list, change and cancel orders."""

from __future__ import annotations

import uuid
from typing import Annotated

import msgspec
from fastapi import APIRouter, Header, Path, Query, Response, Security

from actors.errors import Conflict, NotFound, OrderRejected, PeerLost
from actors.messages import CancelOrder, Order, OrderStatus, SubmitList, SubmitOrder, decoder, encode
from serve_apps.api.bearer import authorize
from serve_apps.api.edge import Edge, SharedEdge
from serve_apps.api.problems import ProblemError
from serve_apps.api.query import OnePortfolio
from serve_apps.api.responses import failures
from serve_apps.api.strict import StrictRoute
from serve_apps.api.trade_orders import cancellation_of, key_of_header, order_of, replacement_of
from serve_apps.api.trade_problems import no_such_order, refused, rejected, replacement_rejected, reused
from serve_apps.api.trade_requests import CancelFilter, ReplaceRequest, TradeFilter, TradeRequest
from serve_apps.api.trade_schemas import Cancellations, Trade, Trades
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


@router.post(
    "",
    operation_id="submitTrade",
    summary="Submit an order, or orders that depend on one another",
    status_code=201,
    responses={
        200: {"model": Trade, "description": "The same order was submitted before; this is its present state."},
        **failures(404, 409, 413, 415, 429),
    },
)
async def submit_trade(
    trade: TradeRequest, response: Response, principal: Trader, edge: SharedEdge, idempotency_key: IdempotencyKey = None
) -> Trade:
    """Submit an order, or a list of orders: `order_class` with `take_profit` and `stop_loss`.

    Sending it again with the same `client_order_id` never trades twice: the same order is answered with its present
    state (200), another one is refused (409). So repeat it whenever an answer did not reach you. An order that the
    pre-trade gate refuses is on record as rejected; the problem carries the gate's code, what would be accepted, and
    the order. What the venue can't do AlphaMind does itself, and says so in `emulated`.
    """
    account = edge.portfolio(principal, trade.portfolio)
    key = trade.client_order_id or key_of_header(idempotency_key)
    sent = order_of(trade, key or f"api-{uuid.uuid4().hex}", account, principal.client_id, edge.instruments)
    sent_key = sent.list_id if isinstance(sent, SubmitList) else sent.client_order_id
    # Two equal submissions at the same moment may both be told 201: they still are one order.
    known = key is not None and await _find(edge, account, key) is not None
    try:
        first, *others = await _submit(edge, sent)
    except Conflict as conflict:
        raise await _reused(edge, conflict, sent, sent_key, trade) from None
    except PeerLost as lost:
        raise _lost(lost, "send", sent_key) from None
    edge.metrics.count("trades_submitted_total")
    view = Trade.of(first, edge.instruments, others)
    fault = refused([first, *others])
    if fault is not None:
        edge.metrics.count("trades_rejected_total")
        raise rejected(fault, view)
    response.status_code = 200 if known else 201
    response.headers["Location"] = f"/trades/{first.client_order_id}?portfolio={account}"
    return view


@router.get("", operation_id="listTrades", summary="List orders", responses=failures(404))
async def list_trades(wanted: Annotated[TradeFilter, Query()], principal: Reader, edge: SharedEdge) -> Trades:
    """List the orders of a portfolio, newest first."""
    account = edge.portfolio(principal, wanted.portfolio)
    body = encode({"account": account, "open_only": wanted.open, "limit": wanted.limit})
    orders = _orders(await edge.backends.oms(account, "orders", body))
    return Trades(portfolio=account, trades=[Trade.of(order, edge.instruments) for order in orders])


@router.delete(
    "",
    operation_id="cancelTrades",
    summary="Cancel all open orders that fit",
    status_code=202,
    responses=failures(404),
)
async def cancel_trades(wanted: Annotated[CancelFilter, Query()], principal: Trader, edge: SharedEdge) -> Cancellations:
    """Ask for every open order of a portfolio to be taken back: of a symbol, a side or a strategy where one is named.

    Sending it again takes back what is open then; orders that are being canceled already are left out of the answer.
    """
    account = edge.portfolio(principal, wanted.portfolio)
    body = encode(cancellation_of(wanted, account, principal.client_id, edge.instruments))
    answer = msgspec.msgpack.decode(await edge.backends.oms(account, "cancel_all", body))
    edge.metrics.count("mass_cancels_total")
    return Cancellations(portfolio=account, canceled=answer["canceled"])


@router.get("/{client_order_id}", operation_id="findTrade", summary="Find an order", responses=failures(404))
async def find_trade(
    client_order_id: OrderKey, wanted: Annotated[OnePortfolio, Query()], principal: Reader, edge: SharedEdge
) -> Trade:
    """Find an order by the client's key, or by that of a change."""
    account = edge.portfolio(principal, wanted.portfolio)
    return Trade.of(await _existing(edge, account, client_order_id), edge.instruments)


@router.patch(
    "/{client_order_id}",
    operation_id="replaceTrade",
    summary="Change an order",
    responses={
        202: {"model": Trade, "description": "The venue was asked; the order stands as it was until it answers."},
        **failures(404, 409, 413, 415, 429),
    },
)
async def replace_trade(
    client_order_id: OrderKey,
    change: ReplaceRequest,
    wanted: Annotated[OnePortfolio, Query()],
    response: Response,
    principal: Trader,
    edge: SharedEdge,
    idempotency_key: IdempotencyKey = None,
) -> Trade:
    """Ask for an order to be changed; what is left out stays.

    The order keeps its keys and is found under the `client_order_id` of the change as well, once that is granted.
    Sending the change again with the same one changes nothing again. A change that the pre-trade gate refuses leaves
    the order as it was.
    """
    account = edge.portfolio(principal, wanted.portfolio)
    key = change.client_order_id or key_of_header(idempotency_key) or f"api-{uuid.uuid4().hex}"
    before = await _existing(edge, account, client_order_id)
    wish = replacement_of(change, before, key, principal.client_id, edge.instruments)
    try:
        order = _order(await edge.backends.oms(account, "replace", encode(wish)))
    except OrderRejected as refusal:
        raise replacement_rejected(refusal, Trade.of(before, edge.instruments)) from None
    except NotFound:
        raise no_such_order(client_order_id) from None
    except PeerLost as lost:
        raise _lost(lost, "ask for", key) from None
    edge.metrics.count("trades_replaced_total")
    response.status_code = 202 if order.status is OrderStatus.PENDING_REPLACE else 200
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
        raise no_such_order(client_order_id) from None
    response.status_code = 202 if order.status.is_open else 200
    return Trade.of(order, edge.instruments)


async def _submit(edge: Edge, sent: SubmitOrder | SubmitList) -> list[Order]:
    if isinstance(sent, SubmitOrder):
        return [_order(await edge.backends.oms(sent.account, "submit", encode(sent)))]
    orders: list[Order] = _orders(await edge.backends.oms(sent.account, "submit_list", encode(sent)))
    return orders


async def _find(edge: Edge, account: str, key: str) -> Order | None:
    try:
        body = encode({"account": account, "client_order_id": key})
        found: Order = _order(await edge.backends.oms(account, "order", body))
    except NotFound:
        return None
    return found


async def _existing(edge: Edge, account: str, key: str) -> Order:
    order = await _find(edge, account, key)
    if order is None:
        raise no_such_order(key)
    return order


async def _reused(
    edge: Edge, conflict: Conflict, sent: SubmitOrder | SubmitList, key: str, trade: TradeRequest
) -> Exception:
    if conflict.code != "CLIENT_ORDER_ID_REUSED":
        return conflict
    first = await _find(edge, sent.account, key)
    if first is None:
        return conflict
    problem = reused(conflict, sent, first, Trade.of(first, edge.instruments))
    problem.error.value = getattr(trade, problem.error.field or "", None)
    return problem


def _lost(lost: PeerLost, verb: str, key: str) -> ProblemError:
    lost.remedy = f"{verb} it again with client_order_id {key}, or look it up by that: it is safe"
    return ProblemError(lost, members={"client_order_id": key})
