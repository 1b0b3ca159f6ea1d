"""What account, strategy and firm may hold in all: gross, net, and in one position."""

from __future__ import annotations

from actors.decimals import money_text, ratio_text
from actors.messages import MONEY_UNIT
from actors.oms.activity import ALL, Holder
from actors.oms.gate.candidate import Candidate
from actors.oms.gate.change import Change, change_of, equity_of
from actors.oms.gate.refusal import Refusal


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
        change = change_of(candidate, candidate.holders[0])
        if not change.grows(net):
            continue
        after = change.outcome(ALL, net)
        if budget.number and budget.currency != candidate.currency:
            sentence = "the firm's exposure is counted in another currency than the account's"
            accepted = f"accounts in {budget.currency}"
            return Refusal("FIRM_EXPOSURE_LIMIT", sentence, "account", candidate.currency, budget.currency, accepted)
        if 4 * after > 3 * share:  # asked for before it is short, so that an even flow of orders is not held up
            budget.want(name, after)
        if after > share:
            kind = "net" if net else "gross"
            sentence = (
                f"the firm's {kind} exposure, as far as this partition has a share in it, could grow over the limit"
            )
            return _refusal(candidate, change, ALL, "FIRM_EXPOSURE_LIMIT", sentence, net, share)
    return None


def concentration_within_limit(candidate: Candidate) -> Refusal | None:
    """Refuse what could make one position too large a part of the account's equity."""
    limits = candidate.limits
    for holder, maximum in zip(
        candidate.holders, (limits.maximum_concentration, limits.strategy.maximum_concentration)
    ):
        if maximum is None:
            continue
        change = change_of(candidate, holder)
        equity = equity_of(candidate)
        most = equity * maximum // MONEY_UNIT
        if change.grows(net=False) and change.after.gross > most:
            accepted = _accepted(candidate, change, max(most, change.part.gross))
            share = ratio_text(change.after.gross, equity)
            value = f"{money_text(change.after.gross)}{f', {share} of the equity' if share else ''}"
            limit = f"{ratio_text(maximum, MONEY_UNIT)} of {money_text(equity)}"
            sentence = (
                f"the position in {candidate.known_instrument.symbol} could become too large a part of the account"
            )
            return Refusal("CONCENTRATION_LIMIT", sentence, "quantity", value, limit, accepted)
    return None


def _own(candidate: Candidate, maxima: tuple[int | None, int | None], net: bool) -> Refusal | None:
    for holder, maximum in zip(candidate.holders, maxima):
        if maximum is None:
            continue
        change = change_of(candidate, holder)
        if change.outcome(holder, net) > maximum and change.grows(net):
            kind = "net" if net else "gross"
            code, whose = f"{kind.upper()}_EXPOSURE_LIMIT", f"strategy {holder[1]}" if holder[1] else "the account"
            sentence = f"the {kind} exposure of {whose} could grow over the limit"
            return _refusal(candidate, change, holder, code, sentence, net, maximum)
    return None


def _refusal(
    candidate: Candidate, change: Change, of: Holder, code: str, sentence: str, net: bool, maximum: int
) -> Refusal:
    accepted = _accepted(candidate, change, change.room(of, net, maximum))
    value, limit = money_text(change.outcome(of, net)), money_text(maximum)
    return Refusal(code, sentence, "quantity", value, limit, accepted)


def _accepted(candidate: Candidate, change: Change, room: int) -> str:
    return candidate.at_most(candidate.lots_for(room, candidate.look.price) - change.lots)
