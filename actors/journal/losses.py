"""What a journal puts on record of itself: that records which were acknowledged are lost, or may be.

Durability ``process`` does not survive a loss of power. What is missing then can't be had back, but it must be told for
ever and not only in a log: the record stands in the chain where the lost ones stood, ``verify`` tells it, and an owner
that asks for it can take care that no name of something lost is given a second time.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from actors.encoding import Message, decoder
from actors.errors import JournalCorrupt
from actors.journal.journal import Record

LOSS_KIND = 0
"""The kind of the record; owners count theirs from 1."""
LOSS_VERSION = 1


class Loss(Message, frozen=True, kw_only=True):
    """Records at the end of the journal were lost, or may have been.

    Attributes:
        time: That of the newest record that is left, UTC nanoseconds.
        epoch: Epoch of the owner that found it; no owner before or after has it.
        kept: The newest record that is left.
        acknowledged: The newest one that an owner was told is kept, as far as the lease knew; not more than ``kept``
            where nobody can say how many are lost.
        cause: How it was found, for people.
        owner: Who found it.
    """

    time: int
    epoch: int
    kept: int
    acknowledged: int
    cause: str
    owner: str

    @property
    def missing(self) -> int:
        """Number of records that are known to be missing."""
        return max(0, self.acknowledged - self.kept)

    @property
    def text(self) -> str:
        """What happened, for people."""
        if self.missing:
            first = self.kept + 1
            which = f"record {first}" if self.missing == 1 else f"records {first} to {self.acknowledged}"
            return f"lost, although acknowledged: {which} ({self.cause})"
        return f"records after {self.kept} may be lost ({self.cause})"


_decode = decoder(Loss)


def read_loss(record: Record) -> Loss:
    """Return the loss that a record tells of.

    Raises:
        JournalCorrupt: A later version of the journal wrote it.
    """
    try:
        loss: Loss = _decode(record.payload)
    except msgspec.MsgspecError:
        raise JournalCorrupt(
            "a record of the journal's own that this version does not know",
            field="record",
            value=record.sequence,
            remedy="run the version that wrote it",
        ) from None
    return loss


def without_losses(records: Iterator[Record]) -> Iterator[Record]:
    """Leave out what the journal itself has put on record."""
    return (record for record in records if record.kind != LOSS_KIND)
