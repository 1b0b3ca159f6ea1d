"""Examples of strategies. They show how one is written; neither claims to earn anything."""

from __future__ import annotations

from typing import ClassVar

from actors.features.annualization import annual_volatility
from actors.messages import Bar, Prediction, Side
from actors.strategy.context import Context
from actors.strategy.strategy import Strategy


class VolatilityTarget(Strategy):
    """Holds every instrument long at equal risk: the more volatile the forecast, the smaller the position.

    An example, not alpha: it has no opinion on where prices go, and earns or loses what the market does. The weight
    of each of n instruments is ``target_volatility / n / volatility``, with the volatility forecast in place of the
    unknown one (Moreira and Muir 2017, in the form of a volatility target). Were all instruments perfectly
    correlated, the account would have the target volatility; as they are not, it has less. Forecasts from bars within
    the day leave the night out, so the risk is understated by its share.

    Attributes:
        target_volatility: Annual volatility aimed at, 0.1 = 10%.
        share: Largest share of the account's equity that is ever invested; also never more than its cash buys.
        maximum_weight: Largest share of equity in one instrument.
        caution: Where the upper quantile of the volatility forecast lies further above its median than this factor, the
            position is cut as if the volatility were the upper quantile divided by it.
        band: No trade while the position differs from its target by less than this fraction of it, to save turnover.
    """

    forecasts: ClassVar[bool] = True

    target_volatility: float = 0.10
    share: float = 0.95
    maximum_weight: float = 0.20
    caution: float = 1.5
    band: float = 0.20

    def __post_init__(self) -> None:
        """Check the parameters."""
        for name, low, high in (
            ("target_volatility", 0.0, 5.0),
            ("share", 0.0, 1.0),
            ("maximum_weight", 0.0, 1.0),
            ("band", 0.0, 1.0),
        ):
            if not low < getattr(self, name) <= high:
                raise ValueError(f"{name} has to lie above {low:g} and not above {high:g}")
        if self.caution < 1.0:
            raise ValueError("caution has to be 1 or more")

    def on_forecast(self, context: Context, prediction: Prediction) -> None:
        """Move the position to its new size where the difference is worth a trade."""
        price = context.last_price(prediction.instrument)
        instrument = context.instrument(prediction.instrument)
        lot = instrument.notional(price, 1)
        if lot <= 0:
            return
        target = int(self.weight(context, prediction) * max(context.equity, 0)) // lot
        held = context.position(instrument.id) + context.open_quantity(instrument.id)
        if target > max(held, 0):
            target = min(target, max(held, 0) + max(self.spare_cash(context), 0) // lot)
        if abs(target - held) > self.band * max(target, held):
            context.target_position(instrument.id, target)

    def spare_cash(self, context: Context) -> int:
        """Return the account's cash less what the own open orders to buy will take at the last prices."""
        buying = (order for order in context.open_orders() if order.side is Side.BUY)
        return context.cash - sum(
            context.instrument(order.instrument).notional(context.last_price(order.instrument), order.leaves_quantity)
            for order in buying
        )

    def weight(self, context: Context, prediction: Prediction) -> float:
        """Return the share of equity that an instrument gets: from the longest horizon's median and upper quantile."""
        count = len(context.instruments)
        values = prediction.values[-1]
        median = values[min(range(len(values)), key=lambda index: abs(prediction.quantiles[index] - 0.5))]
        per_year = context.periods_per_year(prediction.instrument)
        volatility = max(annual_volatility(median, per_year), annual_volatility(values[-1], per_year) / self.caution)
        return min(self.target_volatility / count / volatility, self.share / count, self.maximum_weight)


class BuyAndHold(Strategy):
    """Buys every instrument once, with an equal share of the equity at its first bar, and keeps it.

    Attributes:
        share: Share of the account's equity that is invested. The gate sets cash aside for a market order as if the
            price moved against it by the whole price collar, so that not much more than 0.9 passes by default.
    """

    share: float = 0.9

    def on_start(self, context: Context) -> None:
        """Nothing is bought yet."""
        self._bought: set[int] = set()

    def on_bar(self, context: Context, bar: Bar) -> None:
        """Buy at the first bar."""
        if bar.instrument in self._bought or context.position(bar.instrument):
            return
        self._bought.add(bar.instrument)
        lot = context.instrument(bar.instrument).notional(bar.close, 1)
        quantity = int(self.share / len(context.instruments) * context.equity) // lot if lot > 0 else 0
        if quantity > 0:
            context.buy(bar.instrument, quantity)
