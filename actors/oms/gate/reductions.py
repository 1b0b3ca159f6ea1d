"""The kill switch, and orders that may only make a position smaller."""

from __future__ import annotations

from actors.messages import TradingState
from actors.oms.gate.candidate import Candidate
from actors.oms.gate.refusal import Refusal

_HALTED, _REDUCE_ONLY = TradingState.HALTED, TradingState.REDUCE_ONLY
_LARGEST = 2**62


def trading_not_halted(candidate: Candidate) -> Refusal | None:
    """Refuse everything while trading is halted for the firm, the account, the strategy or the instrument."""
    switch = candidate.safeguards.switch
    if switch.quiet:
        return None
    order = candidate.order
    scope = switch.where(order.account, order.strategy, candidate.known_instrument.symbol, _HALTED)
    if scope is None:
        return None
    kind = scope.partition(":")[0]
    where = "account" if kind == "firm" else kind
    return Refusal("TRADING_HALTED", f"trading is halted for {scope}", where, "halted", "active", "cancels only")


def position_reduced(candidate: Candidate) -> Refusal | None:
    """Refuse what could enlarge or turn a position while only reductions are allowed.

    The state of a strategy looks at the strategy's own position, that of firm, account and instrument at the account's.
    """
    switch = candidate.safeguards.switch
    if switch.quiet:
        return None
    order, symbol = candidate.order, candidate.known_instrument.symbol
    account, strategy = candidate.holders
    reducible = _LARGEST
    if _REDUCE_ONLY in (switch.for_account(order.account), switch.for_instrument(symbol)):
        reducible = _reducible(candidate, account)
    if switch.for_strategy(order.strategy) is _REDUCE_ONLY:
        reducible = min(reducible, _reducible(candidate, strategy))
    if candidate.added <= max(0, reducible):
        return None
    return _refusal(candidate, "REDUCE_ONLY", "positions may only be reduced", reducible)


def reduce_only_reduces(candidate: Candidate) -> Refusal | None:
    """Refuse an order that may only reduce the account's position and could do more, with what is open already."""
    conditions = candidate.order.conditions
    if conditions is None or not conditions.reduce_only:
        return None
    reducible = _reducible(candidate, candidate.holders[0])
    if candidate.added <= max(0, reducible):
        return None
    return _refusal(candidate, "REDUCE_ONLY_WOULD_OPEN", "the order may only reduce the position", reducible)


def _reducible(candidate: Candidate, holder: tuple[str, str]) -> int:
    """Return the lots that the order may trade until the position is flat, all open orders of its side filled."""
    position, buys, sales = candidate.lots(holder)
    return -position - buys if candidate.order.side.sign > 0 else position - sales


def _refusal(candidate: Candidate, code: str, sentence: str, reducible: int) -> Refusal:
    side = candidate.order.side
    value = f"{side} {candidate.quantity(candidate.added)}"
    limit = f"{side} {candidate.quantity(max(0, reducible))}"
    return Refusal(code, sentence, "quantity", value, limit, candidate.at_most(reducible))
