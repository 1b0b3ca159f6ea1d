"""How each kind of entry changes the books: checked first, so that an entry is booked whole or not at all.

Each kind is one generator: what stands before its ``yield`` only looks, what stands behind it only writes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from actors.entries import (
    CashDividend,
    Charge,
    Conversion,
    Entry,
    ExchangeRate,
    Exercise,
    LotMethod,
    LotSelection,
    Rename,
    Split,
    Termination,
    VariationMargin,
)
from actors.errors import InputError
from actors.messages import MONEY_UNIT, Instrument, round_half_even
from actors.portfolio.currency_pool import CurrencyPool
from actors.portfolio.holding import Holding
from actors.portfolio.stepping import part_of_a_lot, worth
from actors.portfolio.steps import (
    Came,
    Charged,
    Delivered,
    Ended,
    Exercised,
    Left,
    Paid,
    Scaled,
    Settled,
    Step,
    Transfer,
)

if TYPE_CHECKING:
    from actors.portfolio.books import Books

LARGEST = 2**63 - 1
_CURRENCY = re.compile(r"[A-Z]{3,5}")


def enter(books: Books, entry: Entry) -> None:
    """Book an entry.

    Raises:
        InputError: It does not fit the books, which are as before.
        NotFound: Its instrument is not in the master.
    """
    for _ in _ENTERING[type(entry)](books, entry):
        pass


def check(books: Books, entry: Entry) -> None:
    """Raise what ``enter`` would, and change nothing."""
    next(_ENTERING[type(entry)](books, entry))


def follow_transfers(books: Books, holding: Holding) -> None:
    """Build those positions again to which something else moved than was thought, now that ``holding`` is another."""
    changed = [holding]
    while changed:
        source = changed.pop()
        targets = {(books.transfers[one].strategy, books.transfers[one].instrument) for one in source.moved}
        source.moved.clear()
        for key in targets:
            target = books.holding(*key)
            before = target.standing
            target.rebuild()
            books.post(target, before)
            changed.append(target)


def _step(books: Books, holding: Holding, step: Step) -> None:
    before = holding.standing
    holding.step(step)
    holding.moved.clear()
    books.post(holding, before)


def _split(books: Books, entry: Split) -> Iterator[None]:
    up, down = _positive("numerator", entry.numerator), _positive("denominator", entry.denominator)
    instrument = books.instrument(entry.instrument)
    holders = [holding for _, holding in books.holders(entry.instrument)]
    whole = [holding.quantity * up // down for holding in holders]
    rests = [holding.quantity * up % down for holding in holders]
    net = books.position(entry.instrument) * up
    spare = (abs(net) // down if net > 0 else -(abs(net) // down)) - sum(whole)
    for index in sorted(range(len(holders)), key=lambda one: -rests[one])[:spare]:
        whole[index] += 1
    if any(rests) and (entry.price is None or entry.price < 0):
        raise InputError(
            f"{abs(net) / down:g} lots of {instrument.symbol}, or a strategy's part of them, do not divide, and there "
            "is no price for a part of one",
            field="price",
            value=entry.price,
            rule="the price after the split, where a position does not divide",
        )
    for holding, after in zip(holders, whole, strict=True):
        _in_range("numerator", entry.numerator, after, entry.price or 0, part_of_a_lot(instrument, 1, 0, entry))
        books.check_amount(instrument.currency, part_of_a_lot(instrument, holding.quantity, after, entry))
    yield
    for holding, after in zip(holders, whole, strict=True):
        _step(books, holding, Scaled(up, down, holding.quantity, after, entry.price or 0))


def _dividend(books: Books, entry: CashDividend) -> Iterator[None]:
    instrument = books.instrument(entry.instrument)
    _positive("amount", entry.amount)
    _check_worth(books, instrument, entry.amount, "amount")
    yield
    for _, holding in books.holders(entry.instrument):
        _step(books, holding, Paid(entry.amount))


def _rename(books: Books, entry: Rename) -> Iterator[None]:
    old, new = books.instrument(entry.instrument), books.instrument(entry.into)
    for name in ("currency", "multiplier", "quantity_increment", "settlement"):
        if getattr(old, name) != getattr(new, name):
            raise InputError(
                f"{old.symbol} can't go on as {new.symbol}: another {name}",
                field="into",
                value=new.symbol,
                rule=f"{name} {getattr(old, name)}",
            )
    if old.id == new.id:
        raise InputError(f"{old.symbol} is what it is called", field="into", value=new.symbol, rule="another one")
    yield
    for strategy, holding in books.holders(entry.instrument):
        number = len(books.transfers)
        books.transfers[number] = Transfer(strategy, new.id)
        _step(books, holding, Left(number))
        _step(books, books.holding(strategy, new.id), Came(number))


def _termination(books: Books, entry: Termination) -> Iterator[None]:
    instrument = books.instrument(entry.instrument)
    if entry.price < 0:
        raise InputError("a price below 0", field="price", value=entry.price, rule="0 or more")
    _check_worth(books, instrument, entry.price, "price")
    yield
    for _, holding in books.holders(entry.instrument):
        _step(books, holding, Ended(entry.price))


def _variation(books: Books, entry: VariationMargin) -> Iterator[None]:
    instrument = books.instrument(entry.instrument)
    if not instrument.margined:
        raise InputError(
            f"{instrument.symbol} is paid in full", field="instrument", value=instrument.symbol, rule="a margined one"
        )
    _positive("price", entry.price)
    _check_worth(books, instrument, entry.price, "price")
    yield
    for _, holding in books.holders(entry.instrument):
        _step(books, holding, Settled(entry.price))


def _exercise(books: Books, entry: Exercise) -> Iterator[None]:
    option = books.instrument(entry.instrument)
    terms = option.option
    if terms is None or terms.settlement == "cash":
        what = "is not an option" if terms is None else "is settled in cash: book its expiry at the settlement price"
        raise InputError(
            f"{option.symbol} {what}", field="instrument", value=option.symbol, rule="an option on what is delivered"
        )
    underlying = books.instrument(terms.underlying)
    if underlying.currency != option.currency:
        raise InputError(
            f"{option.symbol} and {underlying.symbol} are in two currencies",
            field="instrument",
            value=option.symbol,
            rule="an option in the currency of its underlying",
        )
    held = books.strategy_position(entry.strategy, entry.instrument)
    if not 0 < entry.quantity <= abs(held):
        raise InputError(
            f"{entry.strategy} holds {held} lots of {option.symbol}",
            field="quantity",
            value=entry.quantity,
            rule=f"1 to {abs(held)}",
        )
    lots, rest = _delivered_lots(option, underlying, entry.quantity)
    if rest:
        raise InputError(
            f"{option.symbol} delivers a part of a lot of {underlying.symbol}",
            field="instrument",
            value=option.symbol,
            rule=f"a multiple of {underlying.quantity_increment} (1e-8 units)",
        )
    side = 1 if held > 0 else -1
    units = lots * underlying.quantity_increment * underlying.multiplier
    notional = round_half_even(terms.strike * units, MONEY_UNIT)
    books.check_amount(option.currency, notional)
    books.check_amount(option.currency, -notional)
    yield
    number = len(books.transfers)
    books.transfers[number] = Transfer(entry.strategy, underlying.id)
    carries = not (option.margined or underlying.margined)
    taken = side * lots if terms.right == "call" else -side * lots
    _step(books, books.holding(entry.strategy, option.id), Exercised(side * entry.quantity, number, carries))
    _step(books, books.holding(entry.strategy, underlying.id), Delivered(taken, notional, entry.quantity, number))


def _delivered_lots(option: Instrument, underlying: Instrument, quantity: int) -> tuple[int, int]:
    return divmod(quantity * option.quantity_increment * option.multiplier, underlying.quantity_increment)


def _charge(books: Books, entry: Charge) -> Iterator[None]:
    books.check_amount(entry.currency, entry.amount)
    _check_currency(books, "currency", entry.currency, entry.amount)
    if entry.instrument < 0 and not entry.strategy:
        yield
        books.charge(entry.currency, entry.amount)
        return
    instrument = books.instrument(entry.instrument)
    if instrument.currency != entry.currency or not entry.strategy:
        raise InputError(
            f"a charge for {instrument.symbol} of {entry.strategy or 'no strategy'} in {entry.currency}",
            field="strategy" if not entry.strategy else "currency",
            value=entry.strategy or entry.currency,
            rule=f"a strategy, and {instrument.currency}",
        )
    holding = books.find(entry.strategy, entry.instrument)
    if holding is None:
        raise InputError(
            f"{entry.strategy} never held {instrument.symbol}",
            field="strategy",
            value=entry.strategy,
            rule="a strategy with a position in the instrument",
        )
    yield
    _step(books, holding, Charged(entry.amount))


def _conversion(books: Books, entry: Conversion) -> Iterator[None]:
    _positive("sold_amount", entry.sold_amount)
    _positive("bought_amount", entry.bought_amount)
    if entry.sold == entry.bought:
        raise InputError("both sides are in one currency", field="bought", value=entry.bought, rule="another currency")
    books.check_amount(entry.sold, -entry.sold_amount)
    books.check_amount(entry.bought, entry.bought_amount)
    _check_currency(books, "sold", entry.sold, entry.sold_amount)
    _check_currency(books, "bought", entry.bought, entry.bought_amount)
    yield
    books.convert(entry.sold, entry.sold_amount, entry.bought, entry.bought_amount)


def _rate(books: Books, entry: ExchangeRate) -> Iterator[None]:
    _positive("rate", entry.rate)
    if not books.own_currency or entry.currency == books.own_currency:
        raise InputError(
            f"{entry.currency} is not translated here",
            field="currency",
            value=entry.currency,
            rule=f"another one than the account's own, {books.own_currency or 'which is not known'}",
        )
    if not _CURRENCY.fullmatch(entry.currency):
        raise InputError("not a currency", field="currency", value=entry.currency, rule="3 to 5 capital letters")
    pool = books.pools.get(entry.currency, CurrencyPool())
    stake = abs(pool.balance) + abs(pool.untranslated) + abs(pool.untranslated_contributed)
    _in_range("rate", entry.rate, stake * entry.rate // MONEY_UNIT)
    yield
    books.pools.setdefault(entry.currency, pool).translate(entry.rate)


def _selection(books: Books, entry: LotSelection) -> Iterator[None]:
    if books.lots is not LotMethod.SPECIFIC:
        raise InputError(
            f"lots are not chosen in account {books.account}",
            field="lots",
            value=books.lots.value,
            rule=f"an account whose lots are {LotMethod.SPECIFIC.value}",
        )
    books.instrument(entry.instrument)
    for _, quantity in entry.lots:
        _positive("lots", quantity)
    holding = books.find(entry.strategy, entry.instrument)
    if holding is None:
        raise InputError(
            f"{entry.strategy} has no execution {entry.execution_id!r} in instrument {entry.instrument}",
            field="execution_id",
            value=entry.execution_id,
            rule="an execution of the strategy in the instrument",
        )
    before = holding.standing
    holding.choose(entry.execution_id, entry.lots, keep=False)
    holding.moved.clear()
    yield
    holding.choose(entry.execution_id, entry.lots)
    books.post(holding, before)
    follow_transfers(books, holding)


def _check_worth(books: Books, instrument: Instrument, price: int, field: str) -> None:
    """Refuse a price at which positions would be worth more than books can keep."""
    for _, holding in books.holders(instrument.id):
        value = worth(instrument, price, holding.quantity)
        _in_range(field, price, value)
        books.check_amount(instrument.currency, value)


def _check_currency(books: Books, field: str, currency: str, amount: int) -> None:
    """Refuse a currency that nothing here is in, and an amount that can't be translated."""
    if not books.knows(currency):
        raise InputError(
            f"nothing here is in {currency}",
            field=field,
            value=currency,
            rule="the account's currency, an instrument's, or one with a rate",
            remedy="book its rate first",
        )
    pool = books.pools.get(currency)
    if pool is not None:
        _in_range("amount", amount, (abs(pool.balance) + abs(amount)) * pool.rate // MONEY_UNIT)


def _in_range(field: str, value: int, *figures: int) -> None:
    if any(abs(figure) > LARGEST for figure in figures):
        raise InputError(
            f"{field} takes the books beyond what can be kept",
            field=field,
            value=value,
            rule=f"figures up to {LARGEST}",
        )


def _positive(field: str, value: int) -> int:
    if value <= 0:
        raise InputError(f"{field} is not positive", field=field, value=value, rule="positive")
    return value


_ENTERING: dict[type, Callable[[Books, Any], Iterator[None]]] = {
    Split: _split,
    CashDividend: _dividend,
    Rename: _rename,
    Termination: _termination,
    VariationMargin: _variation,
    Exercise: _exercise,
    Charge: _charge,
    Conversion: _conversion,
    ExchangeRate: _rate,
    LotSelection: _selection,
}
