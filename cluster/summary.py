"""Turns the actors' reports into the figures of the live view and of the final summary."""

from __future__ import annotations

from typing import Any

Health = dict[str, dict[str, Any]]


def _statuses(health: Health, role: str) -> list[dict[str, Any]]:
    return [
        report.get("status") or {}
        for name, report in health.items()
        if name == role or (name.startswith(f"{role}-") and name.removeprefix(f"{role}-").isdigit())
    ]


def _total(health: Health, role: str, field: str) -> int:
    return sum(int(status.get(field) or 0) for status in _statuses(health, role))


def first(health: Health, role: str) -> dict[str, Any]:
    """Return the status of the only actor of a role; empty while it does not answer."""
    return next(iter(_statuses(health, role)), {})


def overview(health: Health) -> dict[str, Any]:
    """Return the figures that fit on a line."""
    portfolio = first(health, "portfolio")
    return {
        "feed": first(health, "feed").get("state", "absent"),
        "ticks": _total(health, "market", "ticks"),
        "rate": round(sum(float(status.get("ticks_per_second") or 0) for status in _statuses(health, "market"))),
        "quarantined": sum(quarantine(health).values()),
        "orders": _total(health, "oms", "orders"),
        "rejected": _total(health, "oms", "rejected"),
        "fills": _total(health, "oms", "fills"),
        "equity": ", ".join(account["equity"] for account in portfolio.get("accounts", [])) or "-",
        "actors": f"{sum(bool(report.get('ready')) for report in health.values())}/{len(health)}",
    }


def quarantine(health: Health) -> dict[str, int]:
    """Return the number of quarantined rows by reason, over all market shards."""
    reasons: dict[str, int] = {}
    for status in _statuses(health, "market"):
        for reason, count in (status.get("quarantined") or {}).items():
            reasons[reason] = reasons.get(reason, 0) + count
    return reasons


def summarise(health: Health, timings: dict[str, float], run: str, ended: str) -> dict[str, Any]:
    """Return the final summary.

    Args:
        health: Every actor's report.
        timings: Seconds from the start of the command to the end of each part of the start, and to the first fill.
        run: Name of the run.
        ended: Why it ended: ``time``, ``data`` or the name of a signal.

    Returns:
        Plain data. ``elapsed_seconds`` is the time in which the feed sent its slices; ``cash`` and ``equity`` are
        decimal strings by account; ``quarantine_reasons`` counts rows by reason; ``problems`` names what did not work
        (an actor that does not answer, a strategy that failed) and is empty after a good run.
    """
    markets = _statuses(health, "market")
    reasons = quarantine(health)
    accounts = first(health, "portfolio").get("accounts", [])
    strategies = first(health, "strategy").get("strategies", {})
    return {
        "run": run,
        "ended": ended,
        "feed": first(health, "feed").get("state", "absent"),
        "elapsed_seconds": first(health, "feed").get("elapsed_seconds"),
        "ticks": _total(health, "market", "ticks"),
        "rounded": _total(health, "market", "rounded"),
        "slices": max((int(status.get("sequence") or 0) for status in markets), default=0),
        "quarantined": sum(reasons.values()),
        "quarantine_reasons": reasons,
        "gaps": _total(health, "market", "gaps"),
        "orders": _total(health, "oms", "orders"),
        "rejected": _total(health, "oms", "rejected"),
        "fills": _total(health, "oms", "fills"),
        "cash": {account["account"]: account["cash"] for account in accounts},
        "equity": {account["account"]: account["equity"] for account in accounts},
        "accounts": accounts,
        "strategies": strategies,
        "forecaster": first(health, "strategy").get("forecaster", {}),
        "timings": {name: round(value, 2) for name, value in timings.items()},
        "problems": problems(health),
    }


def problems(health: Health) -> list[str]:
    """Return what does not work, in words."""
    found = [
        f"{name}: {report.get('failure') or report.get('state') or 'not ready'}"
        for name, report in health.items()
        if report.get("failure") or not report.get("ready")
    ]
    for name, strategy in first(health, "strategy").get("strategies", {}).items():
        if strategy.get("state") == "failed":
            found.append(f"strategy {name}: {strategy.get('error')}")
    failure = first(health, "feed").get("failure")
    return [*found, *([f"feed: {failure}"] if failure else [])]
