"""The limits of the pre-trade gate: from requests to the gate's integers and back, and their use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from actors.decimals import money_text, parse_money
from actors.errors import InputError
from actors.messages import MONEY_UNIT, Instrument, Message, Order, round_half_even
from actors.oms.limits import RULES, Unit, check_limit
from actors.oms.scopes import FIRM

FLAG = "allow_short"
MEASURED = (
    "maximum_order_quantity",
    "maximum_order_notional",
    "maximum_position_notional",
    "price_collar",
    FLAG,
    "maximum_position_quantity",
    "maximum_gross_exposure",
    "maximum_net_exposure",
)
"""Limits whose use by an account shows in its positions and open orders."""

_WHOLE = (Unit.COUNT, Unit.MILLISECONDS)


class LimitUse(Message, frozen=True):
    """How much of one limit is used now.

    Attributes:
        limit: The limit: units, money or a fraction, 1e-8 each; for ``allow_short`` 0 or 1.
        value: The largest present value of what it limits, in the same unit; for ``allow_short`` the short positions.
        symbol: The instrument with that value, empty where there is none.
    """

    limit: int
    value: int
    symbol: str

    @property
    def fraction(self) -> float | None:
        """Value over limit; ``None`` where the limit is 0."""
        return self.value / self.limit if self.limit else None


def limits_text(limits: Mapping[str, int]) -> dict[str, str]:
    """Return limits as decimal strings; flags as ``true`` or ``false``."""
    return {name: limit_text(name, value) for name, value in limits.items()}


def limit_text(name: str, value: int) -> str:
    """Return one limit as a decimal string, or ``true`` or ``false``."""
    unit = RULES[name].unit
    if unit is Unit.FLAG:
        return "true" if value else "false"
    return str(value) if unit in _WHOLE else money_text(value)


def changed_limits(current: Mapping[str, int], changes: Mapping[str, str | None], scope: str = FIRM) -> dict[str, int]:
    """Return the limits of a scope after ``changes``; what is not named stays.

    Args:
        current: What the scope names so far.
        changes: Decimal strings by name, ``true`` or ``false``; ``None`` takes a limit away.
        scope: The scope.

    Raises:
        InputError: An unknown name, an unreadable number, or one that the limit's rule forbids.
    """
    if not changes:
        raise InputError("no limit named", field="limits", rule=f"some of {', '.join(RULES)}")
    limits = dict(current)
    for name, text in changes.items():
        value = None if text is None or name not in RULES else _parse(name, text)
        try:
            check_limit(name, value, scope)
        except InputError as error:
            raise _in_words(name, text, error) from None
        if value is None:
            limits.pop(name, None)
        else:
            limits[name] = value
    return {name: limits[name] for name in RULES if name in limits}


def _parse(name: str, text: str) -> int:
    field, unit = f"limits.{name}", RULES[name].unit
    if unit is Unit.FLAG:
        if text not in ("true", "false"):
            raise InputError(f"{name} is neither true nor false", field=field, value=text, rule="true or false")
        return int(text == "true")
    amount = parse_money(text, field)
    if unit not in _WHOLE:
        return amount
    if amount % MONEY_UNIT:
        raise InputError(f"{name} is not a whole number", field=field, value=text, rule="a whole number")
    return amount // MONEY_UNIT


def _in_words(name: str, text: str | None, error: InputError) -> InputError:
    """Return an error of the gate's integers in the terms of the request."""
    rule = RULES.get(name)
    if rule is None or text is None or error.code != "LIMIT_INVALID":
        return error
    bounds = " to ".join(limit_text(name, bound) for bound in (rule.lowest, rule.highest))
    return InputError(
        f"limit {name} is out of range", field=f"limits.{name}", value=text, rule=bounds, code="LIMIT_INVALID"
    )


def limit_use(
    limits: Mapping[str, int],
    exposures: Mapping[int, int],
    open_orders: Iterable[Order],
    prices: Mapping[int, int],
    instruments: Sequence[Instrument],
) -> dict[str, LimitUse]:
    """Return the use of every limit by one account that its positions and open orders show.

    Order limits are used by the largest open order (what is left of it, at its limit price or else the last price), the
    collar by the open limit order that reaches furthest through the market, the others by what is held.
    """
    use: dict[str, tuple[int, str]] = {name: (0, "") for name in MEASURED if name in limits}

    def note(name: str, value: int, instrument: Instrument | None) -> None:
        if name in use and value > use[name][0]:
            use[name] = (value, "" if instrument is None else instrument.symbol)

    for instrument_id, exposure in exposures.items():
        instrument = instruments[instrument_id]
        note("maximum_position_notional", abs(exposure), instrument)
        price = prices.get(instrument_id, 0)
        if price:
            lots = round_half_even(abs(exposure) * MONEY_UNIT, instrument.notional(price, MONEY_UNIT))
            note("maximum_position_quantity", lots * instrument.quantity_increment, instrument)
    note("maximum_gross_exposure", sum(map(abs, exposures.values())), None)
    note("maximum_net_exposure", abs(sum(exposures.values())), None)
    for order in open_orders:
        instrument, market = instruments[order.instrument], prices.get(order.instrument, 0)
        price = order.limit_price or market
        note("maximum_order_quantity", order.leaves_quantity * instrument.quantity_increment, instrument)
        note("maximum_order_notional", instrument.notional(price, order.leaves_quantity), instrument)
        if order.limit_price is not None and market:
            through = order.side.sign * (order.limit_price - market)
            note("price_collar", max(0, through) * MONEY_UNIT // market, instrument)
    if FLAG in use:
        shorts = [instrument for instrument, exposure in exposures.items() if exposure < 0]
        use[FLAG] = (len(shorts), instruments[shorts[0]].symbol if shorts else "")
    return {name: LimitUse(limits[name], value, symbol) for name, (value, symbol) in use.items()}
