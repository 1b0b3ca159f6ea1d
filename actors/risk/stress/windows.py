"""Windows of the past in which markets fell."""

from __future__ import annotations

import dataclasses
import datetime


@dataclasses.dataclass(frozen=True)
class Window:
    """A stretch of the past.

    Attributes:
        name: What it is called.
        description: What happened.
        start: Day whose close everything is measured from.
        end: Last day.
    """

    name: str
    description: str
    start: datetime.date
    end: datetime.date


WINDOWS = (
    Window(
        name="2000-02 dot-com",
        description="The S&P 500 from its high to its low",
        start=datetime.date(2000, 3, 24),
        end=datetime.date(2002, 10, 9),
    ),
    Window(
        name="2008-09 credit crisis",
        description="From the last close before Lehman Brothers failed to the low of the S&P 500",
        start=datetime.date(2008, 9, 12),
        end=datetime.date(2009, 3, 9),
    ),
    Window(
        name="2011 US downgrade",
        description="The euro crisis, and the first close after the United States lost their AAA",
        start=datetime.date(2011, 7, 22),
        end=datetime.date(2011, 8, 8),
    ),
    Window(
        name="2015 China",
        description="China had let its currency fall, and stocks followed",
        start=datetime.date(2015, 8, 17),
        end=datetime.date(2015, 8, 25),
    ),
    Window(
        name="2020 Covid",
        description="The S&P 500 from its high to its low",
        start=datetime.date(2020, 2, 19),
        end=datetime.date(2020, 3, 23),
    ),
)
