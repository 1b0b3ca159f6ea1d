"""Exposure is counted near the market: prices that moved go on record where a limit asks for them."""

from __future__ import annotations

from actors.messages import ReportType
from actors.oms.exposure_totals import ExposureTotals
from actors.oms.revaluation import moved_marks
from tests.actors.oms.fakes import until
from tests.actors.oms.gate.bench import GateBench, money
from tests.actors.oms.support import PRICE
from tests.actors.oms.test_service import run
from tests.actors.oms.world import PARTITION, World


def totals(bench: GateBench) -> ExposureTotals:
    return bench.partition.safeguards.totals


def test_only_what_is_held_and_moved_by_more_than_a_thousandth_is_worth_a_record() -> None:
    bench = GateBench().hold(10).hold(10, instrument=1)
    assert moved_marks(totals(bench), lambda _: 2 * PRICE) == ()
    bench.limit("account:main", maximum_gross_exposure=money(5_000))
    assert moved_marks(totals(bench), lambda _: PRICE + PRICE // 1_000) == ()
    assert moved_marks(totals(bench), lambda _: 0) == ()
    moved = moved_marks(totals(bench), lambda instrument: PRICE + instrument * 11)
    assert [(price.instrument, price.last) for price in moved] == [(1, PRICE + 11)]


def test_a_total_follows_the_market_without_any_order() -> None:
    async def scene(here: World) -> None:
        host = here.oms.hosted.hosts[4]
        by = {"principal": "risk", "reason": "drill"}
        await here.submit(quantity=10)
        await until(lambda: "4-1" in here.venue.sessions[PARTITION].open)
        here.venue.tell(PARTITION, "4-1", ReportType.TRADE, quantity=10)
        await here.ask("set_limits", scope="account:main", limits={"maximum_gross_exposure": money(50_000)}, **by)
        here.market.publish({0: 2 * PRICE})
        kept = host.partition.safeguards.totals
        await until(lambda: kept.of(("main", "")).gross == money(2_000))
        records = host.journal.last_sequence
        host.revalue(here.oms.prices.price)
        assert host.journal.last_sequence == records
        await here.kill()
        await here.restart()
        again = here.oms.hosted.hosts[4].partition.safeguards.totals
        assert again.of(("main", "")).gross == money(2_000)

    run(scene)
