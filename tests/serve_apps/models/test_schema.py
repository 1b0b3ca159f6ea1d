from __future__ import annotations

from typing import Any

import pytest

from actors.errors import InputError
from serve_apps.models.schema import parse_request

GOOD = {"instrument": "SPY", "variances": [1e-4, 2]}


def test_either_instances_or_instruments_are_taken() -> None:
    assert parse_request({"instances": [GOOD]}).instances[0].variances == (1e-4, 2.0)  # type: ignore[index]
    assert parse_request({"instruments": ["SPY"]}).instruments == ("SPY",)


@pytest.mark.parametrize(
    ("body", "field", "says"),
    [
        ({}, "body", "either instances or instruments"),
        ({"instances": [GOOD], "instruments": ["SPY"]}, "body", "either instances or instruments"),
        ({"instances": []}, "instances", "at least 1"),
        ({"instances": [GOOD], "more": 1}, "more", "not permitted"),
        ({"instances": [{"instrument": "SPY"}]}, "instances[0].variances", "required"),
        ({"instances": [{"instrument": "SPY", "variances": [1, -1]}]}, "instances[0].variances[1]", "greater than 0"),
        ({"instances": [{"instrument": "SPY", "variances": ["1"]}]}, "instances[0].variances[0]", "valid number"),
        ({"instances": [{"instrument": "SPY", "variances": [True]}]}, "instances[0].variances[0]", "valid number"),
        ({"instances": [{"instrument": "SPY", "variances": [float("nan")]}]}, "instances[0].variances[0]", ""),
        ({"instruments": [3]}, "instruments[0]", "string"),
        ("text", "body", "valid dictionary"),
        (None, "body", ""),
    ],
)
def test_a_wrong_body_is_refused_by_field_and_rule(body: Any, field: str, says: str) -> None:
    with pytest.raises(InputError) as raised:
        parse_request(body)
    assert raised.value.field == field
    assert says in str(raised.value)
