"""``alphamind risk stress``: what a book would lose in scenarios and past crises, and what would lose a sum."""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table as Grid

from actors.errors import InputError
from actors.ingest.closes import ClosePanel
from actors.risk.stress import (
    WINDOWS,
    CorrelationEffect,
    Coverage,
    HowFar,
    LinearPosition,
    OptionPosition,
    Replay,
    ReverseStress,
    Scenario,
    StressBook,
    StressResult,
    correlation_effect,
    factor_model,
    how_far,
    read_scenarios,
    replay,
    reverse_stress,
    standard_scenarios,
)
from actors.risk.stress.columns import column_factor
from actors.risk.stress.factors import EQUITY, Factor, FactorKind
from actors.risk.stress.positions_file import read_book
from actors.risk.stress.requirements import lacking, required
from actors.risk.stress.rows import Rows

__all__ = ["Study", "plot", "read_book", "scenarios_of", "show", "shown", "study"]

_SHOWN = 8


@dataclasses.dataclass(frozen=True)
class Study:
    """What stress tests of one book found.

    Attributes:
        book: What is held.
        results: By scenario.
        correlations: Effect of shocks of correlations by scenario, with the share of the book that it is of.
        replays: Of windows of the past.
        loss: The sum that reverse stress is about, or ``None``.
        horizon: Periods over which its distance is measured.
        history: Newest periods up to the book's date that covariances are of; ``None``: all.
        alone: How far equities alone have to fall, and to rise, to lose the sum; empty where none was given.
        reverse: The most plausible scenario that loses it, or ``None``.
        no_reverse: Why there is none.
    """

    book: StressBook
    results: tuple[StressResult, ...]
    correlations: dict[str, tuple[CorrelationEffect, Coverage]]
    replays: tuple[Replay, ...]
    loss: float | None
    horizon: int
    history: int | None
    alone: tuple[HowFar, ...]
    reverse: ReverseStress | None
    no_reverse: str | None

    @property
    def rows(self) -> Rows | None:
        """What correlations were reckoned from; what reverse stress was is told with it."""
        correlations = self.book.market.correlations
        return None if correlations is None else correlations.rows

    def plain(self) -> dict[str, Any]:
        """Return the study as plain data."""
        rows = self.rows.plain() if self.rows is not None else {}
        effects = {
            name: {**dataclasses.asdict(one), **part.plain(), **rows} for name, (one, part) in self.correlations.items()
        }
        return {
            "date": self.book.market.date.isoformat(),
            "currency": self.book.market.base,
            "gross_notional": self.book.gross,
            "value": self.book.value,
            **self.book.coverage(self.book.missing).plain(),
            "scenarios": [result.plain() for result in self.results],
            "correlation_effects": effects,
            "windows": [one.plain() for one in self.replays],
            "loss": self.loss,
            "horizon": self.horizon,
            "history": self.history,
            "equity_alone": [one.plain() for one in self.alone],
            "reverse": None if self.reverse is None else self.reverse.plain(),
            "no_reverse": self.no_reverse,
        }


def scenarios_of(book: StressBook, path: pathlib.Path | None) -> tuple[Scenario, ...]:
    """Return the scenarios of a file, or the standard ones.

    Raises:
        InputError: A factor that the book does not know; nothing is reckoned then.
    """
    known = book.known_factors()
    found = standard_scenarios(known, book.market.base) if path is None else read_scenarios(path.expanduser())
    for scenario in found:
        scenario.require_known(known)
    return found


def study(
    book: StressBook,
    panel: ClosePanel,
    scenarios: Sequence[Scenario],
    *,
    windows: bool = False,
    loss: float | None = None,
    horizon: int = 10,
    fill: bool = False,
    history: int | None = None,
) -> Study:
    """Put a book to stress tests.

    Args:
        book: What is held.
        panel: Closes that windows and covariances come from.
        scenarios: What to put it to.
        windows: Whether to replay windows of the past.
        loss: Sum for the reverse stress test, base currency; ``None``: none.
        horizon: Periods that the reverse scenario's distance is measured over.
        fill: Whether windows fill prices without data by their beta.
        history: Newest periods up to the book's date that covariances are of, as the book was read with; ``None``: all.

    Raises:
        InputError: A sum that is not positive.
    """
    results = tuple(book.run(scenario) for scenario in scenarios)
    effects = {one.name: effect for one in scenarios if (effect := _correlation_effect(book, one)) is not None}
    replays = tuple(replay(book, panel, window, fill) for window in WINDOWS) if windows else ()
    alone: tuple[HowFar, ...] = ()
    reverse, no_reverse = None, None
    if loss is not None:
        alone = how_far(book, EQUITY, loss)
        currencies = frozenset({book.market.base, *book.market.exchange})
        wanted = _factors_with_data(book, panel, currencies)
        try:
            model = factor_model(panel.through(book.market.date), wanted, currencies, horizon, history)
            reverse = reverse_stress(book, model, loss)
        except InputError as error:
            no_reverse = str(error)
    return Study(book, results, effects, replays, loss, horizon, history, alone, reverse, no_reverse)


