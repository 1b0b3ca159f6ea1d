"""Which files of a path hold market data, and in which format."""

from __future__ import annotations

import pathlib
from typing import NamedTuple

from actors.errors import DataError
from actors.ingest.lobster import COMPANION_NAME, MESSAGE_NAME

CSV_NAMES = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".txt", ".txt.gz")
PARQUET_NAMES = (".parquet", ".pq")
_RULE = "CSV (also gzipped), Parquet, LEAN zips or LOBSTER messages"


class Found(NamedTuple):
    """Files of one format: ``csv``, ``parquet``, ``lean`` or ``lobster``."""

    format: str
    paths: list[pathlib.Path]


def find_files(path: pathlib.Path, wanted: str) -> Found:
    """Return the files that ``path`` stands for, sorted by name.

    A folder gives its own files of one format; where it has none, all zips below it (LEAN's tree).

    Args:
        path: A file or a folder.
        wanted: The format, or ``auto``.

    Raises:
        DataError: There is nothing there, nothing readable, or files of several formats.
    """
    if not path.exists():
        raise DataError(f"no such file or folder: {path}", field="feed.data", value=path, rule="an existing path")
    if path.is_file():
        return Found(_format_of(path) if wanted == "auto" else wanted, [path])
    try:
        files = sorted(one for one in path.iterdir() if one.is_file() and not one.name.startswith("."))
        nested = sorted(path.rglob("*.zip"))
        folders = sorted(one.name for one in path.iterdir() if one.is_dir())
    except OSError as error:
        raise DataError(f"can't read {path}: {error.strerror}", field="feed.data", value=path) from None
    if not files and not folders:
        raise DataError(f"the folder {path} is empty", field="feed.data", value=path, rule=_RULE)
    by_format: dict[str, list[pathlib.Path]] = {}
    for file in files:
        form = _format_by_name(file)
        if form is not None and wanted in ("auto", form):
            by_format.setdefault(form, []).append(file)
    if nested and wanted in ("auto", "lean") and not (set(by_format) - {"lean"}):
        by_format["lean"] = nested
    if len(by_format) > 1:
        examples = ", ".join(f"{form} ({paths[0].name})" for form, paths in sorted(by_format.items()))
        raise DataError(
            f"the folder {path} mixes formats: {examples}",
            field="feed.data",
            value=path,
            rule="files of one format",
            remedy="choose one with feed.format",
        )
    if not by_format:
        found = [one.name for one in files[:5]] + [f"{name}/" for name in folders[:10]]
        raise DataError(
            f"no readable file in {path}",
            field="feed.data",
            value=path,
            rule=_RULE,
            remedy=f"it holds {', '.join(found)}; name a file, a subfolder, or feed.format",
        )
    return Found(*by_format.popitem())


def _format_of(path: pathlib.Path) -> str:
    try:
        with path.open("rb") as file:
            head = file.read(4)
    except OSError as error:
        raise DataError(f"can't read {path}: {error.strerror}", field="feed.data", value=path) from None
    if head == b"PAR1":
        return "parquet"
    if head[:2] == b"PK":
        return "lean"
    return _format_by_name(path) or "csv"


def _format_by_name(path: pathlib.Path) -> str | None:
    name = path.name.lower()
    if MESSAGE_NAME.match(path.name):
        return "lobster"
    if COMPANION_NAME.match(path.name):
        return None
    if name.endswith(PARQUET_NAMES):
        return "parquet"
    if name.endswith(".zip"):
        return "lean"
    if name.endswith(CSV_NAMES) and not name.startswith("readme") and "readme" not in name:
        return "csv"
    return None
