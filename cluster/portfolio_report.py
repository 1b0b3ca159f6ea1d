"""``alphamind portfolio report``: how well an account has done, of a running system or from a file."""

from __future__ import annotations

import pathlib
import sys
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer
from rich.console import Console

from actors.errors import InputError
from cluster.options import Files, Overrides, Profile, Run

if TYPE_CHECKING:
    from actors.portfolio.performance.measure import Choices
    from actors.portfolio.performance.report import PerformanceReport


def portfolio_report(
    account: Annotated[str | None, typer.Option(help="Which account of what is up; default: the only one.")] = None,
    equity: Annotated[
        pathlib.Path | None,
        typer.Option(help="CSV file with date and equity (and flow, benchmark) or return (and benchmark) instead."),
    ] = None,
    begin: Annotated[
        str | None, typer.Option("--from", help="First time that counts, for instance 2024-01-01.")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", help="Last time that counts.")] = None,
    benchmark: Annotated[str | None, typer.Option(help="Another account to compare with.")] = None,
    period: Annotated[str, typer.Option(help="sample, day, week or month (UTC).")] = "day",
    confidence: Annotated[float, typer.Option(help="Of all intervals.")] = 0.95,
    periods_per_year: Annotated[float | None, typer.Option(help="Of a file; default: by its time stamps.")] = None,
    trials: Annotated[float | None, typer.Option(help="Strategies that the one in the file was chosen from.")] = None,
    trial_variance: Annotated[float | None, typer.Option(help="Variance of their Sharpe ratios of one period.")] = None,
    plot: Annotated[pathlib.Path | None, typer.Option(help="Draw it: .png, .svg, .pdf or .html.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    run: Run = None,
    profile: Profile = "local",
    config: Files = None,
    overrides: Overrides = None,
) -> None:
    """Tell returns, drawdowns and ratios with their intervals, turnover, exposure, and who earned it.

    A figure that the data do not give is left out with the reason: ratios want 20 returns, what is told a year a year.
    """
    from actors.portfolio.performance import equity_file, picture, table
    from actors.portfolio.performance.measure import Choices

    if plot is not None:
        picture.check_picture(plot)
    choices = Choices(confidence, periods_per_year, trials=trials, trial_variance=trial_variance)
    if equity is not None:
        given: dict[str, Any] = {
            "--account": account,
            "--benchmark": benchmark,
            "--from": begin,
            "--to": end,
            "--run": run,
        }
        _refuse(given, "a file is told whole", "without --equity")
        report = _of_file(equity.expanduser(), period, choices)
    else:
        given = {"--periods-per-year": periods_per_year, "--trials": trials}
        _refuse(given, "a running system tells by its time stamps", "with --equity")
        wanted: dict[str, Any] = {"benchmark": benchmark, "confidence": confidence, "period": period}
        wanted |= {"from": begin and equity_file.read_time(begin, "--from")}
        wanted |= {"to": end and equity_file.read_time(end, "--to")}
        report = _of_run(account, wanted, run, profile, config or [], overrides or [])
    if plot is not None:
        picture.plot(report, plot)
    if as_json:
        sys.stdout.write(orjson.dumps(report.plain(), option=orjson.OPT_INDENT_2).decode() + "\n")
    else:
        Console(highlight=False).print(table.shown(report))


def _refuse(given: dict[str, Any], message: str, rule: str) -> None:
    for name, value in given.items():
        if value is not None:
            raise InputError(message, field=name, value=value, rule=f"only {rule}")


def _of_file(path: pathlib.Path, period: str, choices: Choices) -> PerformanceReport:
    from actors.portfolio.performance.equity_file import read_equity_file
    from actors.portfolio.performance.history import Period
    from actors.portfolio.performance.measure import measure

    if period not in {one.value for one in Period}:
        names = ", ".join(one.value for one in Period)
        raise InputError("no such period", field="--period", value=period, rule=names)
    found = read_equity_file(path, period)
    other = None if found.benchmark is None else ("benchmark", found.benchmark)
    return measure(found.history, choices, name=path.stem, benchmark=other)


def _of_run(
    account: str | None, wanted: dict[str, Any], run: str | None, profile: str, files: list[Any], overrides: list[str]
) -> PerformanceReport:
    import msgspec

    from actors.messages import encode
    from actors.portfolio.performance.report import PerformanceReport
    from actors.service import socket_path
    from actors.wire import BlockingClient
    from cluster.halt import run_directory
    from configs import load

    directory = run_directory(load(profile, files, overrides).run.home, run)
    with BlockingClient(socket_path(directory, "portfolio"), "alphamind portfolio report", timeout=60.0) as client:
        if account is None:
            summary = msgspec.msgpack.decode(client.request("summary", encode({"account": None})))
            names = [one["account"] for one in summary["accounts"]]
            if len(names) != 1:
                raise InputError(
                    "which account is not clear", field="--account", rule=f"one of {', '.join(names[:20])}"
                )
            account = names[0]
        told = client.request("performance", encode({"account": account, **wanted}))
    return PerformanceReport.from_plain(msgspec.msgpack.decode(told))
