from __future__ import annotations

import msgspec
import pytest

from actors.entries import CashDividend, Charge, Conversion, Entry, ExchangeRate, LotMethod, LotSelection, Split
from actors.errors import ConfigurationError, Conflict, InputError, NotFound
from actors.messages import AccountEvent, BookingEvent, OmsEvent, ReportType, Side, decoder, encode
from actors.oms import snapshots
from actors.oms.inputs import AccountOpening, Booking, Deposit
from actors.oms.opening import new_accounts
from actors.oms.partition import Partition
from actors.portfolio.books import Books
from actors.portfolio.ledger import Ledger
from actors.strategy.account_view import AccountView, account_of
from configs.schema import AccountSection
from tests.actors.oms.support import CASH, INSTRUMENTS, PRICE, Bench, replayed
from tests.actors.oms.test_service import run
from tests.actors.oms.world import World

decode_event = decoder(OmsEvent)


def booking(entry: Entry, key: str = "k", account: str = "main", time: int = 150) -> Booking:
    return Booking(time=time, account=account, entry=entry, reason="test", key=key)


def bench_with_lots(lots: LotMethod) -> Bench:
    bench = Bench()
    bench.give(AccountOpening(time=0, account="lots", currency="USD", lots=lots))
    bench.give(Deposit(time=0, account="lots", currency="USD", amount=CASH, reason="opening cash", key="opening"))
    return bench


def trade_and_restate(bench: Bench, account: str) -> None:
    """Buy, buy dearer, split, sell a part, a dividend; then the first purchase is corrected and the second busted."""
    for number, (side, price) in enumerate([(Side.BUY, 0), (Side.BUY, 500), (Side.SELL, 300)]):
        name = f"{account}-{number}"
        effects = bench.submit(name, account=account, side=side, quantity=100, limit_price=PRICE + price)
        order_id = effects.order.order_id
        bench.report_new(order_id)
        bench.trade(100, order_id, price=PRICE + price, fee=7, execution_id=f"{name}-x")
        if number == 1:
            bench.give(booking(Split(instrument=0, numerator=2, denominator=1), "split", account))
    bench.give(booking(CashDividend(instrument=0, amount=10**7), "dividend", account))
    bench.give(booking(Charge(kind="interest", currency="USD", amount=-12_345), "interest", account))
    bench.give(booking(ExchangeRate(currency="EUR", rate=110_000_000), "rate", account))
    swap = Conversion(sold="USD", sold_amount=110 * 10**8, bought="EUR", bought_amount=100 * 10**8)
    bench.give(booking(swap, "swap", account))
    orders = bench.partition.accounts[account].orders
    first, second = (orders[f"{account}-{number}"].order.order_id for number in (0, 1))
    bench.report(
        ReportType.TRADE_CORRECT, first, quantity=90, price=PRICE - 100, execution_id=f"{account}-0-right",
        reference_id=f"{account}-0-x",
    )  # fmt: skip
    bench.report(ReportType.TRADE_CANCEL, second, reference_id=f"{account}-1-x")


@pytest.mark.parametrize("lots", LotMethod)
def test_the_partition_and_everyone_who_follows_it_come_to_the_same_books(lots: LotMethod) -> None:
    bench = bench_with_lots(lots)
    trade_and_restate(bench, "lots")
    own = bench.partition.accounts["lots"].books
    ledger, view = Ledger(INSTRUMENTS, {"lots": "USD"}), AccountView("lots", "USD", INSTRUMENTS)
    for payload in bench.events():
        event = decode_event(payload)
        assert ledger.apply(event)
        if account_of(event) == "lots":
            view.apply(event)
    assert ledger.books("lots").state() == view.books.state() == own.state()
    assert own.position(0) == 80  # (90 bought, 2:1) less the 100 sold
    assert own.imbalance("USD") == own.imbalance("EUR") == 0


@pytest.mark.parametrize("lots", LotMethod)
def test_a_replay_and_a_snapshot_give_the_same_books(lots: LotMethod) -> None:
    bench = bench_with_lots(lots)
    trade_and_restate(bench, "lots")
    again, events, _ = replayed(bench.inputs)
    assert (again.digest(), events) == (bench.partition.digest(), bench.events())
    restored = snapshots.load(snapshots.save(bench.partition))
    assert restored.digest() == bench.partition.digest()
    for partition in (restored, bench.partition):
        partition.apply(booking(Split(instrument=0, numerator=3, denominator=1), "later", "lots"))
    assert restored.digest() == bench.partition.digest()