def shown(found: Study) -> list[Grid]:
    """Return the study as tables; every figure stands beside the share of the book that it leaves out."""
    book, currency = found.book, found.book.market.base
    grids = [_scenario_grid(found, f"scenarios, {book.market.date.isoformat()}, profit in {currency}")]
    if found.correlations:
        grids.append(_correlation_grid(found, f"shocks of correlations, one period, {currency}{_of(found.rows)}"))
    if found.replays:
        grids.append(_replay_grid(found, f"windows of the past, profit in {currency}"))
    if found.loss is not None:
        rows = _of(None if found.reverse is None else found.reverse.rows)
        title = f"what loses {found.loss:,.0f} {currency}; sigmas over {found.horizon} periods{rows}"
        grids.append(_reverse_grid(found, title))
    missing = {
        name: reason
        for coverage in _coverages(found)
        for name, reason in coverage.missing.items()
    }  # fmt: skip
    if missing:
        grid = Grid(title="missing at least once", title_justify="left")
        grid.add_column("position")
        grid.add_column("reason")
        for name, reason in list(missing.items())[:_SHOWN]:
            grid.add_row(name, reason)
        if len(missing) > _SHOWN:
            grid.add_row(f"and {len(missing) - _SHOWN} more", "--json tells all")
        grids.append(grid)
    return grids


def plot(found: Study, path: pathlib.Path) -> None:
    """Draw the profit of every scenario and the path of every window; see ``check_picture`` for the path."""
    import matplotlib.figure

    replays = [one for one in found.replays if one.result is not None]
    rows = 1 + len(replays)
    picture = matplotlib.figure.Figure(figsize=(12, 3.5 * rows), layout="constrained")
    axes = picture.subplots(rows, 1, squeeze=False)[:, 0]
    known = [(one.scenario, one.profit, one.coverage) for one in found.results if one.profit is not None]
    names = [f"{name} ({_gap(coverage)})" for name, _, coverage in known]
    axes[0].barh(names, [profit for _, profit, _ in known], color=["C3" if one[1] < 0 else "C2" for one in known])
    axes[0].invert_yaxis()
    axes[0].set_title(f"profit by scenario, {found.book.market.base}", loc="left")
    for place, one in zip(axes[1:], replays, strict=True):
        place.plot(one.days.astype("datetime64[ns]"), one.path, linewidth=1)
        place.axhline(0, color="0.6", linewidth=0.5)
        place.set_title(f"{one.window.name} ({_gap(one.coverage)})", loc="left")
    picture.savefig(path)


def show(found: Study, console: Console) -> None:
    """Print the study."""
    for grid in shown(found):
        console.print(grid)
    results = [*found.results, *(one.result for one in found.replays if one.result is not None)]
    for note in dict.fromkeys(note for one in results for note in one.notes):
        console.print(f"note: {note}", markup=False)


def _factors_with_data(book: StressBook, panel: ClosePanel, currencies: frozenset[str]) -> frozenset[Factor]:
    """Return the panel's factors that move positions of which everything else that they need is there too."""
    columns = {column_factor(symbol, currencies)[0] for symbol in panel.symbols}
    there = {dataclasses.replace(one, tenor=None) for one in columns}
    missing = lacking(book, there)
    covered = [one for one in book.positions if one.name not in missing]
    symbols = {one.symbol for one in covered if isinstance(one, OptionPosition)}
    wanted = {need for one in covered for need in required(one, book.market.base)}
    wanted |= {Factor(need.kind, need.name[3:] + need.name[:3]) for need in wanted if need.kind is FactorKind.FX}
    wanted |= {Factor(FactorKind.FX, need.name) for need in wanted if need.kind is FactorKind.EQUITY}
    wanted |= {Factor(FactorKind.VOLATILITY, symbol) for symbol in symbols}
    wanted |= {Factor(FactorKind.RATE, one.currency) for one in covered}
    return frozenset(wanted)


def _correlation_effect(book: StressBook, scenario: Scenario) -> tuple[CorrelationEffect, Coverage] | None:
    shocks = {factor: shock for factor, shock in scenario.shocks.items() if factor.kind is FactorKind.CORRELATION}
    today = book.market.correlations
    if not shocks or today is None or today.deviations is None:
        return None
    exposures, missing = dict.fromkeys(today.symbols, 0.0), dict(book.missing)
    for position in book.positions:
        if isinstance(position, LinearPosition) and position.symbol is None:
            continue
        if isinstance(position, LinearPosition) and position.symbol in exposures:
            exchange = 1.0 if position.currency == book.market.base else book.market.exchange[position.currency]
            exposures[position.symbol] += position.amount * exchange
        else:
            missing[position.name] = "not linear in a price that has a correlation"
    amounts = np.array(list(exposures.values()))
    return correlation_effect(amounts, today.deviations, today, shocks), book.coverage(missing)


