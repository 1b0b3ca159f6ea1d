"""``alphamind risk backtest``: how well measures of risk would have forecast the losses of a book on real data."""

from __future__ import annotations

import dataclasses
import datetime
import functools
import math
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from rich.console import Console, Group
from rich.progress import Progress
from rich.table import Table as Grid
from rich.text import Text

from actors.errors import InputError
from actors.ingest.closes import ClosePanel
from actors.order_terms import word
from actors.risk.measures.backtests import FEWEST_JUDGED, UNJUDGED, Test
from actors.risk.measures.methods import Method
from actors.risk.measures.rolling import RollingForecast, check_rolling, roll
from actors.risk.measures.tails import Array
from cluster.portfolio_input import numbers_by_symbol

_SHOWN = 5


@dataclasses.dataclass(frozen=True)
class Study:
    """Forecasts of one book by several methods.

    Attributes:
        book: Weight by symbol; negative where it is short.
        times: Stamps of the periods that were forecast, UTC nanoseconds.
        forecasts: What each method forecast, in fractions of the book's value.
        unfit: Why by method, of those that gave no forecast at all.
        left_out: Periods in which a symbol had no return, and which therefore count nowhere.
        missing: Periods without a return by symbol, where there are any.
    """

    book: dict[str, float]
    times: Sequence[int]
    forecasts: tuple[RollingForecast, ...]
    unfit: dict[Method, InputError]
    left_out: int
    missing: dict[str, int]

    def plain(self) -> dict[str, Any]:
        """Return the study as plain data."""
        return {
            "book": self.book,
            "from": _date(self.times[0]),
            "to": _date(self.times[-1]),
            "periods_left_out": self.left_out,
            "missing_returns": self.missing,
            "methods": [
                *(_plain(forecast) for forecast in self.forecasts),
                *({"method": str(method), "reason": str(error)} for method, error in self.unfit.items()),
            ],
        }


def study(
    panel: ClosePanel,
    weights: Mapping[str, float],
    methods: Sequence[Method],
    confidence: float,
    window: int,
    messages: Console,
) -> Study:
    """Forecast every period of a book that is brought back to the same weights each period.

    Args:
        panel: Closes.
        weights: Weight by symbol; empty: the same of all.
        methods: Which.
        confidence: Level.
        window: Periods that a forecast sees.
        messages: Where to show how far it is.

    Raises:
        InputError: A weight that is none, too few periods in which all symbols have a return, or no method that gives
            a forecast.
    """
    book = dict(weights) or dict.fromkeys(panel.symbols, 1.0 / len(panel.symbols))
    for symbol, weight in book.items():
        if not math.isfinite(weight) or symbol not in panel.symbols:
            raise InputError("not a weight", field=f"weight.{symbol}", value=weight, rule="a number, of a known symbol")
    columns = [panel.symbols.index(symbol) for symbol in book]
    returns = panel.returns()[:, columns]
    known = np.isfinite(returns)
    joint = known.all(axis=1)
    gaps = {symbol: int((~known[:, at]).sum()) for at, symbol in enumerate(book)}
    if joint.sum() <= window:
        worst = sorted(gaps, key=lambda symbol: -gaps[symbol])[:_SHOWN]
        raise InputError(
            "too few periods in which every symbol has a return",
            field="window",
            value=window,
            rule=f"fewer than the {int(joint.sum())} periods that there are",
            remedy=f"leave out what is missing most ({', '.join(worst)}) with --symbol, or take a shorter window",
        )
    losses: Array = -(returns[joint] @ np.array(list(book.values())))
    times = panel.times[1:][joint][window:].tolist()
    check_rolling(losses, confidence, window)
    forecasts, unfit = [], {}
    with Progress(console=messages, disable=not messages.is_terminal, transient=True) as bar:
        for method in methods:
            advance = functools.partial(bar.advance, bar.add_task(str(method), total=len(times)))
            try:
                forecasts.append(roll(losses, method, confidence, window, advance))
            except InputError as error:
                unfit[method] = error
    if not forecasts and unfit:
        raise next(iter(unfit.values()))
    missing = {symbol: gap for symbol, gap in gaps.items() if gap}
    return Study(book, times, tuple(forecasts), unfit, int((~joint).sum()), missing)


def read_weights(texts: Sequence[str]) -> dict[str, float]:
    """Return weights by symbol from texts such as ``SPY=0.6``.

    Raises:
        InputError: A text that is none, or two of one symbol.
    """
    return numbers_by_symbol(texts, "--weight", float, "not a weight", "SYMBOL=NUMBER, for instance SPY=0.6")


def read_methods(texts: Sequence[str]) -> list[Method]:
    """Return methods by name; all of them where none is named.

    Raises:
        InputError: A name that is none.
    """
    return [word(Method, "--method", text) for text in texts] or list(Method)


