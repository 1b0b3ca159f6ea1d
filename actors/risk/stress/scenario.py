"""A scenario: named changes of factors that happen at once."""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Iterable, Mapping
from typing import Any

from actors.errors import DataError, InputError
from actors.risk.stress.factors import (
    CORRELATION,
    EQUITY,
    VOLATILITY,
    Factor,
    FactorKind,
    inverse,
    parse_factor,
    require_known,
)
from actors.risk.stress.shocks import Change, Shock, absolute, check_shock, parse_shock, relative
from actors.yaml_text import parsed_yaml

_KEYS = "name", "description", "shocks"


@dataclasses.dataclass(frozen=True)
class Scenario:
    """Changes of factors that happen at once.

    Of prices, volatilities and correlations the narrower name holds: with ``equity`` and ``equity:AAPL`` the latter is
    the whole move of that symbol. Key tenors come on top of the parallel move.

    Attributes:
        name: What it is called.
        description: What it is about.
        shocks: The change of every factor that moves.

    Raises:
        InputError: No name, a change that a factor can't make, or an exchange rate that moves both ways round.
    """

    name: str
    description: str = ""
    shocks: Mapping[Factor, Shock] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check the changes."""
        if not self.name:
            raise InputError("a scenario without a name", field="name", value=self.name, rule="some text")
        for factor, shock in self.shocks.items():
            check_shock(factor, shock, f"{self.name}.{factor}")
            if factor == CORRELATION and shock.change is Change.ABSOLUTE:
                raise InputError(
                    "all correlations can't move by one amount",
                    field=f"{self.name}.{factor}",
                    value=shock.text(),
                    rule="a share of the way to 1 or 0, in %",
                )
            if factor.kind is FactorKind.FX and inverse(factor) in self.shocks:
                raise InputError(
                    f"{factor} and {inverse(factor)} are one exchange rate",
                    field=f"{self.name}.{factor}",
                    value=f"{shock.text()} and {self.shocks[inverse(factor)].text()}",
                    rule="one change of each pair of currencies",
                    remedy=f"leave one of the two out: {factor} -50% is {inverse(factor)} +100%",
                )

    def require_known(self, known: Iterable[Factor]) -> None:
        """Refuse factors that a book and its market do not have.

        Raises:
            InputError: Naming the first one.
        """
        there = set(known)
        for factor in self.shocks:
            require_known(factor, there, f"{self.name}.{factor}")

    def plain(self) -> dict[str, Any]:
        """Return the scenario as plain data."""
        shocks = {str(factor): shock.text() for factor, shock in self.shocks.items()}
        return {"name": self.name, "description": self.description, "shocks": shocks}


def scenario_from(content: Any, field: str = "scenario") -> Scenario:
    """Return a scenario from a mapping with ``name``, ``description`` and ``shocks``.

    Raises:
        InputError: Naming the key that is wrong.
    """
    if not isinstance(content, dict) or not isinstance(content.get("shocks"), dict):
        raise InputError("not a scenario", field=field, value=content, rule="a mapping with name and shocks")
    for key in content:
        if key not in _KEYS:
            raise InputError("unknown key", field=f"{field}.{key}", value=key, rule=", ".join(_KEYS))
    shocks: dict[Factor, Shock] = {}
    for text, change in content["shocks"].items():
        where = f"{field}.shocks.{text}"
        factor = parse_factor(str(text), where)
        if factor in shocks:
            raise InputError("a factor is named twice", field=where, value=text, rule="one change of each factor")
        shocks[factor] = parse_shock(change, factor, where)
    return Scenario(str(content.get("name", "")), str(content.get("description", "")), shocks)


def read_scenarios(path: pathlib.Path) -> tuple[Scenario, ...]:
    """Return the scenarios of a YAML file: a list of them, or a mapping with that list as ``scenarios``.

    Raises:
        DataError: The file can't be read.
        InputError: A scenario that is none, or a name that occurs twice.
    """
    try:
        text = path.read_bytes()
    except OSError as error:
        raise DataError("can't be read", field="scenarios", value=path.name, rule=f"YAML ({error})") from error
    content = parsed_yaml(text, "scenarios", path.name)
    listed = content.get("scenarios") if isinstance(content, dict) else content
    if not isinstance(listed, list) or not listed:
        raise DataError("no scenarios", field="scenarios", value=path.name, rule="a list of mappings")
    found = tuple(scenario_from(one, f"scenarios[{at}]") for at, one in enumerate(listed))
    names = [one.name for one in found]
    for name in names:
        if names.count(name) > 1:
            raise InputError("a name occurs twice", field="scenarios", value=name, rule="a name of its own for each")
    return found


def standard_scenarios(known: Iterable[Factor], base: str) -> tuple[Scenario, ...]:
    """Return scenarios that any book is put to, of the factors that it knows; exchange rates in the base currency."""
    there = sorted(known)
    rates = [factor for factor in there if factor.kind is FactorKind.RATE]
    currencies = [factor for factor in there if factor.kind is FactorKind.FX and factor.name[3:] == base]
    up, down = relative(0.5), relative(-0.25)
    found = [
        Scenario("equity -10%", "Every price a tenth lower.", {EQUITY: relative(-0.1)}),
        Scenario("equity -20%", "Every price a fifth lower.", {EQUITY: relative(-0.2)}),
        Scenario("equity -40%", "Every price two fifths lower.", {EQUITY: relative(-0.4)}),
        Scenario("equity +20%", "Every price a fifth higher.", {EQUITY: relative(0.2)}),
        Scenario(
            "crash", "Prices fall by 30%, volatilities double.", {EQUITY: relative(-0.3), VOLATILITY: relative(1)}
        ),
        Scenario("volatility +50%", "Every volatility half as high again.", {VOLATILITY: up}),
        Scenario("volatility -25%", "Every volatility a quarter lower.", {VOLATILITY: down}),
        Scenario("correlation +50%", "Every correlation half of the way to 1.", {CORRELATION: relative(0.5)}),
    ]
    for factor in rates:
        for size in (0.01, -0.01):
            name = f"{factor} {absolute(size).text()}"
            found.append(Scenario(name, "All rates of the currency in parallel.", {factor: absolute(size)}))
    found += [
        Scenario(f"{one} -10%", "The first currency a tenth cheaper.", {one: relative(-0.1)}) for one in currencies
    ]
    return tuple(found)
