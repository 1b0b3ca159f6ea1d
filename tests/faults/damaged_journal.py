"""Journals cut within a record and with bits flipped: ``python -m tests.faults.damaged_journal --times 2000``.

A journal of a real run is damaged, one copy after the other: its newest segment ends at every byte of the last record,
once as a crash leaves it and once after the record was acknowledged; and one random bit of all files is flipped. Then
it is read, and opened by a new owner. Counts are by outcome; a state that was never written is the only thing that
must not come of it. What was acknowledged and is missing is refused, and where an operator accepts that it is lost,
the journal itself says so.
"""

from __future__ import annotations

import asyncio
import pathlib
import random
import shutil
import tempfile
from collections.abc import Sequence

import psycopg

from actors.journal import Record, read_journal
from configs.schema import JournalSection
from tests.faults import damage
from tests.faults.report import Advance, Report, arguments, conclude, progress, silent
from tests.faults.world import world
from tests.servers import postgres

RECORDS = 200
OPENINGS = 4


async def records_of_a_run(seed: int, count: int = RECORDS) -> list[Record]:
    """Return the first records of a partition's journal of a run under load."""
    async with world(seed) as here:
        await here.start()
        while True:
            await asyncio.sleep(0.2)
            reader = read_journal(here.configuration.journal, here.directory, damage.NAME)
            records = list(reader.read())
            reader.close()
            if len(records) >= count:
                return records[:count]


def cut_last_record(records: Sequence[Record], advance: Advance = silent, every: int = 1) -> Report:
    """End the newest segment at every byte of the last record; both durabilities, torn by a crash and acknowledged.

    Args:
        records: What the journal holds.
        advance: Called after each byte.
        every: Takes only every so many of the bytes.
    """
    report = Report("journal truncated within its last record", notes={"medium": "segments"})
    with tempfile.TemporaryDirectory(prefix="am-") as folder:
        whole = damage.write_journal(pathlib.Path(folder) / "whole", records, OPENINGS)
        begin, end = whole.last
        for length in range(begin, end, every):
            for acknowledged in (False, True):
                for durability in ("process", "disk"):
                    section = JournalSection.model_validate({"durability": durability})
                    into = damage.truncate(whole, length, pathlib.Path(folder) / "cut", acknowledged)
                    read = damage.outcome_of_reading(section, into, records)
                    recovered = damage.outcome_of_recovery(section, into, records)
                    if acknowledged:
                        accepting = section.model_copy(update={"accept_loss": True})
                        accepted = damage.outcome_of_recovery(accepting, into, records)
                        report.counts[f"acknowledged, accepted ({durability}): {accepted}"] += 1
                        report.require(accepted == damage.LOSS_ON_RECORD, f"{length}, accepted: it is found {accepted}")
                    shutil.rmtree(into)
                    case = f"{length - begin} bytes left, {'acknowledged' if acknowledged else 'torn'}, {durability}"
                    _judge_cut(report, case, acknowledged, durability, read, recovered)
            report.counts["truncation_points"] += 1
            advance()
    return report


def _judge_cut(report: Report, case: str, acknowledged: bool, durability: str, read: str, recovered: str) -> None:
    kind = "acknowledged" if acknowledged else "torn"
    report.counts[f"{kind}, read: {read}"] += 1
    report.counts[f"{kind}, recovered ({durability}): {recovered}"] += 1
    if acknowledged:
        report.require(read == damage.DETECTED, f"{case}: a reader finds it {read}")
        report.require(recovered == damage.DETECTED, f"{case}: the next owner finds it {recovered}")
    else:
        for found in (read, recovered):
            report.require(found in (damage.CUT_OFF, damage.NEVER_WRITTEN), f"{case}: it is found {found}")


def flip_bits(records: Sequence[Record], times: int, seed: int, advance: Advance = silent) -> Report:
    """Flip one random bit of segment files and lease."""
    chance = random.Random(seed)
    report = Report("one bit of a journal flipped", notes={"medium": "segments"})
    section = JournalSection()
    with tempfile.TemporaryDirectory(prefix="am-") as folder:
        whole = damage.write_journal(pathlib.Path(folder) / "whole", records, OPENINGS)
        for _ in range(times):
            into = pathlib.Path(folder) / "flipped"
            where = damage.flip_bit(whole, chance, into)
            read = damage.outcome_of_reading(section, into, records)
            recovered = damage.outcome_of_recovery(section, into, records)
            shutil.rmtree(into)
            _judge_flip(report, where, where == "lease", read, recovered)
            advance()
    return report


def flip_bits_in_tables(records: Sequence[Record], times: int, seed: int, advance: Advance = silent) -> Report:
    """Flip one random bit of the rows in PostgreSQL."""
    chance = random.Random(seed)
    report = Report("one bit of a journal flipped", notes={"medium": "postgres"})
    with postgres() as dsn, psycopg.connect(dsn, autocommit=True) as connection:
        section = JournalSection.model_validate({"medium": "postgres", "durability": "replicated", "dsn": dsn})
        directory = pathlib.Path("damaged")
        damage.write_table(section, directory, records)
        for _ in range(times):
            where = damage.flip_bit_in_table(connection, f"{directory.name}/{damage.NAME}", chance)
            read = damage.outcome_of_reading(section, directory, records)
            recovered = damage.outcome_of_recovery(section, directory, records)
            _judge_flip(report, where, where in damage.UNCHAINED, read, recovered)
            damage.restore_table(connection)
            advance()
    return report


def _judge_flip(report: Report, where: str, harmless: bool, read: str, recovered: str) -> None:
    report.counts["bits_flipped"] += 1
    report.counts[f"{where}, read: {read}"] += 1
    report.counts[f"{where}, recovered: {recovered}"] += 1
    allowed = {damage.DETECTED} | ({damage.WITHOUT_EFFECT} if harmless else set())
    report.require(read in allowed, f"a bit of {where} flipped: a reader finds it {read}")
    report.require(recovered in allowed, f"a bit of {where} flipped: the next owner finds it {recovered}")


def main() -> None:
    """Run the command."""
    given = arguments(__doc__, times=2000)
    records = asyncio.run(records_of_a_run(given.seed))

    async def cut() -> Report:
        with progress("truncated", 200) as advance:
            return cut_last_record(records, advance)

    async def flip() -> Report:
        with progress("bits flipped in segments", given.times) as advance:
            return flip_bits(records, given.times, given.seed, advance)

    async def flip_in_tables() -> Report:
        with progress("bits flipped in PostgreSQL", given.times) as advance:
            return flip_bits_in_tables(records, given.times, given.seed, advance)

    conclude(cut, flip, flip_in_tables)


if __name__ == "__main__":
    main()
