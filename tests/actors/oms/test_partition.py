from __future__ import annotations

import dataclasses
from typing import Any

import msgspec
import pytest

from actors.entries import Charge
from actors.errors import AlphaMindError, Conflict, InputError, JournalCorrupt, NotFound, Unavailable
from actors.journal.journal import Record
from actors.journal.losses import Loss
from actors.messages import (
    MONEY_UNIT,
    CancelOrder,
    CashEvent,
    Contingency,
    Instrument,
    LimitsEvent,
    OrderEvent,
    OrderStatus,
    ReportType,
    Side,
    StateEvent,
    TradingState,
    encode,
)
from actors.oms.admission import deposited, new_terms, repeated, to_be_canceled
from actors.oms.inputs import (
    Booking,
    BudgetGrant,
    KIND_OF,
    SCHEMA_VERSION,
    AccountOpening,
    Deposit,
    Discrepancy,
    LimitsChange,
    StateChange,
    Submission,
    Terms,
    decode_input,
)
from actors.oms.sending import outstanding
from actors.oms.venue import VenueCancel
from tests.actors.oms.support import CASH, FEE_RATE, INSTRUMENTS, LIMITS, PRICE, Bench, quote, replayed, submission


def money(key: str = "k", amount: int = 500, **fields: Any) -> Deposit:
    given = {"time": 100, "account": "main", "currency": "USD", "reason": "gift", **fields}
    return Deposit(key=key, amount=amount, **given)


def test_an_accepted_order_is_told_and_sent() -> None:
    effects = Bench().submit()
    assert effects.order is not None
    assert effects.order.order_id == "3-1"
    assert [message.order_id for message in effects.messages] == ["3-1"]
    (event,) = effects.events
    assert isinstance(event, OrderEvent)
    assert (event.partition, event.order, event.fill) == (3, effects.order, None)


def test_events_are_numbered_without_gaps() -> None:
    bench = Bench()
    bench.submit()
    bench.report(ReportType.NEW)
    bench.report(ReportType.TRADE, quantity=100)
    bench.give(StateChange(time=1, scope="firm", state=TradingState.HALTED, principal="p", reason="r"))
    events = [event for effects in bench.effects for event in effects.events]
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    assert [type(event) for event in events] == [CashEvent, LimitsEvent, OrderEvent, OrderEvent, OrderEvent, StateEvent]


def test_a_fill_moves_cash_and_position() -> None:
    bench = Bench()
    bench.submit()
    effects = bench.report(ReportType.TRADE, quantity=40, price=9_990, fee=3)
    books = bench.partition.accounts["main"].books
    assert books.cash("USD") == CASH - 40 * 9_990 * 1_000_000 - 3
    assert books.position(0) == 40
    assert bench.order().filled_value == 40 * 9_990
    assert isinstance(effects.events[0], OrderEvent) and effects.events[0].fill is not None
    assert effects.events[0].fill.client_order_id == "c1"


def test_a_repeated_fill_is_booked_once() -> None:
    bench = Bench()
    bench.submit()
    bench.report(ReportType.TRADE, quantity=40, execution_id="same")
    effects = bench.report(ReportType.TRADE, quantity=40, execution_id="same")
    assert effects.events == []
    assert bench.order().filled_quantity == 40
    assert bench.partition.last_report == 2


def test_a_report_seen_before_is_ignored() -> None:
    bench = Bench()
    bench.submit()
    bench.report(ReportType.TRADE, quantity=40)
    before = bench.partition.digest()
    assert bench.report(ReportType.TRADE, sequence=1, quantity=40, execution_id="other").events == []
    assert bench.partition.digest() == before


def test_a_missing_report_is_asked_for() -> None:
    bench = Bench()
    bench.submit()
    with pytest.raises(Unavailable) as caught:
        bench.report(ReportType.NEW, sequence=2)
    assert caught.value.code == "REPORT_GAP"
    assert bench.partition.last_report == 0


def test_an_overfill_is_booked_and_raises_an_alarm() -> None:
    bench = Bench()
    bench.submit(quantity=100)
    effects = bench.report(ReportType.TRADE, quantity=130)
    order = bench.order()
    assert (order.status, order.filled_quantity, order.leaves_quantity) == (OrderStatus.FILLED, 130, 0)
    assert order.reason == "ORDER_OVERFILLED"
    assert bench.partition.accounts["main"].books.position(0) == 130
    assert [alarm.code for alarm in effects.alarms] == ["ORDER_OVERFILLED"]
    assert bench.partition.accounts["main"].exposure.open_quantity(0, Side.BUY) == 0
    bench.report(ReportType.TRADE, quantity=5)
    assert bench.partition.accounts["main"].books.position(0) == 135


