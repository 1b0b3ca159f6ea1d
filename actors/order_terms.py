"""How scripts and strategies say what kind of order they want: by the terms that they name."""

from __future__ import annotations

from typing import TypedDict, TypeVar

from actors.errors import InputError
from actors.messages import Conditions, OrderType, PegReference, Word

W = TypeVar("W", bound=Word)


class OrderTerms(TypedDict, total=False):
    """Terms of an order beyond side, quantity, limit price and time in force; units as in ``Conditions``.

    Attributes:
        type: Needed for *if touched* orders alone; otherwise it follows from the prices that are given.
        stop_price, trail_amount, trail_rate: Of stops and trailing stops; with a limit price a stop-limit order.
        display_quantity: Makes an iceberg.
        peg, peg_offset: Make a pegged order.
        expire_time: Of a ``gtd`` order.
        post_only, reduce_only: Whether it may only rest, or only shrink the position.
    """

    type: OrderType | str
    stop_price: int
    trail_amount: int
    trail_rate: int
    display_quantity: int
    peg: PegReference | str
    peg_offset: int
    expire_time: int
    post_only: bool
    reduce_only: bool


def order_type(limit_price: int | None, terms: OrderTerms) -> OrderType:
    """Return the order type: the one that is named, or the one whose prices are given.

    Raises:
        InputError: There is no such type.
    """
    if "type" in terms:
        return word(OrderType, "type", terms["type"])
    if "peg" in terms:
        return OrderType.PEGGED
    if "trail_amount" in terms or "trail_rate" in terms:
        return OrderType.TRAILING_STOP
    if "stop_price" in terms:
        return OrderType.STOP if limit_price is None else OrderType.STOP_LIMIT
    return OrderType.MARKET if limit_price is None else OrderType.LIMIT


def conditions(terms: OrderTerms) -> Conditions | None:
    """Return the conditions that the terms make, ``None`` where they make none.

    Raises:
        InputError: There is no such peg.
        TypeError: There is no such term.
    """
    named: dict[str, object] = {name: value for name, value in terms.items() if name != "type" and value is not None}
    if "peg" in named:
        named["peg"] = word(PegReference, "peg", named["peg"])
    made = Conditions(**named)  # type: ignore[arg-type]
    return None if made == Conditions() else made


def word(kind: type[W], field: str, value: object) -> W:
    """Return the word of an enumeration that ``value`` is or names.

    Raises:
        InputError: There is no such word; ``field`` names where it was given.
    """
    try:
        return kind(value)
    except ValueError:
        rule = f"one of {', '.join(str(one) for one in kind)}"
        raise InputError(f"there is no such {field}", field=field, value=value, rule=rule) from None
