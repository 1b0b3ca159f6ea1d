"""Divides a slice among the market shards."""

from __future__ import annotations

import numpy as np

from actors.market.ticks import UNKNOWN_INSTRUMENT, RawSlice
from actors.messages import encode


def split(whole: RawSlice, shards: int) -> list[bytes]:
    """Return the encoded slice of each shard: the rows of its instruments, in the order received.

    An instrument belongs to shard ``id % shards``; rows of unknown instruments go to shard 0. Every shard gets a slice,
    be it empty.
    """
    if shards == 1:
        return [encode(whole)]
    rows = whole.ticks()
    ids = rows["instrument"]
    shard_of = np.where(ids == UNKNOWN_INSTRUMENT, 0, ids % shards)
    encoded = []
    for shard in range(shards):
        places = np.flatnonzero(shard_of == shard)
        unknown: dict[int, str] = {}
        if whole.unknown and shard == 0:
            unknown = {int(np.searchsorted(places, at)): symbol for at, symbol in whole.unknown.items()}
        encoded.append(encode(RawSlice(whole.sequence, whole.time, rows[places].tobytes(), unknown, whole.source)))
    return encoded
