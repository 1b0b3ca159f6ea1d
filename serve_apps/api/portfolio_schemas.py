"""Portfolios as clients read them; amounts are decimal strings, in the currency that stands beside them."""

from __future__ import annotations

import pydantic
from pydantic import Field


class StrategyPosition(pydantic.BaseModel):
    """One strategy's part of a position."""

    strategy: str
    quantity: str
    market_value: str | None
    cost: str
    average_cost: str | None
    unrealised: str | None
    realised: str
    fees: str
    income: str


class PositionRow(pydantic.BaseModel):
    """What a portfolio holds of one instrument, net over its strategies."""

    symbol: str
    currency: str
    quantity: str = Field(description="Units held, negative when short.", examples=["120"])
    price: str | None = Field(description="Last price; absent before the first.", examples=["101.25"])
    price_time: str | None = Field(description="When that price was known, RFC 3339.")
    market_value: str | None
    cost: str = Field(description="Money paid for what is held, fees excluded.")
    average_cost: str | None = Field(description="Cost of one unit.")
    unrealised: str | None
    realised: str = Field(description="Profit of what was closed, before fees.")
    fees: str
    income: str = Field(description="Dividends and charges received, negative where paid.")
    weight: str | None = Field(description="Share of the equity.", examples=["0.125"])
    strategies: list[StrategyPosition]


class Figures(pydantic.BaseModel):
    """What an account is worth in one currency."""

    currency: str
    cash: str
    equity: str = Field(description="Cash plus the value of all positions.")
    gross_exposure: str
    net_exposure: str
    unrealised: str
    realised: str
    fees: str
    income: str = Field(description="Dividends and charges received, negative where paid.")
    deposits: str
    turnover: str
    profit: str = Field(description="Equity less deposits.")


class CurrencyEffect(pydantic.BaseModel):
    """One foreign currency of a portfolio; amounts are in the portfolio's own, absent while no rate is known."""

    currency: str
    rate: str | None = Field(description="What one unit of it is worth.", examples=["1.08"])
    equity: str | None
    profit: str | None = Field(description="What was earned in it, at the rates of that time.")
    realised: str | None = Field(description="Exchange effect of what went out of the currency.")
    unrealised: str | None = Field(description="Exchange effect on the stake in it.")


class Translated(pydantic.BaseModel):
    """A portfolio of several currencies in its own."""

    equity: str = Field(description="Equity of all currencies whose rate is known.")
    missing: list[str] = Field(description="Currencies without a rate, which are left out.")
    currencies: list[CurrencyEffect]


class PortfolioFigures(Figures):
    """What a portfolio is worth in its own currency."""

    portfolio: str
    other_currencies: list[Figures]
    translated: Translated | None = Field(None, description="All currencies in its own; absent where there is one.")
    initial_margin: str | None = Field(None, description="Tied up by margined positions; absent where there are none.")
    maintenance_margin: str | None = None
    unpriced: list[str] = Field(description="Symbols held that have no price yet; they count at cost.")
    as_of: str | None = Field(description="Market time of the newest data in this answer, RFC 3339.")
    market_sequence: int = Field(description="Number of the newest market slice in this answer.")
    oms_sequences: dict[str, int] = Field(
        description="Number of the newest order event in this answer, by OMS partition."
    )


class Positions(PortfolioFigures):
    """Everything that a portfolio holds."""

    positions: list[PositionRow]


class StrategyFigures(pydantic.BaseModel):
    """What one strategy has earned in the portfolio's own currency; all of them sum to the portfolio's figures."""

    strategy: str
    market_value: str = Field(description="Value of its positions, at cost where there is no price.")
    cost: str
    unrealised: str
    realised: str
    fees: str
    income: str = Field(description="Dividends and charges of its positions, negative where paid.")
    profit: str = Field(description="Realised and unrealised profit and income, less fees.")


class Summary(PortfolioFigures):
    """How a portfolio has done."""

    drawdown: float = Field(description="Present fall from the peak, a fraction of it.")
    maximum_drawdown: float
    turnover_ratio: str | None = Field(description="Turnover over mean equity.")
    sampled_at: str | None = Field(description="When the equity curve was last sampled, RFC 3339.")
    strategies: list[StrategyFigures] = Field(description="What each strategy has earned; together the portfolio.")
