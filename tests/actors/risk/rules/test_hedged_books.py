"""A rule about tail losses is not held against a book of which the hedge has yet to be revalued."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from actors.clock import DAY, SECOND
from actors.messages import MONEY_UNIT
from actors.metrics import Metrics
from actors.portfolio.ledger import Ledger
from actors.portfolio.marks import Marks
from actors.risk.live.greeks_book import ListedOption
from actors.risk.live.monitor import LiveRisk
from actors.risk.live.option_revaluation import run
from actors.risk.pricing import American, European, Right
from actors.risk.pricing.american import revalue_here
from actors.risk.returns import ReturnHistory
from actors.risk.rules.readings import Moment, Readings
from actors.risk.rules.rule import Rule
from actors.risk.rules.unjudged import Unjudged
from configs.breach_rules import BreachRule
from configs.schema import AccountSection, Configuration, RiskSection
from tests.actors.portfolio.samples import INSTRUMENTS, cash_event, fill, money, order_event

EXPIRY = 400
CRASH = BreachRule(name="crash", measure="stress_loss", scenario="down", threshold=Decimal(150), action="halt")
RULE = Rule.of(CRASH)


def put(kind: Any = European) -> ListedOption:
    expiry = datetime.date(1970, 1, 1) + datetime.timedelta(days=EXPIRY)
    return ListedOption(contract=kind(right=Right.PUT, strike=10.0, expiry=expiry), underlying=0, volatility=0.3)


def hedged(options: dict[int, ListedOption]) -> tuple[LiveRisk, Readings]:
    """Return an account with 200 AAA at 10.00 and as many puts."""
    configuration = Configuration(
        accounts=(AccountSection(id="main"),), risk=RiskSection(stress={"down": -0.1}, rules=(CRASH,))
    )
    ledger, marks = Ledger(INSTRUMENTS, {"main": "USD"}), Marks()
    live = LiveRisk(ledger, marks, INSTRUMENTS, ReturnHistory(len(INSTRUMENTS), 40), configuration, options)
    marks.prices.update({0: 1000, 1: 120})
    for event in (
        cash_event(1, money(10_000)),
        order_event(2, fill(200, 1000)),
        order_event(3, fill(200, 120, instrument=1), instrument=1),
    ):
        ledger.apply(event)
        live.take(event, DAY)
    return live, Readings(live, lambda _: {}, INSTRUMENTS)


def at(time: int) -> Moment:
    return Moment(time, 1, {}, 0)


def revalued(live: LiveRisk, time: int, failing: bool = False, **clock: float) -> list[int]:
    job = live.revaluation(time, clock.get("clock", 0.0))
    assert job is not None
    values = run(job, revalue_here)
    return live.options.take(job, np.full_like(values, np.nan) if failing else values, clock.get("retry_at", 0.0))


@pytest.mark.parametrize("scope", ["firm", "account:main"])
def test_it_is_held_once_the_hedge_is_in_the_measure(scope: str) -> None:
    live, reader = hedged({1: put()})
    live.refresh(DAY, 1)
    assert reader.value(RULE, scope, at(DAY)) is None and reader.unrevalued(RULE, scope, at(DAY)) == ["BBB"]
    revalued(live, DAY, failing=True)
    live.refresh(DAY, 2)
    assert reader.value(RULE, scope, at(DAY)) is None
    revalued(live, DAY)
    assert live.refresh(DAY, 3), "at once, not with the next round"
    value = reader.value(RULE, scope, at(DAY))
    assert value is not None and 0 < value < money(150), "the stock alone loses 200"
    assert reader.unrevalued(RULE, scope, at(DAY)) == []


def test_an_expired_option_holds_nothing_up() -> None:
    live, reader = hedged({1: put()})
    time = (EXPIRY + 1) * DAY
    live.refresh(time, 1)
    assert reader.value(RULE, "firm", at(time)) == money(200)
    assert reader.evidence(RULE, "firm", money(200), at(time)).missing_share > 0


def test_other_rules_are_held_meanwhile() -> None:
    live, reader = hedged({1: put()})
    live.refresh(DAY, 1)
    gross = Rule(name="g", measure="gross_exposure", scope="firm", threshold=1, clear=0)
    assert reader.value(gross, "firm", at(DAY)) == money(2_240) and reader.unrevalued(gross, "firm", at(DAY)) == []


class Log:
    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []

    def error(self, text: str, **fields: Any) -> None:
        self.lines.append(("error", text))

    def info(self, text: str, **fields: Any) -> None:
        self.lines.append(("info", text))


def test_waiting_too_long_is_told_once() -> None:
    log, metrics = Log(), Metrics()
    unjudged = Unjudged(60, metrics, log)
    for second in (0, 30, 60, 61, 62, 500):
        unjudged.wait("crash", "firm", ["BBB"], second * SECOND)
        assert len(log.lines) == (second > 60)
    assert metrics.gauges["rules_unjudged"] == 1
    for _ in range(2):
        unjudged.judged("crash", "firm")
    assert metrics.gauges["rules_unjudged"] == 0 and [kind for kind, _ in log.lines] == ["error", "info"]
    unjudged.wait("crash", "firm", ["BBB"], 600 * SECOND)
    unjudged.judged("crash", "firm")
    assert len(log.lines) == 2


def test_what_failed_is_due_again_after_a_while_or_a_close() -> None:
    live, _ = hedged({1: put()})
    assert revalued(live, DAY, failing=True, clock=100.0, retry_at=130.0) == [1]
    assert live.revaluation(DAY, 129.0) is None
    assert revalued(live, DAY, failing=True, clock=130.0, retry_at=160.0) == [], "it failed before"
    assert live.options.failing == [1]
    history = live._history
    history.tick([0, 1], 2 * DAY)
    history.add(history.closes(1, {0: 1000, 1: 120}))
    assert revalued(live, 2 * DAY, clock=131.0) == [] and live.options.failing == []
    assert live.revaluation(2 * DAY, 131.0) is None


def test_a_job_that_fails_leaves_the_european_options_to_be_tried_alone() -> None:
    live, _ = hedged({1: put(American), 2: put()})
    event = order_event(4, fill(10 * MONEY_UNIT, 10**8, instrument=2), instrument=2)
    live._ledger.apply(event)
    live.take(event, DAY)
    job = live.revaluation(DAY, 100.0)
    assert job is not None and job.options == (1, 2)
    assert live.options.fail(job, 130.0) == [1]
    alone = live.revaluation(DAY, 101.0)
    assert alone is not None and alone.options == (2,)
