"""What one strategy holds of one instrument: lots at their cost, and the tape from which they can be built again."""

from __future__ import annotations

import array
from collections import deque
from collections.abc import MutableMapping, Sequence

import msgspec

from actors.errors import InputError
from actors.messages import Instrument, Message, round_half_even
from actors.portfolio import stepping
from actors.entries import LotMethod
from actors.portfolio.steps import Step, Transfer

EVERY = 1_024
"""Steps after which a holding remembers where it stood, so that a bust need not begin at the start."""
_FEW = 4
_FEW_LOTS = 16
"""Lots of which a snapshot keeps what is remembered; of more it would be longer than it is worth."""

_FIELDS = ("quantity", "cost", "realised", "fees", "income", "carried")
_Mark = tuple[int, tuple[int, ...], tuple["Lot", ...]]
Lot = tuple[int, int, str]
"""Lots (negative when short), their cost, and the execution that opened them."""


class HoldingState(Message, frozen=True):
    """A holding whole, as a snapshot keeps it."""

    instrument: int
    strategy: str
    figures: tuple[int, ...]
    lots: tuple[Lot, ...]
    numbers: bytes
    names: tuple[str | Step, ...]
    choices: dict[str, tuple[tuple[str, int], ...]]
    marks: tuple[tuple[int, tuple[int, ...], tuple[Lot, ...]], ...]


