"""Makes a performance report of a history."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

from actors.decimals import money_text
from actors.errors import InputError
from actors.messages import MONEY_UNIT
from actors.portfolio.performance.against import against_benchmark
from actors.portfolio.performance.bootstrap import Bootstrap
from actors.portfolio.performance.calendar_table import CalendarYear, calendar_table
from actors.portfolio.performance.drawdowns import drawdowns, maximum_drawdown, ulcer_index, underwater
from actors.portfolio.performance.estimate import Estimate, attempt
from actors.portfolio.performance.exposure import Exposure, exposure
from actors.portfolio.performance.history import History
from actors.portfolio.performance.inputs import require_between
from actors.portfolio.performance.money_weighted import MoneyWeighted, money_weighted
from actors.portfolio.performance.report import Activity, CurvePoint, DatedDrawdown, PerformanceReport
from actors.portfolio.performance.returns import FlowTime, annualised, day_weights, linked, modified_dietz, wealth
from actors.portfolio.performance.scorecard import scorecard

CONFIDENCE = 0.95
DRAWDOWNS_TOLD = 10
NO_ACTIVITY = Activity()


@dataclasses.dataclass(frozen=True)
class Choices:
    """How a report is made.

    Attributes:
        confidence: Of all intervals.
        periods_per_year: For all that is told a year; ``None``: judged by the time stamps.
        risk_free: Riskless return a period.
        seed: Of the bootstrap.
        draws: Resampled series.
        trials: Independent strategies that this one was chosen from, for the deflated Sharpe ratio; ``None``: unknown.
        trial_variance: Variance of their Sharpe ratios of one period.
    """

    confidence: float = CONFIDENCE
    periods_per_year: float | None = None
    risk_free: float = 0.0
    seed: int = 0
    draws: int = 1000
    trials: float | None = None
    trial_variance: float | None = None

    def __post_init__(self) -> None:
        require_between("confidence", self.confidence, 0.0, 1.0)
        if self.periods_per_year is not None:
            require_between("periods_per_year", self.periods_per_year, 0.0, float("inf"))
        if (self.trials is None) != (self.trial_variance is None):
            raise InputError(
                "the number of trials and the variance of their Sharpe ratios belong together",
                field="trials" if self.trials is None else "trial_variance",
                rule="both or none",
            )


def measure(
    past: History,
    choices: Choices = Choices(),
    *,
    name: str,
    currency: str = "",
    activity: Activity = NO_ACTIVITY,
    benchmark: tuple[str, History] | None = None,
) -> PerformanceReport:
    """Return the report of a history.

    Args:
        past: The history.
        choices: How.
        name: The account or file.
        currency: Of its amounts.
        activity: What the books say.
        benchmark: Name and history of what to compare with.
    """
    per_year = choices.periods_per_year or past.per_year
    bootstrap = Bootstrap(choices.seed, choices.draws)
    drops, depths = _drawdowns(past)
    return PerformanceReport(
        name=name,
        currency=currency,
        period=past.period.value,
        start=int(past.times[0]) if len(past.times) else None,
        end=int(past.times[-1]) if len(past.times) else None,
        periods=len(past.returns),
        years=past.years,
        periods_per_year=per_year,
        confidence=choices.confidence,
        seed=choices.seed,
        flows_at=FlowTime.END.value,
        problem=past.problem,
        curve=_curve(past, depths),
        total_return=_of_returns(past, lambda: linked(past.returns)),
        annual_return=_of_returns(past, lambda: _annual(past)),
        modified_dietz=_of_returns(past, lambda: _dietz(past)),
        money_weighted=_money_weighted(past),
        net_flows=money_text(round(float(past.flows.sum()) * MONEY_UNIT)) if past.has_money else None,
        calendar=_calendar(past),
        drawdowns=drops,
        maximum_drawdown=_of_returns(past, lambda: maximum_drawdown(past.returns)),
        ulcer_index=_of_returns(past, lambda: ulcer_index(past.returns)),
        ratios=scorecard(past, per_year, choices.confidence, choices.risk_free, bootstrap, _trials(choices)),
        exposure=_exposure(past),
        activity=activity,
        benchmark=None if benchmark is None else against_benchmark(past, *benchmark, per_year, choices.confidence),
        notes=_notes(past, choices),
    )


def _trials(choices: Choices) -> tuple[float, float] | None:
    if choices.trials is None or choices.trial_variance is None:
        return None
    return choices.trials, choices.trial_variance


def _of_returns(past: History, figure: Callable[[], float]) -> Estimate:
    if past.problem:
        return Estimate(None, reason=past.problem)
    return attempt(lambda: Estimate(figure()))


def _annual(past: History) -> float:
    if past.years < 1.0:
        raise InputError("less than a year is not annualised", field="years", value=past.years, rule="1 year or more")
    return annualised(linked(past.returns), past.years)


def _dietz(past: History) -> float:
    weights = day_weights(past.times[1:], int(past.times[0]), int(past.times[-1]))
    return modified_dietz(float(past.equity[0]), float(past.equity[-1]), past.flows, weights)


def _money_weighted(past: History) -> MoneyWeighted | None:
    if past.problem or not past.has_money:
        return None
    cash = np.concatenate(([-past.equity[0]], -past.flows))
    cash[-1] += past.equity[-1]
    try:
        return money_weighted(past.times, cash)
    except InputError as error:
        return MoneyWeighted(None, None, (), past.years, error.message)


def _drawdowns(past: History) -> tuple[tuple[DatedDrawdown, ...], list[float] | None]:
    times = past.times.tolist()
    try:
        depths = underwater(past.returns).tolist()
        found = drawdowns(past.returns)[:DRAWDOWNS_TOLD]
    except InputError:  # lost in a period: the figures tell the reason
        return (), None
    told = [
        DatedDrawdown(
            times[one.peak],
            times[one.trough],
            None if one.recovery is None else times[one.recovery],
            one.depth,
            one.length,
        )
        for one in found
    ]
    return tuple(told), depths if not past.problem else None


def _curve(past: History, depths: list[float] | None) -> tuple[CurvePoint, ...]:
    index = None if depths is None else wealth(past.returns).tolist()
    return tuple(
        CurvePoint(
            time,
            money_text(round(worth * MONEY_UNIT)) if past.has_money else None,
            None if index is None else index[at],
            None if depths is None else depths[at],
        )
        for at, (time, worth) in enumerate(zip(past.times.tolist(), past.equity.tolist(), strict=True))
    )


def _calendar(past: History) -> tuple[CalendarYear, ...]:
    try:
        return calendar_table(past.times[1:], past.returns)
    except InputError:
        return ()


def _exposure(past: History) -> Exposure | None:
    if past.gross is None or past.net is None or past.problem:
        return None
    try:
        return exposure(past.gross, past.net, past.equity)
    except InputError:
        return None


def _notes(past: History, choices: Choices) -> tuple[str, ...]:
    notes = ["returns are time-weighted; money that moved counts at the end of the step between two samples"]
    if choices.periods_per_year is None and past.per_year is not None:
        notes.append(f"{past.per_year:.1f} periods a year by the time stamps")
    if choices.risk_free == 0.0:
        notes.append("the riskless return is taken for 0")
    return tuple(notes)
