import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve_apps.api.times import time_text, with_time_texts


@pytest.mark.parametrize(
    ("time", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1_704_205_800_000_000_000, "2024-01-02T14:30:00Z"),
        (1_704_205_800_120_000_000, "2024-01-02T14:30:00.120Z"),
        (1_704_205_800_000_001_000, "2024-01-02T14:30:00.000001Z"),
        (1_704_205_800_000_000_001, "2024-01-02T14:30:00.000000001Z"),
        (-1, "1969-12-31T23:59:59.999999999Z"),
    ],
)
def test_times_have_as_many_decimals_as_they_need(time, text):
    assert time_text(time) == text


@given(st.integers(0, 2**62 // 1000))
def test_microseconds_survive(microseconds):
    text = time_text(microseconds * 1000).replace("Z", "+00:00")
    epoch = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
    if "." in text:
        head, _, tail = text.partition(".")
        text = f"{head}.{tail.removesuffix('+00:00').ljust(6, '0')}+00:00"
    assert datetime.datetime.fromisoformat(text) == epoch + datetime.timedelta(microseconds=microseconds)


def test_only_times_are_rewritten():
    answer = {
        "as_of": 0,
        "time": 1,
        "sequence": 1,
        "rows": [{"price_time": None, "time": "x"}, (1, 2)],
        "made_from": True,
    }
    assert with_time_texts(answer) == {
        "as_of": None,
        "time": "1970-01-01T00:00:00.000000001Z",
        "sequence": 1,
        "rows": [{"price_time": None, "time": "x"}, [1, 2]],
        "made_from": True,
    }
