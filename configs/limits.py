"""What the pre-trade gate allows; money in account currency. A limit that is left out is not checked."""

from __future__ import annotations

from typing import Annotated

import pydantic
from pydantic import Field

from configs.base import Decimal, Exact, Positive, Section

_NAME, _SYMBOL = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,47}", r"instrument:[!-~]{1,48}"
Scope = Annotated[str, Field(pattern=rf"^(account:{_NAME}(/{_SYMBOL})?|strategy:{_NAME}|{_SYMBOL})$")]
Fraction = Annotated[Decimal, Field(gt=0, le=1, decimal_places=8)]
Count = Annotated[int, Field(gt=0)]

_TOTALS = (
    "maximum_gross_exposure",
    "maximum_net_exposure",
    "maximum_order_rate",
    "maximum_cancel_rate",
    "maximum_message_rate",
)


class ScopedLimits(Section):
    """The limits of an account, a strategy or an instrument; what is left out is the firm's."""

    maximum_order_quantity: Annotated[Positive, Exact] | None = None
    """Units in one order."""
    maximum_order_notional: Annotated[Positive, Exact] | None = None
    """Value of one order."""
    maximum_position_notional: Annotated[Positive, Exact] | None = None
    """Value of one position, long or short, after the order."""
    price_collar: Fraction | None = None
    """Largest distance of a limit price from the market on the aggressive side, as a fraction."""
    allow_short: bool | None = None
    """Whether a position may go below zero."""
    price_collar_deviations: Annotated[Decimal, Field(ge=0, le=10**6, decimal_places=8)] | None = None
    """The same distance in standard deviations of recent price changes; 0 is off."""
    maximum_order_value: Annotated[Positive, Exact] | None = None
    """What one order may cost or bring at the worst price that it takes, fees included."""
    maximum_position_quantity: Annotated[Positive, Exact] | None = None
    """Units in one position, long or short, after the order."""
    maximum_concentration: Annotated[Decimal, Field(gt=0, le=100, decimal_places=8)] | None = None
    """Value of one position after the order, as a fraction of the account's equity."""
    maximum_gross_exposure: Annotated[Positive, Exact] | None = None
    """Sum of the values of all positions, long and short, after the order."""
    maximum_net_exposure: Annotated[Positive, Exact] | None = None
    """Long less short values, either way, after the order."""
    margin_rate: Fraction | None = None
    """Initial margin as a fraction of the value; left out or 1: cash pays for all that is bought."""
    require_open_session: bool | None = None
    """Whether orders are taken during the sessions of the instrument's calendar only."""
    restricted: bool | None = None
    """Whether nothing may be traded at all."""
    self_trade_prevention: Annotated[int, Field(ge=0, le=2)] | None = None
    """0: off; 1 (or left out): no order that could trade against a resting one of its account; 2: against any."""
    maximum_order_rate: Count | None = None
    """Orders and replacements a second."""
    maximum_cancel_rate: Count | None = None
    """Cancels a second, above which no new orders are taken."""
    maximum_message_rate: Count | None = None
    """Orders, replacements and cancels a second."""
    maximum_duplicates: Count | None = None
    """Orders of the same terms within ``duplicate_window``."""
    duplicate_window: Annotated[int, Field(gt=0, le=86_400_000)] | None = None
    """Milliseconds for which an order counts as recent; 1,000 where it is left out."""
    maximum_order_to_trade_ratio: Annotated[Decimal, Field(ge=0, le=10**6, decimal_places=8)] | None = None
    """Orders, replacements and cancels of a day over its fills, less 1."""
    order_to_trade_grace: Annotated[int, Field(ge=0)] | None = None
    """Messages of a day before that ratio counts; 100 where it is left out."""


class LimitsSection(ScopedLimits):
    """The limits of the firm, which hold for all."""

    maximum_order_quantity: Annotated[Positive, Exact] = Decimal(1_000_000)
    """Units in one order."""
    maximum_order_notional: Annotated[Positive, Exact] = Decimal(250_000)
    """Value of one order."""
    maximum_position_notional: Annotated[Positive, Exact] = Decimal(500_000)
    """Value of one position, long or short, after the order."""
    price_collar: Fraction = Decimal("0.1")
    """Largest distance of a limit price from the market on the aggressive side, as a fraction."""
    allow_short: bool = False
    """Whether a position may go below zero."""


def check_scoped(scopes: dict[str, ScopedLimits]) -> dict[str, ScopedLimits]:
    """Refuse a limit that only the firm, an account or a strategy can have, where an instrument has it."""
    for scope, limits in scopes.items():
        for name in _TOTALS:
            if "instrument:" in scope and getattr(limits, name) is not None:
                raise ValueError(f"{scope} can't have {name}, only the firm, an account or a strategy")
    return scopes


Scopes = Annotated[dict[Scope, ScopedLimits], pydantic.AfterValidator(check_scoped)]
