from __future__ import annotations

import io
import json
import pathlib
from collections.abc import Iterator

import pytest
from rich.console import Console

from actors.errors import Conflict, JournalCorrupt, NotFound
from actors.journal import open_journal
from actors.journal.journal import Journal
from actors.messages import OrderType, ReportType, encode
from actors.oms.inputs import KIND_OF, SCHEMA_VERSION, AccountOpening, Deposit, Input, LimitsChange, Submission, Terms
from cluster.audit import AuditedRun
from cluster.order_history import audit_show
from configs import load, render
from configs.schema import Configuration
from tests.servers import postgres
from tests.actors.oms.support import FEE_RATE, INSTRUMENTS, LIMITS, PRICE, Bench, submission


class Run:
    """A run whose partition 3 is written by a bench, through a journal that stays open."""

    def __init__(self, home: pathlib.Path, profile: str = "local", dsn: str | None = None) -> None:
        environment = {} if dsn is None else {"ALPHAMIND_JOURNAL_DSN": dsn}
        self.configuration: Configuration = load(profile, overrides=[f"run.home={home}"], environment=environment)
        self.directory = home / "runs" / "first"
        self.directory.mkdir(parents=True)
        (self.directory / "configuration.yaml").write_text(render(self.configuration))
        self.audited = AuditedRun(self.directory, self.configuration.journal)
        self.bench = Bench()
        self.journals: dict[int, Journal] = {}
        self.written = 0

    def write(self) -> None:
        """Put what the bench was given since the last call on record."""
        inputs = self.bench.inputs[self.written :]
        self.written += len(inputs)
        self.append(3, *inputs)

    def append(self, partition: int, *inputs: Input) -> None:
        name = f"oms-p{partition:02d}"
        if partition not in self.journals:
            self.journals[partition] = open_journal(self.configuration.journal, self.directory, name, "test")
        for record in inputs:
            kind = KIND_OF[type(record)]
            self.journals[partition].append(record.time, kind, encode(record), SCHEMA_VERSION)

    def close(self) -> None:
        for journal in self.journals.values():
            journal.close()


@pytest.fixture
def run(tmp_path: pathlib.Path) -> Iterator[Run]:
    made = Run(tmp_path)
    yield made
    made.close()


def story(this: Run, order: str, capsys: pytest.CaptureFixture[str], **options: object) -> dict:
    audit_show(this.audited, order, as_json=True, **options)  # type: ignore[arg-type]
    return json.loads(capsys.readouterr().out)


