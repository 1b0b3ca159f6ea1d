"""While trading is stopped nothing goes to the venue but cancels, and what a venue never takes is given up."""

from __future__ import annotations

import asyncio

import pytest

from actors.errors import Conflict, InputError, JournalError
from actors.messages import MONEY_UNIT, OrderStatus, ReportType, Side, TradingState, VenueCancel, VenueReplace, encode
from actors.oms.inputs import KIND_OF, SCHEMA_VERSION, Deposit, StateChange, Submission
from actors.oms.sending import outstanding
from actors.service import socket_path
from tests.actors.oms.fakes import until
from tests.actors.oms.gate.bench import money
from tests.actors.oms.support import IN_PLACE, PRICE, Bench, configuration, submission
from tests.actors.oms.test_service import run
from tests.actors.oms.world import World

BY = {"principal": "risk", "reason": "storm"}


def halted(bench: Bench, state: TradingState = TradingState.HALTED, takes_back: bool = True) -> list:
    """Move the firm's kill switch and return what went to the venue."""
    change = StateChange(time=bench.time, scope="firm", state=state, takes_back=takes_back, **BY)
    return bench.give(change).messages


async def away(here: World) -> None:
    await here.venue.close()
    await until(lambda: not here.oms.hosted.hosts[4].venue.is_open)


async def back(here: World) -> None:
    await here.venue.listen(socket_path(here.directory, "venue"))
    await until(lambda: here.oms.hosted.hosts[4].venue.is_open)


@pytest.mark.parametrize("restarts", [False, True])
def test_orders_that_never_reached_the_venue_do_not_reach_it_while_halted(restarts: bool) -> None:
    async def scene(here: World) -> None:
        await away(here)
        for number in range(3):
            await here.submit(f"q{number}", limit_price=PRICE, quantity=10)
        await here.ask("set_state", scope="firm", state="halted", **BY)
        if restarts:
            await here.kill()
            await here.venue.listen(socket_path(here.directory, "venue"))
            await here.restart()
        else:
            await back(here)
        for number in range(3):
            order = await here.becomes(OrderStatus.CANCELED, f"q{number}")
            assert order.reason == "TRADING_HALTED"
        await asyncio.sleep(0.3)
        assert [kind for kind, _ in here.venue.requests if kind != "cancel"] == []
        assert here.oms.hosted.hosts[4].partition.alarms == []

    run(scene)


def test_an_order_that_the_venue_did_not_take_before_a_halt_is_not_sent_again() -> None:
    async def scene(here: World) -> None:
        here.venue.deaf = True
        await here.submit("a", limit_price=PRICE, quantity=10)
        await until(lambda: bool(here.venue.requests))
        await here.ask("set_state", scope="account:main", state="halted", **BY)
        here.venue.requests.clear()
        here.venue.deaf = False
        assert (await here.becomes(OrderStatus.CANCELED, "a")).reason == "TRADING_HALTED"
        assert {kind for kind, _ in here.venue.requests} == {"cancel"}

    run(scene)


def test_a_halt_takes_back_what_is_not_confirmed_and_leaves_what_rests() -> None:
    bench = Bench()
    bench.submit("rests", quantity=10, limit_price=PRICE)
    bench.report(ReportType.NEW)
    bench.submit("new", quantity=10, limit_price=PRICE)
    (cancel,) = halted(bench)
    assert cancel == VenueCancel(order_id="3-2", time=bench.time)
    assert (bench.order("rests").status, bench.order("new").status) == ("new", "pending_cancel")
    assert outstanding(bench.partition, "3-2") == [cancel]
    bench.report(ReportType.CANCEL_REJECTED, "3-2", reason="ORDER_UNKNOWN")
    assert (bench.order("new").status, bench.order("new").reason) == ("canceled", "TRADING_HALTED")
    assert bench.alarms() == []


def test_records_of_older_versions_take_nothing_back() -> None:
    bench = Bench()
    bench.submit("new", quantity=10, limit_price=PRICE)
    assert halted(bench, takes_back=False) == [] and bench.order("new").status == "pending_new"
    assert outstanding(bench.partition, "3-1") == [], "but it is not sent again either"


def test_only_reductions_are_sent_again_where_only_reductions_are_allowed() -> None:
    bench = Bench()
    bench.submit("buy", quantity=10)
    bench.report(ReportType.NEW)
    bench.trade(10, price=PRICE)
    bench.submit("more", quantity=10, limit_price=PRICE)
    bench.submit("less", side=Side.SELL, quantity=10, limit_price=PRICE + 10)
    halted(bench, TradingState.REDUCE_ONLY)
    assert (bench.order("more").status, bench.order("less").status) == ("pending_cancel", "pending_new")
    assert [type(message).__name__ for message in outstanding(bench.partition, "3-3")] == ["VenueOrder"]


def test_a_replacement_without_an_answer_is_not_sent_again_while_halted() -> None:
    bench = Bench(capabilities=IN_PLACE)
    bench.submit("a", quantity=10, limit_price=PRICE)
    bench.report(ReportType.NEW)
    bench.replace("a", "r", quantity=50)
    assert [type(message) for message in outstanding(bench.partition, "3-1")] == [VenueReplace]
    halted(bench)
    assert outstanding(bench.partition, "3-1") == []
    bench.give(StateChange(time=bench.time, scope="firm", state=TradingState.ACTIVE, **BY))
    assert [type(message) for message in outstanding(bench.partition, "3-1")] == [VenueReplace]