def test_a_fill_after_a_rejection_is_booked_and_raises_an_alarm() -> None:
    bench = Bench()
    bench.submit()
    bench.report(ReportType.REJECTED, reason="VENUE_SAYS_NO", text="no")
    assert bench.order().reason == "VENUE_SAYS_NO"
    bench.report(ReportType.TRADE, quantity=10)
    assert bench.order().status is OrderStatus.REJECTED
    assert bench.partition.accounts["main"].books.position(0) == 10
    assert bench.partition.alarms[-1].code == "FILL_AFTER_REJECTION"


def test_a_rejection_without_reason_gets_one() -> None:
    bench = Bench()
    bench.submit()
    bench.report(ReportType.REJECTED)
    assert bench.order().reason == "VENUE_REJECTED"


def test_a_report_of_an_order_never_sent_raises_an_alarm() -> None:
    bench = Bench()
    effects = bench.report(ReportType.TRADE, "3-77", quantity=1)
    assert [alarm.code for alarm in effects.alarms] == ["ORDER_UNKNOWN"]
    assert bench.partition.last_report == 1


@pytest.mark.parametrize("fields", [{"quantity": 0}, {"quantity": 1, "price": 0}, {"quantity": 1, "execution_id": ""}])
def test_a_trade_that_is_none_is_left_out_and_raises_an_alarm(fields: dict[str, Any]) -> None:
    bench = Bench()
    bench.submit()
    bench.report(ReportType.TRADE, **fields)
    assert bench.order().status is OrderStatus.PENDING_NEW
    assert bench.partition.alarms[-1].code == "REPORT_INVALID"


def test_what_the_venue_has_not_answered_can_be_sent_again_unchanged() -> None:
    bench = Bench()
    (sent,) = bench.submit().messages
    assert outstanding(bench.partition, "3-1") == [sent]
    (cancel,) = bench.cancel().messages
    assert outstanding(bench.partition, "3-1") == [cancel], "the order is not to get there any more"
    bench.report(ReportType.NEW)
    assert outstanding(bench.partition, "3-1") == [VenueCancel(order_id="3-1", time=100)]
    assert list(bench.partition.awaiting) == ["3-1"]
    bench.report(ReportType.CANCELED)
    assert list(bench.partition.awaiting) == []


def test_the_same_submission_is_recognised() -> None:
    bench = Bench()
    assert repeated(bench.partition, submission()) is None
    order = bench.submit().order
    assert repeated(bench.partition, submission()) == order
    bench.report(ReportType.NEW)
    again = repeated(bench.partition, submission())
    assert again is not None and again.status is OrderStatus.NEW


@pytest.mark.parametrize(
    "change",
    [
        {"side": Side.SELL},
        {"quantity": 101},
        {"limit_price": PRICE},
        {"strategy": "other"},
        {"instrument": 1},
        {"principal": "x"},
    ],
)
def test_another_order_under_the_same_id_is_a_conflict(change: dict[str, Any]) -> None:
    bench = Bench()
    bench.submit()
    with pytest.raises(Conflict) as caught:
        repeated(bench.partition, submission(**change))
    assert caught.value.code == "CLIENT_ORDER_ID_REUSED"
    with pytest.raises(Conflict):
        bench.submit(**change)
    assert len(bench.partition.orders) == 1


def test_a_refused_order_keeps_its_id() -> None:
    bench = Bench()
    bench.submit(quantity=0)
    with pytest.raises(Conflict):
        repeated(bench.partition, submission(quantity=1))


def test_only_an_open_order_can_be_canceled() -> None:
    bench = Bench()
    bench.submit()
    cancel = CancelOrder(account="main", client_order_id="c1")
    assert to_be_canceled(bench.partition, cancel)
    bench.cancel()
    assert not to_be_canceled(bench.partition, cancel)
    bench.report(ReportType.CANCELED)
    assert not to_be_canceled(bench.partition, cancel)
    bench.report(ReportType.TRADE, quantity=100)
    with pytest.raises(Conflict) as caught:
        to_be_canceled(bench.partition, cancel)
    assert caught.value.code == "ORDER_CLOSED"
    with pytest.raises(NotFound):
        to_be_canceled(bench.partition, CancelOrder(account="main", client_order_id="none"))


def test_a_deposit_is_booked_once_for_its_key() -> None:
    bench = Bench()
    assert not deposited(bench.partition, money())
    bench.give(money())
    assert deposited(bench.partition, msgspec.structs.replace(money(), time=999))
    assert bench.give(money()).events == []
    assert bench.partition.accounts["main"].books.cash("USD") == CASH + 500


@pytest.mark.parametrize(
    ("deposit", "code"),
    [
        (money("opening"), "DEPOSIT_KEY_REUSED"),
        (money(currency="EUR"), "CURRENCY_MISMATCH"),
        (money(amount=-CASH - 1), "CASH_INSUFFICIENT"),
        (money(amount=2**62), "AMOUNT_INVALID"),
        (money(account="nobody"), "ACCOUNT_UNKNOWN"),
    ],
)
def test_a_deposit_that_can_not_be_is_refused(deposit: Deposit, code: str) -> None:
    bench = Bench()
    before = bench.partition.digest()
    with pytest.raises(AlphaMindError) as caught:
        bench.give(deposit)
    assert caught.value.code == code
    assert bench.partition.digest() == before


