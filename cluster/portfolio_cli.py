"""``alphamind portfolio``: how well a portfolio has done."""

from __future__ import annotations

import typer

from cluster.portfolio_report import portfolio_report

portfolio_app = typer.Typer(no_args_is_help=True, help="Report on portfolios.")


@portfolio_app.callback()
def _group() -> None:
    """Keep ``report`` a command of its own, beside which others will stand."""


portfolio_app.command("report")(portfolio_report)
