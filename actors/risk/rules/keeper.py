"""Holds measures against the rules: what opens or closes goes on record first, then takes effect."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from actors.decimals import money_text
from actors.metrics import Metrics
from actors.risk.controls import Controls
from actors.risk.rules.breach import BreachClosed, BreachOpened, Evidence
from actors.risk.rules.effects import Baseline, effect_of
from actors.risk.rules.engine import BreachEngine, Verdict
from actors.risk.rules.readings import Moment, Readings
from actors.risk.rules.rule import Rule
from actors.risk.rules.unjudged import Unjudged

WITH_TIME = ("stale_price", "feed_silence")
"""Measures that change with nothing but time."""


class BreachKeeper:
    """Opens and closes breaches.

    Args:
        engine: What is open.
        readings: The measures.
        controls: The limits and states that hold.
        baseline: The limits as people set them.
        record: Puts an event on record, and only then makes it: the engine takes it, limits and states are set.
        deliver: Brings what was set to the OMS shards; called with the breach after it is on record.
        accounts: Returns the known accounts.
        metrics: Counts.
        log: The service's log.
        patience: Market time, seconds, for which a rule may wait for options to be revalued before that is an error.
    """

    def __init__(
        self,
        engine: BreachEngine,
        readings: Readings,
        controls: Controls,
        baseline: Baseline,
        record: Callable[[BreachOpened | BreachClosed], None],
        deliver: Callable[[BreachOpened], None],
        accounts: Callable[[], Collection[str]],
        metrics: Metrics,
        log: Any,
        patience: float,
    ) -> None:
        self._engine = engine
        self._readings = readings
        self._controls = controls
        self._baseline = baseline
        self._record = record
        self._deliver = deliver
        self._accounts = accounts
        self._metrics = metrics
        self._log = log
        self._unjudged = Unjudged(patience, metrics, log)

    def evaluate(self, moment: Moment, touched: Collection[str] | None = None) -> None:
        """Hold the rules against what is measured now.

        Args:
            moment: When that is.
            touched: Only these accounts, and the firm; ``None``: all. What changes with time alone is always looked at.
        """
        for rule in self._engine.rules:
            every = touched is None or rule.measure in WITH_TIME
            for scope in rule.scopes(self._accounts() if every or touched is None else touched):
                self._hold(rule, scope, moment)

    def evaluate_silence(self, moment: Moment) -> None:
        """Hold the rules about the feed's silence against it."""
        for rule in self._engine.rules:
            if rule.measure == "feed_silence":
                self._hold(rule, rule.scope, moment)

    def close_orphans(self, time: int) -> None:
        """Close the breaches whose rule the configuration no longer has, or has changed: that is judged anew."""
        for breach in self._engine.orphans():
            self._record(BreachClosed(breach.number, None, time))
            self._log.info(
                "breach closed: its rule is no longer there, or another one", breach=breach.number, rule=breach.rule
            )

    def _hold(self, rule: Rule, scope: str, moment: Moment) -> None:
        value = self._readings.value(rule, scope, moment)
        if value is not None:
            self._unjudged.judged(rule.name, scope)
        elif missing := self._readings.unrevalued(rule, scope, moment):
            self._unjudged.wait(rule.name, scope, missing, moment.time)
        verdict = self._engine.judge(rule, scope, value)
        if verdict is Verdict.NOTHING or value is None:
            return
        evidence = self._readings.evidence(rule, scope, value, moment)
        if verdict is Verdict.OPENS:
            self._open(rule, scope, evidence)
        else:
            closed = BreachClosed(self._engine.open[rule.name, scope].number, evidence, moment.time)
            self._record(closed)
            self._log.info("breach closed", breach=closed.number, rule=rule.name, scope=scope)

    def _open(self, rule: Rule, scope: str, evidence: Evidence) -> None:
        effect = effect_of(rule, scope, evidence, self._controls, self._baseline)
        number = self._engine.newest + 1
        opened = BreachOpened(
            number,
            rule.name,
            scope,
            rule.action,
            evidence,
            effect.state,
            effect.limits,
            effect.note,
            rule.tightens,
        )
        self._record(opened)
        self._metrics.count("breaches_total")
        self._log.error(
            "breach",
            breach=number,
            rule=rule.name,
            scope=scope,
            measure=evidence.measure,
            value=money_text(evidence.value),
            threshold=money_text(evidence.threshold),
            action=str(rule.action),
            note=effect.note,
        )
        if effect.state is not None or effect.limits is not None:
            self._deliver(opened)
