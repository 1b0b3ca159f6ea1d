"""``alphamind portfolio``: what a portfolio should hold, and what one has earned."""

from __future__ import annotations

import pathlib
import sys
from typing import Annotated

import orjson
import typer
from rich.console import Console

from cluster.options import Files, Overrides, Profile
from cluster.portfolio_report import portfolio_report
from configs import load

portfolio_app = typer.Typer(no_args_is_help=True, help="Construct portfolios; report what they earned.")
portfolio_app.command("report")(portfolio_report)


@portfolio_app.command("construct")
def portfolio_construct(
    data: Annotated[pathlib.Path, typer.Argument(help="File or folder of bars.")],
    method: Annotated[
        str,
        typer.Option(
            help="minimum_variance, mean_variance, maximum_diversification, risk_parity, equal_risk_contribution, "
            "hierarchical_risk_parity, hierarchical_equal_risk_contribution, minimum_cvar or black_litterman."
        ),
    ],
    symbol: Annotated[list[str] | None, typer.Option(help="Only this symbol; may be repeated.")] = None,
    window: Annotated[int | None, typer.Option(help="Newest periods to look at. Default: all.")] = None,
    covariance: Annotated[str, typer.Option(help="sample, ledoit_wolf, oas, denoised or factor.")] = "sample",
    constraints: Annotated[
        pathlib.Path | None, typer.Option(help="YAML file of constraints; without it: long positions that add up to 1.")
    ] = None,
    views: Annotated[
        pathlib.Path | None, typer.Option(help="YAML file with the market and the views of black_litterman.")
    ] = None,
    risk_aversion: Annotated[float, typer.Option(help="Of mean_variance and black_litterman.")] = 2.0,
    confidence: Annotated[float, typer.Option(help="Level of the expected shortfall.")] = 0.95,
    capital: Annotated[str | None, typer.Option(help="Money; gives quantities and orders.")] = None,
    held: Annotated[list[str] | None, typer.Option(help="SYMBOL=LOTS held already; may be repeated.")] = None,
    band: Annotated[float, typer.Option(help="Half the width of the no-trade band around each target weight.")] = 0.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    profile: Profile = "local",
    config: Files = None,
    overrides: Overrides = None,
) -> None:
    """Find the weights a method takes for best, and the lots and orders that a capital gives.

    The next period is expected to be like one of the window's. Periods in which a symbol has no return count nowhere;
    how many that are is told. Prices are the last closes, rounded to the instruments' increments.
    """
    from actors.decimals import parse_money
    from actors.errors import InputError
    from actors.order_terms import word
    from actors.portfolio.construction.constraints import Constraints
    from actors.portfolio.construction.covariance import Estimator
    from actors.portfolio.construction.methods import Method, Settings
    from cluster.panel_input import read_panel, warned
    from cluster.portfolio_construct import construct
    from cluster.portfolio_input import read_held, read_views, read_yaml

    configuration = load(profile, config or (), overrides or ())
    chosen, estimator = word(Method, "--method", method), word(Estimator, "--covariance", covariance)
    if views is not None and chosen is not Method.BLACK_LITTERMAN:
        rule, remedy = f"with --method {Method.BLACK_LITTERMAN}", "leave --views out, or choose that method"
        raise InputError(f"{chosen} has no views", field="--views", value=str(views), rule=rule, remedy=remedy)
    asked = None if constraints is None else Constraints.from_mapping(read_yaml(constraints, "--constraints"))
    market, expected = ({}, []) if views is None else read_views(views)
    settings = Settings(risk_aversion=risk_aversion, confidence=confidence, market=market, views=expected)
    panel = read_panel(data, symbol or (), configuration)
    suspects = warned(panel, configuration)
    found = construct(
        panel,
        chosen,
        configuration.instruments,
        window=window,
        estimator=estimator,
        constraints=asked,
        settings=settings,
        capital=None if capital is None else parse_money(capital, "--capital"),
        held=read_held(held or ()),
        band=band,
    )
    if as_json:
        sys.stdout.write(orjson.dumps(found.plain() | suspects, option=orjson.OPT_INDENT_2).decode() + "\n")
    else:
        Console(highlight=False).print(found.shown())
