"""Which record was changed where two neighbours do not fit each other although each is whole by itself."""

from __future__ import annotations

from typing import NamedTuple


class Link(NamedTuple):
    """What the chain knows of a record that is whole by itself.

    Attributes:
        sequence: The number that it bears.
        previous_hash: The hash of the record before, as it says.
        hash: Its own chain hash.
    """

    sequence: int
    previous_hash: bytes
    hash: bytes


def is_changed(this: Link, following: Link, after: Link | None, known: int) -> bool:
    """Return whether it is ``this`` that was changed or inserted, and not what follows it.

    ``this`` follows what is before it, but ``following`` does not follow ``this``. The rest of the chain decides: who
    changes one record can compute its checksums anew, but then the next one still bears the old hash.

    Args:
        this: The last record that fits what is before it.
        following: The record after it.
        after: The one after that, ``None`` where the chain ends.
        known: The newest record that an owner was told is kept.
    """
    goes_on = after is not None and after.sequence == following.sequence + 1 and after.previous_hash == following.hash
    if following.sequence == this.sequence + 1:
        return goes_on or (after is None and following.sequence == known)
    same_place = following.sequence == this.sequence and following.previous_hash == this.previous_hash
    return same_place and following.hash != this.hash and goes_on
