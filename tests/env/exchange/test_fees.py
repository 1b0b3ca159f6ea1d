from __future__ import annotations

import decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from env.exchange.fees import FeeSchedule
from tests.env.exchange.builders import instrument

STOCK = instrument(price_increment=1_000_000, quantity_increment=100_000_000)
FRACTION = instrument(price_increment=1, quantity_increment=1)
FUTURE = instrument(price_increment=25_000_000, quantity_increment=100_000_000, multiplier=50)

TABLE = [
    # instrument, maker bps, taker bps, price, quantity, liquidity, fee in 1e-8
    (STOCK, "0.1", "0.5", 10_000, 100, "taker", 50_000_000),  # 100 at 100.00 = 10,000.00; half a basis point = 0.50
    (STOCK, "0.1", "0.5", 10_000, 100, "maker", 10_000_000),
    (STOCK, "-0.25", "0.5", 10_000, 100, "maker", -25_000_000),  # a rebate
    (STOCK, "0", "0", 10_000, 100, "taker", 0),
    (FUTURE, "1", "2", 18_000, 3, "taker", 13_500_000_000),  # 3 x 4,500.00 x 50 = 675,000; 2 bp = 135.00
    (FRACTION, "0", "1", 10_000, 50_000_000, "taker", 0),  # exactly half a unit: to even
    (FRACTION, "0", "1", 30_000, 50_000_000, "taker", 2),  # one and a half: to even
    (FRACTION, "0", "1", 10_001, 50_000_000, "taker", 1),  # just above half
    (FRACTION, "-1", "1", 10_000, 50_000_000, "maker", 0),
    (FRACTION, "-1", "1", 30_000, 50_000_000, "maker", -2),
]


@pytest.mark.parametrize(("traded", "maker", "taker", "price", "quantity", "liquidity", "fee"), TABLE)
def test_a_fee_is_basis_points_of_the_notional_rounded_half_even(
    traded: object, maker: str, taker: str, price: int, quantity: int, liquidity: str, fee: int
) -> None:
    schedule = FeeSchedule(decimal.Decimal(maker), decimal.Decimal(taker))
    assert schedule.fee(traded, price, quantity, liquidity) == fee  # type: ignore[arg-type]


@given(
    st.decimals(-100, 1000, places=4),
    st.integers(1, 10**9),
    st.integers(1, 10**9),
    st.sampled_from([STOCK, FRACTION, FUTURE]),
)
def test_a_fee_is_what_exact_decimals_give(bps: decimal.Decimal, price: int, quantity: int, traded: object) -> None:
    with decimal.localcontext() as exact:
        exact.prec = 80
        unit = decimal.Decimal(10**8)
        notional = (
            decimal.Decimal(price * traded.price_increment)
            / unit  # type: ignore[attr-defined]
            * decimal.Decimal(quantity * traded.quantity_increment)
            / unit  # type: ignore[attr-defined]
            * traded.multiplier  # type: ignore[attr-defined]
        )
        expected = (notional * bps / 10_000).quantize(decimal.Decimal("1e-8"), decimal.ROUND_HALF_EVEN)
        fee = FeeSchedule(bps, bps).fee(traded, price, quantity, "taker")  # type: ignore[arg-type]
        assert decimal.Decimal(fee) / unit == expected
