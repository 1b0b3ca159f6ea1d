from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from actors.ingest.splitting import split
from actors.market.ticks import RAW, UNKNOWN_INSTRUMENT, RawSlice, decode_raw_slice

ids = st.lists(st.one_of(st.integers(0, 9), st.just(UNKNOWN_INSTRUMENT)), max_size=30)


@given(ids=ids, shards=st.integers(1, 4))
def test_every_row_goes_to_the_shard_of_its_instrument_once_and_in_order(ids: list[int], shards: int) -> None:
    rows = np.zeros(len(ids), RAW)
    rows["instrument"], rows["row"] = ids, np.arange(len(ids))
    unknown = {at: f"S{at}" for at, number in enumerate(ids) if number == UNKNOWN_INSTRUMENT}
    parts = [decode_raw_slice(body) for body in split(RawSlice(7, 99, rows.tobytes(), unknown, "x"), shards)]
    assert len(parts) == shards
    assert {(part.sequence, part.time, part.source) for part in parts} == {(7, 99, "x")}
    for shard, part in enumerate(parts):
        got = part.ticks()
        expected = [
            at for at, number in enumerate(ids) if (0 if number == UNKNOWN_INSTRUMENT else number % shards) == shard
        ]
        assert got["row"].tolist() == expected
        assert {int(got["row"][at]): symbol for at, symbol in part.unknown.items()} == (unknown if shard == 0 else {})
