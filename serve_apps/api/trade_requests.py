"""What clients ask of orders: Alpaca's names, decimals as strings, times as RFC 3339."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

import pydantic
from pydantic import Field

from serve_apps.api.query import OnePortfolio, PortfolioId

ClientOrderId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:-]{0,47}$")]
DecimalText = Annotated[str, Field(pattern=r"^[0-9]{1,18}(\.[0-9]{1,8})?$")]
SignedDecimalText = Annotated[str, Field(pattern=r"^-?[0-9]{1,18}(\.[0-9]{1,8})?$")]
PercentText = Annotated[str, Field(pattern=r"^[0-9]{1,2}(\.[0-9]{1,6})?$")]
TimeText = Annotated[
    str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$", examples=["2024-03-28T20:00:00Z"])
]
OrderTypeName = Literal[
    "market", "limit", "stop", "stop_limit", "trailing_stop", "market_if_touched", "limit_if_touched", "pegged"
]
TimeInForceName = Literal["day", "gtc", "gtd", "ioc", "fok", "opg", "cls"]
OrderClass = Literal["simple", "oco", "oto", "bracket"]
SideName = Literal["buy", "sell"]

_PRICES = ("limit_price", "stop_price", "trail_price", "trail_percent", "peg", "peg_offset")
_REQUIRED: dict[str, tuple[str, ...]] = {
    "market": (),
    "limit": ("limit_price",),
    "stop": ("stop_price",),
    "stop_limit": ("stop_price", "limit_price"),
    "trailing_stop": (),
    "market_if_touched": ("stop_price",),
    "limit_if_touched": ("stop_price", "limit_price"),
    "pegged": ("peg",),
}
_OPTIONAL: dict[str, tuple[str, ...]] = {
    "trailing_stop": ("trail_price", "trail_percent"),
    "pegged": ("limit_price", "peg_offset"),
}


class TakeProfit(pydantic.BaseModel):
    """The exit with a profit: a limit order."""

    model_config = pydantic.ConfigDict(extra="forbid")

    limit_price: DecimalText


class StopLoss(pydantic.BaseModel):
    """The exit with a loss: a stop order, a stop-limit order where there is a limit price."""

    model_config = pydantic.ConfigDict(extra="forbid")

    stop_price: DecimalText
    limit_price: DecimalText | None = None


class TradeRequest(pydantic.BaseModel):
    """A new order, or a list of orders that depend on one another."""

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
                {"symbol": "SIM001", "qty": "10", "side": "sell", "type": "trailing_stop", "trail_percent": "2.5"},
                {
                    "symbol": "SIM001",
                    "qty": "500",
                    "side": "buy",
                    "type": "limit",
                    "limit_price": "99.50",
                    "display_qty": "100",
                    "post_only": True,
                    "time_in_force": "gtd",
                    "expire_time": "2024-03-28T20:00:00Z",
                },
                {
                    "symbol": "SIM001",
                    "qty": "10",
                    "side": "buy",
                    "type": "limit",
                    "limit_price": "100.00",
                    "order_class": "bracket",
                    "take_profit": {"limit_price": "110.00"},
                    "stop_loss": {"stop_price": "95.00"},
                },
            ]
        },
    )

    symbol: Annotated[str, Field(min_length=1, max_length=32)] = Field(description="What to trade.")
    qty: DecimalText = Field(description="How many units, a positive multiple of the instrument's lot.")
    side: SideName
    type: OrderTypeName
    limit_price: DecimalText | None = Field(None, description="Worst price, of orders with a limit.")
    stop_price: DecimalText | None = Field(None, description="Price that triggers a stop or *if touched* order.")
    trail_price: DecimalText | None = Field(None, description="Distance of a trailing stop; or `trail_percent`.")
    trail_percent: PercentText | None = Field(None, description="The same as a percentage of the best price since.")
    peg: Literal["mid", "best"] | None = Field(
        None, description="What the limit of a pegged order follows: the middle, or the best price of its own side."
    )
    peg_offset: SignedDecimalText | None = Field(None, description="Added to it; negative lowers the price.")
    display_qty: DecimalText | None = Field(None, description="How much others may see at a time (iceberg).")
    post_only: bool = Field(False, description="Refused where it would trade at once.")
    reduce_only: bool = Field(False, description="May only shrink the position.")
    time_in_force: TimeInForceName = Field("day", description="`opg` and `cls`: at the opening, at the close.")
    expire_time: TimeText | None = Field(None, description="When a `gtd` order expires, in market time.")
    order_class: OrderClass = Field(
        "simple",
        description="`oco`: `take_profit` and `stop_loss`, of which one cancels the other, without an entry. `oto`: an "
        "order that triggers one of them. `bracket`: one that triggers both.",
    )
    take_profit: TakeProfit | None = None
    stop_loss: StopLoss | None = None
    client_order_id: ClientOrderId | None = Field(
        None,
        description="Your key: repeating it repeats nothing. Made for you if absent, then a repeat is a new order. "
        "The exits of a list have it with `.take_profit` and `.stop_loss` behind it.",
    )
    portfolio: PortfolioId | None = Field(None, description="For which portfolio; required where there are several.")

    @pydantic.model_validator(mode="after")
    def _fits_together(self) -> TradeRequest:
        fault = next(self._faults(), None)
        if fault is not None:
            raise ValueError(fault)
        return self

    def _faults(self) -> Iterator[str]:
        required, kind = _REQUIRED[self.type], self.type.replace("_", " ")
        optional = _OPTIONAL.get(self.type, ())
        if self.order_class == "oco":
            required = ()
            if self.type != "limit":
                yield "an oco list is of type limit: its first order is the take_profit"
        for name in _PRICES:
            given = getattr(self, name) is not None
            if given and name not in (*required, *optional):
                yield f"{name} is not allowed for a {kind} order"
            if name in required and not given:
                yield f"{name} is required for a {kind} order"
        if self.type == "trailing_stop" and (self.trail_price is None) is (self.trail_percent is None):
            yield "one of trail_price and trail_percent is required for a trailing stop order"
        if (self.expire_time is None) is (self.time_in_force == "gtd"):
            yield "expire_time is required for time_in_force gtd, and allowed there alone"
        exits = sum(one is not None for one in (self.take_profit, self.stop_loss))
        if exits != {"simple": 0, "oto": 1}.get(self.order_class, 2):
            wanted = {"simple": "neither take_profit nor stop_loss", "oto": "one of take_profit and stop_loss"}
            yield f"order_class {self.order_class} takes {wanted.get(self.order_class, 'take_profit and stop_loss')}"


class ReplaceRequest(pydantic.BaseModel):
    """New terms of an order; what is left out stays."""

    model_config = pydantic.ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"qty": "20", "client_order_id": "rebalance-2024-01-02-1b"},
                {"limit_price": "100.75", "stop_price": "101.00"},
            ]
        },
    )

    qty: DecimalText | None = Field(None, description="The whole new quantity, what is filled already included.")
    limit_price: DecimalText | None = None
    stop_price: DecimalText | None = None
    trail_price: DecimalText | None = None
    trail_percent: PercentText | None = None
    display_qty: DecimalText | None = None
    expire_time: TimeText | None = None
    client_order_id: ClientOrderId | None = Field(
        None, description="Your key of this change; once it is granted the order is found under it, too."
    )

    @pydantic.model_validator(mode="after")
    def _changes_something(self) -> ReplaceRequest:
        if all(getattr(self, name) is None for name in _changeable()):
            raise ValueError(f"at least one of {', '.join(_changeable())} is required")
        if self.trail_price is not None and self.trail_percent is not None:
            raise ValueError("only one of trail_price and trail_percent is allowed")
        return self


class CancelFilter(OnePortfolio):
    """Which open orders to cancel; without any of these all of the portfolio."""

    symbol: Annotated[str, Field(min_length=1, max_length=32)] | None = None
    side: SideName | None = None
    strategy: Annotated[str, Field(min_length=1, max_length=48)] | None = None
    reason: Annotated[str, Field(min_length=1, max_length=200)] | None = Field(None, description="For the record.")


class TradeFilter(OnePortfolio):
    """Which orders to list."""

    open: bool = Field(False, description="Only orders that can still trade.")
    limit: int = Field(100, ge=1, le=1000, description="At most so many.")


def _changeable() -> list[str]:
    return [name for name in ReplaceRequest.model_fields if name != "client_order_id"]
