"""Strategies: one small class each, run in lock-step with the market, the same live and in the backtest."""
