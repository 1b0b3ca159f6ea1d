"""The oldest price of what is held, by trading calendar."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence

from actors.messages import Instrument


class OldestPrices:
    """Which of the held instruments has gone longest without a price, without looking at the others.

    A heap by the time that was known when an instrument was put there: times only grow, so only what lies on top has to
    be looked up, and is put back where it has had a price since.

    Args:
        instruments: The instrument master.
        times: Time of the last price by instrument id, which whoever owns them keeps up.
    """

    __slots__ = ("_instruments", "_times", "_held", "_heaps", "_kept")

    def __init__(self, instruments: Sequence[Instrument], times: Mapping[int, int]) -> None:
        self._instruments = instruments
        self._times = times
        self._held: dict[int, int] = {}
        self._heaps: dict[str, list[tuple[int, int]]] = {}
        self._kept: set[int] = set()

    def hold(self, instrument: int, now: int) -> None:
        """Take in an instrument; one without any price is counted from ``now``."""
        if instrument in self._held:
            return
        self._held[instrument] = now
        if instrument not in self._kept:
            self._kept.add(instrument)
            heap = self._heaps.setdefault(self._instruments[instrument].calendar, [])
            heapq.heappush(heap, (self._times.get(instrument, now), instrument))

    def release(self, instrument: int) -> None:
        """Leave an instrument out."""
        self._held.pop(instrument, None)

    def oldest(self) -> Iterator[tuple[str, int, int]]:
        """Yield calendar, instrument and time of the oldest price of every calendar with a position."""
        for calendar, heap in self._heaps.items():
            while heap:
                known, instrument = heap[0]
                since = self._held.get(instrument)
                if since is None:
                    heapq.heappop(heap)
                    self._kept.discard(instrument)
                    continue
                time = self._times.get(instrument, since)
                if time == known:
                    yield calendar, instrument, time
                    break
                heapq.heapreplace(heap, (time, instrument))
