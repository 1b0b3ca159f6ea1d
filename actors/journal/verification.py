"""Checks a whole chain, and that those who know of it from elsewhere say the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from actors.errors import JournalCorrupt
from actors.journal.journal import Fault, Progress, Record, Verification, Witness
from actors.journal.losses import read_loss
from actors.journal.records import Head
from actors.journal.walk import NEVER


class Walker(Protocol):
    """A walk along the chain of one journal, whatever its medium."""

    origin: Head
    sequence: int
    hash: bytes
    notes: list[str]
    fault: Fault | None

    def wrong(self, record: int, reason: str) -> Fault:
        """Return the fault for a record where the walk is."""

    def runs(self, begin: int = 1, keep_from: int = NEVER, stops: Sequence[int] = ()) -> Iterator[list[Record]]:
        """Walk on and yield after each run of records that was checked; each of ``stops`` ends one.

        Where no record is kept, a run has in it those that tell of a loss.
        """


def verify_chain(walker: Walker, acknowledged: int, witnesses: Sequence[Witness], progress: Progress) -> Verification:
    """Walk a whole chain and say what was found.

    Args:
        walker: The walk, at its beginning.
        acknowledged: Sequence up to which an owner was told that its records are kept.
        witnesses: What is known from elsewhere.
        progress: Called with the sequence of the newest record that was checked.
    """
    known: dict[int, list[Witness]] = {}
    for witness in sorted(witnesses):
        known.setdefault(witness.sequence, []).append(witness)
    holds = walker.origin  # up to here nobody contradicts the chain
    fault = _unknown(walker, known) or _contradiction(walker, known, holds)
    losses: list[str] = []
    try:
        for run in walker.runs(stops=sorted(known)) if fault is None else ():
            losses += [f"record {record.sequence}: {read_loss(record).text}" for record in run]
            progress(walker.sequence)
            fault = _contradiction(walker, known, holds)
            if fault is not None:
                break
            if walker.sequence in known:
                holds = Head(walker.sequence, walker.hash)
        else:
            holds = Head(walker.sequence, walker.hash)
            fault = fault or _missing(walker, acknowledged, known)
    except JournalCorrupt:
        fault, holds = walker.fault, Head(walker.sequence, walker.hash)
    if walker.origin.sequence:
        first, before = walker.origin.sequence + 1, walker.origin.hash.hex()
        note = f"retention deleted what was before record {first}; the hash of the record before it is {before}"
        walker.notes.insert(0, note)
    walker.notes += losses
    return Verification(holds.sequence, holds.hash.hex(), fault, tuple(walker.notes))


def _unknown(walker: Walker, known: Mapping[int, list[Witness]]) -> Fault | None:
    """Return the fault where a witness knows a record that is no longer there to be compared."""
    first = min(known, default=walker.origin.sequence)
    if first >= walker.origin.sequence:
        return None
    reason = f"retention deleted it, so it can't be compared with what {known[first][0].source} knows"
    return walker.wrong(first, reason)


def _contradiction(walker: Walker, known: Mapping[int, list[Witness]], holds: Head) -> Fault | None:
    """Return the fault where a witness knows another hash of the record at which the walk is."""
    record = walker.sequence
    for witness in known.get(record, ()):
        if witness.hash != walker.hash:
            which = "it" if record <= holds.sequence + 1 else f"one of the records {holds.sequence + 1} to {record}"
            reason = f"{witness.source} knows another hash of it: {which} was changed"
            return walker.wrong(record, reason)
    return None


def _missing(walker: Walker, acknowledged: int, known: Mapping[int, list[Witness]]) -> Fault | None:
    """Return the fault where the chain ends too early."""
    record, last = walker.sequence + 1, max(known, default=0)
    if walker.sequence < acknowledged:
        reason = f"it is missing, and so is all up to record {acknowledged}, which an owner was told is kept"
    elif walker.sequence < last:
        reason = f"it is missing, and so is all up to record {last}, which {known[last][0].source} knows"
    else:
        return None
    return walker.wrong(record, reason)
