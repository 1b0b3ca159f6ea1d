from __future__ import annotations

import decimal
import pathlib
import sys

import pytest

from actors.errors import ConfigurationError, InputError
from actors.strategy.examples import VolatilityTarget
from actors.strategy.loading import build, load_class
from actors.strategy.strategy import Strategy
from tests.actors.strategy.examples import BuyOnBar, Callbacks


def test_a_class_is_loaded_by_module_and_name() -> None:
    assert load_class("actors.strategy.examples:VolatilityTarget") is VolatilityTarget


@pytest.mark.parametrize(
    ("implementation", "says"),
    [
        ("nonsense", "unreadable implementation"),
        ("no.such.module:X", "no module no"),
        ("actors.strategy.examples:VolatiltyTarget", "did you mean VolatilityTarget"),
        ("actors.messages:Order", "is not a strategy"),
        ("actors.strategy.strategy:Strategy", "is not a strategy"),
        ("actors.clock:Nothing", "it has no strategy"),
    ],
)
def test_what_can_not_be_loaded_is_refused_with_the_reason(implementation: str, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        load_class(implementation)


def test_a_module_that_fails_at_import_is_named_with_the_line(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken_strategy.py").write_text("x = 1\ny = x / 0\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ConfigurationError, match=r"ZeroDivisionError: division by zero at .*broken_strategy.py:2"):
        load_class("broken_strategy:X")
    sys.modules.pop("broken_strategy", None)


class Typed(Strategy):
    whole: int
    share: float = 0.5
    name: str = "x"
    windows: tuple[int, ...] = (1, 2)
    price: decimal.Decimal = decimal.Decimal("0.1")
    maybe: int | None = None


def test_parameters_are_converted_to_their_types() -> None:
    made = build(Typed, {"whole": 3, "share": 1, "windows": [5, 6], "price": "0.25", "maybe": None})
    assert isinstance(made, Typed)
    assert (made.whole, made.share, made.windows, made.price, made.name) == (
        3,
        1.0,
        (5, 6),
        decimal.Decimal("0.25"),
        "x",
    )


@pytest.mark.parametrize(
    ("parameters", "field", "says"),
    [
        ({"whole": 1, "shares": 1.0}, "parameters.shares", "did you mean share?"),
        ({"whole": "3"}, "parameters.whole", "Expected `int`, got `str`"),
        ({"whole": True}, "parameters.whole", "Expected `int`, got `bool`"),
        ({"whole": 1, "share": "half"}, "parameters.share", "Expected `float`"),
        ({"whole": 1, "windows": [1, "b"]}, "parameters.windows", "Expected `int`"),
        ({}, "parameters.whole", "Typed needs whole"),
    ],
)
def test_wrong_parameters_are_refused_by_name_value_and_rule(
    parameters: dict[str, object], field: str, says: str
) -> None:
    with pytest.raises(ConfigurationError) as raised:
        build(Typed, parameters)
    assert raised.value.field == field
    assert says in str(raised.value)


def test_a_strategy_without_parameters_says_so() -> None:
    with pytest.raises(ConfigurationError, match="it takes none"):
        build(Callbacks, {"x": 1})


def test_a_name_with_an_underscore_is_state_and_no_parameter() -> None:
    with pytest.raises(ConfigurationError, match="one of lots, limit"):
        build(BuyOnBar, {"_seen": 5})
    assert build(BuyOnBar, {})._seen == 0  # type: ignore[attr-defined]


def test_a_value_that_the_strategy_refuses_is_a_configuration_error() -> None:
    with pytest.raises(ConfigurationError, match="share has to lie above 0"):
        build(VolatilityTarget, {"share": 0})
    with pytest.raises(ConfigurationError, match="caution"):
        build(VolatilityTarget, {"caution": 0.5})


def test_an_unknown_type_in_an_annotation_is_a_configuration_error() -> None:
    class Odd(Strategy):
        window: Wnidow = 1  # type: ignore[name-defined]  # noqa: F821

    with pytest.raises(ConfigurationError, match="unknown type"):
        build(Odd, {})


def test_a_mistake_inside_the_constructor_is_not_taken_for_a_missing_parameter() -> None:
    class Broken(Strategy):
        def __post_init__(self) -> None:
            raise TypeError("inside")

    with pytest.raises(TypeError, match="inside"):
        build(Broken, {})


def test_a_strategy_that_defines_init_is_refused_when_it_is_defined() -> None:
    with pytest.raises(InputError, match="on_start"):

        class Old(Strategy):
            def __init__(self) -> None:
                pass


def test_a_mutable_default_is_refused_when_the_class_is_defined() -> None:
    with pytest.raises(InputError, match="default_factory"):

        class Listed(Strategy):
            values: list[int] = []


def test_strategies_are_compared_by_identity_and_can_be_kept_in_sets() -> None:
    assert len({Callbacks(), Callbacks()}) == 2


def test_every_callback_has_a_default_that_does_nothing() -> None:
    class Idle(Strategy):
        pass

    idle = Idle()
    for name in ("on_start", "on_stop"):
        assert getattr(idle, name)(None) is None
    for name in ("on_bar", "on_quote", "on_trade", "on_order", "on_fill", "on_forecast"):
        assert getattr(idle, name)(None, None) is None


def test_a_class_is_loaded_from_a_file_of_the_users_own(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text("import alphamind\n\n\nclass Mine(alphamind.Strategy):\n    size: int = 3\n")
    kind = load_class(f"{file}:Mine")
    assert build(kind, {"size": 5}).size == 5
    assert load_class(f"{file}:Mine") is kind


def test_a_file_that_does_not_exist_or_fails_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match="there is no file"):
        load_class(f"{tmp_path}/none.py:Mine")
    file = tmp_path / "broken.py"
    file.write_text("1 / 0\n")
    for _ in range(2):
        with pytest.raises(ConfigurationError, match="ZeroDivisionError.*broken.py:1"):
            load_class(f"{file}:Mine")
