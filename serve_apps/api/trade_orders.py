"""From what clients ask to what the OMS is told: symbols become ids, decimals increments, classes lists."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pydantic

from actors.decimals import parse_money, parse_price, parse_quantity
from actors.errors import InputError, NotFound
from actors.instruments import InstrumentMaster
from actors.messages import (
    CancelOrders,
    Conditions,
    Instrument,
    Order,
    OrderType,
    PegReference,
    ReplaceOrder,
    Side,
    SubmitList,
    SubmitOrder,
)
from actors.order_lists import bracket, exit_ids, oco
from serve_apps.api.times import parse_time
from serve_apps.api.trade_requests import CancelFilter, ClientOrderId, ReplaceRequest, TradeRequest
from serve_apps.api.trade_schemas import TIMES_IN_FORCE

_client_order_id = pydantic.TypeAdapter(ClientOrderId)
_TIMES_IN_FORCE = {name: word for word, name in TIMES_IN_FORCE.items()}


def order_of(
    trade: TradeRequest, key: str, account: str, principal: str, instruments: InstrumentMaster
) -> SubmitOrder | SubmitList:
    """Return the order, or the list of orders, that a client asks for.

    Raises:
        InputError: An unknown symbol, a number off its increments, or prices on the wrong sides of one another.
    """
    instrument = instrument_of(trade.symbol, instruments)
    order = SubmitOrder(
        client_order_id=key,
        account=account,
        instrument=instrument.id,
        side=Side(trade.side),
        quantity=parse_quantity(instrument, trade.qty, "qty"),
        type=OrderType(trade.type),
        limit_price=_given(parse_price, instrument, trade.limit_price, "limit_price"),
        time_in_force=_TIMES_IN_FORCE[trade.time_in_force],
        principal=principal,
        conditions=_conditions(trade, instrument),
    )
    if trade.order_class == "simple":
        return order
    profit, loss = trade.take_profit, trade.stop_loss
    prices = (
        None if profit is None else parse_price(instrument, profit.limit_price, "take_profit.limit_price"),
        None if loss is None else parse_price(instrument, loss.stop_price, "stop_loss.stop_price"),
        None if loss is None else _given(parse_price, instrument, loss.limit_price, "stop_loss.limit_price"),
    )
    if trade.order_class == "oco":
        return oco(order, exit_ids(key, alone=True), *prices)
    return bracket(order, exit_ids(key), *prices)


def replacement_of(
    wanted: ReplaceRequest, order: Order, key: str, principal: str, instruments: InstrumentMaster
) -> ReplaceOrder:
    """Return the change of an order that a client asks for.

    Raises:
        InputError: A number off the instrument's increments.
    """
    instrument = instruments.by_id(order.instrument)
    return ReplaceOrder(
        account=order.account,
        client_order_id=order.client_order_id,
        replacement_id=key,
        quantity=_given(parse_quantity, instrument, wanted.qty, "qty"),
        limit_price=_given(parse_price, instrument, wanted.limit_price, "limit_price"),
        stop_price=_given(parse_price, instrument, wanted.stop_price, "stop_price"),
        trail_amount=_given(parse_price, instrument, wanted.trail_price, "trail_price"),
        trail_rate=_rate(wanted.trail_percent),
        display_quantity=_given(parse_quantity, instrument, wanted.display_qty, "display_qty"),
        expire_time=None if wanted.expire_time is None else parse_time(wanted.expire_time, "expire_time"),
        principal=principal,
    )


def cancellation_of(wanted: CancelFilter, account: str, principal: str, instruments: InstrumentMaster) -> CancelOrders:
    """Return the cancellation of many orders that a client asks for.

    Raises:
        InputError: An unknown symbol.
    """
    return CancelOrders(
        account=account,
        strategy=wanted.strategy,
        instrument=None if wanted.symbol is None else instrument_of(wanted.symbol, instruments).id,
        side=None if wanted.side is None else Side(wanted.side),
        principal=principal,
        reason=wanted.reason or "",
    )


def instrument_of(symbol: str, instruments: InstrumentMaster) -> Instrument:
    """Return the instrument that bears a symbol.

    Raises:
        InputError: None does (code ``SYMBOL_UNKNOWN``); names the nearest one.
    """
    try:
        return instruments.by_symbol(symbol)
    except NotFound as error:
        raise InputError(
            "no instrument of that symbol",
            field="symbol",
            value=symbol,
            rule="a symbol of the instrument master",
            remedy=error.remedy,
            code="SYMBOL_UNKNOWN",
        ) from None


def key_of_header(header: str | None) -> str | None:
    """Return the key that an ``Idempotency-Key`` holds, quoted or not.

    Raises:
        InputError: It could not be a client order id.
    """
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


def _conditions(trade: TradeRequest, instrument: Instrument) -> Conditions | None:
    conditions = Conditions(
        stop_price=_given(parse_price, instrument, trade.stop_price, "stop_price"),
        trail_amount=_given(parse_price, instrument, trade.trail_price, "trail_price"),
        trail_rate=_rate(trade.trail_percent),
        display_quantity=_given(parse_quantity, instrument, trade.display_qty, "display_qty"),
        peg=None if trade.peg is None else PegReference(trade.peg),
        peg_offset=_offset(trade.peg_offset, instrument),
        expire_time=None if trade.expire_time is None else parse_time(trade.expire_time, "expire_time"),
        post_only=trade.post_only,
        reduce_only=trade.reduce_only,
    )
    return None if conditions == Conditions() else conditions


def _given(parse: Callable[..., int], instrument: Instrument, text: str | None, field: str) -> Any:
    return None if text is None else parse(instrument, text, field)


def _rate(percent: str | None) -> int | None:
    """Return a percentage as a fraction in 1e-8: exact, as it has at most six decimals."""
    if percent is None:
        return None
    rate = parse_money(percent, "trail_percent") // 100
    if rate <= 0:
        raise InputError("a stop that trails by nothing", field="trail_percent", value=percent, rule="greater than 0")
    return rate


def _offset(text: str | None, instrument: Instrument) -> int:
    if text is None or not parse_money(text, "peg_offset"):
        return 0
    size = parse_price(instrument, text.removeprefix("-"), "peg_offset")
    return -size if text.startswith("-") else size
