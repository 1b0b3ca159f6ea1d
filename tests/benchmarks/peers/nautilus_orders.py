"""Market orders through NautilusTrader's backtest engine, its risk engine on: one order on each quote, filled at once.

It runs in an environment of its own that has NautilusTrader and nothing of AlphaMind:
``python nautilus_orders.py 10000`` prints one JSON object.
"""

import collections
import decimal
import json
import sys
import time

import nautilus_trader
from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.config import LoggingConfig, RiskEngineConfig
from nautilus_trader.model.currencies import USD
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide
from nautilus_trader.model.identifiers import InstrumentId, Symbol, Venue
from nautilus_trader.model.instruments import Equity
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.trading.strategy import Strategy

VENUE = Venue("SIM")
INSTRUMENT = InstrumentId(Symbol("BEN0"), VENUE)
NO_LIMIT = "100000000/00:00:01"
WARM_UP = 500


class OrderOnEachQuote(Strategy):
    """Buys and sells one share by turns."""

    def __init__(self):
        super().__init__()
        self.sent = 0
        self.events = collections.Counter()

    def on_start(self):
        self.one = Quantity.from_int(1)
        self.subscribe_quote_ticks(INSTRUMENT)

    def on_quote_tick(self, tick):
        self.sent += 1
        side = OrderSide.BUY if self.sent % 2 else OrderSide.SELL
        self.submit_order(self.order_factory.market(INSTRUMENT, side, self.one))

    def on_order_event(self, event):
        self.events[type(event).__name__] += 1


def run(quotes):
    """Return the seconds that the quotes and their orders take, on the clock and of a processor, and the strategy."""
    engine = BacktestEngine(
        BacktestEngineConfig(
            trader_id="BENCH-1",
            logging=LoggingConfig(bypass_logging=True),
            run_analysis=False,
            risk_engine=RiskEngineConfig(bypass=False, max_order_submit_rate=NO_LIMIT, max_order_modify_rate=NO_LIMIT),
        )
    )
    engine.add_venue(
        VENUE,
        OmsType.NETTING,
        AccountType.MARGIN,
        [Money(1_000_000, USD)],
        base_currency=USD,
        default_leverage=decimal.Decimal(1),
    )
    engine.add_instrument(
        Equity(
            instrument_id=INSTRUMENT,
            raw_symbol=INSTRUMENT.symbol,
            currency=USD,
            price_precision=2,
            price_increment=Price(0.01, 2),
            lot_size=Quantity.from_int(1),
            ts_event=0,
            ts_init=0,
        )
    )
    engine.add_data(quotes, sort=False, validate=False)
    strategy = OrderOnEachQuote()
    engine.add_strategy(strategy)
    began, processor = time.perf_counter(), time.process_time()
    engine.run()
    seconds, processor = time.perf_counter() - began, time.process_time() - processor
    engine.dispose()
    return seconds, processor, strategy


def main():
    """Print how long the quotes and their orders took."""
    count = int(sys.argv[1])
    size, bid, ask = Quantity.from_int(1_000_000), Price(100.00, 2), Price(100.01, 2)
    times = range(10**18, 10**18 + count * 10**6, 10**6)
    quotes = [QuoteTick(INSTRUMENT, bid, ask, size, size, when, when) for when in times]
    run(quotes[:WARM_UP])
    seconds, processor, strategy = run(quotes)
    found = {
        "version": nautilus_trader.__version__,
        "seconds": seconds,
        "processor_seconds": processor,
        "events": strategy.events,
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
