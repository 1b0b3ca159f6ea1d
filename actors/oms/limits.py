"""The limits that the pre-trade gate checks: each with its unit, its bounds and how it holds, in one table."""

from __future__ import annotations

import dataclasses
import difflib
import enum
from collections.abc import Mapping
from typing import Any, NamedTuple

from actors.errors import InputError
from actors.messages import MONEY_UNIT
from actors.oms.scopes import FIRM
from configs.limits import ScopedLimits
from configs.schema import RiskSection

_LARGEST = 2**63 - 1


class Unit(enum.Enum):
    """What a limit is counted in; all but the last three are integers of 1e-8."""

    QUANTITY = "units of the instrument"
    MONEY = "currency units"
    FRACTION = "a fraction"
    FACTOR = "a factor"
    FLAG = "0 or 1"
    COUNT = "a number"
    MILLISECONDS = "milliseconds"


class Reach(enum.Enum):
    """What a limit of a scope bounds.

    * ``order``: each order that the scope holds for. Of all scopes of an order the strictest decides.
    * ``holder``: what the account holds or does, by the strictest of all scopes but the strategy's; a strategy's bounds
      what the strategy holds or does in the account.
    * ``total``: what the scope itself holds or does: the firm, the account, the strategy in the account.
    """

    ORDER = "order"
    HOLDER = "holder"
    TOTAL = "total"


class LimitRule(NamedTuple):
    """How one limit is read and combined.

    Attributes:
        unit: What it is counted in.
        reach: What it bounds.
        low_is_strict: Whether the lower of two values lets less through.
        lowest, highest: Bounds of its values.
        default: What holds where no scope names it; ``None``: it is not checked.
    """

    unit: Unit
    reach: Reach
    low_is_strict: bool
    lowest: int
    highest: int
    default: int | None


def _limit(
    unit: Unit,
    reach: Reach,
    default: int | None = None,
    low_is_strict: bool = True,
    lowest: int = 1,
    highest: int = _LARGEST,
) -> Any:
    rule = LimitRule(unit, reach, low_is_strict, lowest, highest, default)
    return dataclasses.field(default=None, metadata={"rule": rule})


def _flag(low_is_strict: bool) -> Any:
    return _limit(Unit.FLAG, Reach.ORDER, 0, low_is_strict, 0, 1)


@dataclasses.dataclass(frozen=True)
class Limits:
    """The limits of one scope; what is ``None`` the scope does not name. ``RULES`` has the units.

    Attributes:
        maximum_order_quantity: Quantity of one order.
        maximum_order_notional: Value of one order at its limit or the market price.
        maximum_position_notional: Value of one position, long or short, were all open orders of its side filled.
        price_collar: Largest aggressive distance of a limit price from the market, as a fraction of it.
        allow_short: 1 where a position may go below zero.
        price_collar_deviations: The same distance in standard deviations of recent price changes; 0 is off.
        maximum_order_value: What one order may cost or bring at the worst price that it takes, fees included.
        maximum_position_quantity: Quantity of one position, long or short, were all open orders of its side filled.
        maximum_concentration: Value of one position as a fraction of the account's equity.
        maximum_gross_exposure: Sum of the values of all positions, each as large as open orders could make it.
        maximum_net_exposure: Long less short values, either way, as far as open orders could take them.
        margin_rate: Initial margin as a fraction of the value; below 1 equity is held against margin, at 1 (the
            default) cash pays for buys.
        require_open_session: 1 where orders are taken during sessions only.
        restricted: 1 where nothing may be traded.
        self_trade_prevention: 0 off; 1 (the default) an order is refused that could trade against a resting one of its
            account; 2 against any of the partition's accounts.
        maximum_order_rate: Orders and replacements a second.
        maximum_cancel_rate: Cancels a second; above it new orders are refused, cancels never are.
        maximum_message_rate: Orders, replacements and cancels a second.
        maximum_duplicates: Orders of the same terms within ``duplicate_window``.
        duplicate_window: How long an order counts as recent, 1,000 by default.
        maximum_order_to_trade_ratio: Messages over fills less 1, of one day of the trading clock (UTC).
        order_to_trade_grace: Messages of a day before that ratio counts, 100 by default.
    """

    maximum_order_quantity: int | None = _limit(Unit.QUANTITY, Reach.ORDER, 0)
    maximum_order_notional: int | None = _limit(Unit.MONEY, Reach.ORDER, 0)
    maximum_position_notional: int | None = _limit(Unit.MONEY, Reach.HOLDER, 0)
    price_collar: int | None = _limit(Unit.FRACTION, Reach.ORDER, 0, highest=MONEY_UNIT)
    allow_short: int | None = _flag(low_is_strict=True)
    price_collar_deviations: int | None = _limit(Unit.FACTOR, Reach.ORDER, lowest=0, highest=10**6 * MONEY_UNIT)
    maximum_order_value: int | None = _limit(Unit.MONEY, Reach.ORDER)
    maximum_position_quantity: int | None = _limit(Unit.QUANTITY, Reach.HOLDER)
    maximum_concentration: int | None = _limit(Unit.FRACTION, Reach.HOLDER, highest=100 * MONEY_UNIT)
    maximum_gross_exposure: int | None = _limit(Unit.MONEY, Reach.TOTAL)
    maximum_net_exposure: int | None = _limit(Unit.MONEY, Reach.TOTAL)
    margin_rate: int | None = _limit(Unit.FRACTION, Reach.ORDER, MONEY_UNIT, low_is_strict=False, highest=MONEY_UNIT)
    require_open_session: int | None = _flag(low_is_strict=False)
    restricted: int | None = _flag(low_is_strict=False)
    self_trade_prevention: int | None = _limit(Unit.COUNT, Reach.ORDER, 1, low_is_strict=False, lowest=0, highest=2)
    maximum_order_rate: int | None = _limit(Unit.COUNT, Reach.TOTAL)
    maximum_cancel_rate: int | None = _limit(Unit.COUNT, Reach.TOTAL)
    maximum_message_rate: int | None = _limit(Unit.COUNT, Reach.TOTAL)
    maximum_duplicates: int | None = _limit(Unit.COUNT, Reach.ORDER)
    duplicate_window: int | None = _limit(
        Unit.MILLISECONDS, Reach.ORDER, 1_000, low_is_strict=False, highest=86_400_000
    )
    maximum_order_to_trade_ratio: int | None = _limit(Unit.FACTOR, Reach.HOLDER, lowest=0)
    order_to_trade_grace: int | None = _limit(Unit.COUNT, Reach.HOLDER, 100, lowest=0)

    @classmethod
    def from_section(cls, section: ScopedLimits) -> Limits:
        """Return the limits of the configuration, which has none that is finer than its unit or too large."""
        named = ((name, getattr(section, name)) for name in RULES)
        return cls(**{name: _integer(name, value) for name, value in named if value is not None})

    def mapping(self) -> dict[str, int]:
        """Return the limits that are named."""
        return {name: value for name in RULES if (value := getattr(self, name)) is not None}

    def replaced(self, changes: Mapping[str, int | None], scope: str = FIRM) -> Limits:
        """Return the limits with some of them replaced, or no longer named where the change is ``None``.

        Raises:
            InputError: An unknown name, a value out of bounds, or one that the scope can't have; ``field`` names it.
        """
        for name, value in changes.items():
            check_limit(name, value, scope)
        return dataclasses.replace(self, **dict(changes))


