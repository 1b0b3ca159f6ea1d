from __future__ import annotations

import pytest

from actors.errors import ConfigurationError, DataError
from actors.ingest.columns import recognise


@pytest.mark.parametrize(
    ("header", "roles"),
    [
        ("Date,Open,High,Low,Close,Volume,Name", "time open high low close volume symbol"),
        ("date,ticker,exchange,open,high,low,close,volume", "time symbol - open high low close volume"),
        (",date,open,high,low,close,adjcp,tic,zopen", "- time open high low close - symbol -"),
        ("Date,Open,High,Low,Close,Adj Close,Volume,ticker", "time open high low close - volume symbol"),
        ("timestamp_utc,open,high,low,close,volume", "time open high low close volume"),
        ("t,o,h,l,c,v,ts,SYMBOL", "- open high low close volume time symbol"),
        ("Date and Time,OPEN_PRICE,high price,Low-Price,close", "time open high low close"),
        ("Date,Time,Open,High,Low,Close,Vol", "time clock open high low close volume"),
    ],
)
def test_columns_are_known_by_the_names_in_common_use(header: str, roles: str) -> None:
    names = header.split(",")
    found = recognise(names, {}, "x.csv")
    assert found == {role: at for at, role in enumerate(roles.split()) if role != "-"}


def test_a_mapping_wins_over_recognition() -> None:
    found = recognise(["Date", "Open", "High", "Low", "Close", "Adj Close"], {"close": "Adj Close"}, "x.csv")
    assert found["close"] == 5


@pytest.mark.parametrize(
    ("header", "mapping", "kind", "parts"),
    [
        ("Date,GDX,GLD", {}, DataError, ["open, high, low, close", "columns found: Date, GDX, GLD", "feed.columns"]),
        ("Date,Open,High,Low,Adj Close", {}, DataError, ["close", "Adj Close", "only taken where they are named"]),
        ("Date,Open,High,Low,Close", {"close": "Clos"}, DataError, ["no column 'Clos'", "did you mean 'Close'"]),
        ("Date,Open,High,Low,Close", {"close": "qqq"}, DataError, ["correct feed.columns"]),
        ("Date,Open,High,Low,Close", {"clos": "Close"}, ConfigurationError, ["did you mean close"]),
        ("Date,Open,High,Low,Close", {"zzz": "Close"}, ConfigurationError, ["one of time, symbol"]),
    ],
)
def test_a_wrong_header_is_explained(header: str, mapping: dict[str, str], kind: type, parts: list[str]) -> None:
    with pytest.raises(kind) as caught:
        recognise(header.split(","), mapping, "x.csv")
    for part in parts:
        assert part in str(caught.value)