def test_cash_set_aside_for_open_buys_can_not_be_taken_out() -> None:
    bench = Bench()
    bench.submit(quantity=2_000, limit_price=PRICE)
    reserved = bench.partition.accounts["main"].exposure.reserved("USD")
    with pytest.raises(InputError):
        deposited(bench.partition, money(amount=-(CASH - reserved) - 1))
    bench.give(money(amount=-(CASH - reserved)))
    assert bench.partition.accounts["main"].available_cash("USD") == 0


def test_limits_are_replaced_while_trading_goes_on() -> None:
    bench = Bench()
    smaller = dataclasses.replace(LIMITS, maximum_order_quantity=10 * MONEY_UNIT)
    bench.give(LimitsChange(time=1, limits=smaller.mapping(), version=2, principal="risk", reason="storm"))
    bench.submit()
    assert bench.order().reason == "ORDER_QUANTITY_LIMIT"
    assert bench.partition.limits_version == 2


def test_new_instruments_may_be_added_and_old_ones_may_not_change() -> None:
    bench = Bench()
    more = (*INSTRUMENTS, Instrument(id=4, symbol="NEW"))
    assert not new_terms(bench.partition, Terms(time=0, instruments=INSTRUMENTS, fee_rate=FEE_RATE))
    assert new_terms(bench.partition, Terms(time=0, instruments=INSTRUMENTS, fee_rate=FEE_RATE + 1))
    bench.give(Terms(time=0, instruments=more, fee_rate=FEE_RATE))
    bench.submit(instrument=4)
    bench.report(ReportType.TRADE, quantity=100)
    assert bench.partition.accounts["main"].books.position(4) == 100
    for wrong in (INSTRUMENTS[:1], (Instrument(id=0, symbol="ZZZ"), *more[1:])):
        with pytest.raises(Conflict) as caught:
            bench.give(Terms(time=0, instruments=wrong, fee_rate=FEE_RATE))
        assert caught.value.code == "INSTRUMENTS_CHANGED"


def test_an_account_opened_twice_keeps_its_books() -> None:
    bench = Bench()
    bench.give(AccountOpening(time=0, account="main", currency="USD"))
    assert bench.partition.accounts["main"].books.cash("USD") == CASH


def test_a_discrepancy_is_an_alarm() -> None:
    bench = Bench()
    effects = bench.give(Discrepancy(time=5, code="VENUE_ORDER_MISSING", order_id="3-1", text="gone"))
    assert effects.alarms == bench.partition.alarms
    assert bench.partition.alarms[0].report == 0


def test_inputs_survive_the_journal() -> None:
    bench = Bench()
    bench.submit()
    bench.cancel()
    bench.report(ReportType.NEW)
    bench.give(StateChange(time=1, scope="firm", state=TradingState.HALTED, principal="p", reason="r"))
    bench.give(Discrepancy(time=5, code="X", order_id="3-1", text="t", closes=True))
    bench.give(StateChange(time=1, scope="firm", state=TradingState.ACTIVE, principal="p", reason="r"))
    bench.submit_list(Contingency.OCO, submission("c2", limit_price=9_900), submission("c3", limit_price=9_800))
    bench.replace("c2", quantity=50)
    bench.observe(quote(9_990, 10_010))
    bench.reach(200)
    bench.cancel_all(account="main", side=Side.BUY)
    bench.give(BudgetGrant(time=6, number=1, amounts={"maximum_gross_exposure": 10**12}, currency="USD"))
    bench.give(Loss(time=6, epoch=7, kept=9, acknowledged=9, cause="test", owner="test"))
    fee = Charge(kind="fee", currency="USD", amount=-1)
    bench.give(Booking(time=6, account="main", entry=fee, reason="test", key="fee"))
    assert {type(given) for given in bench.inputs} == set(KIND_OF)
    for number, given in enumerate(bench.inputs, start=1):
        record = Record(number, given.time, KIND_OF[type(given)], SCHEMA_VERSION, encode(given))
        assert decode_input(record) == given
    partition, events, _ = replayed(bench.inputs)
    assert (partition.digest(), events) == (bench.partition.digest(), bench.events())


@pytest.mark.parametrize(("kind", "version"), [(99, SCHEMA_VERSION), (1, 77)])
def test_a_record_of_another_version_is_not_guessed_at(kind: int, version: int) -> None:
    with pytest.raises(JournalCorrupt):
        decode_input(Record(1, 0, kind, version, b""))


def test_an_order_of_an_unknown_account_changes_nothing() -> None:
    bench = Bench()
    order = submission(account="nobody")
    with pytest.raises(NotFound):
        bench.give(Submission(time=1, market_sequence=1, reference_price=PRICE, order=order))
    assert bench.partition.orders == {}