RULES: Mapping[str, LimitRule] = {field.name: field.metadata["rule"] for field in dataclasses.fields(Limits)}
"""How each limit is read and combined, by name."""

BUDGETED = tuple(name for name, rule in RULES.items() if rule.reach is Reach.TOTAL)
"""What the firm as a whole may hold or do: handed out to partitions as budgets."""


def configured_limits(section: RiskSection) -> dict[str, dict[str, int]]:
    """Return the limits of the configuration by scope, the firm's first."""
    scopes = {FIRM: section.limits, **section.scopes}
    return {scope: Limits.from_section(limits).mapping() for scope, limits in scopes.items()}


def check_limit(name: str, value: int | None, scope: str = FIRM) -> None:
    """Refuse what no limit of a scope can be.

    Raises:
        InputError: Codes ``LIMIT_UNKNOWN``, ``LIMIT_INVALID`` and ``LIMIT_SCOPE_INVALID``; ``field`` names it.
    """
    field, rule = f"limits.{name}", RULES.get(name)
    if rule is None:
        near = difflib.get_close_matches(name, RULES, n=1, cutoff=0.5)
        raise InputError(
            f"unknown limit {name}",
            field=field,
            value=value,
            rule=f"one of {', '.join(RULES)}",
            remedy=f"did you mean {near[0]}?" if near else None,
            code="LIMIT_UNKNOWN",
        )
    if rule.reach is Reach.TOTAL and "instrument:" in scope and value is not None:
        raise InputError(
            "this limit is one of the firm, an account or a strategy",
            field=field,
            value=scope,
            rule="firm, account:ID or strategy:NAME",
            remedy="maximum_position_notional bounds what is held of an instrument",
            code="LIMIT_SCOPE_INVALID",
        )
    if value is None:
        if scope == FIRM and rule.default == 0 and rule.unit is not Unit.FLAG:
            raise InputError(
                "the firm has this limit always", field=field, value=value, rule="a number", code="LIMIT_INVALID"
            )
        return
    if not isinstance(value, int) or isinstance(value, bool) or not rule.lowest <= value <= rule.highest:
        raise InputError(
            "limit out of bounds",
            field=field,
            value=value,
            rule=f"a whole number from {rule.lowest} to {rule.highest}",
            code="LIMIT_INVALID",
        )


def strictest(name: str, values: list[int]) -> int | None:
    """Return the value of a limit that lets least through; its default where no scope names it."""
    rule = RULES[name]
    if name == "price_collar_deviations":
        values = [value for value in values if value]
    if not values:
        return rule.default
    return min(values) if rule.low_is_strict else max(values)


def _integer(name: str, value: Any) -> int:
    unit = RULES[name].unit
    return int(value) if unit in (Unit.FLAG, Unit.COUNT, Unit.MILLISECONDS) else int(value * MONEY_UNIT)
