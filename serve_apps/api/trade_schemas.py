"""Orders as clients write and read them: Alpaca's names, decimals as strings, times as RFC 3339."""

from __future__ import annotations

from typing import Annotated, Literal

import pydantic
from pydantic import Field

from actors.decimals import money_text, price_text, quantity_text
from actors.instruments import InstrumentMaster
from actors.messages import Order, round_half_even
from serve_apps.api.query import PortfolioId
from serve_apps.api.times import time_text

ClientOrderId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:-]{0,47}$")]
DecimalText = Annotated[str, Field(pattern=r"^[0-9]{1,18}(\.[0-9]{1,8})?$")]


class TradeRequest(pydantic.BaseModel):
    """A new order."""

    model_config = pydantic.ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"symbol": "SIM001", "qty": "10", "side": "buy", "type": "market"},
                {
                    "symbol": "SIM001",
                    "qty": "10",
                    "side": "sell",
                    "type": "limit",
                    "limit_price": "101.25",
                    "time_in_force": "gtc",
                    "client_order_id": "rebalance-2024-01-02-1",
                    "portfolio": "main",
                },
            ]
        },
    )

    symbol: Annotated[str, Field(min_length=1, max_length=32)] = Field(description="What to trade.")
    qty: DecimalText = Field(description="How many units, a positive multiple of the instrument's lot.")
    side: Literal["buy", "sell"]
    type: Literal["market", "limit"]
    limit_price: DecimalText | None = Field(None, description="Worst price; for limit orders, and required there.")
    time_in_force: Literal["day", "gtc", "ioc", "fok"] = "day"
    client_order_id: ClientOrderId | None = Field(
        None,
        description="Your key: repeating it repeats nothing. Made for you if absent, then a repeat is a new order.",
    )
    portfolio: PortfolioId | None = Field(None, description="For which portfolio; required where there are several.")

    @pydantic.model_validator(mode="after")
    def _price_fits_the_type(self) -> TradeRequest:
        if self.type == "limit" and self.limit_price is None:
            raise ValueError("limit_price is required for a limit order")
        if self.type == "market" and self.limit_price is not None:
            raise ValueError("limit_price is not allowed for a market order")
        return self


class Trade(pydantic.BaseModel):
    """An order and what became of it."""

    id: str = Field(description="AlphaMind's key.")
    client_order_id: str = Field(description="The client's key.")
    portfolio: str
    strategy: str = Field(description="Who decided: a strategy, or `manual`.")
    symbol: str
    side: Literal["buy", "sell"]
    type: Literal["market", "limit"]
    time_in_force: Literal["day", "gtc", "ioc", "fok"]
    qty: str
    limit_price: str | None
    status: str = Field(
        description="pending_new, new, partially_filled, filled, pending_cancel, canceled, rejected or expired."
    )
    filled_qty: str
    filled_avg_price: str | None = Field(description="Average over all fills, rounded half-even to 1e-8.")
    submitted_at: str = Field(description="Market time at submission, RFC 3339.")
    updated_at: str = Field(description="Market time of the last change, RFC 3339.")
    reject_code: str | None = Field(description="Stable code of the refusal.")
    reject_reason: str | None = Field(description="The refusal in words.")

    @classmethod
    def of(cls, order: Order, instruments: InstrumentMaster) -> Trade:
        """Return the order as clients read it."""
        instrument = instruments.by_id(order.instrument)
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
            time_in_force=order.time_in_force.value,
            qty=quantity_text(instrument, order.quantity),
            limit_price=None if order.limit_price is None else price_text(instrument, order.limit_price),
            status=order.status.value,
            filled_qty=quantity_text(instrument, order.filled_quantity),
            filled_avg_price=average,
            submitted_at=time_text(order.submitted_at),
            updated_at=time_text(order.updated_at),
            reject_code=order.reason or None,
            reject_reason=order.text or None,
        )


class Trades(pydantic.BaseModel):
    """Orders of one portfolio, newest first."""

    portfolio: str
    trades: list[Trade]
