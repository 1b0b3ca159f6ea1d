"""Too much, too often: the same order again, messages a second, messages a trade."""

from __future__ import annotations

from actors.decimals import ratio_text
from actors.messages import MONEY_UNIT
from actors.oms.activity import ALL, MILLISECOND, Holder
from actors.oms.gate.candidate import Candidate
from actors.oms.gate.refusal import Refusal


def not_a_duplicate(candidate: Candidate) -> Refusal | None:
    """Refuse an order whose terms were sent too often within the window: account, instrument, side, quantity, price."""
    limits = candidate.limits
    if limits.maximum_duplicates is None:
        return None
    window = limits.duplicate_window
    activity = candidate.safeguards.activity
    alike = activity.alike(candidate.order, window * MILLISECOND, candidate.look.received)
    if alike < limits.maximum_duplicates:
        return None
    limit = f"{limits.maximum_duplicates} within {window} ms"
    sentence = "the same order was sent too often"
    return Refusal(
        "DUPLICATE_ORDER", sentence, "client_order_id", str(alike + 1), limit, "other terms, or the same ones later"
    )


def order_rate_within_limit(candidate: Candidate) -> Refusal | None:
    """Refuse an order that would be one too many within a second, of account, strategy or partition."""
    return _rate(candidate, "maximum_order_rate", "ORDER_RATE_LIMIT", "orders")


def cancel_rate_within_limit(candidate: Candidate) -> Refusal | None:
    """Refuse new orders while more are canceled a second than is allowed; cancels themselves are never refused."""
    return _rate(candidate, "maximum_cancel_rate", "CANCEL_RATE_LIMIT", "cancels")


def message_rate_within_limit(candidate: Candidate) -> Refusal | None:
    """Refuse an order that would be one message too many within a second, of account, strategy or partition."""
    return _rate(candidate, "maximum_message_rate", "MESSAGE_RATE_LIMIT", "messages")


def order_to_trade_within_limit(candidate: Candidate) -> Refusal | None:
    """Refuse an order where the day's messages are too many for its fills (a day without any counts as one fill).

    Source: the ratio in number terms of Commission Delegated Regulation (EU) 2017/566, Article 3.
    """
    limits = candidate.limits
    for holder, own in zip(candidate.holders, (limits, limits.strategy)):
        maximum = own.maximum_order_to_trade_ratio
        if maximum is None:
            continue
        grace = own.order_to_trade_grace
        messages, fills = candidate.safeguards.activity.today(holder, candidate.time)
        messages, trades = messages + 1, max(1, fills)
        if messages > (limits.order_to_trade_grace if grace is None else grace) and (
            (messages - trades) * MONEY_UNIT > maximum * trades
        ):
            whose = f"strategy {holder[1]}" if holder[1] else "the account"
            sentence = f"{whose} has sent too many messages today for what was traded"
            value = f"{ratio_text(messages - trades, trades)}: {messages} messages, {fills} fills"
            limit = f"{ratio_text(maximum, MONEY_UNIT)}"
            return Refusal("ORDER_TO_TRADE_RATIO", sentence, holder_field(holder), value, limit, "after more fills")
    return None


def holder_field(holder: Holder) -> str:
    """Return which part of an order names a holder."""
    return "strategy" if holder[1] else "account"


def _rate(candidate: Candidate, name: str, code: str, what: str) -> Refusal | None:
    limits, safeguards = candidate.limits, candidate.safeguards
    account, strategy = candidate.holders
    share = None if getattr(limits.firm, name) is None else safeguards.budget.amount(name)
    for holder, maximum in (
        (account, getattr(limits, name)),
        (strategy, getattr(limits.strategy, name)),
        (ALL, share),
    ):
        if maximum is None:
            continue
        orders, cancels = safeguards.activity.in_last_second(holder, candidate.look.received)
        if what == "orders":
            count = orders + 1
        else:
            count = cancels if what == "cancels" else orders + cancels + 1
        if count > maximum:
            if holder is ALL:
                safeguards.budget.want(name, count)
            return _too_many(holder, count, maximum, code, what)
    return None


def _too_many(holder: Holder, count: int, maximum: int, code: str, what: str) -> Refusal:
    if holder is ALL:
        whose = "the firm, as far as this partition has a share in it,"
    else:
        whose = f"strategy {holder[1]}" if holder[1] else "the account"
    sentence = f"{whose} has sent too many {what} within a second"
    accepted = "the same order a second later"
    return Refusal(code, sentence, holder_field(holder), str(count), f"{maximum} a second", accepted)