def _scenario_grid(found: Study, title: str) -> Grid:
    grid = Grid(title=title, title_justify="left")
    for name in ("scenario", "profit", "of gross", "missing", "largest parts"):
        grid.add_column(name, overflow="fold", justify="left" if name in ("scenario", "largest parts") else "right")
    for one in found.results:
        parts = sorted(one.by_factor.items(), key=lambda part: -abs(part[1]))[:3]
        told = ", ".join(f"{factor} {profit:,.0f}" for factor, profit in parts)
        cross = f", cross {one.cross:,.0f}" if abs(one.cross) >= 0.5 else ""
        grid.add_row(
            one.scenario, _money(one.profit), _share(one.profit, found.book.gross), _gap(one.coverage), told + cross
        )
    return grid


def _correlation_grid(found: Study, title: str) -> Grid:
    grid = Grid(title=title, title_justify="left")
    for name in ("scenario", "volatility", "then", "value at risk 99%", "then", "missing", "repair"):
        grid.add_column(name, overflow="fold", justify="left" if name == "scenario" else "right")
    for scenario, (one, coverage) in found.correlations.items():
        amounts = [*one.volatility, *one.value_at_risk]
        grid.add_row(scenario, *map(_money, amounts), _gap(coverage), f"{one.repair:.3f}" if one.repair else "none")
    return grid


def _replay_grid(found: Study, title: str) -> Grid:
    grid = Grid(title=title, title_justify="left")
    for name in ("window", "profit", "trough", "worst day", "drawdown", "missing", "remarks"):
        grid.add_column(name, overflow="fold", justify="left" if name in ("window", "remarks") else "right")
    for one in found.replays:
        gap = _gap(one.coverage)
        if one.result is None:
            grid.add_row(one.window.name, "none", "", "", "", gap, one.reason)
            continue
        remarks = []
        if one.filled:
            remarks.append(f"filled by beta: {_some([str(factor) for factor in one.filled])}")
        if one.suspect:
            remarks.append(f"suspect prices: {_some([str(factor) for factor in one.suspect])}")
        lowest = [f"{at[1]:,.0f} on {at[0]}" if at else "none" for at in (one.trough, one.worst_day)]
        grid.add_row(
            one.window.name, _money(one.result.profit), *lowest, _money(-one.drawdown), gap, "; ".join(remarks)
        )
    return grid


def _reverse_grid(found: Study, title: str) -> Grid:
    grid = Grid(title=title, title_justify="left")
    for name in ("question", "answer", "profit", "missing"):
        grid.add_column(name, overflow="fold", justify="right" if name in ("profit", "missing") else "left")
    for question, one in zip(("how far equities have to fall", "to rise"), found.alone, strict=True):
        grid.add_row(question, one.text(), _money(one.profit), _gap(one.coverage))
    if found.reverse is None:
        grid.add_row("the most plausible scenario", f"none: {found.no_reverse}", "", "")
        return grid
    reverse = found.reverse
    told = f"{reverse.distance:.2f} sigmas, probability {reverse.probability:.2e}"
    if not reverse.found:
        told = f"can't within reach; the largest loss found is {-reverse.profit:,.0f}, at {reverse.distance:.1f} sigmas"
    grid.add_row("the most plausible scenario", told, _money(reverse.profit), _gap(reverse.coverage))
    largest = sorted(reverse.shocks.items(), key=lambda item: -abs(item[1].size))[:_SHOWN]
    for factor, shock in largest:
        grid.add_row("", f"{factor} {shock.text()}", "", "")
    return grid


def _coverages(found: Study) -> list[Coverage]:
    every = [one.coverage for one in found.results]
    every += [one.coverage for one in found.replays if one.result is not None]  # else the table says why
    every += [one.coverage for one in found.alone]
    return every if found.reverse is None else [*every, found.reverse.coverage]


def _of(rows: Rows | None) -> str:
    return "" if rows is None else f"; {rows.text()}"


def _money(amount: float | None) -> str:
    return "none" if amount is None else f"{amount:,.0f}"


def _share(amount: float | None, gross: float) -> str:
    return "" if amount is None or not gross else f"{amount / gross:+.2%}"


def _gap(coverage: Coverage) -> str:
    return "nothing" if coverage.is_whole else f"{1 - coverage.share:.1%} missing"


def _some(names: Sequence[str]) -> str:
    rest = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + rest
