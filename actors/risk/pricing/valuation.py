"""The value of any contract on interest rates or for later delivery, what a trader asks of it, and what moves it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence

from actors.errors import InputError
from actors.risk.pricing.bonds import bond_value
from actors.risk.pricing.curves import KEY_TENORS, Curve
from actors.risk.pricing.forwards import (
    Forward,
    ForwardMarket,
    ForwardRateAgreement,
    Future,
    agreement_value,
    forward_value,
)
from actors.risk.pricing.rates_contracts import Cap, FixedBond, FloatingBond, InterestRateSwap, Swaption
from actors.risk.pricing.rates_market import RatesMarket
from actors.risk.pricing.swaps import cap_value, swap_value, swaption_value

RatesContract = FixedBond | FloatingBond | InterestRateSwap | Cap | Swaption | ForwardRateAgreement
BASIS_POINT = 1e-4


@dataclasses.dataclass(frozen=True)
class Valuation:
    """A value and what moves it.

    Attributes:
        value: On the market's day, to whoever holds (has bought) the contract.
        measures: What is asked of such a contract besides, by name: a bond's prices, yield and durations, the fair rate
            of a swap, the fair price of a forward.
        dv01: Fall of the value when every continuous rate rises by a basis point.
        key_rates: Years of the key rates, and how much of ``dv01`` each has; their sum is ``dv01``.
        vega: Rise of the value when the volatility rises by a hundredth (lognormal) or a basis point (normal); ``None``
            where none is needed.
        delta: Rise of the value when the spot rises by 1; ``None`` where there is none.
    """

    value: float
    measures: Mapping[str, float]
    dv01: float
    key_rates: tuple[tuple[float, float], ...]
    vega: float | None = None
    delta: float | None = None


def value(contract: RatesContract | Forward, market: RatesMarket | ForwardMarket) -> float:
    """Return what a contract is worth to whoever holds it.

    Raises:
        InputError: It has ended, has no model, its curve ends too early, or something that it needs is missing.
    """
    return _valued(contract, market)[0]


def valuation(
    contract: RatesContract | Forward,
    market: RatesMarket | ForwardMarket,
    tenors: Sequence[float] = KEY_TENORS,
) -> Valuation:
    """Return what a contract is worth and what moves that, by central differences.

    Raises what ``value`` raises.
    """
    worth, measures = _valued(contract, market)
    vega = delta = None
    if isinstance(market, RatesMarket) and isinstance(contract, Cap | Swaption):
        vega = _vega(contract, market)
    if isinstance(market, ForwardMarket):
        step = 1e-4 * market.spot
        up, down = (value(contract, dataclasses.replace(market, spot=market.spot + move)) for move in (step, -step))
        delta = (up - down) / (2 * step)
    keys = [
        (tenor, _dv01(contract, market, lambda curve, shift, at=place: curve.key_rate(at, shift, tenors)))
        for place, tenor in enumerate(tenors)
    ]
    total = _dv01(contract, market, lambda curve, shift: curve.parallel(shift))
    return Valuation(worth, measures, total, tuple(keys), vega, delta)


def _valued(contract: RatesContract | Forward, market: RatesMarket | ForwardMarket) -> tuple[float, dict[str, float]]:
    try:
        return _modelled(contract, market)
    except RuntimeError as error:
        raise InputError(
            "QuantLib can't value this contract",
            field="contract",
            value=type(contract).__name__,
            rule=str(error).splitlines()[0],
            remedy="give rates that were set before as fixings, and curves that reach as far as its payments",
        ) from None


def _modelled(contract: RatesContract | Forward, market: RatesMarket | ForwardMarket) -> tuple[float, dict[str, float]]:
    match contract, market:
        case (Future() | Forward(), ForwardMarket()):
            worth, fair = forward_value(contract, market)
            return worth, {"fair_price": fair}
        case (FixedBond() | FloatingBond(), RatesMarket()):
            worth, measures = bond_value(contract, market)
            return worth, dataclasses.asdict(measures)
        case (InterestRateSwap(), RatesMarket()):
            worth, fair = swap_value(contract, market)
            return worth, {"fair_rate": fair}
        case (Swaption(), RatesMarket()):
            worth, fair = swaption_value(contract, market)
            return worth, {"fair_rate": fair}
        case (Cap(), RatesMarket()):
            return cap_value(contract, market), {}
        case (ForwardRateAgreement(), RatesMarket()):
            worth, fair = agreement_value(contract, market)
            return worth, {"fair_rate": fair}
        case _:
            pass
    raise InputError(
        "no model for this contract in this market",
        field="contract",
        value=f"{type(contract).__name__} in {type(market).__name__}",
        rule="Forward or Future in ForwardMarket; FixedBond, FloatingBond, InterestRateSwap, Cap, Swaption or "
        "ForwardRateAgreement in RatesMarket",
    )


def _dv01(
    contract: RatesContract | Forward, market: RatesMarket | ForwardMarket, shifted: Callable[..., Curve]
) -> float:
    up, down = (value(contract, _moved(market, shifted, move)) for move in (BASIS_POINT, -BASIS_POINT))
    return (down - up) / 2


def _moved(
    market: RatesMarket | ForwardMarket, shifted: Callable[..., Curve], move: float
) -> RatesMarket | ForwardMarket:
    """Return the market with its rates moved; of a forward's only the rate of the currency that is paid."""
    if isinstance(market, RatesMarket):
        return market.moved(lambda curve: shifted(curve, move))
    return dataclasses.replace(market, discount=shifted(market.discount, move))


def _vega(contract: Cap | Swaption, market: RatesMarket) -> float:
    here = market.known_volatility()
    unit = BASIS_POINT if market.model == "normal" else 0.01
    step = here * 1e-3
    up, down = (value(contract, dataclasses.replace(market, volatility=here + move)) for move in (step, -step))
    return (up - down) / (2 * step) * unit
