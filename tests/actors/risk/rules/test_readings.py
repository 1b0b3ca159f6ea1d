"""What a rule measures, by hand."""

from __future__ import annotations

from decimal import Decimal

import pytest

from actors.entries import ExchangeRate
from actors.errors import Conflict
from actors.messages import MONEY_UNIT, BookingEvent
from actors.portfolio.books import LARGEST_AMOUNT
from actors.portfolio.ledger import Ledger
from actors.portfolio.marks import Marks
from actors.risk.live.high_water import Profits
from actors.risk.live.monitor import LiveRisk
from actors.risk.returns import ReturnHistory
from actors.risk.rules.breach import BreachClosed, BreachOpened, Evidence
from actors.risk.rules.engine import BreachEngine, Verdict
from actors.risk.rules.readings import Moment, Readings
from actors.risk.rules.rule import Rule
from configs.breach_rules import BreachRule
from configs.schema import AccountSection, Configuration, RiskSection
from tests.actors.portfolio.samples import INSTRUMENTS, cash_event, fill, money, order_event

STRESS = BreachRule(name="r", measure="stress_loss", scenario="up", threshold=Decimal(1))
NOW = Moment(10**18, 7, {0: 5}, 3 * 10**9)
LIMITS = {
    "maximum_gross_exposure": money(10_000),
    "maximum_position_notional": money(4_000),
    "price_collar": 0,
    "maximum_net_exposure": 0,
}


def rule(measure: str, **more: object) -> Rule:
    return Rule(name="r", measure=measure, scope="firm", threshold=100, clear=50, **more)  # type: ignore[arg-type]


def readings(cash: float = 1_000) -> tuple[LiveRisk, Readings]:
    """Return a firm with 3,000 long and 1,000 short in one account, 500 short in another."""
    configuration = Configuration(
        accounts=(AccountSection(id="main"), AccountSection(id="second")),
        risk=RiskSection(stress={"up": 0.1}, minimum_window=10, rules=(STRESS,)),
    )
    ledger, marks = Ledger(INSTRUMENTS, {"main": "USD", "second": "USD"}), Marks()
    live = LiveRisk(ledger, marks, INSTRUMENTS, ReturnHistory(len(INSTRUMENTS), 40), configuration)
    marks.prices.update({0: 1000, 1: 2000})
    events = [
        cash_event(1, money(cash)),
        cash_event(2, money(cash), account="second"),
        order_event(3, fill(300, 1000)),
        order_event(4, fill(-50, 2000, instrument=1), instrument=1),
        order_event(5, fill(-50, 1000, account="second"), account="second"),
    ]
    for event in events:
        ledger.apply(event)
        live.take(event, 1)
    return live, Readings(live, lambda _: LIMITS, INSTRUMENTS)


@pytest.mark.parametrize(
    ("measure", "particulars", "firm", "account"),
    [
        ("gross_exposure", {}, 4_500, 4_000),
        ("net_exposure", {}, 1_500, 2_000),
        ("leverage", {}, 2.25, 4),
        ("concentration", {}, 1.25, 3),
        ("drawdown", {}, 0.2, 0.2),
        ("day_loss", {}, 600, 300),
        ("stress_loss", {"scenario": "up"}, -150, -200),
        ("limit_use", {"limit": "maximum_gross_exposure"}, 0.45, 0.4),
        ("limit_use", {"limit": "maximum_position_notional"}, 0.75, 0.75),
        ("limit_use", {"limit": "price_collar"}, 0, 0),
        ("limit_use", {"limit": "maximum_order_quantity"}, None, None),
        ("value_at_risk", {"confidence": 0.95}, None, None),
        ("feed_silence", {}, 3, 3),
        ("stale_price", {}, 0, 0),
    ],
)
def test_a_measure_is(measure: str, particulars: dict, firm: float | None, account: float | None) -> None:
    live, reader = readings()
    live.water.take(Profits(1, NOW.time - 10**9, {"main": money(250), "second": money(250)}, {"USD": money(500)}))
    live.water.take(Profits(1, NOW.time - 10**9, {"main": money(300), "second": 0}, {"USD": money(600)}))
    if measure == "day_loss":
        live.water.take(Profits(1, NOW.time - 10**14, {"main": money(300)}, {"USD": money(600)}))
    live.refresh(NOW.time, NOW.sequence)
    for scope, expected in (("firm", firm), ("account:main", account)):
        found = reader.value(rule(measure, **particulars), scope, NOW)
        if measure == "drawdown":
            part = (
                money(600) * MONEY_UNIT // money(2_600) if scope == "firm" else money(300) * MONEY_UNIT // money(1_300)
            )
            assert found == part
        else:
            assert found == (None if expected is None else money(expected)), scope


def test_a_share_of_no_equity_is_over_every_level() -> None:
    _, reader = readings(cash=0)
    assert reader.value(rule("leverage"), "firm", NOW) == LARGEST_AMOUNT
    assert reader.value(rule("concentration"), "account:main", NOW) == LARGEST_AMOUNT


@pytest.mark.parametrize("scope", ["firm", "account:main"])
def test_any_use_of_a_limit_that_is_0_is_over_every_level(scope: str) -> None:
    _, reader = readings()
    assert reader.value(rule("limit_use", limit="maximum_net_exposure"), scope, NOW) == LARGEST_AMOUNT


