"""Whether the instrument may be traded at all, by this account and now."""

from __future__ import annotations

from actors.calendars import ALWAYS_OPEN
from actors.messages import SubmitOrder, TimeInForce
from actors.oms.gate.candidate import Candidate
from actors.oms.gate.refusal import Refusal

_AUCTIONS = (TimeInForce.AT_OPEN, TimeInForce.AT_CLOSE)


def instrument_known(candidate: Candidate) -> Refusal | None:
    """Refuse an instrument that the master does not have."""
    if candidate.instrument is not None:
        return None
    value = str(candidate.order.instrument)
    return Refusal(
        "INSTRUMENT_UNKNOWN", "there is no such instrument", "instrument", value, "the instrument master", "a known id"
    )


def instrument_valid(candidate: Candidate) -> Refusal | None:
    """Refuse an instrument before or after its time."""
    instrument = candidate.known_instrument
    if instrument.valid_from <= candidate.time < instrument.valid_to:
        return None
    bounds = f"from {instrument.valid_from} until {instrument.valid_to}"
    sentence = f"{instrument.symbol} does not trade at this time"
    return Refusal(
        "INSTRUMENT_NOT_VALID", sentence, "instrument", str(candidate.time), bounds, "an instrument in its time"
    )


def currency_matches(candidate: Candidate) -> Refusal | None:
    """Refuse an instrument in another currency than the account's: limits and cash are in the account's."""
    instrument = candidate.known_instrument
    if instrument.currency == candidate.currency:
        return None
    sentence = f"{instrument.symbol} trades in another currency than the account's"
    accepted = f"instruments in {candidate.currency}"
    return Refusal("CURRENCY_MISMATCH", sentence, "instrument", instrument.currency, candidate.currency, accepted)


def not_restricted(candidate: Candidate) -> Refusal | None:
    """Refuse what is on the restricted list, for all or for the account."""
    if not candidate.limits.restricted:
        return None
    symbol = candidate.known_instrument.symbol
    sentence = f"{symbol} is on the restricted list"
    limit, accepted = "not restricted", "instruments that are not on the list"
    return Refusal("INSTRUMENT_RESTRICTED", sentence, "instrument", symbol, limit, accepted)


def session_open(candidate: Candidate) -> Refusal | None:
    """Refuse an order outside the sessions of the instrument's calendar, where only sessions are allowed."""
    instrument, look = candidate.known_instrument, candidate.look
    if not candidate.limits.require_open_session or instrument.calendar == ALWAYS_OPEN:
        return None
    if candidate.order.time_in_force is TimeInForce.AT_OPEN:  # made for before the session
        return None
    if look.session_open <= candidate.time < look.session_close:
        return None
    known = look.session_close > 0
    limit = f"from {look.session_open} until {look.session_close}" if known else "a session that is known"
    accepted = "orders during the session" if known else "orders once the calendar was read"
    sentence = f"{instrument.symbol} is not in session"
    return Refusal("SESSION_CLOSED", sentence, "instrument", str(candidate.time), limit, accepted)


def session_known(candidate: Candidate) -> Refusal | None:
    """Refuse an order for an open or a close that nobody knows: it would go out at a wrong moment."""
    order = candidate.order
    if order.time_in_force not in _AUCTIONS or candidate.look.session_close:
        return None
    return session_unknown(order)


def session_unknown(order: SubmitOrder) -> Refusal:
    """Return the refusal of an order whose session nobody knows."""
    sentence = "the session that the order belongs to is not known"
    limit, accepted = "a session that is known", "another time in force, or once the calendar was read"
    return Refusal("SESSION_UNKNOWN", sentence, "time_in_force", str(order.time_in_force), limit, accepted)
