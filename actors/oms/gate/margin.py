"""Whether the equity of a margin account covers the initial margin."""

from __future__ import annotations

import bisect

from actors.decimals import money_text
from actors.messages import MONEY_UNIT
from actors.oms.gate.candidate import Candidate
from actors.oms.gate.change import Change, equity_of
from actors.oms.gate.refusal import Refusal
from actors.oms.gate.terms import LARGEST


def margin_suffices(candidate: Candidate) -> Refusal | None:
    """Refuse what equity does not cover the initial margin of, on all positions and open orders, and the fees."""
    equity = equity_of(candidate)
    required = _required(candidate, candidate.added)
    if required <= equity:
        return None
    fewer = range(1, min(candidate.added, LARGEST))
    lots = bisect.bisect_left(fewer, True, key=lambda added: _required(candidate, added) > equity)
    sentence = "the equity does not cover the initial margin"
    return Refusal("MARGIN", sentence, "quantity", money_text(required), money_text(equity), candidate.at_most(lots))


def _required(candidate: Candidate, added: int) -> int:
    """Return the margin and the fees once an order adds so many lots, 0 where it makes nothing larger."""
    account = candidate.holders[0]
    change = Change(candidate, account, added)
    if not change.grows(net=False):
        return 0
    margin = -change.outcome(account, net=False) * candidate.limits.margin_rate // MONEY_UNIT
    notional = candidate.known_instrument.notional(candidate.look.price, added)
    return -margin - (-notional * candidate.fee_rate // MONEY_UNIT)
