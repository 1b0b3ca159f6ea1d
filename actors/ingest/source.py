"""What a source of market data is, whatever its format: symbols, prices to infer increments from, and slices in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from actors.instruments import InstrumentMaster, build_master
from actors.market.ticks import RawSlice
from actors.messages import Instrument
from configs.schema import FeedSection, InstrumentsSection


class Source(Protocol):
    """A finite stream of market data that gives the same slices each time it is read."""

    def describe(self) -> str:
        """Return in a few words where the data come from, for a person."""

    def prices(self) -> Mapping[str, npt.NDArray[np.float64]]:
        """Return, for every symbol of the source, prices from which its increment can be inferred."""

    def slices(self, instruments: Sequence[Instrument], from_sequence: int = 1) -> Iterator[RawSlice]:
        """Yield the slices from ``from_sequence`` on, in the order of their known times.

        Args:
            instruments: The instrument master; rows of other symbols come as unknown.
            from_sequence: Sequence of the first slice wanted, from 1.
        """


SimulatedFactory = Callable[[FeedSection, InstrumentsSection], Source]


def master_of(source: Source, section: InstrumentsSection) -> InstrumentMaster:
    """Return the instrument master for ``source``: from the section's file, or built from the symbols of the source."""
    return build_master(section, {} if section.file is not None else source.prices())
