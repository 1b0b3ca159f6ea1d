"""The exchange's journal: what older versions wrote stays readable, and nothing unknown is guessed at."""

from __future__ import annotations

import base64
import json
import pathlib
from collections import defaultdict

import msgspec
import pytest

from actors.clock import MINUTE
from actors.errors import JournalCorrupt
from actors.journal import Record
from actors.messages import ExecutionReport, decoder, encode
from env.exchange.host import apply
from env.exchange.paper import PaperExchange
from env.exchange.records import (
    KIND_OF,
    SCHEMA_VERSION,
    CancelEntered,
    Entry,
    ExchangeRules,
    OrderEntered,
    RecordKind,
    ReplaceEntered,
    SessionOpened,
    decode_entry,
)
from tests.env.exchange.builders import always_open, bar, market, order, replacement, rules

DATA = pathlib.Path(__file__).parent / "data"


def replay(records: list[Record]) -> list[tuple[str, ExecutionReport]]:
    exchange = PaperExchange(rules(()), always_open)
    return [entry for record in records for entry in apply(exchange, decode_entry(record))]


def test_a_journal_of_version_1_gives_the_reports_that_were_sent_then() -> None:
    recorded = json.loads((DATA / "journal_version_1.json").read_text())
    records = [
        Record(number, 0, kind, version, base64.b64decode(payload))
        for number, (kind, version, payload) in enumerate(recorded["records"], 1)
    ]
    assert {record.version for record in records} == {1}
    read = decoder(ExecutionReport)
    sent = [(name, read(base64.b64decode(report))) for name, report in recorded["reports"]]
    assert replay(records) == sent
    kinds: defaultdict[str, int] = defaultdict(int)
    for _, report in sent:
        kinds[report.type] += 1
    assert kinds["trade"] > 20 and kinds["canceled"] and kinds["expired"] and kinds["rejected"]


ENTRIES: list[Entry] = [
    rules(),
    SessionOpened("p00", 3),
    OrderEntered("p00", order(limit=97, tif="gtd", expire_time=9, post_only=True)),
    CancelEntered("p00", "0-1", 7),
    market(1, MINUTE, [bar(0, 100, 110, 95, 108, 1000)]),
    ReplaceEntered("p00", replacement(limit=98)),
]


def record_of(entry: Entry) -> Record:
    return Record(1, 0, KIND_OF[type(entry)], SCHEMA_VERSION, encode(entry))


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: type(entry).__name__)
def test_an_input_is_read_as_it_was_written(entry: Entry) -> None:
    assert decode_entry(record_of(entry)) == entry


def test_every_kind_of_record_has_a_reader_and_a_case_here() -> None:
    assert sorted(KIND_OF.values()) == sorted(RecordKind) == sorted(record_of(entry).kind for entry in ENTRIES)


@pytest.mark.parametrize(("kind", "version"), [(7, 1), (RecordKind.ORDER, SCHEMA_VERSION + 1), (RecordKind.ORDER, 0)])
def test_a_record_of_an_unknown_kind_or_version_is_refused(kind: int, version: int) -> None:
    with pytest.raises(JournalCorrupt, match="does not know"):
        decode_entry(Record(4, 0, kind, version, encode(ENTRIES[2])))


def test_rules_change_what_follows_and_not_what_was() -> None:
    changed: ExchangeRules = msgspec.structs.replace(rules(), participation="0.2")
    entries: list[Entry] = [
        rules(),
        OrderEntered("p00", order(quantity=500)),
        market(1, MINUTE, [bar(0, 100, 110, 95, 108, 1000)]),
        changed,
        market(2, 2 * MINUTE, [bar(1, 100, 110, 95, 108, 1000)]),
    ]
    assert [report.quantity for _, report in replay([record_of(entry) for entry in entries])] == [0, 100, 200]
