import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.errors import InputError
from serve_apps.api.strict import parse_json

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(values)
def test_what_is_json_is_read_as_it_is(value):
    assert parse_json(json.dumps(value, ensure_ascii=False).encode()) == value


@given(st.binary(max_size=50))
def test_whatever_comes_is_read_or_refused(body):
    try:
        parse_json(body)
    except InputError as error:
        assert error.code == "JSON_INVALID"


def test_a_key_that_occurs_twice_is_named():
    with pytest.raises(InputError, match="'qty' occurs twice"):
        parse_json(b'{"a": {"qty": 1, "x": 2, "qty": 3}}')
