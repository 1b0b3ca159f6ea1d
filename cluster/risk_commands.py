"""``alphamind risk``: broken rules, prices of contracts, stress of a book, and tests of the measures of risk."""

from __future__ import annotations

import pathlib
import sys
from typing import Annotated

import orjson
import typer
from rich.console import Console

from actors.errors import InputError
from cluster.options import Files, Overrides, Profile, messages
from cluster.price_command import risk_price
from cluster.risk_breaches import breaches
from cluster.risk_stress_command import risk_stress
from configs import load

risk_app = typer.Typer(
    no_args_is_help=True, help="Show which rules are broken; price contracts; stress a book; test the measures of risk."
)
risk_app.command("breaches")(breaches)
risk_app.command("price")(risk_price)
risk_app.command("stress")(risk_stress)


@risk_app.command("backtest")
def risk_backtest(
    data: Annotated[pathlib.Path, typer.Argument(help="File or folder of bars.")],
    symbol: Annotated[list[str] | None, typer.Option(help="Only this symbol; may be repeated.")] = None,
    weight: Annotated[
        list[str] | None,
        typer.Option(help="SYMBOL=SHARE of the book, negative where short; may be repeated. Default: all the same."),
    ] = None,
    method: Annotated[
        list[str] | None,
        typer.Option(
            help="historical, filtered_historical, normal, student_t or cornish_fisher; may be repeated. Default: all."
        ),
    ] = None,
    confidence: Annotated[float, typer.Option(help="Level of value at risk and expected shortfall.")] = 0.99,
    window: Annotated[int, typer.Option(help="Periods that each forecast sees.")] = 500,
    plot: Annotated[pathlib.Path | None, typer.Option(help="Draw it: .png, .svg or .pdf.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    profile: Profile = "local",
    config: Files = None,
    overrides: Overrides = None,
) -> None:
    """Forecast the losses of a book period by period on real data, and test whether they were as bad as forecast.

    Each forecast sees only what was before it. The p-values are the probability of exceptions as many (coverage), as
    clustered (independence), or of losses beyond value at risk as large (severity), or as many and large (shortfall),
    were the forecasts right: under 0.05 the method does not fit the data.
    """
    from cluster import risk_backtest as commands
    from cluster.panel_input import read_panel, warned

    if plot is not None:
        commands.check_picture(plot)
    weights = commands.read_weights(weight or ())
    outside = [one for one in weights if symbol and one not in symbol]
    if outside:
        raise InputError(
            "a weight of a symbol that --symbol leaves out",
            field=f"--weight {outside[0]}",
            value=weights[outside[0]],
            rule=f"one of {', '.join(symbol or ())}",
            remedy=f"add --symbol {outside[0]}, or leave --symbol out: only what has a weight is read",
        )
    configuration = load(profile, config or (), overrides or ())
    panel = read_panel(data, [*(symbol or ()), *weights], configuration)
    suspects = warned(panel, configuration)
    found = commands.study(panel, weights, commands.read_methods(method or ()), confidence, window, messages)
    if plot is not None:
        commands.plot(found, plot)
    if as_json:
        sys.stdout.write(orjson.dumps(found.plain() | suspects, option=orjson.OPT_INDENT_2).decode() + "\n")
    else:
        Console(highlight=False).print(commands.shown(found))
