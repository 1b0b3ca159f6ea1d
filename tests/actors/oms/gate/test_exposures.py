"""What may be held in all: the totals are what a count from the start gives, and a refusal says what would pass."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from actors.decimals import parse_quantity
from actors.messages import MONEY_UNIT, OrderStatus, ReportType, Side
from actors.oms.activity import ALL
from actors.oms.exposure_totals import NOTHING, value_of
from actors.oms.gate import CHECKS
from tests.actors.oms.gate.bench import GateBench, money
from tests.actors.oms.support import CASH, INSTRUMENTS, PRICE

BUY, SELL = Side.BUY, Side.SELL
CODES = [check.code for check in CHECKS]


@pytest.mark.parametrize("scope", ["account:main", "strategy:manual"])
def test_gross_exposure_counts_both_sides_and_open_orders(scope: str) -> None:
    bench = GateBench().limit(scope, maximum_gross_exposure=money(1_000))
    bench.hold(4)
    assert bench.buy(3, limit_price=PRICE) == ""
    assert bench.buy(4) == "GROSS_EXPOSURE_LIMIT"
    assert bench.sell(14, limit_price=PRICE + 1) == ""
    assert bench.sell(1, limit_price=PRICE + 1) == "GROSS_EXPOSURE_LIMIT"
    assert bench.buy(3) == ""


@pytest.mark.parametrize("scope", ["account:main", "strategy:manual"])
def test_net_exposure_is_bounded_on_either_side(scope: str) -> None:
    bench = GateBench().limit(scope, maximum_net_exposure=money(1_000)).hold(4)
    assert bench.buy(7) == "NET_EXPOSURE_LIMIT"
    assert bench.buy(6, limit_price=PRICE - 1) == ""
    assert bench.sell(15, limit_price=PRICE + 1) == "NET_EXPOSURE_LIMIT"
    assert bench.sell(14, limit_price=PRICE + 1) == ""


def test_a_strategys_limits_bound_the_strategy_alone() -> None:
    bench = GateBench().limit("strategy:small", maximum_gross_exposure=money(1_000), maximum_position_quantity=money(5))
    bench.hold(100)
    assert bench.buy(6, strategy="small") == "POSITION_QUANTITY_LIMIT"
    assert bench.buy(5, strategy="small") == ""
    assert bench.buy(5, strategy="other") == ""
    assert bench.sell(6, strategy="small") == "POSITION_QUANTITY_LIMIT"
    bench.limit("strategy:small", maximum_position_notional=money(400))
    assert bench.sell(5, strategy="small") == "POSITION_LIMIT"
    assert bench.sell(4, strategy="small") == ""


@pytest.mark.parametrize(
    ("limit", "code"),
    [
        ({"maximum_gross_exposure": money(1_000)}, "GROSS_EXPOSURE_LIMIT"),
        ({"maximum_net_exposure": money(1_000)}, "NET_EXPOSURE_LIMIT"),
        ({"maximum_concentration": MONEY_UNIT // 2}, "CONCENTRATION_LIMIT"),
        ({"margin_rate": MONEY_UNIT - 1}, "MARGIN"),
        ({"maximum_position_notional": money(1_000)}, "POSITION_LIMIT"),
        ({"maximum_position_quantity": money(10)}, "POSITION_QUANTITY_LIMIT"),
    ],
)
def test_what_outgrew_its_limit_can_still_be_reduced(limit: dict[str, int], code: str) -> None:
    bench = GateBench(cash=money(2_001)).hold(20, limit_price=PRICE).limit("account:main", **limit)
    assert bench.buy(1) == code
    assert bench.sell(1, limit_price=PRICE + 5) == ""


def test_a_margin_account_borrows_up_to_its_rate_and_a_cash_account_does_not() -> None:
    bench = GateBench(cash=money(1_000)).account("margin", cash=money(1_000))
    bench.limit("account:margin", margin_rate=MONEY_UNIT // 4)
    assert bench.buy(11) == "BUYING_POWER"
    assert bench.buy(40, account="margin") == "MARGIN"
    assert bench.buy(39, account="margin") == ""
    assert bench.sell(79, account="margin", limit_price=PRICE + 1) == "MARGIN"
    assert bench.sell(39, account="margin", limit_price=PRICE + 1) == ""


def test_the_strictest_margin_rate_holds_and_none_means_cash() -> None:
    bench = GateBench(cash=money(1_000), margin_rate=MONEY_UNIT // 2)
    assert bench.buy(20) == "MARGIN"
    assert bench.buy(19) == ""
    bench.limit("account:main", margin_rate=MONEY_UNIT // 4)
    assert bench.buy(1) == "MARGIN"
    bench.limit("instrument:AAA", margin_rate=MONEY_UNIT)
    assert bench.buy(1) == "BUYING_POWER"


def test_the_firm_has_what_its_partitions_were_granted() -> None:
    bench = GateBench(maximum_gross_exposure=money(10_000), maximum_net_exposure=money(10_000)).account("other")
    assert bench.buy(1) == "FIRM_EXPOSURE_LIMIT"
    assert bench.partition.safeguards.budget.ask() == {"maximum_gross_exposure": money(100)}
    assert bench.partition.safeguards.budget.ask() == {}
    bench.grant(1, maximum_gross_exposure=money(1_000), maximum_net_exposure=money(700))
    bench.hold(4)
    assert bench.partition.safeguards.budget.ask() == {}, "nearly empty"
    assert bench.buy(4, account="other") == "FIRM_EXPOSURE_LIMIT"
    assert bench.partition.safeguards.budget.ask() == {
        "maximum_gross_exposure": money(800),
        "maximum_net_exposure": money(800),
    }
    bench.hold(-5, account="other")
    assert bench.buy(2) == "FIRM_EXPOSURE_LIMIT"
    assert bench.partition.safeguards.budget.ask() == {"maximum_gross_exposure": money(1_100)}
    bench.grant(3, maximum_gross_exposure=money(1_100), maximum_net_exposure=money(700))
    bench.grant(2, maximum_gross_exposure=money(9_999), maximum_net_exposure=money(9_999))
    assert bench.buy(3) == "FIRM_EXPOSURE_LIMIT"
    assert bench.buy(2) == ""
    bench.limit("firm", maximum_gross_exposure=None, maximum_net_exposure=None)
    assert bench.buy(1_000) == ""


def test_accounts_in_another_currency_than_the_firms_limit_are_refused() -> None:
    bench = GateBench(maximum_gross_exposure=money(10_000)).account("euro", currency="EUR")
    bench.grant(currency="USD", maximum_gross_exposure=money(1_000))
    order = bench.send(account="euro", instrument=2)
    assert order.reason == "FIRM_EXPOSURE_LIMIT" and "accepted: accounts in USD" in order.text


@settings(max_examples=150, deadline=None)
@given(
    held=st.integers(-300, 300),
    pending=st.integers(1, 300),
    pending_side=st.sampled_from(Side),
    quantity=st.integers(1, 5_000),
    side=st.sampled_from(Side),
    limit=st.none() | st.integers(9_000, 11_000),
    name=st.sampled_from(
        ["maximum_gross_exposure", "maximum_net_exposure", "maximum_position_notional", "maximum_position_quantity",
         "maximum_concentration", "margin_rate", "maximum_order_value", "maximum_order_quantity"]
    ),
    value=st.integers(1, 60_000),
    scope=st.sampled_from(["account:main", "strategy:manual"]),
)  # fmt: skip
def test_what_a_refusal_says_would_be_accepted_passes_that_check_and_one_more_does_not(
    held: int, pending: int, pending_side: Side, quantity: int, side: Side, limit: int | None, name: str, value: int,
    scope: str,
) -> None:  # fmt: skip
    bench = GateBench(cash=money(50_000), self_trade_prevention=0)
    if held:
        bench.hold(held)
    bench.send(pending_side, pending, limit_price=PRICE)
    amount = (
        min(value * MONEY_UNIT // 60_000 + 1, MONEY_UNIT)
        if name in ("maximum_concentration", "margin_rate")
        else money(value)
    )
    bench.limit(scope, **{name: amount})
    refused = bench.send(side, quantity, limit_price=limit)
    if "accepted: quantity up to " not in refused.text:
        assert refused.reason == "" or "no quantity" in refused.text
        return
    accepted = parse_quantity(INSTRUMENTS[0], refused.text.partition("accepted: quantity up to ")[2].rstrip(")"))
    assert 0 < accepted < quantity
    again = bench.send(side, accepted, limit_price=limit)
    assert again.reason == "" or CODES.index(again.reason) > CODES.index(refused.reason)
    if again.status is OrderStatus.PENDING_NEW:
        bench.report(ReportType.REJECTED, again.order_id)
    assert bench.send(side, accepted + 1, limit_price=limit).reason == refused.reason


class TotalsAreWhatACountFromTheStartGives(RuleBasedStateMachine):
    """Orders, fills, cancels, prices and limits in any order; totals are kept for a part of the time."""

    def __init__(self) -> None:
        super().__init__()
        self.bench = GateBench(self_trade_prevention=0, maximum_order_quantity=money(10**6)).account("other")
        self.open: dict[str, int] = {}
        self.prices = {0: PRICE, 1: PRICE}

    @rule(
        account=st.sampled_from(["main", "other"]),
        strategy=st.sampled_from(["a", "b"]),
        instrument=st.sampled_from([0, 1]),
        side=st.sampled_from(Side),
        quantity=st.integers(1, 50),
        price=st.integers(9_000, 11_000),
    )
    def submit(self, account: str, strategy: str, instrument: int, side: Side, quantity: int, price: int) -> None:
        order = self.bench.send(
            side, quantity, account=account, strategy=strategy, instrument=instrument, price=price, limit_price=price
        )
        self.prices[instrument] = price
        if order.reason == "":
            self.open[order.order_id] = quantity

    @precondition(lambda self: self.open)
    @rule(data=st.data(), share=st.integers(1, 4))
    def fill(self, data: Any, share: int) -> None:
        order_id = data.draw(st.sampled_from(sorted(self.open)))
        quantity = max(1, self.open[order_id] // share)
        self.bench.report(ReportType.TRADE, order_id, quantity=quantity)
        self.open[order_id] -= quantity
        if not self.open[order_id]:
            del self.open[order_id]

    @precondition(lambda self: self.open)
    @rule(data=st.data(), late=st.booleans())
    def cancel(self, data: Any, late: bool) -> None:
        order_id = data.draw(st.sampled_from(sorted(self.open)))
        self.bench.report(ReportType.CANCELED, order_id)
        if late:
            self.bench.report(ReportType.TRADE, order_id, quantity=1)
        del self.open[order_id]

    @rule(kept=st.booleans())
    def limit(self, kept: bool) -> None:
        self.bench.limit("account:main", maximum_gross_exposure=CASH if kept else None)

    @invariant()
    def totals_are_sums(self) -> None:
        partition = self.bench.partition
        totals = partition.safeguards.totals
        if not totals.kept:
            assert totals.of(ALL) == NOTHING
            return
        everything = NOTHING
        for name, account in partition.accounts.items():
            for strategy in ("", "a", "b"):
                expected = NOTHING
                for instrument in (0, 1):
                    if strategy:
                        position = account.books.strategy_position(strategy, instrument)
                        buys, sales = (
                            account.exposure.strategy_open_quantity(strategy, instrument, side) for side in (BUY, SELL)
                        )
                    else:
                        position = account.books.position(instrument)
                        buys, sales = (account.exposure.open_quantity(instrument, side) for side in (BUY, SELL))
                    part = value_of(INSTRUMENTS[instrument], self.prices[instrument], position, buys, sales)
                    assert part.gross >= max(abs(part.held), 0)
                    expected = expected.moved(NOTHING, part)
                assert totals.of((name, strategy)) == expected
                if not strategy:
                    everything = everything.moved(NOTHING, expected)
        assert totals.of(ALL) == everything


TestTotals = TotalsAreWhatACountFromTheStartGives.TestCase
TestTotals.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
