"""``alphamind risk stress``, as it is called; what it does is in ``cluster.risk_stress``."""

from __future__ import annotations

import pathlib
import sys
from typing import Annotated

import orjson
import typer
from rich.console import Console

from cluster.options import Files, Overrides, Profile
from configs import load


def risk_stress(
    data: Annotated[pathlib.Path, typer.Argument(help="File or folder of bars.")],
    positions: Annotated[pathlib.Path, typer.Option(help="What is held: YAML or CSV.")],
    scenarios: Annotated[pathlib.Path | None, typer.Option(help="YAML; without it the standard ones.")] = None,
    windows: Annotated[bool, typer.Option("--windows", help="Replay the crises of the past as well.")] = False,
    fill: Annotated[
        bool, typer.Option("--fill-by-beta", help="Move prices without data in a window by their beta; told where.")
    ] = False,
    reverse: Annotated[float | None, typer.Option(help="Find what loses this much.")] = None,
    horizon: Annotated[int, typer.Option(min=1, help="Periods over which --reverse measures sigmas.")] = 10,
    history: Annotated[
        int | None, typer.Option(min=60, help="Newest periods that correlations and sigmas are of; without it all.")
    ] = None,
    plot: Annotated[pathlib.Path | None, typer.Option(help="Draw it: .png, .svg or .pdf.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    profile: Profile = "local",
    config: Files = None,
    overrides: Overrides = None,
) -> None:
    """Revalue a book in scenarios and in the crises of the past, and find the most plausible one that loses a sum.

    Every figure is told with the share of the book that it leaves out, and why. A scenario is a name and changes of
    factors: equity, equity:SYMBOL, rate:USD, rate:USD:5Y, volatility, volatility:SYMBOL, fx:EURUSD, correlation; each
    change has its unit, for instance -20%, +100bp or +5 points.
    """
    from cluster import risk_backtest
    from cluster import risk_stress as commands
    from cluster.panel_input import read_panel, warned

    if plot is not None:
        risk_backtest.check_picture(plot)
    configuration = load(profile, config or (), overrides or ())
    panel = read_panel(data, (), configuration)
    suspects = warned(panel, configuration)
    book = commands.read_book(positions, panel, history)
    chosen = commands.scenarios_of(book, scenarios)
    found = commands.study(
        book, panel, chosen, windows=windows, loss=reverse, horizon=horizon, fill=fill, history=history
    )
    if plot is not None:
        commands.plot(found, plot)
    if as_json:
        sys.stdout.write(orjson.dumps(found.plain() | suspects, option=orjson.OPT_INDENT_2).decode() + "\n")
    else:
        commands.show(found, Console(highlight=False))
