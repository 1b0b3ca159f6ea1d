"""What an opening owner makes of the end of the segments: it is what the lease knows, or records are lost."""

from __future__ import annotations

from actors.journal.chain import Chain
from actors.journal.lease import Held, LeaseState, boot_id
from actors.journal.losses import Loss
from actors.journal.records import Head


def walk_to_end(chain: Chain, known: Head | None) -> None:
    """Walk to the end of a chain.

    Args:
        chain: The walk, at its beginning.
        known: A record and its chain hash, as the lease knows it.

    Raises:
        JournalCorrupt: A record is not what was written, the newest one that was acknowledged among them.
    """
    for _ in chain.runs(stops=() if known is None else (known.sequence,)):
        _compare(chain, known)
    _compare(chain, known)


def _compare(chain: Chain, known: Head | None) -> None:
    if known is not None and chain.sequence == known.sequence and chain.hash != known.hash:
        reason = "the lease knows another hash of it: it or the lease was changed"
        raise chain.wrong(known.sequence, reason).error()


def find_loss(chain: Chain, acknowledged: int, before: LeaseState, mine: LeaseState) -> Loss | None:
    """Return what is lost, or may be, at the end of a chain; ``None`` where all is there. Its ``time`` is left open.

    Args:
        chain: The walk, at its end.
        acknowledged: The newest record of which it is known that an owner was told that it is kept.
        before: The lease as the opening owner found it.
        mine: The lease since that owner has taken it.
    """
    last = chain.sequence
    at_most_ahead = {Held.BY_NOBODY: 0, Held.UNFORCED: 1}.get(before.held, last)
    if last < acknowledged:
        cause = "missing in the segments, and accepted by whoever started the owner"
    elif not last:
        return None
    elif not before.epoch:
        cause = "the lease was missing"
    elif before.held is Held.UNFORCED and before.boot not in (b"", boot_id()):
        cause = "the machine was started anew while the journal was open with durability 'process'"
    elif last > acknowledged + at_most_ahead:
        cause = f"the lease knew of none after record {acknowledged}"
    else:
        return None
    return Loss(time=0, epoch=mine.epoch, kept=last, acknowledged=acknowledged, cause=cause, owner=mine.owner)
