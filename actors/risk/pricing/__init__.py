"""What derivatives are worth and what moves that: closed forms over arrays, and QuantLib for all else.

| what | where |
|---|---|
| options on one underlying, their Greeks | ``options``, ``greeks``; over arrays ``black_scholes`` |
| implied volatilities | ``implied``; over arrays ``black_scholes`` |
| curves from quotes, and their shifts | ``bootstrap``, ``curves`` |
| bonds, swaps, caps, swaptions, forwards and futures, with DV01s | ``valuation`` |
| volatility surfaces | ``smiles`` checks quotes, ``surface_fit`` makes a ``volatility_surface`` |
| books in many scenarios | ``revaluation`` (European), ``american`` and ``revaluation_ray`` (American) |
| contracts of files | ``files`` |
"""

from actors.risk.pricing.contracts import (
    American,
    Asian,
    Average,
    Barrier,
    BarrierKind,
    Basket,
    BasketKind,
    Contract,
    Digital,
    European,
    Right,
)
from actors.risk.pricing.greeks import Greeks, greeks
from actors.risk.pricing.market import Market
from actors.risk.pricing.options import price

__all__ = [
    "American",
    "Asian",
    "Average",
    "Barrier",
    "BarrierKind",
    "Basket",
    "BasketKind",
    "Contract",
    "Digital",
    "European",
    "Greeks",
    "Market",
    "Right",
    "greeks",
    "price",
]
