"""Orders as clients read them: Alpaca's names, decimals as strings, times as RFC 3339."""

from __future__ import annotations

from collections.abc import Sequence

import pydantic
from pydantic import Field

from actors.decimals import money_text, price_text, quantity_text, ratio_text
from actors.instruments import InstrumentMaster
from actors.messages import MONEY_UNIT, Conditions, Instrument, Order, TimeInForce, round_half_even
from serve_apps.api.times import time_text
from serve_apps.api.trade_requests import OrderClass, OrderTypeName, SideName, TimeInForceName

TIMES_IN_FORCE: dict[TimeInForce, TimeInForceName] = {
    TimeInForce.DAY: "day",
    TimeInForce.GTC: "gtc",
    TimeInForce.GTD: "gtd",
    TimeInForce.IOC: "ioc",
    TimeInForce.FOK: "fok",
    TimeInForce.AT_OPEN: "opg",
    TimeInForce.AT_CLOSE: "cls",
}
"""Times in force as clients know them."""


class Trade(pydantic.BaseModel):
    """An order and what became of it."""

    id: str = Field(description="AlphaMind's key.")
    client_order_id: str = Field(description="The client's key.")
    portfolio: str
    strategy: str = Field(description="Who decided: a strategy, or `manual`.")
    symbol: str
    side: SideName
    type: OrderTypeName
    time_in_force: TimeInForceName
    qty: str
    limit_price: str | None
    stop_price: str | None
    trail_price: str | None
    trail_percent: str | None
    peg: str | None
    peg_offset: str | None
    display_qty: str | None
    post_only: bool
    reduce_only: bool
    expire_time: str | None
    status: str = Field(
        description="pending_new, new, partially_filled, filled, done_for_day, pending_cancel, canceled, "
        "pending_replace, rejected, expired, stopped, suspended or calculated."
    )
    stage: str = Field(
        description="Where it is: `working` at the venue, `watching` the market here, or `held` for its moment or "
        "for another order."
    )
    emulated: list[str] = Field(description="What the venue can't do and AlphaMind does itself.")
    trigger_price: str | None = Field(description="Where a watching order triggers, or a pegged one stands, now.")
    filled_qty: str
    filled_avg_price: str | None = Field(description="Average over all fills, rounded half-even to 1e-8.")
    order_class: OrderClass = Field(description="How it depends on the other orders of its list.")
    list_id: str | None = Field(description="The list that it belongs to.")
    legs: list[Trade] | None = Field(None, description="The other orders of its list, in the answer to its submission.")
    replacement_id: str | None = Field(description="Key of the newest change that was granted.")
    submitted_at: str = Field(description="Market time at submission, RFC 3339.")
    updated_at: str = Field(description="Market time of the last change, RFC 3339.")
    reject_code: str | None = Field(description="Stable code of the refusal, or of why it ended.")
    reject_reason: str | None = Field(description="The same in words.")

    @classmethod
    def of(cls, order: Order, instruments: InstrumentMaster, legs: Sequence[Order] = ()) -> Trade:
        """Return the order as clients read it; ``legs`` are the other orders of its list."""
        instrument = instruments.by_id(order.instrument)
        conditions = order.conditions or _NO_CONDITIONS
        average = None
        if order.filled_quantity:
            average = money_text(
                round_half_even(order.filled_value * instrument.price_increment, order.filled_quantity)
            )
        return cls(
            id=order.order_id,
            client_order_id=order.client_order_id,
            portfolio=order.account,
            strategy=order.strategy,
            symbol=instrument.symbol,
            side=order.side.value,
            type=order.type.value,
            time_in_force=TIMES_IN_FORCE[order.time_in_force],
            qty=quantity_text(instrument, order.quantity),
            limit_price=_price(instrument, order.limit_price),
            stop_price=_price(instrument, conditions.stop_price),
            trail_price=_price(instrument, conditions.trail_amount),
            trail_percent=(
                None if conditions.trail_rate is None else ratio_text(conditions.trail_rate, MONEY_UNIT // 100)
            ),
            peg=None if conditions.peg is None else conditions.peg.value,
            peg_offset=None if conditions.peg is None else _price(instrument, conditions.peg_offset),
            display_qty=(
                None if conditions.display_quantity is None else quantity_text(instrument, conditions.display_quantity)
            ),
            post_only=conditions.post_only,
            reduce_only=conditions.reduce_only,
            expire_time=None if conditions.expire_time is None else time_text(conditions.expire_time),
            status=order.status.value,
            stage=order.stage.value,
            emulated=list(order.emulated),
            trigger_price=_price(instrument, order.trigger_price or None),
            filled_qty=quantity_text(instrument, order.filled_quantity),
            filled_avg_price=average,
            order_class="simple" if order.contingency is None else order.contingency.value,
            list_id=order.list_id or None,
            legs=[cls.of(leg, instruments) for leg in legs] or None,
            replacement_id=order.replacement_id or None,
            submitted_at=time_text(order.submitted_at),
            updated_at=time_text(order.updated_at),
            reject_code=order.reason or None,
            reject_reason=order.text or None,
        )


class Trades(pydantic.BaseModel):
    """Orders of one portfolio, newest first."""

    portfolio: str
    trades: list[Trade]


class Cancellations(pydantic.BaseModel):
    """What a cancellation of many orders reached."""

    portfolio: str
    canceled: list[str] = Field(description="AlphaMind's keys of the orders that were asked to be canceled now.")


_NO_CONDITIONS = Conditions()


def _price(instrument: Instrument, price: int | None) -> str | None:
    return None if price is None else price_text(instrument, price)
