"""Rules that can't be held for now: the options held have yet to be revalued. Told once where that lasts too long."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from actors.clock import SECOND
from actors.metrics import Metrics


class Unjudged:
    """The rules and scopes that wait for a revaluation.

    Args:
        seconds: Market time after which that is an error.
        metrics: Gets the gauge ``rules_unjudged``: how many have waited longer than that.
        log: The service's log.
    """

    def __init__(self, seconds: float, metrics: Metrics, log: Any) -> None:
        self._patience = round(seconds * SECOND)
        self._metrics = metrics
        self._log = log
        self._since: dict[tuple[str, str], int] = {}
        self._told: set[tuple[str, str]] = set()

    def wait(self, rule: str, scope: str, options: Sequence[str], time: int) -> None:
        """Take note that a rule can't be held in a scope at market time ``time``, for want of these options' values."""
        key = rule, scope
        since = self._since.setdefault(key, time)
        if time - since > self._patience and key not in self._told:
            self._told.add(key)
            self._metrics.gauge("rules_unjudged", len(self._told))
            self._log.error(
                "a rule can't be held: options are not revalued", rule=rule, scope=scope, options=list(options)
            )

    def judged(self, rule: str, scope: str) -> None:
        """Take note that a rule is held in a scope."""
        key = rule, scope
        if self._since.pop(key, None) is not None and key in self._told:
            self._told.remove(key)
            self._metrics.gauge("rules_unjudged", len(self._told))
            self._log.info("a rule is held again", rule=rule, scope=scope)
