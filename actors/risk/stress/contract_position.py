"""Bonds, swaps, caps and swaptions in a book: valued anew on curves whose key rates have moved."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from actors.errors import InputError
from actors.risk.pricing.curves import Curve
from actors.risk.pricing.files import read_task
from actors.risk.pricing.rates_contracts import Cap, FixedBond, FloatingBond, Swaption
from actors.risk.pricing.rates_market import RatesMarket
from actors.risk.pricing.valuation import RatesContract, value
from actors.risk.stress.factors import KEY_TENORS, Factor, FactorKind
from actors.risk.stress.market import ShockedMarket


@dataclasses.dataclass(frozen=True)
class ContractPosition:
    """Some of one contract on interest rates, revalued in full.

    Both curves move by what the scenario says of the currency's rates: in parallel, and by each key rate. Where the
    market of the contract has a volatility, that stays; a scenario that moves all of them says so in its notes.

    Attributes:
        name: What it is called.
        currency: Its currency, and that of the rates that move it.
        quantity: How many, negative where short or paid the other way round.
        contract: Its terms.
        rates: Its market.
    """

    name: str
    currency: str
    quantity: float
    contract: RatesContract
    rates: RatesMarket

    @property
    def notional(self) -> float:
        """Face value or notional amount of all of them."""
        contract = self.contract.swap if isinstance(self.contract, Swaption) else self.contract
        one = contract.face if isinstance(contract, FixedBond | FloatingBond) else contract.notional
        return abs(self.quantity) * one

    @property
    def is_option(self) -> bool:
        """Whether its value depends on a volatility."""
        return isinstance(self.contract, Cap | Swaption)

    @property
    def needs(self) -> frozenset[Factor]:
        """The rates of its currency."""
        return frozenset({Factor(FactorKind.RATE, self.currency)})

    def value(self, market: ShockedMarket) -> float:
        """Return the value of all of them."""

        def moved(curve: Curve) -> Curve:
            for place, tenor in enumerate(KEY_TENORS):
                shift = market.rate_shift(self.currency, tenor)
                if shift:
                    curve = curve.key_rate(place, shift, KEY_TENORS)
            return curve

        return self.quantity * value(self.contract, self.rates.moved(moved))


def contract_position(
    content: Mapping[str, object], field: str, currency: str, name: str, quantity: float, date: object
) -> ContractPosition:
    """Return the position of an entry with ``contract`` and ``market``, both as ``alphamind risk price`` reads them.

    Raises:
        InputError: Naming the key that is wrong; or a contract that is not on interest rates.
    """
    try:
        task = read_task({"date": date, "contract": content["contract"], "market": content.get("market")})
    except InputError as error:
        raise InputError(
            error.message, field=f"{field}.{error.field}", value=error.value, rule=error.rule, remedy=error.remedy
        ) from None
    if not isinstance(task.contract, RatesContract) or not isinstance(task.market, RatesMarket):
        raise InputError(
            "not a contract on interest rates",
            field=f"{field}.contract.type",
            value=task.kind,
            rule="fixed_bond, floating_bond, interest_rate_swap, cap, swaption or forward_rate_agreement; "
            "options on shares are given as option, futures by amount and funded: false",
        )
    return ContractPosition(name, currency, quantity, task.contract, task.market)
