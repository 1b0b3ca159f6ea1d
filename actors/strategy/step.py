"""One step of the strategies: everything that went into it, as it is journaled."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
import numpy as np

from actors.market.ticks import MarketSlice, Ticks
from actors.messages import Message, OmsEvent, Order, Prediction, decoder


class Step(Message, frozen=True, kw_only=True):
    """The inputs of one step: the same steps in the same order always give the same orders.

    Attributes:
        sequence: The market slice's sequence.
        time: The trading clock after it.
        slices: The slice as each market shard published it, by shard.
        events: What the OMS said about our accounts since the step before, by partition and sequence.
        partitions: Sequence of the newest event seen of each partition, whether it concerned us or not.
        refused: Orders of the step before that the OMS would not take at all, or whose replacement it refused.
        predictions: Forecasts that arrived with this step.
    """

    sequence: int
    time: int
    slices: list[MarketSlice]
    events: list[OmsEvent] = []
    partitions: dict[int, int] = {}
    refused: list[Order] = []
    predictions: list[Prediction] = []


decode_step: Callable[[bytes | memoryview], Step] = decoder(Step)
decode_time: Callable[[bytes | memoryview], int] = msgspec.msgpack.Decoder(int).decode


def merged(slices: Sequence[MarketSlice]) -> Ticks:
    """Return the rows of all shards' slices by known time; rows of one time stay in the order of shards and rows."""
    if len(slices) == 1:
        return slices[0].ticks()
    ticks = np.concatenate([one.ticks() for one in sorted(slices, key=lambda one: one.shard)])
    return ticks[np.argsort(ticks["known_time"], kind="stable")]
