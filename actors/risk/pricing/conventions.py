"""The words of interest rates: how days are counted and moved, how often is paid, which rates float."""

from __future__ import annotations

from actors.vocabulary import Word


class DayCount(Word):
    """How the years between two days are counted (ISDA 2006 definitions, section 4.16)."""

    ACTUAL_360 = "actual_360"
    ACTUAL_365 = "actual_365"
    ACTUAL_ACTUAL = "actual_actual"
    """By coupon periods (ICMA): each regular coupon of a bond is of the same amount."""
    THIRTY_360 = "thirty_360"


class Holidays(Word):
    """Whose business days count; ``none``: every day is one."""

    NONE = "none"
    TARGET = "target"
    NEW_YORK = "new_york"
    """Those of US government bonds (SIFMA)."""
    LONDON = "london"


class Roll(Word):
    """Where a payment goes whose day is no business day."""

    UNADJUSTED = "unadjusted"
    FOLLOWING = "following"
    MODIFIED_FOLLOWING = "modified_following"


class Frequency(Word):
    """How often is paid."""

    ANNUAL = "annual"
    SEMIANNUAL = "semiannual"
    QUARTERLY = "quarterly"


class Index(Word):
    """A floating rate, and with it the conventions of what is traded on it.

    | index | currency | term | spot | fixed leg of swaps | their payments |
    |---|---|---|---|---|---|
    | sofr | USD | overnight, compounded | 2 days | annual, actual/360 | 2 days after the period |
    | estr | EUR | overnight, compounded | 2 days | annual, actual/360 | 1 day after the period |
    | term_sofr_3m | USD | 3 months | 2 days | annual, actual/360 | at the end of the period |
    | euribor_3m, euribor_6m | EUR | 3, 6 months | 2 days | annual, 30/360 | at the end of the period |
    """

    SOFR = "sofr"
    ESTR = "estr"
    TERM_SOFR_3M = "term_sofr_3m"
    EURIBOR_3M = "euribor_3m"
    EURIBOR_6M = "euribor_6m"

    @property
    def overnight(self) -> bool:
        """Whether it is the rate of one night, compounded over a period."""
        return self in (Index.SOFR, Index.ESTR)
