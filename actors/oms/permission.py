"""Whether the kill switch lets something out that the gate let through earlier: it may have been moved since."""

from __future__ import annotations

from actors.messages import Side, Stage, TradingState
from actors.oms.kill_switch import most_restrictive
from actors.oms.state import PartitionState
from actors.oms.working_order import WorkingOrder

HALTED = "TRADING_HALTED"
"""Why an order ends of which nothing more may go out."""


def is_halted(state: PartitionState, working: WorkingOrder) -> bool:
    """Return whether nothing of an order may be done at the venue but its cancel."""
    return _state(state, working) is TradingState.HALTED


def _state(state: PartitionState, working: WorkingOrder) -> TradingState:
    order, switch = working.order, state.switch
    if switch.quiet:
        return TradingState.ACTIVE
    of_account = most_restrictive(switch.for_account(order.account), _of_instrument(state, working))
    return most_restrictive(of_account, switch.for_strategy(order.strategy))


def may_send(state: PartitionState, working: WorkingOrder) -> bool:
    """Return whether what is left of an order may go to the venue now.

    While only reductions are allowed, that is what reduces the position even if all else that is there of its side is
    filled before: of the account for the states of firm, account and instrument, of the strategy for its own state.
    """
    strictest = _state(state, working)
    if strictest is TradingState.ACTIVE:
        return True
    if strictest is TradingState.HALTED:
        return False
    order, switch, books = working.order, state.switch, working.account.books
    instrument, side = order.instrument, order.side
    if TradingState.REDUCE_ONLY in (switch.for_account(order.account), _of_instrument(state, working)):
        ahead = _at_venue(state, working, side, "")
        if order.leaves_quantity > -side.sign * books.position(instrument) - ahead:
            return False
    if switch.for_strategy(order.strategy) is TradingState.REDUCE_ONLY:
        ahead = _at_venue(state, working, side, order.strategy)
        return order.leaves_quantity <= -side.sign * books.strategy_position(order.strategy, instrument) - ahead
    return True


def _of_instrument(state: PartitionState, working: WorkingOrder) -> TradingState:
    instrument = working.instrument
    return TradingState.ACTIVE if instrument is None else state.switch.for_instrument(instrument.symbol)


def _at_venue(state: PartitionState, working: WorkingOrder, side: Side, strategy: str) -> int:
    """Return what other orders of the account, or of one strategy, may still trade at the venue, in lots."""
    return sum(
        other.order.leaves_quantity
        for other in state.standing.values()
        if other is not working
        and other.account is working.account
        and other.order.instrument == working.order.instrument
        and other.order.side is side
        and other.order.stage is Stage.WORKING
        and strategy in ("", other.order.strategy)
    )