def test_an_account_at_average_cost_opens_without_an_event_as_it_always_did() -> None:
    bench = bench_with_lots(LotMethod.AVERAGE)
    assert not any(isinstance(decode_event(event), AccountEvent) for event in bench.events())
    bench = bench_with_lots(LotMethod.LIFO)
    (opened,) = [event for event in map(decode_event, bench.events()) if isinstance(event, AccountEvent)]
    assert (opened.account, opened.lots) == ("lots", LotMethod.LIFO)


def test_an_entry_is_booked_once_for_its_key() -> None:
    bench = Bench()
    fee = Charge(kind="fee", currency="USD", amount=-5)
    assert len(bench.give(booking(fee)).events) == 1
    assert bench.give(booking(fee, time=999)).events == []
    with pytest.raises(Conflict) as caught:
        bench.give(booking(msgspec.structs.replace(fee, amount=-6)))
    assert caught.value.code == "BOOKING_KEY_REUSED"
    assert bench.partition.accounts["main"].books.cash("USD") == CASH - 5


@pytest.mark.parametrize(
    ("entry", "error"),
    [
        (CashDividend(instrument=77, amount=1), NotFound),
        (Split(instrument=0, numerator=0, denominator=1), InputError),
        (LotSelection(instrument=0, strategy="s", execution_id="e", lots=()), InputError),
    ],
)
def test_an_entry_that_does_not_fit_changes_nothing(entry: Entry, error: type) -> None:
    bench = Bench()
    before = bench.partition.digest()
    with pytest.raises(error):
        bench.give(booking(entry))
    assert bench.partition.digest() == before


def test_a_split_moves_the_exposure_that_limits_are_checked_against() -> None:
    bench = Bench()
    totals = bench.partition.safeguards.totals
    totals.keep(True)
    totals.mark(0, PRICE)
    bench.submit("c1", quantity=100)
    bench.report_new("3-1")
    bench.trade(100)
    assert totals.of(("main", "")).held == INSTRUMENTS[0].notional(PRICE, 100)
    bench.give(booking(Split(instrument=0, numerator=2, denominator=1)))
    assert totals.of(("main", "")).held == INSTRUMENTS[0].notional(PRICE, 200)


def test_entries_go_to_one_account_or_to_all_and_survive_a_crash() -> None:
    async def scene(here: World) -> None:
        body = {"reason": "interest", "key": "i1", "entry": ["charge", "interest", "USD", 5, "", -1]}
        assert await here.ask("book", account="main", **body) == {"accounts": ["main"]}
        assert await here.ask("book", account="main", **body) == {"accounts": []}
        everyone = await here.ask("book", account="", **{**body, "key": "i2"})
        assert "main" in everyone["accounts"]
        with pytest.raises(Conflict):
            await here.ask("book", account="main", **{**body, "entry": ["charge", "interest", "USD", 6, "", -1]})
        for wrong in (["charge", "bribe", "USD", 6], ["nonsense"], ["dividend", 0, 0], ["dividend", 99, 1]):
            with pytest.raises((InputError, NotFound)):
                await here.ask("book", account="main", **{**body, "key": "i3", "entry": wrong})
        with pytest.raises(NotFound):
            await here.ask("book", account="nobody", **{**body, "key": "i3"})
        await here.kill()
        await here.restart()
        view = await here.books()
        assert view.charges == {"USD": 10} and view.cash == {"USD": CASH + 10}

    run(scene)


def test_the_events_of_bookings_survive_their_encoding() -> None:
    event = BookingEvent(
        partition=1, sequence=2, time=3, account="main", entry=CashDividend(instrument=0, amount=9), reason="r", key="k"
    )
    assert decode_event(encode(event)) == event
    assert account_of(event) == "main"


def test_a_partition_without_the_account_refuses_the_entry() -> None:
    with pytest.raises(NotFound):
        Partition(0).apply(booking(Charge(kind="fee", currency="USD", amount=1)))
    assert Books("a", ()).imbalance("USD") == 0


def test_an_account_keeps_the_lots_that_it_was_opened_with() -> None:
    bench = bench_with_lots(LotMethod.FIFO)
    assert new_accounts(bench.partition, [AccountSection(id="lots", lots="fifo")], 1) == []
    with pytest.raises(ConfigurationError) as caught:
        new_accounts(bench.partition, [AccountSection(id="lots", lots="lifo")], 1)
    assert caught.value.field == "accounts.lots.lots"
    opening, _ = new_accounts(bench.partition, [AccountSection(id="more", lots="lifo")], 1)
    assert opening.lots is LotMethod.LIFO
