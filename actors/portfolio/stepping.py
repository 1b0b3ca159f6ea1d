"""What each kind of step does to a holding: when it happens, and whenever the holding is built again."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from actors.entries import Split
from actors.messages import MONEY_UNIT, Instrument, round_half_even
from actors.portfolio.steps import Came, Charged, Delivered, Ended, Exercised, Left, Paid, Scaled, Settled, Step

if TYPE_CHECKING:
    from actors.portfolio.holding import Holding


def take(holding: Holding, step: Step) -> None:
    """Do to a holding what ``step`` says."""
    if isinstance(step, Scaled):
        _scale(holding, step)
    elif isinstance(step, Paid):
        units = holding.quantity * holding.instrument.quantity_increment
        holding.income += round_half_even(step.amount * units, MONEY_UNIT)
    elif isinstance(step, Charged):
        holding.income += step.amount
    elif isinstance(step, Ended):
        holding.realised += worth(holding.instrument, step.price, holding.quantity) - holding.cost
        holding.clear()
    elif isinstance(step, Settled):
        _settle(holding, step.price)
    elif isinstance(step, Left):
        _leave(holding, step)
    elif isinstance(step, Came):
        for lots, cost, name in holding.transfers[step.transfer].lots:
            holding.add(lots, cost, name)
            holding.carried += cost
    elif isinstance(step, Exercised):
        _exercise(holding, step)
    else:
        _deliver(holding, step)


def _settle(holding: Holding, price: int) -> None:
    gain = worth(holding.instrument, price, holding.quantity) - holding.cost
    holding.cost += gain
    holding.realised += gain
    marked, left = [], holding.cost
    for lots, _, name in list(holding.lots)[:-1]:
        value = worth(holding.instrument, price, lots)
        marked.append((lots, value, name))
        left -= value
    if holding.lots:
        lots, _, name = holding.lots[-1]
        marked.append((lots, left, name))
    holding.lots = deque(marked)


def _scale(holding: Holding, step: Scaled) -> None:
    after = step.after
    if holding.quantity != step.before:  # an execution before it was changed since
        exact = abs(holding.quantity) * step.numerator // step.denominator
        after = exact if holding.quantity > 0 else -exact
    paid = part_of_a_lot(holding.instrument, holding.quantity, after, step)
    lots, cost = list(holding.lots), holding.cost
    ends, total = [], 0
    for one in lots:
        total += abs(one[0])
        ends.append(min(total * step.numerator // step.denominator, abs(after)))
    sign = 1 if holding.quantity > 0 else -1
    if ends:
        ends[-1] = abs(after)
        starts = [0, *ends[:-1]]
        holding.lots = deque(
            (sign * (end - start), one[1], one[2])
            for one, start, end in zip(lots, starts, ends, strict=True)
            if end > start
        )
    lost = holding.quantity * step.numerator - after * step.denominator  # in parts of a new lot
    released = round_half_even(cost * abs(lost), abs(holding.quantity) * step.numerator) if lost * sign > 0 else 0
    if lost * sign < 0:
        released = paid  # a part of a lot was bought of another strategy
    if not after:
        released = cost
    holding.quantity = after
    holding.cost -= released
    holding.realised += paid - released
    if holding.lots:
        count, known, name = holding.lots[-1]
        holding.lots[-1] = (count, known + holding.cost - sum(one[1] for one in holding.lots), name)


def _leave(holding: Holding, step: Left) -> None:
    lots = tuple(holding.lots) or (((holding.quantity, holding.cost, ""),) if holding.quantity else ())
    holding.transfer(step.transfer, holding.cost, lots)
    holding.carried -= holding.cost
    holding.clear()


def _exercise(holding: Holding, step: Exercised) -> None:
    sign = 1 if step.quantity > 0 else -1
    quantity = min(abs(step.quantity), max(0, sign * holding.quantity))
    released = holding.release(quantity) if quantity else 0
    holding.quantity -= sign * quantity
    holding.cost -= released
    if step.carries:
        holding.carried -= released
    else:
        holding.realised -= released
    holding.transfer(step.transfer, released if step.carries else 0, exercised=quantity)


def _deliver(holding: Holding, step: Delivered) -> None:
    transfer = holding.transfers[step.transfer]
    extra, sign = transfer.cost, 1 if step.quantity > 0 else -1
    quantity, notional = abs(step.quantity), step.notional
    if transfer.exercised != step.asked:  # an execution before it was changed since
        quantity = quantity * transfer.exercised // step.asked
        notional = round_half_even(notional * transfer.exercised, step.asked)
    if quantity:
        holding.add(sign * quantity, sign * notional + extra, "")
    else:
        holding.realised -= extra
    holding.carried += extra


def worth(instrument: Instrument, price: int, quantity: int) -> int:
    """Return what lots are worth at a price of one unit that need not be on the tick, all in 1e-8 units."""
    return round_half_even(price * quantity * instrument.quantity_increment * instrument.multiplier, MONEY_UNIT)


def part_of_a_lot(instrument: Instrument, before: int, after: int, split: Scaled | Split) -> int:
    """Return the money for what a split leaves beyond whole lots; negative where a part of a lot is bought."""
    part = before * split.numerator - after * split.denominator
    units = part * instrument.quantity_increment * instrument.multiplier
    return round_half_even((split.price or 0) * units, MONEY_UNIT * split.denominator)
