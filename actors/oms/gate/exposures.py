"""What account, strategy and firm may hold in all: gross, net, and in one position; and margin for it."""

from __future__ import annotations

from actors.decimals import money_text, ratio_text
from actors.messages import MONEY_UNIT, Side
from actors.oms.activity import ALL, Holder
from actors.oms.exposure_totals import Value, value_of
from actors.oms.gate.candidate import Candidate
from actors.oms.gate.refusal import Refusal

_BUY = Side.BUY


class _Change:
    """What an order could do to the totals of a holder.

    Attributes:
        before: The totals without the order's instrument.
        part: What the instrument adds to them now.
        after: What it could add with the order.
        lots: Lots that count in the order's direction already.
    """

    __slots__ = ("before", "part", "after", "lots")

    def __init__(self, candidate: Candidate, holder: Holder, of: Holder) -> None:
        """Look at an order of ``holder`` as a part of the totals of ``of``, which may be the whole partition's."""
        order, totals = candidate.order, candidate.safeguards.totals
        position, buys, sales = candidate.lots(holder)
        total = totals.of(of)
        self.part = totals.part(holder, order.instrument)
        self.before = total.moved(self.part, Value())
        if order.side is _BUY:
            self.lots = position + buys
            buys += candidate.added
        else:
            self.lots = sales - position
            sales += candidate.added
        self.after = value_of(candidate.known_instrument, candidate.look.price, position, buys, sales)

    def gross(self) -> tuple[int, int]:
        """Return gross exposure without the instrument, and what the order makes of it."""
        return self.before.gross, self.before.gross + self.after.gross

    def net(self, side: Side) -> tuple[int, int]:
        """Return net exposure in the direction of ``side`` without the instrument, and what the order makes of it."""
        if side is _BUY:
            return self.before.long, self.before.long + self.after.long
        return -self.before.short, -self.before.short - self.after.short


def gross_exposure_within_limit(candidate: Candidate) -> Refusal | None:
    """Refuse what could take the gross exposure of the account or the strategy over its limit."""
    limits = candidate.limits
    return _own(candidate, (limits.maximum_gross_exposure, limits.strategy.maximum_gross_exposure), net=False)


def net_exposure_within_limit(candidate: Candidate) -> Refusal | None:
    """Refuse what could take the net exposure of the account or the strategy, long or short, over its limit."""
    limits = candidate.limits
    return _own(candidate, (limits.maximum_net_exposure, limits.strategy.maximum_net_exposure), net=True)


def firm_exposure_within_budget(candidate: Candidate) -> Refusal | None:
    """Refuse what could take the partition over its share of the firm's gross or net exposure; more is asked for."""
    firm, budget = candidate.limits.firm, candidate.safeguards.budget
    for name, net in (("maximum_gross_exposure", False), ("maximum_net_exposure", True)):
        if getattr(firm, name) is None:
            continue
        share = budget.amount(name)
        change = _Change(candidate, candidate.holders[0], ALL)
        if not _grows(candidate, change, net):
            continue
        without, after = change.net(candidate.order.side) if net else change.gross()
        if budget.number and budget.currency != candidate.currency:
            sentence = "the firm's exposure is counted in another currency than the account's"
            accepted = f"accounts in {budget.currency}"
            return Refusal("FIRM_EXPOSURE_LIMIT", sentence, "account", candidate.currency, budget.currency, accepted)
        if after > share:
            budget.want(name, after)
            kind = "net" if net else "gross"
            sentence = (
                f"the firm's {kind} exposure, as far as this partition has a share in it, could grow over the limit"
            )
            return _refusal(candidate, "FIRM_EXPOSURE_LIMIT", sentence, without, after, share, change.lots)
    return None


def concentration_within_limit(candidate: Candidate) -> Refusal | None:
    """Refuse what could make one position too large a part of the account's equity."""
    limits = candidate.limits
    for holder, maximum in zip(
        candidate.holders, (limits.maximum_concentration, limits.strategy.maximum_concentration)
    ):
        if maximum is None:
            continue
        change = _Change(candidate, holder, holder)
        equity = _equity(candidate)
        most = equity * maximum // MONEY_UNIT
        if _grows(candidate, change, net=False) and change.after.gross > most:
            price = candidate.look.price
            accepted = candidate.at_most(candidate.lots_for(most, price) - change.lots)
            share = ratio_text(change.after.gross, equity)
            value = f"{money_text(change.after.gross)}{f', {share} of the equity' if share else ''}"
            limit = f"{ratio_text(maximum, MONEY_UNIT)} of {money_text(equity)}"
            sentence = (
                f"the position in {candidate.known_instrument.symbol} could become too large a part of the account"
            )
            return Refusal("CONCENTRATION_LIMIT", sentence, "quantity", value, limit, accepted)
    return None


def margin_suffices(candidate: Candidate) -> Refusal | None:
    """Refuse what equity does not cover the initial margin of, on all positions and open orders, and the fees."""
    rate, account = candidate.limits.margin_rate, candidate.holders[0]
    change = _Change(candidate, account, account)
    if not _grows(candidate, change, net=False):
        return None
    instrument, price = candidate.known_instrument, candidate.look.price
    fees = -(-instrument.notional(price, candidate.added) * candidate.fee_rate // MONEY_UNIT)
    equity = _equity(candidate)
    without, gross = change.gross()
    if -(-gross * rate // MONEY_UNIT) + fees <= equity:
        return None
    room = (equity - fees) * MONEY_UNIT // rate - without
    accepted = candidate.at_most(candidate.lots_for(room, price) - change.lots)
    value = money_text(-(-gross * rate // MONEY_UNIT) + fees)
    sentence = "the equity does not cover the initial margin"
    return Refusal("MARGIN", sentence, "quantity", value, money_text(equity), accepted)


def _own(candidate: Candidate, maxima: tuple[int | None, int | None], net: bool) -> Refusal | None:
    for holder, maximum in zip(candidate.holders, maxima):
        if maximum is None:
            continue
        change = _Change(candidate, holder, holder)
        without, after = change.net(candidate.order.side) if net else change.gross()
        if after > maximum and _grows(candidate, change, net):
            kind = "net" if net else "gross"
            code, whose = f"{kind.upper()}_EXPOSURE_LIMIT", f"strategy {holder[1]}" if holder[1] else "the account"
            sentence = f"the {kind} exposure of {whose} could grow over the limit"
            return _refusal(candidate, code, sentence, without, after, maximum, change.lots)
    return None


def _grows(candidate: Candidate, change: _Change, net: bool) -> bool:
    if candidate.added <= 0:
        return False
    return net or change.after.gross > change.part.gross


def _refusal(
    candidate: Candidate, code: str, sentence: str, without: int, after: int, maximum: int, lots: int
) -> Refusal:
    accepted = candidate.at_most(candidate.lots_for(maximum - without, candidate.look.price) - lots)
    return Refusal(code, sentence, "quantity", money_text(after), money_text(maximum), accepted)


def _equity(candidate: Candidate) -> int:
    held = candidate.safeguards.totals.of(candidate.holders[0]).held
    return candidate.books.cash(candidate.currency) + held
