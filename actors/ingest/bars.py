"""Bars from CSV and Parquet: all instruments in one file, or one file an instrument."""

from __future__ import annotations

import pathlib
import re
import zoneinfo
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet

from actors.calendars import sessions
from actors.clock import DAY, HOUR, MINUTE
from actors.errors import DataError
from actors.ingest.columns import recognise
from actors.ingest.delimited import header_of, numbers, read_bytes, read_fields, shortest_decimals, single_precision
from actors.ingest.stamps import read_stamps, zone_of
from actors.ingest.table import MISSING_TIME, Integers, Table
from actors.market.ticks import Kind
from configs.schema import FeedSection, InstrumentsSection

_VALUES = ("open", "high", "low", "close", "volume")


def read_bars(path: pathlib.Path, feed: FeedSection, instruments: InstrumentsSection) -> tuple[Table, list[str]]:
    """Return the bars of one file, and notes on how it was read.

    Bars one day apart are session bars, whatever instant of the day stamps them: their times come from the calendar
    later. Other stamps mark the start of the bar; its length is the commonest distance between an instrument's bars.
    Prices that all are single-precision numbers become the shortest decimals that they stand for.

    Args:
        path: A CSV file (also gzipped) or a Parquet file.
        feed: Column mapping and time zone.
        instruments: The calendar in whose time zone a day's bar is dated.

    Raises:
        DataError: The file can't be read, lacks a column, or holds weekly or monthly bars.
    """
    with path.open("rb") as file:
        is_parquet = file.read(4) == b"PAR1"
    if is_parquet:
        names, columns, positions, lines = _parquet(path, feed)
    else:
        names, columns, positions, lines = _csv(path, feed)
    notes = []
    stamp_column = columns[positions["time"]]
    if "clock" in positions:
        stamp_column = pc.binary_join_element_wise(
            pc.cast(stamp_column, pa.string()), pc.cast(columns[positions["clock"]], pa.string()), " "
        )
    stamps, daily = read_stamps(stamp_column, zone_of(feed.timezone), names[positions["time"]])
    values = np.empty((len(lines), 5))
    for place, role in enumerate(_VALUES):
        values[:, place] = numbers(columns[positions[role]]) if role in positions else 0.0
    single = single_precision(values[:, :4])
    if single is not None:
        values[:, :4] = shortest_decimals(single)
    if "volume" not in positions:
        notes.append(f"{path.name} has no volume: nothing can be filled against its bars")
    symbols, codes = _symbols(columns[positions["symbol"]] if "symbol" in positions else None, path, len(lines))
    period = _period(codes, stamps)
    if daily or period >= 20 * HOUR:
        if period > 4 * DAY:
            raise DataError(
                f"the bars of {path} are {round(period / DAY)} days long",
                field="feed.data",
                value=path,
                rule="bars of a session or less",
                remedy="when a longer bar became known can't be told from its stamp",
            )
        if not daily:
            stamps = _local_dates(stamps, sessions(instruments.calendar).zone)
            notes.append(f"bars of {path.name} are dated in the time zone of {instruments.calendar}")
        daily, period = True, DAY
    return Table(Kind.BAR, symbols, codes, stamps, lines, values, np.full(len(lines), period), daily), notes


def symbol_of_name(path: pathlib.Path) -> str:
    """Return the symbol in a file's name: what stands before the first underscore or dot."""
    return re.split(r"[_.]", path.name, maxsplit=1)[0] or path.name


def _csv(path: pathlib.Path, feed: FeedSection) -> tuple[list[str], dict[int, Any], dict[str, int], Integers]:
    content = read_bytes(path)
    names, delimiter = header_of(content, str(path))
    positions = recognise(names, feed.columns, str(path))
    texts = {positions[role] for role in ("time", "clock", "symbol") if role in positions}
    columns, lines = read_fields(content, str(path), len(names), sorted(set(positions.values())), texts, delimiter)
    return names, columns, positions, lines


def _parquet(path: pathlib.Path, feed: FeedSection) -> tuple[list[str], dict[int, Any], dict[str, int], Integers]:
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            names = list(file.schema_arrow.names)
            positions = recognise(names, feed.columns, str(path))
            table = file.read(columns=[names[position] for position in set(positions.values())])
    except (pa.ArrowException, OSError) as error:
        raise DataError(
            f"{path} is not readable as Parquet: {str(error)[:200]}",
            field="feed.data",
            value=path,
            rule="a whole Parquet file",
        ) from None
    if not table.num_rows:
        raise DataError(f"{path} holds no rows", field="feed.data", value=path, rule="at least one row")
    columns = {position: table.column(names[position]) for position in set(positions.values())}
    return names, columns, positions, np.arange(1, table.num_rows + 1)


def _symbols(column: Any, path: pathlib.Path, rows: int) -> tuple[tuple[str, ...], npt.NDArray[np.int32]]:
    if column is None:
        return (symbol_of_name(path),), np.zeros(rows, np.int32)
    if not pa.types.is_dictionary(column.type):
        column = pc.dictionary_encode(pc.cast(column, pa.string()))
    if isinstance(column, pa.ChunkedArray):
        column = column.unify_dictionaries().combine_chunks()
    names = [str(name).strip() if name is not None else "" for name in column.dictionary.to_pylist()]
    symbols = tuple(dict.fromkeys([*names, *([""] if column.null_count else [])]))
    code = np.array([symbols.index(name) for name in names] + [symbols.index("") if column.null_count else 0], np.int32)
    return symbols, code[pc.fill_null(column.indices, len(names)).to_numpy(zero_copy_only=False)]


def _period(codes: npt.NDArray[np.int32], stamps: Integers) -> int:
    """Return the commonest distance between two bars of an instrument; a minute where there are none to compare."""
    readable = np.flatnonzero(stamps != MISSING_TIME)
    order = readable[np.lexsort((stamps[readable], codes[readable]))]
    distances = np.diff(stamps[order])[np.diff(codes[order]) == 0]
    distances = distances[distances > 0]
    if not len(distances):
        return MINUTE
    lengths, counts = np.unique(distances, return_counts=True)
    return int(lengths[np.argmax(counts)])


def _local_dates(stamps: Integers, zone: zoneinfo.ZoneInfo) -> Integers:
    import pandas as pd

    local = pd.DatetimeIndex(stamps.view("datetime64[ns]")).tz_localize("UTC").tz_convert(zone).tz_localize(None)
    dates = np.asarray(local.normalize().as_unit("ns").asi8, np.int64)
    return np.where(stamps == MISSING_TIME, MISSING_TIME, dates)
