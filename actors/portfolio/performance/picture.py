"""Draws a performance report: equity, drawdown, rolling Sharpe ratio and the months, as a picture or an HTML page."""

from __future__ import annotations

import base64
import html
import io
import pathlib
from typing import Any

import numpy as np

from actors.errors import InputError
from actors.portfolio.performance.calendar_table import MONTHS
from actors.portfolio.performance.inputs import Array
from actors.portfolio.performance.report import PerformanceReport
from actors.portfolio.performance.table import figure_rows

ENDINGS = (".png", ".svg", ".pdf", ".html")
_ROLLING = 63


def check_picture(path: pathlib.Path) -> None:
    """Refuse a picture that can't be drawn, before what is to be drawn was reckoned.

    Raises:
        InputError: Another ending than .png, .svg, .pdf or .html, or there is no such folder.
    """
    if path.suffix.lower() not in ENDINGS:
        raise InputError("not a picture that can be drawn", field="--plot", value=path.name, rule=", ".join(ENDINGS))
    if not path.absolute().parent.is_dir():
        raise InputError("there is no such folder", field="--plot", value=str(path.parent), rule="an existing folder")


def plot(report: PerformanceReport, path: pathlib.Path) -> None:
    """Draw a report; see ``check_picture`` for the path.

    Raises:
        InputError: There are no returns to draw.
    """
    check_picture(path)
    if report.problem or len(report.curve) < 2:
        reason = report.problem or "no returns"
        raise InputError(f"nothing to draw: {reason}", field="--plot", value=path.name, rule="at least one return")
    figure = _figure(report)
    if path.suffix.lower() != ".html":
        figure.savefig(path)
        return
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png")
    path.write_text(_page(report, base64.b64encode(drawn.getvalue()).decode()), encoding="utf-8")


def rolling_sharpe(index: Any, per_year: float, window: int) -> Array:
    """Return the Sharpe ratio a year of each window of returns, shape (n - window + 1,); NaN where none differ.

    Args:
        index: What 1 became, shape (n + 1,).
        per_year: Periods a year.
        window: Returns in each.
    """
    value = np.asarray(index, np.float64)
    windows = np.lib.stride_tricks.sliding_window_view(value[1:] / value[:-1] - 1.0, window)
    spread = windows.std(axis=1, ddof=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = windows.mean(axis=1) / spread * np.sqrt(per_year)
    return np.asarray(np.where(spread > 0, ratio, np.nan), np.float64)


def _figure(report: PerformanceReport) -> Any:
    import matplotlib.figure

    figure = matplotlib.figure.Figure(figsize=(12, 13), layout="constrained")
    equity, under, rolling, months = figure.subplots(4, 1, height_ratios=[3, 1.5, 1.5, 2])
    times = np.array([point.time for point in report.curve], "datetime64[ns]")
    index = np.array([point.index for point in report.curve], np.float64)
    depths = np.array([point.drawdown for point in report.curve], np.float64)
    equity.plot(times, index, linewidth=1)
    equity.set_ylabel("what 1 became")
    equity.set_title(f"{report.name}: {report.periods} returns, one each {report.period}", loc="left")
    under.fill_between(times, -100 * depths, 0, alpha=0.5)
    under.set_ylabel("drawdown, %")
    window = min(_ROLLING, report.periods // 2)
    if window >= 3 and report.periods_per_year is not None:
        rolling.plot(times[window:], rolling_sharpe(index, report.periods_per_year, window), linewidth=1)
        rolling.axhline(0, color="0.5", linewidth=0.5)
    rolling.set_ylabel(f"Sharpe, {window} returns")
    for axes in (under, rolling):
        axes.sharex(equity)
    _draw_months(months, report)
    return figure


def _draw_months(axes: Any, report: PerformanceReport) -> None:
    rates = np.array([[np.nan if one is None else 100 * one for one in year.months] for year in report.calendar])
    rates = rates.reshape(-1, len(MONTHS))
    known = np.abs(rates[np.isfinite(rates)])
    bound = float(known.max()) if known.size and known.max() > 0 else 1.0
    axes.imshow(rates, cmap="RdYlGn", vmin=-bound, vmax=bound, aspect="auto")
    axes.set_xticks(range(len(MONTHS)), MONTHS)
    axes.set_yticks(range(len(report.calendar)), [f"{year.year}: {year.total:.1%}" for year in report.calendar])
    axes.set_title("returns by month, %", loc="left")
    for (row, column), rate in np.ndenumerate(rates):
        if np.isfinite(rate):
            axes.text(column, row, f"{rate:.1f}", ha="center", va="center", fontsize="small")


def _page(report: PerformanceReport, drawn: str) -> str:
    title = html.escape(f"Performance of {report.name}")
    rows = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in figure_rows(report)
    )
    head = f"<tr><th></th><th>value</th><th>{report.confidence:.0%} interval</th><th></th></tr>"
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>'
        f'<body><h1>{title}</h1><img alt="equity, drawdown, rolling Sharpe ratio and months" style="max-width:100%" '
        f'src="data:image/png;base64,{drawn}"><table>{head}{rows}</table></body></html>\n'
    )
