"""Full revaluation of American options under many scenarios: the part that one process works out.

Options on one underlying share their exercise boundaries (``exercise_boundary``), whatever their strikes and expiries.
A call is a put on the other currency (R. McDonald and M. Schroder 1998: spot and strike change places, and so do rate
and dividend yield). Where early exercise is never worth anything the value is that of a European option. QuantLib
stands in where exercise is best between two boundaries (a put whose dividend yield is below a rate that is not
positive), by finite differences, and where a boundary is not found.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from actors.errors import AlphaMindError, InputError
from actors.risk.pricing import black_scholes, exercise_boundary
from actors.risk.pricing.black_scholes import Array
from actors.risk.pricing.partial import Revaluation, assembled
from actors.risk.pricing.revaluation import OptionBook, Scenarios
from actors.risk.pricing.unit_option import Method, UnitOption

Group = tuple[int, float, float]
NO_RATE = 1e-8
"""A rate up to this counts as none: what it earns is less than what the boundary is good for."""


def american_values(book: OptionBook, scenarios: Scenarios, options: Sequence[int] | None = None) -> Array:
    """Return what one unit of some American options is worth in each scenario, shape (scenarios, options).

    Args:
        book: The options; quantities do not count.
        scenarios: Joint markets.
        options: Numbers of the options to revalue; ``None``: all.

    Raises:
        InputError: Naming the option and the number that is missing or can't be.
    """
    chosen = range(len(book.strike)) if options is None else options
    for option in chosen:
        _check(book, scenarios, option)
    values = np.empty((len(scenarios.spot), len(chosen)))
    for members in _groups(book, chosen).values():
        columns = [column for column, _ in members]
        values[:, columns] = _group_values(book, scenarios, [option for _, option in members])
    return values


def revalue_here(book: OptionBook, scenarios: Scenarios) -> Revaluation:
    """Return what one unit of each American option is worth in each scenario, worked out in this process.

    Options that share boundaries succeed or fail together; what fails is told with the result.
    """
    found: dict[tuple[int, ...], Array | AlphaMindError] = {}
    for part in chunks(book, len(book.strike)):
        try:
            found[part] = american_values(book, scenarios, part)
        except AlphaMindError as error:
            found[part] = error
    return assembled(len(scenarios.spot), len(book.strike), found)


def chunks(book: OptionBook, size: int) -> list[tuple[int, ...]]:
    """Return the options of a book in chunks of about ``size``; those that share boundaries stay together if they can.

    Raises:
        InputError: No size.
    """
    if size < 1:
        raise InputError("no size of chunks", field="chunk", value=size, rule="1 at least")
    found: list[list[int]] = [[]]
    for members in _groups(book, range(len(book.strike))).values():
        for first in range(0, len(members), size):
            part = [option for _, option in members[first : first + size]]
            if found[-1] and len(found[-1]) + len(part) > size:
                found.append([])
            found[-1].extend(part)
    return [tuple(chunk) for chunk in found if chunk]


def _groups(book: OptionBook, options: Sequence[int]) -> dict[Group, list[tuple[int, int]]]:
    """Return places in ``options`` and numbers of options by what they share."""
    groups: dict[Group, list[tuple[int, int]]] = {}
    for place, option in enumerate(options):
        key = int(book.underlying[option]), float(book.sign[option]), float(book.dividend[option])
        groups.setdefault(key, []).append((place, option))
    return groups


def _group_values(book: OptionBook, scenarios: Scenarios, options: Sequence[int]) -> Array:
    """Return values of options on one underlying, of one right and one dividend yield."""
    underlying, sign = int(book.underlying[options[0]]), float(book.sign[options[0]])
    spot, volatility = scenarios.spot[:, underlying], scenarios.volatility[:, underlying]
    dividend = np.full(len(spot), float(book.dividend[options[0]]))
    rate, other = (scenarios.rate, dividend) if sign < 0 else (dividend, scenarios.rate)
    longest = _longest(book, options[0])
    early = np.flatnonzero(rate > NO_RATE)
    bounds = exercise_boundary.boundaries(longest, volatility[early], rate[early], other[early])
    between = np.flatnonzero((rate <= NO_RATE) & (other < rate))
    unknown = [(early[~bounds.found], Method.BOUNDARY), (between, Method.DIFFERENCES)]
    values = np.empty((len(spot), len(options)))
    for column, option in enumerate(options):
        strike, years = float(book.strike[option]), float(book.years[option])
        unit, ratio = (strike, spot / strike) if sign < 0 else (spot, strike / spot)
        found = black_scholes.prices(ratio, 1.0, years, volatility, rate, other, -1.0)
        found[early] = exercise_boundary.values(bounds, ratio[early], years)
        for rows, method in unknown:
            if len(rows):
                given = years, volatility[rows], rate[rows], other[rows]
                found[rows] = _by_quantlib(option, method, ratio[rows], *given)
        values[:, column] = unit * found
    return values


def _longest(book: OptionBook, option: int) -> float:
    """Return the longest time to expiry of all options that share boundaries with one, whatever chunk they are in."""
    same = (book.underlying == book.underlying[option]) & (book.sign == book.sign[option])
    years = book.years[same & (book.dividend == book.dividend[option]) & np.isfinite(book.years)]
    return float(years.max())


def _by_quantlib(
    option: int, method: Method, ratio: Array, years: float, volatility: Array, rate: Array, other: Array
) -> Array:
    unit = UnitOption(method)
    values = np.empty(len(ratio))
    for row, given in enumerate(zip(ratio, volatility, rate, other, strict=True)):
        spot, *market = map(float, given)
        try:
            values[row] = unit.put(spot, years, *market)
        except RuntimeError as error:
            raise InputError(
                f"option {option} can't be valued",
                field=f"options[{option}]",
                value=f"as a put on a strike of 1: spot {spot:g}, years {years:g}, volatility {market[0]:g}, "
                f"rate {market[1]:g}, dividend {market[2]:g}",
                rule=str(error).splitlines()[0],
            ) from None
    return values


def _check(book: OptionBook, scenarios: Scenarios, option: int) -> None:
    underlying, underlyings = int(book.underlying[option]), scenarios.spot.shape[1]
    if not 0 <= underlying < underlyings:
        raise InputError(
            f"option {option} is on an underlying that the scenarios do not have",
            field=f"underlying[{option}]",
            value=underlying,
            rule=f"0 to {underlyings - 1}",
        )
    if book.sign[option] not in (1.0, -1.0):
        value = float(book.sign[option])
        raise InputError(
            f"option {option} is neither call nor put", field=f"sign[{option}]", value=value, rule="+1 or -1"
        )
    for name, values, positive in (
        (f"strike[{option}]", book.strike[option], True),
        (f"years[{option}]", book.years[option], True),
        (f"dividend[{option}]", book.dividend[option], False),
        ("rate", scenarios.rate, False),
        ("spot", scenarios.spot[:, underlying], True),
        ("volatility", scenarios.volatility[:, underlying], True),
    ):
        array = np.atleast_1d(np.asarray(values, np.float64))
        fine = np.isfinite(array) & ((array > 0) if positive else True)
        if fine.all():
            continue
        at = int(np.argmin(fine))
        where = name if "[" in name else f"rate[{at}]" if name == "rate" else f"{name}[{at}, {underlying}]"
        expired = name.startswith("years") and array[at] <= 0
        raise InputError(
            f"option {option} {'has expired' if expired else 'has no ' + name.split('[')[0]}",
            field=where,
            value=float(array[at]),
            rule="positive and finite" if positive else "finite",
            remedy="settle it: it is worth what exercising it paid" if expired else "mend it, or leave the option out",
        )
