"""Option contracts from plain data."""

from __future__ import annotations

from typing import Any

from actors.errors import InputError
from actors.risk.pricing.contracts import (
    American,
    Barrier,
    BarrierKind,
    Basket,
    BasketKind,
    Contract,
    Digital,
    European,
    Right,
)
from actors.risk.stress.fields import date, number, word

OPTION_KEYS = (
    "kind", "right", "strike", "expiry", "volatility", "barrier", "barrier_kind", "rebate", "payout", "other",
    "basket_kind",
)  # fmt: skip
_KINDS = "european", "american", "barrier", "digital", "basket"


def option_contract(terms: dict[str, Any], where: str) -> Contract:
    """Return the contract of a mapping with ``OPTION_KEYS``.

    Args:
        terms: What was written.
        where: The input that errors name.

    Raises:
        InputError: A term that is missing or wrong.
    """
    right = word(Right, terms, "right", where)
    strike, expiry = number(terms, "strike", where), date(terms.get("expiry"), f"{where}.expiry")
    kind = str(terms.get("kind", "european"))
    if kind == "european":
        return European(right=right, strike=strike, expiry=expiry)
    if kind == "american":
        return American(right=right, strike=strike, expiry=expiry)
    if kind == "digital":
        return Digital(right=right, strike=strike, expiry=expiry, payout=number(terms, "payout", where))
    if kind == "basket":
        return Basket(right=right, strike=strike, expiry=expiry, kind=word(BasketKind, terms, "basket_kind", where))
    if kind == "barrier":
        return Barrier(
            right=right,
            strike=strike,
            expiry=expiry,
            kind=word(BarrierKind, terms, "barrier_kind", where),
            barrier=number(terms, "barrier", where),
            rebate=number(terms, "rebate", where, 0.0),
        )
    raise InputError("unknown kind of option", field=f"{where}.kind", value=kind, rule=", ".join(_KINDS))
