"""The limits of the pre-trade gate: from configuration and requests to the gate's integers and back, and their use."""

from __future__ import annotations

import decimal
import difflib
from collections.abc import Iterable, Mapping, Sequence

import pydantic

from actors.decimals import money_text, parse_money
from actors.errors import InputError
from actors.messages import MONEY_UNIT, Instrument, Message, Order
from configs.limits import LimitsSection

FLAG = "allow_short"


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
    """Return limits as decimal strings; ``allow_short`` as ``true`` or ``false``."""
    return {
        name: ("true" if amount else "false") if name == FLAG else money_text(amount) for name, amount in limits.items()
    }


def changed_limits(current: Mapping[str, int], changes: Mapping[str, str]) -> dict[str, int]:
    """Return the limits after ``changes`` (decimal strings by name); what is not named stays.

    Raises:
        InputError: An unknown name, an unreadable number, or one that the limit's rule forbids.
    """
    if not changes:
        raise InputError("no limit named", field="limits", rule=f"some of {', '.join(current)}")
    limits = dict(current)
    for name, text in changes.items():
        field = f"limits.{name}"
        if name not in current:
            near = difflib.get_close_matches(name, current, n=1, cutoff=0.5)
            raise InputError(
                f"unknown limit {name}",
                field=field,
                rule=f"one of {', '.join(current)}",
                remedy=f"did you mean {near[0]}?" if near else None,
            )
        if name == FLAG:
            if text not in ("true", "false"):
                raise InputError(f"{name} is neither true nor false", field=field, value=text, rule="true or false")
            limits[name] = int(text == "true")
        else:
            limits[name] = parse_money(text, field)
    _check(limits, changes)
    return limits


def _check(limits: Mapping[str, int], changes: Mapping[str, str]) -> None:
    amounts = {name: decimal.Decimal(amount) / MONEY_UNIT for name, amount in limits.items() if name != FLAG}
    try:
        LimitsSection.model_validate({**amounts, FLAG: bool(limits[FLAG])})
    except pydantic.ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = str(first["loc"][0])
        raise InputError(
            f"limit {name} is out of range", field=f"limits.{name}", value=changes.get(name), rule=str(first["msg"])
        ) from None


def limit_use(
    limits: Mapping[str, int],
    exposures: Mapping[int, int],
    open_orders: Iterable[Order],
    prices: Mapping[int, int],
    instruments: Sequence[Instrument],
) -> dict[str, LimitUse]:
    """Return the use of every limit by one account.

    Order limits are used by the largest open order (what is left of it, at its limit price or else the last price), the
    collar by the open limit order that reaches furthest through the market.
    """
    use: dict[str, tuple[int, str]] = dict.fromkeys(limits, (0, ""))

    def note(name: str, value: int, instrument: Instrument) -> None:
        if name in use and value > use[name][0]:
            use[name] = (value, instrument.symbol)

    for instrument_id, exposure in exposures.items():
        note("maximum_position_notional", abs(exposure), instruments[instrument_id])
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
