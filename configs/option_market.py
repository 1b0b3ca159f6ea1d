"""What the market says of options: volatilities, rates and dividend yields by underlying."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from configs.base import Section

Yearly = Annotated[float, Field(gt=-1, lt=10, allow_inf_nan=False)]
Volatility = Annotated[float, Field(gt=0, lt=10, allow_inf_nan=False)]


class OptionMarketSection(Section):
    """Inputs of the Greeks of listed options; an option on what has no volatility here has none, and is named."""

    volatility: dict[str, Volatility] = {}
    """Volatility a year by the underlying's symbol, as a fraction (0.25)."""
    rate: Yearly = 0.0
    """Risk-free rate a year, continuous."""
    dividend: dict[str, Yearly] = {}
    """Dividend yield a year by the underlying's symbol, continuous."""
