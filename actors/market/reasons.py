"""Why a row of market data is quarantined, and the record that is kept of it."""

from __future__ import annotations

from actors.messages import Message, Word


class Reason(Word):
    """Why a row was refused; a row with several faults bears the first of them in this order.

    The values are stable: reports, metrics and the API carry them.
    """

    UNKNOWN_INSTRUMENT = "unknown_instrument"
    """The symbol is not in the instrument master."""
    UNKNOWN_KIND = "unknown_kind"
    """The row is no bar, quote, trade or book message, or its book action does not exist."""
    NOT_VALID = "not_valid"
    """The instrument's identifiers did not hold at the row's event time."""
    MISSING_VALUE = "missing_value"
    """A number that the kind needs is NaN or infinite; for quotes: both sides are empty, or a price has no size."""
    NON_POSITIVE_PRICE = "non_positive_price"
    """A price is zero or negative, or rounds to zero."""
    NEGATIVE_VOLUME = "negative_volume"
    """A volume or a size is below zero."""
    OUT_OF_RANGE = "out_of_range"
    """A number is too large to be a whole number of increments exactly (2**52)."""
    IMPOSSIBLE_BAR = "impossible_bar"
    """The high is below open or close, or the low above one of them."""
    CROSSED_QUOTE = "crossed_quote"
    """The bid is above the ask."""
    OFF_INCREMENT = "off_increment"
    """A price is no multiple of the price increment, and rounding is switched off."""
    KNOWN_TOO_EARLY = "known_too_early"
    """The row claims to be known before it happened."""
    FUTURE_TIME = "future_time"
    """The known time (and so perhaps the event time) lies further after the trading clock than is allowed."""
    OUTSIDE_SESSION = "outside_session"
    """No session of the instrument's calendar was open: a wrong day, or a wrong hour."""
    DUPLICATE = "duplicate"
    """A bar of a time that was already accepted; a quote or trade identical to the one accepted before it."""
    OUT_OF_ORDER = "out_of_order"
    """The event time is before that of the row accepted last."""
    JUMP = "jump"
    """A price is further from the last good one than is believed, and the new level is not confirmed yet."""


REASONS: tuple[Reason, ...] = tuple(Reason)
"""Reasons by code less one; code 0 means accepted."""

CODES: dict[Reason, int] = {reason: place + 1 for place, reason in enumerate(REASONS)}
"""Small number of each reason, ascending in the order of precedence."""


class QuarantinedRow(Message, kw_only=True, frozen=True):
    """One refused row as it was received.

    Attributes:
        reason: Why it was refused.
        sequence: The slice that it came in.
        source: Where it came from (file or generator); ``row`` its number there.
        kind: ``Kind`` of the row as received.
        instrument: Id as received; ``symbol`` as far as it is known, else empty.
        event_time, known_time: UTC nanoseconds.
        values: The five numbers of the row, currency units and units of the instrument; ``None`` for NaN and infinity.
        reference: Bar period, order id or trade id.
    """

    reason: Reason
    sequence: int
    source: str
    row: int
    kind: int
    instrument: int
    symbol: str
    event_time: int
    known_time: int
    values: tuple[float | None, ...]
    reference: int
