"""The ``alphamind`` command."""

from __future__ import annotations

import pathlib
import re
import sys
from collections.abc import Sequence
from typing import Annotated, Any, NoReturn

import orjson
import typer
from rich.console import Console

from actors.errors import AlphaMindError, InputError
from cluster.options import Files, Overrides, Profile, Run
from cluster.risk_stress_command import risk_stress
from configs import Configuration, load, render

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="AlphaMind: a quantitative trading system that runs as one Ray cluster.",
)
config_app = typer.Typer(no_args_is_help=True, help="Show or check the configuration.")
app.add_typer(config_app, name="config")
audit_app = typer.Typer(no_args_is_help=True, help="Prove that nothing on record was changed; tell an order's life.")
app.add_typer(audit_app, name="audit")
risk_app = typer.Typer(no_args_is_help=True, help="Test the measures of risk, and books under stress.")
app.add_typer(risk_app, name="risk")

messages = Console(stderr=True, highlight=False, soft_wrap=True)

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)?$")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, None: 1.0}


def duration(text: str) -> float:
    """Return a duration such as ``60s``, ``5m`` or ``2h`` in seconds.

    Raises:
        InputError: It is not one.
    """
    match = _DURATION.match(text)
    if match is None or float(match[1]) <= 0:
        raise InputError(
            "unreadable duration",
            field="--for",
            value=text,
            rule="a positive number with ms, s, m or h, for instance 60s",
        )
    return float(match[1]) * _SECONDS[match[2]]


@app.command()
def up(
    data: Annotated[
        pathlib.Path | None, typer.Option(help="File or folder of market data; without it a market is simulated.")
    ] = None,
    speed: Annotated[
        str | None, typer.Option(help="1 is real time, N is N times as fast, max as fast as possible.")
    ] = None,
    lasting: Annotated[
        str | None, typer.Option("--for", help="End after this time, for instance 60s, with exit code 0.")
    ] = None,
    until_end: Annotated[bool, typer.Option("--until-end", help="End when the data end.")] = False,
    strategy: Annotated[
        str | None, typer.Option(help="Trade this instead: path/to/file.py:Class or package.module:Class.")
    ] = None,
    address: Annotated[
        str | None, typer.Option(help="Join the Ray cluster at this address instead of starting one.")
    ] = None,
    run: Annotated[
        str | None, typer.Option(help="Name of the run; one that exists is continued from its journal.")
    ] = None,
    port: Annotated[int | None, typer.Option(help="Port of the HTTP API; 0 takes any free one.")] = None,
    profile: Profile = "local",
    config: Files = None,
    overrides: Overrides = None,
) -> None:
    """Start AlphaMind and trade; stays up until Ctrl-C, `alphamind down` or the end of --for."""
    chosen = [*([_only_strategy(strategy, profile, config or ())] if strategy else []), *(overrides or [])]
    flags: dict[str, Any] = {
        "feed.data": data and data.expanduser().absolute(),
        "feed.speed": speed,
        "ray.address": address,
        "run.name": run,
        "network.port": port,
    }
    # As JSON, for in YAML a path with " #" would end there and a run named 2024 be a number.
    given = {key: value for key, value in flags.items() if value is not None}
    chosen += [f"{key}={orjson.dumps(value, default=str).decode()}" for key, value in given.items()]
    beneath = [] if data is None else ["feed.speed=max", "feed.warmup_sessions=0"]
    configuration = load(profile, config or (), chosen, beneath=beneath)
    seconds = duration(lasting) if lasting else None
    from cluster.up import bring_up

    summary = bring_up(configuration, seconds, until_end, messages)
    if sys.stdout.isatty():
        from cluster.view import render_summary

        Console().print(render_summary(summary))
    else:
        sys.stdout.write(orjson.dumps(summary, option=orjson.OPT_INDENT_2).decode() + "\n")
    if summary["problems"]:
        raise typer.Exit(1)


def _only_strategy(implementation: str, profile: str, files: Sequence[pathlib.Path]) -> str:
    """Return the override that trades ``implementation``, and nothing else, for the first account."""
    place, _, kind = implementation.rpartition(":")
    if place.endswith(".py"):
        implementation = f"{pathlib.Path(place).expanduser().absolute()}:{kind}"
    account = load(profile, files).accounts[0].id
    section = {
        "name": re.sub(r"(?<!^)(?=[A-Z])", "-", kind).lower(),
        "implementation": implementation,
        "account": account,
    }
    return f"strategies={orjson.dumps([section]).decode()}"


