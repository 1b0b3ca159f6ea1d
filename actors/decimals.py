"""Between the integers inside and the decimal strings at the edges, exactly: no float, no silent rounding."""

from __future__ import annotations

import re

from actors.errors import InputError
from actors.messages import MONEY_UNIT, Instrument, round_half_even

_DECIMAL = re.compile(r"(-?)(\d{1,20})(?:\.(\d{1,20}))?", re.ASCII)
_LARGEST = 2**63 - 1
_DIGITS = 8


def money_text(amount: int) -> str:
    """Return money (1e-8 units) as a decimal string with two to eight decimals, for instance ``-1234.50``."""
    return _text(amount, least=2)


def price_text(instrument: Instrument, price: int) -> str:
    """Return a price (increments) as a decimal string with as many decimals as its increment has."""
    return _text(price * instrument.price_increment, least=_decimals(instrument.price_increment))


def quantity_text(instrument: Instrument, quantity: int) -> str:
    """Return a quantity (lots) as a decimal string with as many decimals as its increment has."""
    return _text(quantity * instrument.quantity_increment, least=_decimals(instrument.quantity_increment))


def ratio_text(numerator: int, denominator: int) -> str | None:
    """Return a quotient as a decimal string, rounded half-even to 1e-8; ``None`` unless the denominator is positive."""
    return None if denominator <= 0 else _text(round_half_even(numerator * MONEY_UNIT, denominator), least=0)


def parse_price(instrument: Instrument, text: str | int, field: str = "limit_price") -> int:
    """Return a price in increments from a decimal string.

    Raises:
        InputError: Not a plain decimal, not positive, too large, or off the instrument's increment.
    """
    return _parse_increments(text, field, instrument.price_increment, f"price of {instrument.symbol}")


def parse_quantity(instrument: Instrument, text: str | int, field: str = "quantity") -> int:
    """Return a quantity in lots from a decimal string.

    Raises:
        InputError: Not a plain decimal, not positive, too large, or off the instrument's increment.
    """
    return _parse_increments(text, field, instrument.quantity_increment, f"quantity of {instrument.symbol}")


def parse_money(text: str | int, field: str = "amount") -> int:
    """Return money in 1e-8 units from a decimal string; it may be negative.

    Raises:
        InputError: Not a plain decimal, too large, or with more than eight decimals.
    """
    return _parse(text, field)


def _decimals(increment: int) -> int:
    decimals = _DIGITS
    while decimals and increment % 10 == 0:
        increment //= 10
        decimals -= 1
    return decimals


def _text(value: int, least: int) -> str:
    whole, fraction = divmod(abs(value), MONEY_UNIT)
    digits = f"{fraction:0{_DIGITS}d}"
    digits = digits[:least] + digits[least:].rstrip("0")
    return f"{'-' if value < 0 else ''}{whole}{'.' if digits else ''}{digits}"


def _parse(text: str | int, field: str) -> int:
    if isinstance(text, bool) or not isinstance(text, (str, int)):
        raise InputError(
            f"{field} is not a decimal string", field=field, value=text, rule="digits with an optional point"
        )
    match = _DECIMAL.fullmatch(str(text))
    if match is None:
        raise InputError(
            f"{field} is not a plain decimal number",
            field=field,
            value=text,
            rule="digits with an optional point and sign; no exponent, no NaN, no infinity",
            remedy='write it like "1234.56"',
        )
    sign, whole, fraction = match[1], match[2], (match[3] or "").rstrip("0")
    if len(fraction) > _DIGITS:
        raise InputError(f"{field} has too many decimals", field=field, value=text, rule=f"at most {_DIGITS} decimals")
    value = int(whole) * MONEY_UNIT + int(fraction.ljust(_DIGITS, "0"))
    if value > _LARGEST:
        raise InputError(f"{field} is too large", field=field, value=text, rule=f"at most {_text(_LARGEST, least=0)}")
    return -value if sign else value


def _parse_increments(text: str | int, field: str, increment: int, what: str) -> int:
    value = _parse(text, field)
    if value <= 0:
        raise InputError(f"{what} is not positive", field=field, value=text, rule="greater than 0")
    count, off = divmod(value, increment)
    if off:
        near = [_text(steps * increment, least=0) for steps in (count, count + 1) if steps]
        raise InputError(
            f"{what} is off its increment",
            field=field,
            value=text,
            rule=f"a multiple of {_text(increment, least=0)}",
            remedy=f"the nearest valid: {' or '.join(near)}",
        )
    return count