def shown(found: Study) -> Group:
    """Return the study as tables: what it is of, and one column a method."""
    first = found.forecasts[0]
    title = f"{first.confidence:.1%} of one period, {_date(found.times[0])} to {_date(found.times[-1])}"
    grid = Grid(title=f"value at risk and expected shortfall at {title}", title_justify="left")
    grid.add_column("")
    for method in [*(forecast.method for forecast in found.forecasts), *found.unfit]:
        grid.add_column(str(method).replace("_", " "), justify="right")
    tests = [forecast.backtest for forecast in found.forecasts]
    none = ["none"] * len(found.unfit)
    grid.add_row("periods forecast", *(str(test.observations) for test in tests), *none)
    grid.add_row(
        "refused by the method", *(str(forecast.refused) for forecast in found.forecasts), *["all"] * len(none)
    )
    grid.add_row("mean value at risk", *(f"{np.nanmean(forecast.at_risk):.2%}" for forecast in found.forecasts))
    grid.add_row("mean expected shortfall", *(f"{np.nanmean(forecast.shortfall):.2%}" for forecast in found.forecasts))
    grid.add_row("exceptions", *(f"{test.exceptions} of {test.expected:.1f}" for test in tests))
    grid.add_row("zone", *(test.zone for test in tests))
    for name in ("coverage", "independence", "conditional_coverage", "severity", "shortfall"):
        of_each: list[Test] = [getattr(test, name) for test in tests]
        grid.add_row(f"{name.replace('_', ' ')}, p-value", *(f"{test.p_value:.3f}" for test in of_each))
    notes = [Text(f"{method}: {error}") for method, error in found.unfit.items()]
    if any(test.zone == UNJUDGED for test in tests):
        notes.append(Text(f"a zone is judged by {FEWEST_JUDGED} periods at least"))
    return Group(_facts(found), grid, *notes)


def _facts(found: Study) -> Grid:
    grid = Grid(show_header=False)
    weights = sorted(found.book.items(), key=lambda item: -abs(item[1]))
    rest = f", and {len(weights) - _SHOWN} more" if len(weights) > _SHOWN else ""
    grid.add_row("book", ", ".join(f"{symbol} {weight:.2%}" for symbol, weight in weights[:_SHOWN]) + rest)
    grid.add_row("periods left out, a return missing", str(found.left_out))
    if found.missing:
        most = max(found.missing, key=lambda symbol: found.missing[symbol])
        grid.add_row("most returns missing", f"{most}: {found.missing[most]}")
    return grid


def check_picture(path: pathlib.Path) -> None:
    """Refuse a picture that can't be drawn, before what is to be drawn was reckoned.

    Raises:
        InputError: Another ending than .png, .svg or .pdf, or there is no such folder.
    """
    if path.suffix.lower() not in (".png", ".svg", ".pdf"):
        raise InputError("not a picture that can be drawn", field="--plot", value=path.name, rule=".png, .svg or .pdf")
    if not path.absolute().parent.is_dir():
        raise InputError("there is no such folder", field="--plot", value=str(path.parent), rule="an existing folder")


def plot(found: Study, path: pathlib.Path) -> None:
    """Draw losses, what was forecast and where it was exceeded; see ``check_picture`` for the path."""
    import matplotlib.figure

    picture = matplotlib.figure.Figure(figsize=(12, 3.2 * len(found.forecasts)), layout="constrained")
    rows = picture.subplots(len(found.forecasts), 1, sharex=True, sharey=True, squeeze=False)
    days = np.array(found.times, "datetime64[ns]")
    for (axes,), forecast in zip(rows, found.forecasts, strict=True):
        test, exceeded = forecast.backtest, forecast.losses > forecast.at_risk
        axes.bar(days, 100 * forecast.losses, width=1.0, color="0.75", label="loss")
        axes.plot(days, 100 * forecast.at_risk, linewidth=1, label="value at risk")
        axes.plot(days, 100 * forecast.shortfall, linewidth=1, linestyle="--", label="expected shortfall")
        axes.plot(days[exceeded], 100 * forecast.losses[exceeded], "r.", label="exception")
        axes.set_ylabel("loss, % of the book")
        axes.set_title(
            f"{forecast.method}: {test.exceptions} exceptions, {test.expected:.1f} expected; "
            f"coverage p {test.coverage.p_value:.3f}, shortfall p {test.shortfall.p_value:.3f}",
            loc="left",
        )
    rows[0][0].legend(loc="upper left", ncols=4, fontsize="small")
    picture.savefig(path)


def _plain(forecast: RollingForecast) -> dict[str, Any]:
    test = dataclasses.asdict(forecast.backtest)
    named = {name: _numbers(value) if isinstance(value, Test) else value for name, value in test.items()}
    return {
        "method": str(forecast.method),
        "refused": forecast.refused,
        **named,
        "mean_value_at_risk": float(np.nanmean(forecast.at_risk)),
        "mean_expected_shortfall": float(np.nanmean(forecast.shortfall)),
    }


def _numbers(test: Test) -> dict[str, float | None]:
    return {name: value if math.isfinite(value) else None for name, value in test._asdict().items()}


def _date(time: int) -> str:
    return datetime.datetime.fromtimestamp(time / 1e9, datetime.timezone.utc).date().isoformat()