@app.command()
def down(profile: Profile = "local", config: Files = None, overrides: Overrides = None) -> None:
    """Stop what `alphamind up` started."""
    configuration = load(profile, config or (), overrides or ())
    from cluster.down import bring_down

    bring_down(configuration, messages)


@app.command()
def status(
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    profile: Profile = "local",
    config: Files = None,
    overrides: Overrides = None,
) -> None:
    """Show what runs: actors, rates, positions, profit and loss, risk, addresses."""
    from cluster.status import collect, show

    state, health = collect(load(profile, config or (), overrides or ()))
    if as_json:
        sys.stdout.write(
            orjson.dumps({"up": state, "actors": health}, option=orjson.OPT_INDENT_2, default=str).decode() + "\n"
        )
    else:
        show(state, health, Console())


Scope = Annotated[str, typer.Option(help="firm, account:ID, strategy:NAME or instrument:SYMBOL.")]
Reason = Annotated[str, typer.Option(help="Why; it goes on record with your name.")]


@app.command()
def halt(
    reason: Reason,
    scope: Scope = "firm",
    reduce_only: Annotated[bool, typer.Option("--reduce-only", help="Let positions shrink.")] = False,
    cancel_orders: Annotated[bool, typer.Option("--cancel-orders", help="Take back open orders, too.")] = False,
    run: Run = None,
    profile: Profile = "local",
    config: Files = None,
    overrides: Overrides = None,
) -> None:
    """Halt trading at once, also where nothing answers any more; only `alphamind resume` lets it go on."""
    state = "reduce_only" if reduce_only else "halted"
    _set_trading_state(scope, state, reason, cancel_orders, run, load(profile, config or (), overrides or ()))


@app.command()
def resume(
    reason: Reason,
    scope: Scope = "firm",
    run: Run = None,
    profile: Profile = "local",
    config: Files = None,
    overrides: Overrides = None,
) -> None:
    """Let trading go on that `alphamind halt`, or the risk service, has halted for the same scope."""
    _set_trading_state(scope, "active", reason, False, run, load(profile, config or (), overrides or ()))


def _set_trading_state(
    scope: str, state: str, reason: str, cancel_orders: bool, run: str | None, configuration: Configuration
) -> None:
    from actors.messages import TradingState
    from cluster.halt import run_directory, set_trading_state

    directory = run_directory(configuration.run.home, run)
    outcome = set_trading_state(directory, scope, TradingState(state), reason, cancel_orders)
    found = {
        "scope": scope,
        "state": state,
        "run": directory.name,
        "word": None if outcome.word is None else outcome.word.number,
        "confirmed": outcome.confirmed,
        "failed": outcome.failed,
        "canceled": outcome.canceled,
    }
    sys.stdout.write(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode() + "\n")
    if outcome.failed:
        if outcome.word is not None and state != "active":
            messages.print("every OMS of this node heeds the kill switch before its next order, confirmed or not")
        raise typer.Exit(1)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def submit(
    context: typer.Context,
    script: Annotated[pathlib.Path, typer.Argument(help="Python script; its folder is the job's working directory.")],
    profile: Profile = "local",
    config: Files = None,
    overrides: Overrides = None,
) -> None:
    """Run SCRIPT as a Ray job on the running cluster and follow its log; arguments after -- go to the script."""
    configuration = load(profile, config or (), overrides or ())
    from cluster.submit import submit_job

    raise typer.Exit(submit_job(configuration, script, list(context.args), messages))


@config_app.command("show")
def config_show(profile: Profile = "local", config: Files = None, overrides: Overrides = None) -> None:
    """Print the whole configuration as YAML; secrets are masked."""
    sys.stdout.write(render(load(profile, config or (), overrides or ())))


