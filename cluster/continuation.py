"""What may not change when a run is continued: that under which its journals were written."""

from __future__ import annotations

import pathlib
from collections.abc import Mapping
from typing import Any

import yaml

from actors.errors import Conflict
from configs import Configuration

FIXED = (
    *(f"feed.{key}" for key in ("data", "format", "columns", "timezone", "symbols", "start", "batch_milliseconds")),
    "feed.simulated",
    "instruments",
    "market.shards",
    "market.quality",
    "oms.partitions",
    "strategies",
    "forecaster.period_minutes",
    "forecaster.lags",
    "journal.medium",
)
"""Keys that a run keeps for life: slices, orders and forecasts are made again from the journals by them."""


def continued(directory: pathlib.Path, configuration: Configuration) -> Configuration:
    """Check that a run may be continued with this configuration, and return it with what the run has chosen itself.

    New accounts may be added; accounts that the run has stay as they are. What is in no list here may change.

    Args:
        directory: The run's directory, with the ``configuration.yaml`` that it was last run with.
        configuration: What it is to be continued with.

    Raises:
        Conflict: A key has changed that a run keeps for life; names it with both values.
    """
    before = yaml.safe_load((directory / "configuration.yaml").read_text())
    if not configuration.forecaster.period_minutes:
        configuration = with_period(configuration, before["forecaster"]["period_minutes"])
    after = configuration.model_dump(mode="json")
    for key in FIXED:
        _compare(directory.name, key, _look_up(before, key), _look_up(after, key))
    accounts = {account["id"]: account for account in after["accounts"]}
    for account in before.get("accounts", []):
        _compare(directory.name, f"accounts: {account['id']}", account, accounts.get(account["id"]))
    return configuration


def with_period(configuration: Configuration, minutes: int) -> Configuration:
    """Return the configuration with the length of the forecaster's period settled."""
    forecaster = configuration.forecaster.model_copy(update={"period_minutes": minutes})
    return configuration.model_copy(update={"forecaster": forecaster})


def _look_up(settings: Mapping[str, Any], key: str) -> Any:
    value: Any = settings
    for part in key.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _compare(run: str, key: str, before: Any, after: Any) -> None:
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        inner = next(name for name in {**before, **after} if before.get(name) != after.get(name))
        _compare(run, f"{key}.{inner}", before.get(inner), after.get(inner))
    raise Conflict(
        f"run {run} can't be continued with another {key}",
        field=key,
        value=after,
        rule=f"{before}, as when the run began",
        remedy="set it back, or begin a new run (another --run)",
        code="RUN_CHANGED",
    )