def test_what_the_venue_never_takes_is_given_up_once() -> None:
    async def scene(here: World) -> None:
        here.venue.failure = Conflict("another order has the id", code="ORDER_ID_REUSED")
        await here.submit("a", limit_price=PRICE, quantity=10)
        order = await here.becomes(OrderStatus.REJECTED, "a")
        assert order.reason == "ORDER_ID_REUSED"
        here.venue.failure = None
        await here.submit("b", limit_price=PRICE, quantity=10)
        await here.becomes(OrderStatus.NEW, "b")
        here.venue.failure = InputError("unreadable", code="CANCEL_UNREADABLE")
        await here.cancel("b")
        order = await here.becomes(OrderStatus.NEW, "b")
        assert "unreadable" in order.text
        asked = len(here.venue.requests)
        await asyncio.sleep(0.3)
        assert len(here.venue.requests) == asked
        alarms = [alarm.code for alarm in here.oms.hosted.hosts[4].partition.alarms]
        assert alarms == ["ORDER_ID_REUSED", "CANCEL_UNREADABLE"]

    run(scene)


def test_a_replacement_that_the_venue_never_takes_is_refused() -> None:
    async def scene(here: World) -> None:
        await here.submit("a", limit_price=PRICE, quantity=10)
        await here.becomes(OrderStatus.NEW, "a")
        here.venue.failure = InputError("unreadable", code="REPLACE_UNREADABLE")
        wish = here.replacement(account="main", client_order_id="a", replacement_id="r", quantity=20)
        await here.client.request("replace", wish)
        order = await here.becomes(OrderStatus.NEW, "a")
        assert order.quantity == 10
        account = here.oms.hosted.hosts[4].partition.accounts["main"]
        assert account.replacements["r"].reason == "REPLACE_UNREADABLE"

    run(scene, capabilities=IN_PLACE)


def test_money_that_the_margin_needs_can_not_be_taken_out() -> None:
    async def scene(here: World) -> None:
        await here.ask("set_limits", limits={"margin_rate": MONEY_UNIT // 2, "allow_short": 1}, **BY)
        await here.submit("s", side=Side.SELL, quantity=100)
        await here.becomes(OrderStatus.NEW, "s")
        here.venue.tell("p04", "4-1", ReportType.TRADE, quantity=100, price=PRICE, execution_id="x")
        await here.becomes(OrderStatus.FILLED, "s")
        cash = (await here.books()).cash["USD"]
        body = {"account": "main", "currency": "USD", "reason": "out"}
        with pytest.raises(InputError) as caught:
            await here.ask("deposit", amount=-cash + money(10_000), key="all", **body)
        assert caught.value.code == "MARGIN" and str(caught.value.rule).startswith("at least -")
        await here.ask("set_limits", limits={"margin_rate": MONEY_UNIT * 3 // 4}, scope="instrument:AAA", **BY)
        with pytest.raises(InputError) as stricter:
            await here.ask("deposit", amount=-cash + money(10_000), key="all", **body)
        assert stricter.value.rule != caught.value.rule, "the stricter rate of what is held counts"
        await here.ask("set_limits", limits={"margin_rate": None}, scope="instrument:AAA", **BY)
        most = -int(str(caught.value.rule).removeprefix("at least -").partition(",")[0])
        assert await here.ask("deposit", amount=most, key="most", **body) == {"repeated": False}
        with pytest.raises(InputError):
            await here.ask("deposit", amount=-1, key="more", **body)

    run(scene)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"number": 2**64 - 1}, "number"),
        ({"amounts": {"maximum_gross_exposure": -1}}, "amounts.maximum_gross_exposure"),
        ({"amounts": {"whatever": 1}}, "amounts"),
        ({"currency": "\x00"}, "currency"),
    ],
)
def test_a_grant_that_nobody_can_have_meant_is_refused(change: dict, field: str) -> None:
    async def scene(here: World) -> None:
        grant = {"partition": 4, "number": 1, "amounts": {"maximum_gross_exposure": money(10)}, "currency": "USD"}
        with pytest.raises(InputError) as caught:
            await here.ask("set_budget", **{**grant, **change})
        assert caught.value.field == field and caught.value.rule is not None
        assert (await here.ask("set_budget", **grant))["number"] == 1

    run(scene)


def test_a_record_that_can_not_be_applied_is_named_and_can_be_left_out() -> None:
    async def scene(here: World) -> None:
        await here.submit("a", limit_price=PRICE, quantity=10)
        await here.becomes(OrderStatus.NEW, "a")
        journal = here.oms.hosted.hosts[4].journal
        record = Submission(time=5_000, market_sequence=1, reference_price=PRICE, order=submission("a"))
        number = journal.append(record.time, KIND_OF[Submission], encode(record), SCHEMA_VERSION)
        await here.kill()
        with pytest.raises(JournalError) as caught:
            await here.restart()
        assert (caught.value.code, caught.value.value) == ("RECORD_NOT_APPLICABLE", number)
        assert f"p04:{number}" in str(caught.value.remedy)
        await here.restart(configuration=configuration(oms={"left_out": [f"p04:{number}"]}))
        assert [alarm.code for alarm in here.oms.hosted.hosts[4].partition.alarms] == ["RECORD_LEFT_OUT"]
        assert (await here.order("a")).quantity == 10
        assert (await here.submit("b", limit_price=PRICE, quantity=10)).reason == ""

    run(scene)


def test_a_regular_step_that_fails_keeps_none_of_the_others() -> None:
    async def scene(here: World) -> None:
        host = here.oms.hosted.hosts[4]
        kept: list[None] = []

        def fails() -> None:
            raise OverflowError("too large")

        host.ask_again = fails  # type: ignore[method-assign]
        host.keep_snapshot = lambda: kept.append(None)  # type: ignore[method-assign]
        await until(lambda: len(kept) >= 2)

    run(scene)


def test_a_deposit_is_no_withdrawal() -> None:
    bench = Bench()
    assert bench.give(Deposit(time=1, account="main", currency="USD", amount=1, reason="in", key="in")).events