def test_evidence_names_the_largest_positions_and_what_is_left_out() -> None:
    live, reader = readings()
    event = order_event(6, fill(10, 100, instrument=2, strategy="x"), instrument=2)
    live._ledger.apply(event)
    live.take(event, 1)
    found = reader.evidence(rule("gross_exposure"), "account:main", 1, NOW)
    assert [(one.symbol, one.exposure) for one in found.positions[:2]] == [
        ("AAA", money(3_000)),
        ("BBB", -money(1_000)),
    ]
    assert 0 <= found.missing_share < 1e-6 and (found.market_sequence, found.oms_sequences) == (7, {0: 5})


def foreign(rate: float) -> tuple[LiveRisk, Readings]:
    """Return a firm whose account ``main`` holds 1,000 of 100 EEE at 10.00 EUR, too, bought with as many euros."""
    live, reader = readings()
    entry = ExchangeRate(currency="EUR", rate=money(rate))
    booked = BookingEvent(partition=0, sequence=6, time=1, account="main", entry=entry, reason="r", key="k")
    events = [booked, cash_event(7, money(1_000), currency="EUR"), order_event(8, fill(100, 1000, instrument=3))]
    if not rate:
        events = [cash_event(6, money(1_000), currency="EUR"), order_event(7, fill(100, 1000, instrument=3))]
    live._marks.prices[3] = 1000
    for event in events:
        live._ledger.apply(event)
        live.take(event, 1)
    return live, reader


@pytest.mark.parametrize(
    ("measure", "firm", "account"),
    [
        ("gross_exposure", 6_500, 6_000),
        ("net_exposure", 3_500, 4_000),
        ("leverage", 6_500 / 4_000, 2),
        ("concentration", 2_500 / 4_000, 1),
        ("drawdown", 0, 0),
        ("day_loss", 0, 0),
    ],
)
def test_exposure_in_other_currencies_counts_at_the_rate_of_the_books(
    measure: str, firm: float, account: float
) -> None:
    _, reader = foreign(2)
    assert reader.value(rule(measure), "firm", NOW) == money(firm)
    assert reader.value(rule(measure), "account:main", NOW) == money(account)
    assert reader.evidence(rule(measure), "account:main", 1, NOW).missing_share == 0


def test_a_tick_and_a_rate_move_what_foreign_positions_are_worth() -> None:
    live, reader = foreign(2)
    live._marks.prices[3] = 900
    live.tick((3,), 2)
    for scope in ("firm", "account:main"):
        assert reader.value(rule("day_loss"), scope, NOW) == money(200)
    entry = ExchangeRate(currency="EUR", rate=money(1))
    event = BookingEvent(partition=0, sequence=9, time=1, account="main", entry=entry, reason="r", key="k2")
    live._ledger.apply(event)
    live.take(event, 1)
    for scope, gross in (("firm", 5_400), ("account:main", 4_900)):
        assert reader.value(rule("day_loss"), scope, NOW) == money(1_100), "2,000 came, 900 are left"
        assert reader.value(rule("gross_exposure"), scope, NOW) == money(gross)


def test_what_has_no_rate_is_stated() -> None:
    live, reader = foreign(0)
    assert reader.value(rule("gross_exposure"), "account:main", NOW) == money(4_000)
    assert reader.value(rule("day_loss"), "account:main", NOW) == 0
    assert reader.evidence(rule("gross_exposure"), "account:main", 1, NOW).missing_share == 0.2
    assert live.untranslated("main") == live.untranslated(None) == {"EUR": money(1_000)}
    live.refresh(NOW.time, NOW.sequence)
    assert reader.evidence(rule("stress_loss", scenario="up"), "account:main", 1, NOW).missing_share == pytest.approx(
        0.2
    )


def evidence(sequence: int = 1) -> Evidence:
    return Evidence("leverage", "fraction", 101, 100, 1, 1, sequence, {}, [], 0.0)


def test_a_breach_opens_over_the_threshold_and_closes_at_the_clear_level() -> None:
    engine, leverage = BreachEngine([rule("leverage")]), rule("leverage")
    assert engine.judge(leverage, "firm", 100) is Verdict.NOTHING
    assert engine.judge(leverage, "firm", 101) is Verdict.OPENS
    assert engine.judge(leverage, "firm", None) is Verdict.NOTHING
    engine.take(BreachOpened(1, "r", "firm", "alarm", evidence(9)))
    assert engine.judge(leverage, "firm", 101) is engine.judge(leverage, "firm", 51) is Verdict.NOTHING
    assert engine.judge(leverage, "firm", None) is Verdict.NOTHING
    assert engine.judge(leverage, "firm", 50) is Verdict.CLOSES
    assert engine.judge(leverage, "account:main", 50) is Verdict.NOTHING
    assert engine.sequence == 9


def test_a_record_that_does_not_follow_is_refused() -> None:
    engine = BreachEngine([rule("leverage")])
    engine.take(BreachOpened(1, "r", "firm", "alarm", evidence()))
    for wrong in (
        BreachOpened(2, "r", "firm", "alarm", evidence()),
        BreachOpened(3, "r", "account:main", "alarm", evidence()),
        BreachClosed(7, None, 1),
    ):
        with pytest.raises(Conflict):
            engine.take(wrong)
    assert len(engine.open) == 1 and engine.newest == 1
