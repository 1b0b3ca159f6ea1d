"""LOBSTER's message files: every event of one stock's limit order book on one day."""

from __future__ import annotations

import datetime
import pathlib
import re
import zoneinfo

import numpy as np

from actors.calendars import local_midnight
from actors.errors import DataError
from actors.ingest.delimited import numbers, read_bytes, read_fields
from actors.ingest.table import MISSING_TIME, Table
from actors.market.ticks import BookAction, Kind

PRICE_SCALE = 10_000
MESSAGE_NAME = re.compile(r"^(?P<symbol>[^_]+)_(?P<date>\d{4}-\d{2}-\d{2})_\d+_\d+_message_\d+\.csv(\.gz)?$")
COMPANION_NAME = re.compile(r"^[^_]+_\d{4}-\d{2}-\d{2}_\d+_\d+_(orderbook_\d+|START_OF_DAY_SNAPSHOT)\.csv(\.gz)?$")
"""Files that LOBSTER delivers beside the messages and that can be derived from them."""

_FIELDS = 6
_NANOSECONDS_OF_A_DAY = 86_400e9


def read_lobster(path: pathlib.Path) -> Table:
    """Return the messages of one file as rows of kind BOOK.

    Fields are seconds after midnight in New York, type, order id, size, price times 10,000 and direction (1 buy,
    -1 sell, of the resting order). Type becomes ``action``, direction ``side``. A trading halt has neither price nor
    size: both become 0.

    Raises:
        DataError: The name bears no symbol and date, or the content is no message file.
    """
    match = MESSAGE_NAME.match(path.name)
    if match is None:
        raise DataError(
            f"{path} is not named as LOBSTER names messages",
            field="feed.data",
            value=path.name,
            rule="SYMBOL_YYYY-MM-DD_START_END_message_LEVELS.csv: symbol and date are read from the name",
        )
    content = read_bytes(path)
    width = content.split(b"\n", 1)[0].count(b",") + 1
    if width != _FIELDS:
        raise DataError(
            f"{path} has {width} fields a line",
            field="feed.data",
            value=path.name,
            rule="six: time, type, order id, size, price, direction",
        )
    columns, lines = read_fields(content, str(path), _FIELDS, range(_FIELDS), header=False)
    seconds, types, orders, sizes, prices, directions = (numbers(columns[position]) for position in range(_FIELDS))
    day = (datetime.date.fromisoformat(match["date"]) - datetime.date(1970, 1, 1)).days
    since = np.rint(seconds * 1e9)
    readable = (since >= 0) & (since < _NANOSECONDS_OF_A_DAY)
    if not readable.any():
        raise DataError(
            f"{path} holds no message", field="feed.data", value=path.name, rule="seconds after midnight first"
        )
    midnight = local_midnight(day, zoneinfo.ZoneInfo("America/New_York"))
    stamps = np.where(readable, midnight + np.where(readable, since, 0).astype(np.int64), MISSING_TIME)
    halt = types == BookAction.HALT
    values = np.zeros((len(lines), 5))
    values[:, 0] = np.where(halt, 0.0, prices / PRICE_SCALE)
    values[:, 1] = np.where(halt, 0.0, sizes)
    return Table(
        Kind.BOOK,
        (match["symbol"],),
        np.zeros(len(lines), np.int32),
        stamps,
        lines,
        values,
        np.nan_to_num(orders).astype(np.int64),
        sides=np.nan_to_num(np.clip(directions, -1, 1)).astype(np.int8),
        actions=np.nan_to_num(np.clip(types, 0, 255)).astype(np.uint8),
    )
