"""Delimited text, read fast and read whole: a field that can't be parsed is missing, it never stops the file."""

from __future__ import annotations

import csv
import gzip
import pathlib
import zlib
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from actors.errors import DataError

_NUMBER = r"^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$"
_DELIMITERS = ",;\t|"


def read_bytes(path: pathlib.Path) -> bytes:
    """Return a text file's content, unpacked where it is gzip.

    Raises:
        DataError: It can't be opened or unpacked, is empty, or is not text.
    """
    try:
        content = path.read_bytes()
        if content[:2] == b"\x1f\x8b":
            content = gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"can't read {path}: {error}", field="feed.data", value=path, rule="a readable file") from None
    if not content.strip():
        raise DataError(f"{path} is empty", field="feed.data", value=path, rule="a header and at least one row")
    if b"\0" in content[:65_536]:
        raise DataError(
            f"{path} is binary, not text",
            field="feed.data",
            value=path,
            rule="CSV (also gzipped), Parquet, LEAN zips or LOBSTER messages",
            remedy="check feed.format",
        )
    return content


def header_of(content: bytes, where: str) -> tuple[list[str], str]:
    """Return the names in the first line and the delimiter between them.

    Raises:
        DataError: The line is not text.
    """
    try:
        line = content.split(b"\n", 1)[0].decode("utf-8-sig").rstrip("\r")
    except UnicodeDecodeError:
        raise DataError(
            f"the header of {where} is not UTF-8 text",
            field="feed.data",
            value=where,
            rule="CSV (also gzipped), Parquet, LEAN zips or LOBSTER messages",
        ) from None
    delimiter = max(_DELIMITERS, key=line.count)
    return [name.strip() for name in next(csv.reader([line], delimiter=delimiter), [])], delimiter


def read_fields(
    content: bytes,
    where: str,
    width: int,
    wanted: Sequence[int],
    texts: Collection[int] = (),
    delimiter: str = ",",
    header: bool = True,
) -> tuple[dict[int, Any], npt.NDArray[np.int64]]:
    """Return columns by position and the line number of each row.

    A line with too few or too many fields is kept as far as it goes; blank lines are left out.

    Args:
        content: The file's bytes.
        where: The file, for errors.
        width: Number of fields in a line.
        wanted: Positions of the columns to read.
        texts: Those of them that stay text.
        delimiter: What stands between fields.
        header: Whether the first line is a header.

    Raises:
        DataError: The text can't be read at all.
    """
    ragged: list[tuple[int, str]] = []

    def keep(row: Any) -> str:
        ragged.append((row.number, row.text))
        return "skip"

    names = [str(position) for position in range(width)]
    try:
        table = pyarrow.csv.read_csv(
            pa.BufferReader(content),
            pyarrow.csv.ReadOptions(use_threads=False, column_names=names, skip_rows=int(header)),
            pyarrow.csv.ParseOptions(delimiter=delimiter, invalid_row_handler=keep, ignore_empty_lines=False),
            pyarrow.csv.ConvertOptions(
                include_columns=[str(position) for position in wanted],
                column_types={str(position): pa.string() for position in texts},
            ),
        )
    except pa.ArrowInvalid as error:
        raise DataError(
            f"{where} is not readable as CSV: {str(error)[:200]}",
            field="feed.data",
            value=where,
            rule=f"UTF-8 text, fields separated by {delimiter!r}",
        ) from None
    columns: dict[int, Any] = {position: table.column(str(position)) for position in wanted}
    kept = [(number, text.split(delimiter)) for number, text in ragged if text.strip()]
    lines = np.arange(1 + header, table.num_rows + len(ragged) + 1 + header, dtype=np.int64)
    if ragged:
        lines = np.delete(lines, [number - 1 - header for number, _ in ragged])
    if b"\n\n" in content or b"\n\r\n" in content:
        written = pa.array(~np.logical_and.reduce([_is_blank(column) for column in columns.values()]))
        columns = {position: column.filter(written) for position, column in columns.items()}
        lines = lines[written.to_numpy(zero_copy_only=False)]
    if kept:
        order = np.argsort(np.concatenate([lines, [number for number, _ in kept]]), kind="stable")
        lines = np.concatenate([lines, [number for number, _ in kept]])[order].astype(np.int64)
        for position, column in columns.items():
            parts = [fields[position] if position < len(fields) else None for _, fields in kept]
            rest = pa.array(parts, pa.string())
            if position not in texts:
                column, rest = pa.array(numbers(column)), pa.array(numbers(rest))
            joined = pa.concat_arrays([*(column.chunks if isinstance(column, pa.ChunkedArray) else [column]), rest])
            columns[position] = joined.take(pa.array(order))
    if not len(lines):
        raise DataError(f"{where} has a header and no rows", field="feed.data", value=where, rule="at least one row")
    return columns, lines


def _is_blank(column: Any) -> npt.NDArray[np.bool_]:
    blank = pc.is_null(column)
    if pa.types.is_string(column.type):
        blank = pc.or_(blank, pc.fill_null(pc.equal(column, ""), False))
    return np.asarray(blank, bool)


def numbers(column: Any) -> npt.NDArray[np.float64]:
    """Return an Arrow column as float64; what is no number is NaN.

    Single-precision numbers become the shortest decimal that they stand for, so that 3.89 is 3.89.
    """
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.dictionary_decode()
        kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        trimmed = pc.utf8_trim_whitespace(column)
        column = pc.cast(pc.if_else(pc.match_substring_regex(trimmed, _NUMBER), trimmed, None), pa.float64())
    elif pa.types.is_float32(kind):
        return shortest_decimals(column.to_numpy(zero_copy_only=False))
    elif pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        column = pc.cast(column, pa.float64(), safe=False)
    else:
        return np.full(len(column), np.nan)
    return np.array(column.to_numpy(zero_copy_only=False), np.float64)


def shortest_decimals(single: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Return float32 numbers as the float64 of the fewest decimals that rounds to the same float32."""
    flat = single.ravel()
    result = flat.astype(np.float64)
    left = np.flatnonzero(np.isfinite(result) & (np.abs(result) < 1e9))
    for decimals in range(10):
        rounded = np.round(result[left], decimals)
        same = rounded.astype(np.float32) == flat[left]
        result[left[same]] = rounded[same]
        left = left[~same]
        if not len(left):
            break
    return result.reshape(single.shape)


def single_precision(numbers: npt.NDArray[np.float64]) -> npt.NDArray[np.float32] | None:
    """Return the numbers as float32 where that loses nothing, otherwise ``None``."""
    with np.errstate(over="ignore"):
        single = numbers.astype(np.float32)
    return single if np.array_equal(single, numbers, equal_nan=True) else None
