"""The terminal view of a running AlphaMind: actors, market, orders, positions, profit, risk and addresses."""

from __future__ import annotations

import datetime
from typing import Any, Literal

from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from cluster.run_directory import UpState
from cluster.summary import Health, first, overview, problems

POSITIONS_SHOWN = 12
Justify = Literal["left", "right"]
_POSITION_COLUMNS: tuple[tuple[str, Justify], ...] = (
    ("account", "left"),
    ("symbol", "left"),
    ("quantity", "right"),
    ("price", "right"),
    ("value", "right"),
    ("profit", "right"),
)
_STRATEGY_COLUMNS: tuple[tuple[str, Justify], ...] = (
    ("strategy", "left"),
    ("state", "left"),
    ("orders", "right"),
    ("open", "right"),
)


def render(state: UpState, health: Health) -> RenderableType:
    """Return the whole view."""
    parts: list[RenderableType] = [_header(state, health), Columns([_flow(health), _actors(health)])]
    parts.append(Columns([_positions(health), Group(_risk(health), _strategies(health))]))
    wrong = problems(health)
    if wrong:
        parts.append(Panel(Text("\n".join(wrong), style="red"), title="problems", border_style="red"))
    return Group(*parts)


def render_summary(summary: dict[str, Any]) -> RenderableType:
    """Return the final summary for a person."""
    table = Table(title=f"run {summary['run']}, ended by {summary['ended']}", show_header=False)
    table.add_column(style="dim")
    table.add_column(justify="right")
    for name in ("ticks", "slices", "quarantined", "gaps", "orders", "rejected", "fills"):
        table.add_row(name, f"{summary[name]:,}")
    for account in summary["accounts"]:
        table.add_section()
        for name in ("cash", "equity", "profit"):
            value = _profit(account[name]) if name == "profit" else _money(account[name])
            table.add_row(f"{account['account']} {name}", value)
    forecaster = summary["forecaster"]
    if forecaster.get("problem"):
        table.add_section()
        table.add_row("forecaster", Text(f"{forecaster['state']}: {forecaster['problem']}", style="yellow"))
    parts: list[RenderableType] = [table]
    if summary["problems"]:
        parts.append(Panel(Text("\n".join(summary["problems"]), style="red"), title="problems", border_style="red"))
    return Group(*parts)


def _header(state: UpState, health: Health) -> RenderableType:
    feed = first(health, "feed")
    text = Text.assemble(
        ("AlphaMind ", "bold"),
        f"run {state.run}   market time {time_text(feed.get('time'))}   feed {feed.get('state', 'absent')}\n",
        ("API ", "dim"),
        f"{state.api}   ",
        ("docs ", "dim"),
        f"{state.api}/docs   ",
        ("Ray dashboard ", "dim"),
        f"{state.dashboard or 'off'}",
    )
    return Panel(text)


def _flow(health: Health) -> RenderableType:
    seen = overview(health)
    table = Table(title="flow", show_header=False, expand=False)
    table.add_column(style="dim")
    table.add_column(justify="right")
    for name, value in (
        ("ticks", f"{seen['ticks']:,}"),
        ("ticks/s", f"{seen['rate']:,}"),
        ("quarantined", f"{seen['quarantined']:,}"),
        ("orders", f"{seen['orders']:,}"),
        ("rejected", f"{seen['rejected']:,}"),
        ("fills", f"{seen['fills']:,}"),
    ):
        table.add_row(name, value)
    return table


def _actors(health: Health) -> RenderableType:
    table = Table(title="actors")
    for column in ("actor", "pid", "state"):
        table.add_column(column)
    for name, report in health.items():
        ready = bool(report.get("ready"))
        words = "ready" if ready else str(report.get("failure") or report.get("state") or "recovering")
        table.add_row(name, str(report.get("pid", "-")), Text(words, style="green" if ready else "red"))
    return table


def _positions(health: Health) -> RenderableType:
    table = Table(title="positions")
    for column, justify in _POSITION_COLUMNS:
        table.add_column(column, justify=justify)
    for account in first(health, "portfolio").get("accounts", []):
        for position in account.get("positions", [])[:POSITIONS_SHOWN]:
            table.add_row(
                account["account"],
                position["symbol"],
                position["quantity"],
                position["price"] or "-",
                _money(position["market_value"]),
                _profit(position["unrealised"]),
            )
        table.add_section()
        table.add_row(
            account["account"], "equity", "", "", _money(account["equity"]), _profit(account["profit"]), style="bold"
        )
    return table


def _risk(health: Health) -> RenderableType:
    accounts = first(health, "risk").get("accounts", [])
    table = Table(title=f"value at risk{_horizon(accounts)}")
    for column in ("account", "confidence", "VaR", "expected shortfall"):
        table.add_column(column, justify="left" if column == "account" else "right")
    for account in accounts:
        measures = [measure for measure in account.get("measures", []) if measure["value_at_risk"] is not None]
        for measure in measures:
            level, value, shortfall = measure["confidence"], measure["value_at_risk"], measure["expected_shortfall"]
            table.add_row(account["account"], f"{level:.0%}", _money(value), _money(shortfall))
        if not measures:
            table.add_row(account["account"], "", Text(_reason(account), style="dim"), "")
    return table


def _strategies(health: Health) -> RenderableType:
    status = first(health, "strategy")
    table = Table(title="strategies")
    for column, justify in _STRATEGY_COLUMNS:
        table.add_column(column, justify=justify)
    for name, strategy in status.get("strategies", {}).items():
        style = "green" if strategy["state"] == "running" else "red"
        table.add_row(
            name, Text(strategy["state"], style=style), f"{strategy['orders']:,}", str(strategy["open_orders"])
        )
    forecaster = status.get("forecaster", {})
    if forecaster:
        version = forecaster.get("version") or "-"
        table.add_row(forecaster["model"], Text(forecaster["state"], style="dim"), f"version {version}", "")
    return table


def _horizon(accounts: list[dict[str, Any]]) -> str:
    seconds = next((account["horizon"]["usual_seconds"] for account in accounts if account.get("horizon")), None)
    return (
        ""
        if not seconds
        else f" over {seconds / 86_400:g} days" if seconds >= 86_400 else f" over {seconds / 60:g} minutes"
    )


def _reason(account: dict[str, Any]) -> str:
    reasons = [measure.get("reason") for measure in account.get("measures", [])] + [account.get("reason")]
    return next((str(reason) for reason in reasons if reason), "not known yet")


def _money(text: str | None) -> str:
    return "-" if text is None else f"{float(text):,.2f}"


def _profit(text: str | None) -> Text:
    return Text(_money(text), style="dim" if text is None else "red" if text.startswith("-") else "green")


def time_text(nanoseconds: Any) -> str:
    """Return a UTC time for people; ``-`` where there is none."""
    if not nanoseconds:
        return "-"
    return f"{datetime.datetime.fromtimestamp(int(nanoseconds) / 1e9, datetime.timezone.utc):%Y-%m-%d %H:%M:%S}Z"
