"""From lots that are held to lots that are wanted: the orders between them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from actors.errors import InputError
from actors.messages import Side, SubmitOrder
from actors.portfolio.construction.rounding import Priced


@dataclasses.dataclass(frozen=True)
class Rebalancing:
    """One trade towards a target.

    Attributes:
        symbol: The symbol.
        instrument: Its id.
        side: Buy or sell.
        lots: How many, positive.
        value: What that is worth at the price known, in 1e-8 currency units, positive.
    """

    symbol: str
    instrument: int
    side: Side
    lots: int
    value: int

    def command(self, account: str, strategy: str, key: str) -> SubmitOrder:
        """Return the market order that does it.

        Args:
            account: Account to trade for.
            strategy: Strategy to book it under.
            key: What makes this rebalancing unique in its account; the same key and symbol give the same order id, so
                that an order that was sent twice is one order.
        """
        return SubmitOrder(
            client_order_id=f"{key}-{self.symbol}",
            account=account,
            instrument=self.instrument,
            side=self.side,
            quantity=self.lots,
            strategy=strategy,
        )


def rebalancing(
    wanted: Mapping[str, int], held: Mapping[str, int], market: Mapping[str, Priced], smallest: int = 0
) -> list[Rebalancing]:
    """Return the trades from what is held to what is wanted: sales first, as they bring the money, larger ones first.

    Args:
        wanted: Lots by symbol; negative where short.
        held: Lots by symbol; 0 where not named.
        market: Instrument and price by symbol.
        smallest: Trades worth less than this (1e-8 currency units) are left out.

    Raises:
        InputError: Something is held without a word of how much is wanted, or has no price.
    """
    for symbol in held:
        if symbol not in wanted and held[symbol]:
            raise InputError(
                f"{symbol} is held, but has no target",
                field=f"wanted.{symbol}",
                rule="a target for everything that is held",
                remedy="want 0 of it to sell it, or leave it out of what is held",
            )
    found = []
    for symbol, target in wanted.items():
        change = target - held.get(symbol, 0)
        if symbol not in market:
            raise InputError(f"{symbol} has no price", field=f"market.{symbol}", rule="an instrument and its price")
        instrument = market[symbol].instrument
        value = abs(instrument.notional(market[symbol].price, change))
        if change and value >= smallest:
            side = Side.BUY if change > 0 else Side.SELL
            found.append(Rebalancing(symbol, instrument.id, side, abs(change), value))
    return sorted(found, key=lambda one: (one.side is Side.BUY, -one.value, one.symbol))
