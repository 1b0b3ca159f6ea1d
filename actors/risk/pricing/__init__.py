"""What derivatives are worth and what moves that: closed forms over arrays, and QuantLib for all else."""

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
