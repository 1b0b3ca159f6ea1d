"""The performance report: everything that is known about how well an account has done, as plain data."""

from __future__ import annotations

import dataclasses
from typing import Any

import msgspec

from actors.portfolio.performance.calendar_table import CalendarYear
from actors.portfolio.performance.estimate import Estimate
from actors.portfolio.performance.exposure import Concentration, Exposure
from actors.portfolio.performance.money_weighted import MoneyWeighted
from actors.portfolio.performance.turnover import Turnover


@dataclasses.dataclass(frozen=True)
class CurvePoint:
    """One border of a period.

    Attributes:
        time: UTC nanoseconds.
        equity: As a decimal string; ``None`` where only returns are known.
        index: What 1 at the beginning became by the returns alone; ``None`` where there are none.
        drawdown: Fraction below the peak; ``None`` where there are no returns.
    """

    time: int
    equity: str | None
    index: float | None
    drawdown: float | None


@dataclasses.dataclass(frozen=True)
class DatedDrawdown:
    """A drawdown with its times, UTC nanoseconds; ``recovery`` is ``None`` while it lasts, ``length`` in periods."""

    peak: int
    trough: int
    recovery: int | None
    depth: float
    length: int


@dataclasses.dataclass(frozen=True)
class AgainstBenchmark:
    """The account against a benchmark, over the periods that both have.

    Attributes:
        name: Of the benchmark.
        periods: How many are common.
        total_return: Of the account over these periods; ``benchmark_return`` the benchmark's.
        beta: Slope of the account's returns on the benchmark's.
        correlation: Of the two.
        tracking_error: Standard deviation of the active return, a year.
        information_ratio: A year.
    """

    name: str
    periods: int
    total_return: Estimate
    benchmark_return: Estimate
    beta: Estimate
    correlation: Estimate
    tracking_error: Estimate
    information_ratio: Estimate


@dataclasses.dataclass(frozen=True)
class Activity:
    """What the books say beside the samples; all of it since the account's first fill.

    Attributes:
        turnover: Over the mean equity of the samples; ``None`` where unknown.
        concentration: Of the positions held now; ``None`` where there is none or they are unknown.
        strategies: One row each, amounts as decimal strings; their profits sum to the account's.
        instruments: The same by instrument.
    """

    turnover: Turnover | None = None
    concentration: Concentration | None = None
    strategies: tuple[dict[str, str], ...] = ()
    instruments: tuple[dict[str, str], ...] = ()


@dataclasses.dataclass(frozen=True)
class PerformanceReport:
    """How well an account has done.

    Attributes:
        name: The account or file.
        currency: Of its amounts; empty where unknown.
        period: Length of one period: sample, day, week or month (UTC).
        start: First border, UTC nanoseconds; ``end`` the last one; ``None`` where there is no sample.
        periods: How many returns.
        years: ``start`` to ``end``, in years of 365.25 days.
        periods_per_year: Used for all that is told a year; ``None`` where there is no period.
        confidence: Of all intervals.
        seed: Of the bootstrap.
        flows_at: When money that came in or left counts as moved within its step.
        problem: Why there are no returns; empty where there are.
        curve: Equity, index and drawdown at each border.
        total_return: Time-weighted, over all periods.
        annual_return: The same a year; none for less than a year (Global Investment Performance Standards, 2020).
        modified_dietz: Of the whole span as one period.
        money_weighted: Internal rate of return; ``None`` where there is no money or no span.
        net_flows: Money that came in less what left between ``start`` and ``end``, as a decimal string.
        calendar: Returns by month and year.
        drawdowns: The deepest first.
        maximum_drawdown: The deepest.
        ulcer_index: Root of the mean squared drawdown.
        ratios: Ratios by name, those of returns a year unless they have no unit of time.
        exposure: Over equity; ``None`` where unknown.
        activity: What the books say.
        benchmark: ``None`` without one.
        notes: What the reader should know.
    """

    name: str
    currency: str
    period: str
    start: int | None
    end: int | None
    periods: int
    years: float
    periods_per_year: float | None
    confidence: float
    seed: int
    flows_at: str
    problem: str
    curve: tuple[CurvePoint, ...]
    total_return: Estimate
    annual_return: Estimate
    modified_dietz: Estimate
    money_weighted: MoneyWeighted | None
    net_flows: str | None
    calendar: tuple[CalendarYear, ...]
    drawdowns: tuple[DatedDrawdown, ...]
    maximum_drawdown: Estimate
    ulcer_index: Estimate
    ratios: dict[str, Estimate]
    exposure: Exposure | None
    activity: Activity
    benchmark: AgainstBenchmark | None
    notes: tuple[str, ...]

    def plain(self) -> dict[str, Any]:
        """Return the report as data that JSON and MessagePack know."""
        told: dict[str, Any] = msgspec.to_builtins(self)
        return told

    @classmethod
    def from_plain(cls, told: Any) -> PerformanceReport:
        """Return the report that ``plain`` told."""
        return msgspec.convert(told, cls)
