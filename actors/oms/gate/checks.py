"""The table of all checks: in which order they run, which rule each serves, and when it has to be made.

The first that fails refuses the order. Which ones an order needs is worked out once for its limits and kind: a plain
order under few limits passes few of them.

The rules are Commission Delegated Regulation (EU) 2017/589 (MiFID II, RTS 6) and 17 CFR 240.15c3-5 (SEC, market
access).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from actors.messages import MONEY_UNIT, OrderType, TimeInForce
from actors.oms.gate import exposures, funds, margin, pace, positions, prices, reductions, sizes, terms, tradable
from actors.oms.gate.candidate import Candidate, Moment
from actors.oms.gate.refusal import Refusal
from actors.oms.limit_tree import EffectiveLimits

Look = Callable[[Candidate], "Refusal | None"]
Applies = Callable[[EffectiveLimits], bool]

_MARKET, _LIMIT = OrderType.MARKET, OrderType.LIMIT
_PLAIN = (TimeInForce.DAY, TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK)
_EVER = tuple(Moment)
_SENT = (Moment.SUBMITTED, Moment.REPLACED, Moment.RELEASED)
_NEW = (Moment.SUBMITTED, Moment.HELD)
_ASKED = (Moment.SUBMITTED, Moment.REPLACED, Moment.HELD)


def _always(_: EffectiveLimits) -> bool:
    return True


def _named(*names: str) -> Applies:
    """Return whether account or strategy has one of these limits."""
    return lambda limits: any(getattr(of, name) is not None for name in names for of in (limits, limits.strategy))


def _named_by_any(*names: str) -> Applies:
    """Return whether account, strategy or firm has one of these limits."""
    own = _named(*names)
    return lambda limits: own(limits) or any(getattr(limits.firm, name) is not None for name in names)


class Check(NamedTuple):
    """One check of the gate.

    Attributes:
        code: Code of its refusal.
        look: Looks at an order.
        covers: What it keeps from happening, for people.
        rts6: The article of RTS 6 that it serves, empty where none asks for it.
        sec: The same of Rule 15c3-5.
        moments: When it is made.
        applies: Whether limits ask for it.
        plain: Whether market and limit orders without conditions need it.
    """

    code: str
    look: Look
    covers: str
    rts6: str = ""
    sec: str = ""
    moments: tuple[Moment, ...] = _EVER
    applies: Applies = _always
    plain: bool = True


_ERROR, _CREDIT, _PREENTRY = "(c)(1)(ii)", "(c)(1)(i)", "(c)(2)(i)"

CHECKS: tuple[Check, ...] = (
    Check("INSTRUMENT_UNKNOWN", tradable.instrument_known, "instrument known", "15(5)", _ERROR),
    Check("INSTRUMENT_NOT_VALID", tradable.instrument_valid, "instrument tradable at this time", "15(5)", _PREENTRY),
    Check("CURRENCY_MISMATCH", tradable.currency_matches, "limits and cash in one currency", "15(4)", _CREDIT),
    Check(
        "INSTRUMENT_RESTRICTED", tradable.not_restricted, "restricted list, for all or for an account", "15(5)",
        "(c)(2)(ii)", applies=lambda limits: limits.restricted == 1,
    ),
    Check("TRADING_HALTED", reductions.trading_not_halted, "kill switch: halted", "12", _PREENTRY),
    Check("QUANTITY_INVALID", terms.quantity_positive, "whole, positive lots", "15(1)(c)", _ERROR),
    Check("PRICE_INVALID", terms.price_fits_type, "limit price in ticks, where the type has one", "15(1)(a)", _ERROR),
    Check("TIME_IN_FORCE_INVALID", terms.time_in_force_fits, "time in force fits the type", "", _ERROR, plain=False),
    Check("EXPIRE_TIME_INVALID", terms.expire_time_fits, "expire time with gtd alone", "", _ERROR, plain=False),
    Check("STOP_PRICE_INVALID", terms.stop_price_fits, "stop price where the type has one", "", _ERROR, plain=False),
    Check("TRAIL_INVALID", terms.trail_fits, "one distance of a trailing stop", "", _ERROR, plain=False),
    Check("DISPLAY_QUANTITY_INVALID", terms.display_quantity_fits, "display quantity", "", _ERROR, plain=False),
    Check("PEG_INVALID", terms.peg_fits, "peg where the type has one", "", _ERROR, plain=False),
    Check("POST_ONLY_INVALID", terms.post_only_fits, "post-only where an order can rest", "", _ERROR, plain=False),
    Check(
        "SESSION_CLOSED", tradable.session_open, "session open", "15(1)", _PREENTRY, _SENT,
        lambda limits: limits.require_open_session == 1,
    ),
    Check(
        "SESSION_UNKNOWN", tradable.session_known, "order for an open or a close that nobody knows", "", _ERROR,
        (Moment.SUBMITTED,), plain=False,
    ),
    Check("PRICE_UNAVAILABLE", prices.price_available, "a market price to hold orders against", "15(1)(a)", _ERROR),
    Check("QUOTE_UNAVAILABLE", prices.quote_available, "a quote for a peg to follow", "", _ERROR, _SENT, plain=False),
    Check(
        "STOP_PRICE_WRONG_SIDE", prices.stop_on_its_side, "stop that would trigger at once", "15(1)(a)", _ERROR,
        (Moment.SUBMITTED, Moment.REPLACED), plain=False,
    ),
    Check("REDUCE_ONLY", reductions.position_reduced, "kill switch: reduce only", "12", _CREDIT, _SENT),
    Check(
        "REDUCE_ONLY_WOULD_OPEN", reductions.reduce_only_reduces, "reduce-only order", "", _ERROR, _SENT, plain=False
    ),
    Check("PRICE_COLLAR", prices.price_in_collar, "price collar, percent", "15(1)(a)", _ERROR),
    Check(
        "PRICE_COLLAR_VOLATILITY", prices.price_in_volatility_collar, "price collar, deviations", "15(1)(a)", _ERROR,
        _SENT, lambda limits: bool(limits.price_collar_deviations),
    ),
    Check("POST_ONLY_WOULD_TAKE", prices.limit_would_rest, "post-only order", "", _ERROR, _SENT, plain=False),
    Check("ORDER_QUANTITY_LIMIT", sizes.order_quantity_within_limit, "maximum order volume", "15(1)(c)", _ERROR),
    Check("ORDER_NOTIONAL_LIMIT", sizes.order_notional_within_limit, "maximum order value", "15(1)(b)", _ERROR),
    Check(
        "ORDER_VALUE_LIMIT", sizes.order_value_within_limit, "maximum order value, at the worst price with fees",
        "15(1)(b)", _ERROR, applies=lambda limits: limits.maximum_order_value is not None,
    ),
    Check(
        "DUPLICATE_ORDER", pace.not_a_duplicate, "duplicate burst", "15(3)", _ERROR, _NEW,
        lambda limits: limits.maximum_duplicates is not None,
    ),
    Check(
        "ORDER_RATE_LIMIT", pace.order_rate_within_limit, "orders a second", "15(1)(d), 15(3)", _ERROR, _ASKED,
        _named_by_any("maximum_order_rate"),
    ),
    Check(
        "CANCEL_RATE_LIMIT", pace.cancel_rate_within_limit, "cancels a second", "15(1)(d)", _ERROR, _ASKED,
        _named_by_any("maximum_cancel_rate"),
    ),
    Check(
        "MESSAGE_RATE_LIMIT", pace.message_rate_within_limit, "messages a second", "15(1)(d)", _ERROR, _ASKED,
        _named_by_any("maximum_message_rate"),
    ),
    Check(
        "ORDER_TO_TRADE_RATIO", pace.order_to_trade_within_limit, "order-to-trade ratio (EU 2017/566)", "15(1)(d)",
        _PREENTRY, (Moment.SUBMITTED, Moment.REPLACED), _named("maximum_order_to_trade_ratio"),
    ),
    Check("SHORT_SALE_FORBIDDEN", positions.sale_covered, "short-sale permission", "15(5)", _PREENTRY, _SENT),
    Check("SELF_TRADE", prices.no_self_trade, "self-trade prevention", "13", "", _SENT),
    Check("POSITION_LIMIT", positions.position_within_limit, "position limit, value", "15(4), 15(5)", _CREDIT, _SENT),
    Check(
        "POSITION_QUANTITY_LIMIT", positions.position_quantity_within_limit, "position limit, quantity",
        "15(4), 15(5)", _CREDIT, _SENT, _named("maximum_position_quantity"),
    ),
    Check(
        "CONCENTRATION_LIMIT", exposures.concentration_within_limit, "concentration in one instrument",
        "15(4), 15(5)", _CREDIT, _SENT, _named("maximum_concentration"),
    ),
    Check(
        "GROSS_EXPOSURE_LIMIT", exposures.gross_exposure_within_limit, "gross exposure of account and strategy",
        "15(4), 15(5)", _CREDIT, _SENT, _named("maximum_gross_exposure"),
    ),
    Check(
        "NET_EXPOSURE_LIMIT", exposures.net_exposure_within_limit, "net exposure of account and strategy",
        "15(4), 15(5)", _CREDIT, _SENT, _named("maximum_net_exposure"),
    ),
    Check(
        "BUYING_POWER", funds.buying_power_suffices, "buying power of a cash account", "15(4)", _CREDIT, _SENT,
        lambda limits: limits.margin_rate == MONEY_UNIT,
    ),
    Check(
        "MARGIN", margin.margin_suffices, "initial margin of a margin account", "15(4)", _CREDIT, _SENT,
        lambda limits: limits.margin_rate != MONEY_UNIT,
    ),
    Check(
        "FIRM_EXPOSURE_LIMIT", exposures.firm_exposure_within_budget, "gross and net exposure of the firm",
        "15(4), 15(5)", _CREDIT, _SENT,
        lambda limits: (limits.firm.maximum_gross_exposure or limits.firm.maximum_net_exposure) is not None,
    ),
)  # fmt: skip
"""All checks, in the order in which they run."""


def look(candidate: Candidate) -> Refusal | None:
    """Return the first refusal, or ``None`` where the order may be sent."""
    if candidate.instrument is None:
        return tradable.instrument_known(candidate)
    order, plans = candidate.order, candidate.limits.plan
    if not plans:
        plans.extend(
            (_plan(candidate.limits, moment, False), _plan(candidate.limits, moment, True)) for moment in Moment
        )
    plain = (
        order.conditions is None and (order.type is _LIMIT or order.type is _MARKET) and order.time_in_force in _PLAIN
    )
    for check in plans[candidate.moment][plain]:
        refusal: Refusal | None = check(candidate)
        if refusal is not None:
            return refusal
    return None


def codes_of(candidate: Candidate) -> list[str]:
    """Return the codes of the checks that ``look`` makes of an order as long as none fails, in order."""
    if candidate.instrument is None:
        return [CHECKS[0].code]
    order = candidate.order
    plain = (
        order.conditions is None and (order.type is _LIMIT or order.type is _MARKET) and order.time_in_force in _PLAIN
    )
    return [check.code for check in _chosen(candidate.limits, candidate.moment, plain)]


def _plan(limits: EffectiveLimits, moment: Moment, plain: bool) -> tuple[Look, ...]:
    return tuple(check.look for check in _chosen(limits, moment, plain))


def _chosen(limits: EffectiveLimits, moment: Moment, plain: bool) -> Iterator[Check]:
    for check in CHECKS:
        if moment in check.moments and (check.plain or not plain) and check.applies(limits):
            yield check