@config_app.command("check")
def config_check(profile: Profile = "local", config: Files = None, overrides: Overrides = None) -> None:
    """Check the configuration and what the machine must have for it."""
    configuration: Configuration = load(profile, config or (), overrides or ())
    from cluster.preflight import check_machine, fix_library

    if configuration.ray.address is None:
        check_machine(configuration)
    off = fix_library()
    messages.print("[green]configuration is valid[/green]" + (f"; {off}" if off else ""))


@audit_app.command("verify")
def audit_verify(
    run: Run = None,
    journal: Annotated[list[str] | None, typer.Option(help="Only this journal; may be repeated.")] = None,
    anchor: Annotated[
        list[pathlib.Path] | None,
        typer.Option(help="File of `alphamind audit anchor`: its records have to be there unchanged; may be repeated."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """Walk every journal from its first record to its last; name the first record that is not what was written.

    Also while the run trades. What a chain alone can't show, because hashes that fit can be computed for a history that
    was written anew or cut off at its end, is shown by an anchor that was kept elsewhere.
    """
    from cluster.audit import AuditedRun, read_anchors, show

    audited = AuditedRun.find(run)
    findings = audited.verify(journal or (), read_anchors(anchor or (), audited.name), messages)
    if as_json:
        sys.stdout.write(orjson.dumps(audited.report(findings), option=orjson.OPT_INDENT_2).decode() + "\n")
    else:
        show(findings, Console(highlight=False, soft_wrap=True))
    if any(verified.fault for verified in findings.values()):
        raise typer.Exit(1)


@audit_app.command("show")
def audit_show_order(
    order: Annotated[str, typer.Argument(help="Order id, client order id, or the id of a replacement.")],
    run: Run = None,
    account: Annotated[str | None, typer.Option(help="Which account, where several have such an order.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """Tell an order's whole life: who, when, why, which limits were consulted, at which prices, what came of it."""
    from cluster.audit import AuditedRun
    from cluster.order_history import audit_show

    audit_show(AuditedRun.find(run), order, account=account, as_json=as_json)


@audit_app.command("anchor")
def audit_anchor(
    run: Run = None,
    output: Annotated[pathlib.Path | None, typer.Option(help="File to write; without it to the terminal.")] = None,
) -> None:
    """Verify every journal and write down its newest record and that record's hash, to be kept elsewhere."""
    from cluster.audit import AuditedRun, show

    audited = AuditedRun.find(run)
    findings = audited.verify((), {}, messages)
    if any(verified.fault for verified in findings.values()):
        show(findings, messages)
        raise typer.Exit(1)
    text = orjson.dumps(audited.anchor(findings), option=orjson.OPT_INDENT_2).decode() + "\n"
    if output is None:
        sys.stdout.write(text)
    else:
        output.write_text(text)


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

    if plot is not None:
        commands.check_picture(plot)
    weights = commands.read_weights(weight or ())
    panel = commands.read_panel(data, [*(symbol or ()), *weights], load(profile, config or (), overrides or ()))
    found = commands.study(panel, weights, commands.read_methods(method or ()), confidence, window, messages)
    if plot is not None:
        commands.plot(found, plot)
    if as_json:
        sys.stdout.write(orjson.dumps(found.plain(), option=orjson.OPT_INDENT_2).decode() + "\n")
    else:
        Console(highlight=False).print(commands.shown(found))


risk_app.command("stress")(risk_stress)


def main() -> NoReturn:
    """Run the command; an error that AlphaMind raises on purpose is told in words, with exit code 2."""
    try:
        app(standalone_mode=True)
    except AlphaMindError as error:
        tell(error, messages)
        sys.exit(2)
    except OSError as error:  # a full disk, a folder that can't be written: the file and the reason say it all
        if error.filename is None:
            raise
        tell(AlphaMindError(str(error.strerror), field="file", value=error.filename, code="FILE_UNUSABLE"), messages)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(0)


def tell(error: AlphaMindError, console: Console) -> None:
    """Print an error with its field, value, rule and remedy."""
    console.print(f"[bold red]error[/bold red] {_plain(error.message)}  [dim]{error.code}[/dim]")
    for name in ("field", "value", "rule", "remedy"):
        part = getattr(error, name)
        if part is not None:
            console.print(f"  {name:<7} {_plain(str(part))}")


def _plain(text: str) -> str:
    return text.replace("[", r"\[")


if __name__ == "__main__":
    main()
