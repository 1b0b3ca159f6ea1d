"""The instrument master as the checks of market data need it: by place in arrays and by id in a dictionary."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from actors.errors import InputError
from actors.market.hours import Hours, Times
from actors.messages import Instrument

SessionBounds = Callable[[str], tuple[Times, Times]]


class Entry(NamedTuple):
    """What is checked against for one instrument; increments in 1e-8 units as floats."""

    place: int
    valid_from: int
    valid_to: int
    price_increment: float
    quantity_increment: float
    hours: Hours


class Master:
    """Instruments by id.

    Args:
        instruments: The instruments; ids may have holes.
        session_bounds: Opens and closes of a calendar's sessions by its name.

    Attributes:
        instruments: The instruments by place.
        entries: What is checked against, by instrument id.
        places: Place by instrument id, ``-1`` where there is no such instrument; the last entry, which stands for all
            larger ids, is ``-1``.
        valid_from, valid_to, price_increment, quantity_increment: As in ``Entry``, by place.
        calendar: Index into ``hours``, by place.
        hours: Hours of each calendar.

    Raises:
        InputError: Two instruments have one id.
    """

    def __init__(self, instruments: Sequence[Instrument], session_bounds: SessionBounds) -> None:
        self.instruments = tuple(instruments)
        names = list(dict.fromkeys(instrument.calendar for instrument in instruments))
        self.hours = [Hours(*session_bounds(name)) for name in names]
        self.calendar = np.array([names.index(instrument.calendar) for instrument in instruments], np.int64)
        self.valid_from = np.array([instrument.valid_from for instrument in instruments], np.int64)
        self.valid_to = np.array([instrument.valid_to for instrument in instruments], np.int64)
        self.price_increment = np.array([instrument.price_increment for instrument in instruments], np.float64)
        self.quantity_increment = np.array([instrument.quantity_increment for instrument in instruments], np.float64)
        self.places = np.full(max((instrument.id for instrument in instruments), default=-1) + 2, -1, np.int64)
        self.entries: dict[int, Entry] = {}
        for place, instrument in enumerate(instruments):
            if instrument.id in self.entries:
                raise InputError("two instruments have one id", field="instruments", value=instrument.id)
            self.places[instrument.id] = place
            self.entries[instrument.id] = Entry(
                place,
                instrument.valid_from,
                instrument.valid_to,
                float(instrument.price_increment),
                float(instrument.quantity_increment),
                self.hours[int(self.calendar[place])],
            )
