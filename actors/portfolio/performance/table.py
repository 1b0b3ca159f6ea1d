"""Shows a performance report as tables in a terminal."""

from __future__ import annotations

from rich.console import Group
from rich.table import Table

from actors.portfolio.performance.calendar_table import MONTHS
from actors.portfolio.performance.estimate import Estimate
from actors.portfolio.performance.history import utc
from actors.portfolio.performance.report import PerformanceReport

_FRACTIONS = {"hit_rate", "probabilistic_sharpe", "deflated_sharpe"}
_WORST = 5


def shown(report: PerformanceReport) -> Group:
    """Return the report as tables: figures with intervals, months, drawdowns, who earned it."""
    parts = [_figures(report)]
    if report.calendar:
        parts.append(_months(report))
    if report.drawdowns:
        parts.append(_drawdowns(report))
    for title, rows in (("strategies", report.activity.strategies), ("instruments", report.activity.instruments)):
        if rows:
            parts.append(_earners(title, rows))
    return Group(*parts, *(f"- {note}" for note in report.notes))


def percent(value: float | None) -> str:
    """Return a fraction in percent."""
    return "-" if value is None else f"{value:.2%}"


def figure_rows(report: PerformanceReport) -> list[tuple[str, str, str, str]]:
    """Return name, value, interval and remark of every figure."""
    rows = [
        _row("time-weighted return", report.total_return, True),
        _row("a year", report.annual_return, True),
        _row("Modified Dietz return", report.modified_dietz, True),
    ]
    money = report.money_weighted
    if money is not None:
        rows.append(("money-weighted return, whole span", percent(money.over_span), "", money.reason))
        rows.append(("money-weighted return, a year", percent(money.annual), "", money.reason))
    rows.append(_row("maximum drawdown", report.maximum_drawdown, True))
    rows.append(_row("ulcer index", report.ulcer_index, True))
    rows += [_row(name.replace("_", " "), one, name in _FRACTIONS) for name, one in report.ratios.items()]
    if report.exposure is not None:
        rows.append(("gross exposure, mean and highest", percent(report.exposure.mean_gross), "", ""))
        rows[-1] = (*rows[-1][:2], percent(report.exposure.highest_gross), "")
        low, high = report.exposure.lowest_net, report.exposure.highest_net
        rows.append(("net exposure, mean and range", percent(report.exposure.mean_net), _span(low, high, True), ""))
    if report.activity.turnover is not None:
        turned = report.activity.turnover
        rows.append(("turnover, two-sided", percent(turned.two_sided), "", "since the first fill"))
        rows.append(("turnover, one-sided", percent(turned.one_sided), "", "since the first fill"))
    if report.activity.concentration is not None:
        rows.append(("effective bets now", f"{report.activity.concentration.effective_bets:.2f}", "", ""))
    if report.benchmark is not None:
        other = report.benchmark
        rows.append(_row(f"return of {other.name}, {other.periods} periods", other.benchmark_return, True))
        rows.append(_row("tracking error a year", other.tracking_error, True))
        rows += [_row(name.replace("_", " "), getattr(other, name)) for name in ("beta", "correlation")]
        rows.append(_row("information ratio", other.information_ratio))
    return rows


def _figures(report: PerformanceReport) -> Table:
    span = "" if report.start is None or report.end is None else f", {utc(report.start)} to {utc(report.end)}"
    title = f"{report.name} {report.currency}{span}: {report.periods} returns, one each {report.period}"
    grid = Table(title=title, title_justify="left")
    grid.add_column("")
    grid.add_column("value", justify="right")
    grid.add_column(f"{report.confidence:.0%} interval", justify="right")
    grid.add_column("")
    for row in figure_rows(report):
        grid.add_row(*row)
    return grid


def _row(name: str, one: Estimate, fraction: bool = False) -> tuple[str, str, str, str]:
    value = "-" if one.value is None else percent(one.value) if fraction else f"{one.value:.3f}"
    return name, value, _span(one.low, one.high, fraction), one.reason or one.method


def _span(low: float | None, high: float | None, fraction: bool) -> str:
    if low is None or high is None:
        return ""
    return f"{percent(low)} to {percent(high)}" if fraction else f"{low:.3f} to {high:.3f}"


def _months(report: PerformanceReport) -> Table:
    grid = Table(title="returns by month, %", title_justify="left", box=None, padding=(0, 1, 0, 0))
    for name in ("", *MONTHS, "year"):
        grid.add_column(name, justify="right", no_wrap=True)
    for year in report.calendar:
        cells = ["" if rate is None else f"{100 * rate:.1f}" for rate in (*year.months, year.total)]
        grid.add_row(str(year.year), *cells)
    return grid


def _drawdowns(report: PerformanceReport) -> Table:
    grid = Table(title="deepest drawdowns", title_justify="left")
    for name in ("depth", "peak", "trough", "recovery", f"length, {report.period}s"):
        grid.add_column(name, justify="right")
    for one in report.drawdowns[:_WORST]:
        back = "not yet" if one.recovery is None else _moment(one.recovery, report)
        peak, trough = _moment(one.peak, report), _moment(one.trough, report)
        grid.add_row(percent(one.depth), peak, trough, back, str(one.length))
    return grid


def _moment(time: int, report: PerformanceReport) -> str:
    return utc(time) if report.period == "sample" else utc(time)[:10]


def _earners(title: str, rows: tuple[dict[str, str], ...]) -> Table:
    grid = Table(title=f"profit by {title}, since the first fill", title_justify="left")
    for name in rows[0]:
        grid.add_column(name.replace("_", " "), justify="right")
    for row in rows:
        grid.add_row(*row.values())
    return grid