class Holding:
    """A position with its history.

    Attributes:
        strategy: Whose it is.
        instrument: The instrument.
        method: Which lots a closing trade takes.
        quantity: Lots, negative when short.
        cost: Money paid for the open quantity, fees excluded; negative when short.
        realised: Profit of what was closed, before fees.
        fees: Fees paid, rebates deducted.
        income: Dividends and charges received, negative where paid.
        carried: Cost that came from other holdings, less what went to them.
        lots: The open lots, oldest first; empty at average cost.
        choices: Lots that were named for a closing execution.
        transfers: What moved between the account's holdings, by number.
        moved: Numbers of the transfers that became others when the holding was built again.
    """

    __slots__ = (
        "strategy",
        "instrument",
        "method",
        *_FIELDS,
        "lots",
        "choices",
        "transfers",
        "moved",
        "_numbers",
        "_names",
        "_marks",
        "_chosen",
    )

    def __init__(
        self,
        strategy: str,
        instrument: Instrument,
        method: LotMethod,
        transfers: MutableMapping[int, Transfer] | None = None,
    ) -> None:
        self.strategy = strategy
        self.instrument = instrument
        self.method = method
        self.quantity = self.cost = self.realised = self.fees = self.income = self.carried = 0
        self.lots: deque[Lot] = deque()
        self.choices: dict[str, tuple[tuple[str, int], ...]] = {}
        self.transfers = {} if transfers is None else transfers
        self.moved: list[int] = []
        self._numbers = array.array("q")
        self._names: list[str | Step] = []
        self._marks: list[_Mark] = [(0, (0,) * len(_FIELDS), ())]
        self._chosen: str | None = None

    @property
    def marks(self) -> Sequence[_Mark]:
        """Where the holding stood before some of its steps: the step, its figures, its lots."""
        return self._marks

    @property
    def result(self) -> int:
        """Profit that is in the books already: realised, and income, less fees."""
        return self.realised + self.income - self.fees

    @property
    def cash(self) -> int:
        """All the money that the position brought so far; negative where it took more."""
        result = self.realised + self.income - self.fees
        return result if self.instrument.margined else result - self.cost + self.carried

    @property
    def owed(self) -> int:
        """Cost that was not paid: that of a margined position."""
        return self.cost if self.instrument.margined else 0

    @property
    def standing(self) -> tuple[int, int, int, int]:
        """Lots, cash, result and what is owed: what a booking changes elsewhere, too."""
        return self.quantity, self.cash, self.result, self.owed

    def fill(self, sign: int, quantity: int, price: int, fee: int, name: str) -> int:
        """Book an execution and return its notional value.

        Raises:
            InputError: A number is beyond 64 bits; nothing is changed.
        """
        self._note(sign * quantity, price, fee, name)
        return self._fill(sign, quantity, price, fee, name)

    def step(self, step: Step) -> None:
        """Book something else that happened."""
        self._note(0, 0, 0, step)
        stepping.take(self, step)

    def take_back(self, name: str) -> bool:
        """Build the holding again as though an execution had never been; False where it is not on the tape."""
        return self._rewrite(name, 0, 0, 0, name)

    def replace(self, name: str, signed: int, price: int, fee: int, by: str) -> bool:
        """Build the holding again with another execution in the place of one; False where that is not on the tape."""
        return self._rewrite(name, signed, price, fee, by)

    def recall(self, name: str) -> tuple[int, int, int] | None:
        """Return signed quantity, price and fee of the newest execution of that name, or ``None``."""
        index = self._find(name)
        return None if index is None else tuple(self._numbers[3 * index : 3 * index + 3])  # type: ignore[return-value]

    def choose(self, name: str, lots: Sequence[tuple[str, int]], keep: bool = True) -> None:
        """Let a closing execution close the lots named, and build the holding again; with ``keep`` off, only try it.

        Raises:
            InputError: It is not on the tape, or the lots were not there to be closed; nothing is changed.
        """
        index = self._find(name)
        if index is None:
            raise InputError(
                f"no execution {name!r} in this position",
                field="execution_id",
                value=name,
                rule="an execution of the strategy in the instrument",
            )
        before, self.choices = self.choices, {**self.choices, name: tuple(lots)}
        self._chosen = name
        try:
            self.rebuild(index)
            if self._chosen is not None:
                raise InputError(
                    f"execution {name!r} closed nothing", field="execution_id", value=name, rule="one that closed lots"
                )
        except InputError:
            keep = False
            raise
        finally:
            self._chosen = None
            if not keep:
                self.choices = before
                self.rebuild(index)

    def rebuild(self, since: int = 0) -> None:
        """Build the holding again from its tape; nothing before step ``since`` has changed."""
        while len(self._marks) > 1 and self._marks[-1][0] > since:
            self._marks.pop()
        begin, figures, lots = self._marks[-1]
        for field, value in zip(_FIELDS, figures, strict=True):
            setattr(self, field, value)
        self.lots = deque(lots)
        for index in range(begin, len(self._names)):
            name = self._names[index]
            if index:
                self._remember(index)
            if isinstance(name, str):
                signed, price, fee = self._numbers[3 * index : 3 * index + 3]
                if signed:
                    self._fill(1 if signed > 0 else -1, abs(signed), price, fee, name)
            else:
                stepping.take(self, name)

    def state(self) -> HoldingState:
        """Return everything that makes up the holding."""
        return HoldingState(
            self.instrument.id,
            self.strategy,
            tuple(getattr(self, field) for field in _FIELDS),
            tuple(self.lots),
            self._numbers.tobytes(),
            tuple(self._names),
            dict(self.choices),
            tuple(mark for mark in self._marks if not mark[0] or len(mark[2]) < _FEW_LOTS),
        )

    def restore(self, state: HoldingState) -> None:
        """Become what ``state`` described."""
        for field, value in zip(_FIELDS, state.figures, strict=True):
            setattr(self, field, value)
        self.lots = deque(state.lots)
        self._numbers.frombytes(state.numbers)
        self._names, self._marks, self.choices = list(state.names), list(state.marks), dict(state.choices)

    def begin(self, *figures: int) -> None:
        """Begin with these figures (in the order of the attributes) and no history."""
        for field, value in zip(_FIELDS, figures, strict=False):
            setattr(self, field, value)
        if self.quantity and self.method is not LotMethod.AVERAGE:
            self.lots.append((self.quantity, self.cost, ""))
        self._marks = [(0, tuple(getattr(self, field) for field in _FIELDS), tuple(self.lots))]

    def _note(self, signed: int, price: int, fee: int, name: str | Step) -> None:
        numbers = self._numbers
        try:
            numbers.extend((signed, price, fee))
        except OverflowError:
            del numbers[3 * len(self._names) :]
            raise InputError(
                "a number that can't be kept", field="fill", value=(signed, price, fee), rule="64-bit integers"
            ) from None
        self._names.append(name)
        if not len(self._names) % EVERY:
            self._remember(len(self._names) - 1)

    def _remember(self, index: int) -> None:
        """Keep where the holding stands before step ``index``, now and then."""
        if index - self._marks[-1][0] < EVERY:
            return
        self._marks.append((index, tuple(getattr(self, field) for field in _FIELDS), tuple(self.lots)))
        if len(self._marks) > _FEW:
            self._marks = [self._marks[0], *_thinned(self._marks[1:], index)]

    def _find(self, name: str) -> int | None:
        names = self._names
        for index in range(len(names) - 1, -1, -1):
            if names[index] == name:
                return index
        return None

    def _rewrite(self, name: str, signed: int, price: int, fee: int, by: str) -> bool:
        index = self._find(name)
        if index is None:
            return False
        self._numbers[3 * index : 3 * index + 3] = array.array("q", (signed, price, fee))
        self._names[index] = by
        if by != name and self.choices:
            self.choices = {
                (by if closing == name else closing): tuple((by if one == name else one, lots) for one, lots in chosen)
                for closing, chosen in self.choices.items()
            }
        self.rebuild(index)
        return True

    def _fill(self, sign: int, quantity: int, price: int, fee: int, name: str) -> int:
        notional = self.instrument.notional(price, quantity)
        held = self.quantity
        if held * sign >= 0:
            cost = sign * notional
            if self.method is not LotMethod.AVERAGE:
                self.lots.append((sign * quantity, cost, name))
        elif quantity <= abs(held):
            cost = -self.release(quantity, name)
        else:
            opened = sign * (notional - self.instrument.notional(price, abs(held)))
            cost = opened - self.release(abs(held), name)
            if self.method is not LotMethod.AVERAGE:
                self.lots.append((held + sign * quantity, opened, name))
        self.quantity = held + sign * quantity
        self.cost += cost
        self.fees += fee
        self.realised += cost - sign * notional
        return notional

    def release(self, quantity: int, name: str = "") -> int:
        """Return the cost of ``quantity`` lots that close, and take them off ``lots``; the figures stay as they are."""
        held = abs(self.quantity)
        if self.method is LotMethod.AVERAGE:
            return self.cost if quantity == held else round_half_even(self.cost * quantity, held)
        released, left, chosen = 0, quantity, name == self._chosen
        if chosen:
            self._chosen = None
        for opening, wanted in self.choices.get(name, ()):
            if wanted > left:
                if not chosen:
                    break
                raise InputError(
                    "more lots are named than were closed",
                    field="lots",
                    value=quantity - left + wanted,
                    rule=f"at most {quantity} of execution {name!r}",
                )
            part = self._release_named(opening, wanted, chosen)
            if part is not None:
                released, left = released + part, left - wanted
        newest = self.method is LotMethod.LIFO
        while left:
            lots, cost, opening = self.lots[-1] if newest else self.lots[0]
            part, kept = _divide(lots, cost, left, opening)
            released += part
            left -= min(left, abs(lots))
            if newest:
                self.lots.pop()
                self.lots.extend(kept)
            else:
                self.lots.popleft()
                self.lots.extendleft(kept)
        return released

    def _release_named(self, opening: str, wanted: int, chosen: bool) -> int | None:
        """Return the cost of lots that a selection names; ``None`` where a bust since has taken them away."""
        for index, (lots, cost, opened_by) in enumerate(self.lots):
            if opened_by == opening and 0 < wanted <= abs(lots):
                released, kept = _divide(lots, cost, wanted, opening)
                del self.lots[index]
                if kept:
                    self.lots.insert(index, kept[0])
                return released
        if not chosen:
            return None
        open_lots = ", ".join(f"{opened_by}: {abs(lots)}" for lots, _, opened_by in self.lots)
        raise InputError(
            f"there were no {wanted} open lots of execution {opening!r}",
            field="lots",
            value=f"{opening}: {wanted}",
            rule=f"lots that were open then: {open_lots or 'none'}",
        )

    def transfer(self, number: int, cost: int, lots: tuple[Lot, ...] = (), exercised: int = 0) -> None:
        """Say what a transfer moves; the account's books follow where that is something else than before."""
        known = self.transfers[number]
        moved = msgspec.structs.replace(known, cost=cost, lots=lots, exercised=exercised)
        if moved != known:
            self.transfers[number] = moved
            self.moved.append(number)

    def add(self, lots: int, cost: int, name: str) -> None:
        """Add lots at a cost; what they close is closed at that cost."""
        if self.quantity * lots < 0:
            closing = min(abs(lots), abs(self.quantity))
            part = cost if closing == abs(lots) else round_half_even(cost * closing, abs(lots))
            released = self.release(closing)
            self.quantity += closing if lots > 0 else -closing
            self.cost -= released
            self.realised -= part + released
            lots, cost = (abs(lots) - closing) * (1 if lots > 0 else -1), cost - part
            if not lots:
                return
        self.quantity += lots
        self.cost += cost
        if self.method is not LotMethod.AVERAGE:
            self.lots.append((lots, cost, name))

    def clear(self) -> None:
        """Hold nothing any more."""
        self.quantity = self.cost = 0
        self.lots.clear()


def _divide(lots: int, cost: int, wanted: int, name: str) -> tuple[int, list[Lot]]:
    """Return the cost of ``wanted`` of some lots, and what is left of them."""
    if wanted >= abs(lots):
        return cost, []
    released = round_half_even(cost * wanted, abs(lots))
    return released, [(lots - (wanted if lots > 0 else -wanted), cost - released, name)]


def _thinned(marks: Sequence[_Mark], index: int) -> list[_Mark]:
    """Return marks, oldest first, of which each is about twice as far back from step ``index`` as the next one."""
    kept: list[_Mark] = []
    for mark in reversed(marks):
        if not kept or index - mark[0] >= 2 * max(EVERY, index - kept[-1][0]) or len(kept) < 2:
            kept.append(mark)
    return kept[::-1]