def test_a_whole_life_is_told_while_the_run_trades(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    bench = run.bench
    bench.submit("c1", quantity=10, limit_price=PRICE, principal="desk-1", strategy="carry")
    bench.report(ReportType.NEW, "3-1")
    run.write()
    assert [record["kind"] for record in story(run, "c1", capsys)["records"]] == ["submission", "venue_report"]
    bench.replace("c1", "c2", quantity=20)
    bench.report(ReportType.CANCELED, "3-1")
    bench.report(ReportType.NEW, "3-1/2")
    bench.trade(4, "3-1/2", execution_id="e1", price=PRICE - 1, fee=50_000_000, liquidity="maker")
    bench.cancel_all(account="main", principal="risk", reason="end of the day")
    bench.report(ReportType.CANCELED, "3-1/2", text="done")
    run.write()
    told = story(run, "c1", capsys)
    order = told["order"]
    assert (order["order_id"], order["symbol"], order["side"], order["status"]) == ("3-1", "AAA", "buy", "canceled")
    assert (order["quantity"], order["filled_quantity"], order["limit_price"]) == ("20", "4", "100.00")
    records = told["records"]
    assert [(record["who"], record["status"]) for record in records] == [
        ("desk-1", "pending_new"),
        ("venue", "new"),
        ("system", "pending_replace"),
        ("venue", "new"),
        ("venue", "new"),
        ("venue", "partially_filled"),
        ("risk", "pending_cancel"),
        ("venue", "canceled"),
    ]
    assert not any("via" in record for record in records), "no connection in this bench"
    first, fill, mass = records[0], records[5], records[6]
    assert first["what"][0] == "submitted: buy 10 AAA limit at 100.00 day"
    gate = first["gate"][0]
    assert gate["passed"] and gate["limits"]["firm"]["maximum_order_notional"] == "250000"
    assert (gate["look"]["price"], gate["look"]["bid"], gate["look"]["ask"]) == ("100.00", "99.99", "100.01")
    assert (gate["cash"], gate["position"], gate["limits_version"]) == ("1000000.00", "0", 1)
    assert first["sent"][0]["kind"] == "VenueOrder" and first["sent"][0]["limit_price"] == "100.00"
    assert (fill["fills"][0]["price"], fill["fills"][0]["fee"], fill["report"]["quantity"]) == ("99.99", "0.50", "4")
    assert (mass["why"], mass["filled_quantity"]) == ("end of the day", "4")
    hashes = [record["hash"] for record in records]
    assert len(set(hashes)) == len(hashes) and hashes[-1] == run.journals[3].verify().head
    for name in ("3-1", "c2"):
        assert story(run, name, capsys) == told
    assert story(run, "c1", capsys, account="main") == told


def test_the_table_says_the_same_in_words(run: Run) -> None:
    run.bench.submit("c1", quantity=10**9, type=OrderType.TRAILING_STOP, trail_amount=50, reduce_only=True)
    run.bench.submit("ok", quantity=10)
    run.bench.report(ReportType.NEW, "3-2")
    run.bench.trade(11, "3-2")
    run.write()
    console = Console(record=True, width=200, file=io.StringIO())
    audit_show(run.audited, "c1", console=console)
    text = console.export_text()
    assert "order 3-1 (c1) of main by manual: rejected" in text
    assert "submitted: buy 1000000000 AAA trailing stop day trail amount 0.50 reduce only True" in text
    assert "gate: REDUCE_ONLY_WOULD_OPEN" in text and "limits of the firm, version 1" in text
    audit_show(run.audited, "ok", console=console)
    text = console.export_text()
    assert "to the venue: 3-2, buy 10 market day" in text
    assert "booked: bought 11 at 100.00" in text and "alarm ORDER_OVERFILLED: filled 11 of 10 lots" in text


def _another_partition(run: Run) -> None:
    run.append(
        5,
        Terms(time=0, instruments=INSTRUMENTS, fee_rate=FEE_RATE),
        AccountOpening(time=0, account="other", currency="USD"),
        Deposit(time=0, account="other", currency="USD", amount=10**14, reason="opening cash", key="opening"),
        LimitsChange(time=0, limits=LIMITS.mapping(), version=1, principal="test", reason="test"),
        Submission(time=1, market_sequence=0, reference_price=PRICE, order=submission("c1", account="other")),
    )


def test_an_id_that_two_accounts_use_needs_the_account(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    run.bench.submit("c1", quantity=10)
    run.write()
    _another_partition(run)
    with pytest.raises(Conflict) as raised:
        story(run, "c1", capsys)
    assert (raised.value.code, raised.value.rule) == ("ORDER_AMBIGUOUS", "one of the accounts main, other")
    assert story(run, "c1", capsys, account="other")["order"]["order_id"] == "5-1"
    assert story(run, "5-1", capsys)["order"]["account"] == "other"


@pytest.mark.parametrize("order", ["nope", "3-9", "4-1", "99-1", ""])
def test_an_order_that_no_partition_has_is_not_found(run: Run, order: str) -> None:
    run.bench.submit("c1")
    run.write()
    with pytest.raises(NotFound) as raised:
        audit_show(run.audited, order)
    assert (raised.value.code, raised.value.value) == ("ORDER_UNKNOWN", order)


def test_a_client_order_id_that_looks_like_an_order_id_is_found_too(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    run.bench.submit("3-7")
    run.write()
    assert story(run, "3-7", capsys)["order"]["order_id"] == "3-1"


def test_an_order_id_is_told_of_the_account_that_is_asked_for_alone(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    run.bench.submit("c1")
    run.write()
    _another_partition(run)
    assert story(run, "3-1", capsys, account="main")["order"]["client_order_id"] == "c1"
    with pytest.raises(NotFound):
        story(run, "3-1", capsys, account="other")


def test_a_client_order_id_spelled_like_the_id_of_another_order_is_not_passed_over(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    run.bench.submit("3-2")
    run.bench.submit("c2")
    run.bench.submit("3-3")
    run.bench.submit("5-1")
    run.write()
    _another_partition(run)
    with pytest.raises(Conflict) as raised:
        story(run, "3-2", capsys)
    assert (raised.value.code, raised.value.rule) == (
        "ORDER_AMBIGUOUS",
        "one of those that the client calls 3-2, c2",
    )
    assert raised.value.remedy == "name it by another of its ids; c2 is the one with that order id"
    assert story(run, "c2", capsys)["order"]["order_id"] == "3-2"
    assert story(run, "3-1", capsys)["order"]["client_order_id"] == "3-2"
    assert story(run, "3-3", capsys)["order"]["order_id"] == "3-3"
    with pytest.raises(Conflict, match="several accounts"):
        story(run, "5-1", capsys)
    assert story(run, "5-1", capsys, account="main")["order"]["order_id"] == "3-4"
    assert story(run, "5-1", capsys, account="other")["order"]["order_id"] == "5-1"


def test_a_journal_that_was_changed_is_not_told_from(run: Run) -> None:
    run.bench.submit("c1", quantity=10)
    run.write()
    run.close()
    run.journals.clear()
    (segment,) = (run.directory / "journal" / "oms-p03").glob("*.segment")
    content = bytearray(segment.read_bytes())
    content[-5] ^= 1
    segment.write_bytes(content)
    with pytest.raises(JournalCorrupt):
        audit_show(run.audited, "c1")


def test_it_is_told_from_a_database_just_the_same(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    with postgres() as dsn:
        run = Run(tmp_path, "services", dsn)
        run.bench.submit("c1", quantity=10, limit_price=PRICE)
        run.bench.report(ReportType.NEW, "3-1")
        run.write()
        for journal in run.journals.values():
            journal.flush()
        capsys.readouterr()  # what the database's start printed
        told = story(run, "c1", capsys)
        run.close()
    assert [record["kind"] for record in told["records"]] == ["submission", "venue_report"]
    assert told["order"]["status"] == "new"
