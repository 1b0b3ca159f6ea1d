"""The closes that studies on the command line look at: read as the feed is configured, checked, and warned of."""

from __future__ import annotations

import pathlib
from collections.abc import Sequence
from typing import Any

from actors.ingest.close_checks import SuspectClose, check_closes, plain, suspect_closes, told
from actors.ingest.closes import ClosePanel, close_panel
from actors.ingest.source import read_table
from actors.ingest.span import within
from cluster.options import messages
from configs.schema import Configuration


def read_panel(path: pathlib.Path, symbols: Sequence[str], configuration: Configuration) -> ClosePanel:
    """Return the closes of a file or folder of bars; see ``actors.ingest`` for what can be read.

    Args:
        path: File or folder.
        symbols: Only these; where empty, those of ``feed.symbols``, and where that is empty too, all.
        configuration: The feed's span counts.

    Raises:
        DataError: They can't be read, hold nothing in the span, contradict one another or have a close that is no
            price.
        InputError: A symbol that they do not hold.
    """
    feed = configuration.feed
    chosen = tuple(symbols) or feed.symbols
    table, _ = read_table(path.expanduser(), feed, configuration.instruments)
    table = within(table.of_symbols(chosen), feed, configuration.instruments.calendar, path.name)
    check_closes(table)
    return close_panel(table, chosen)


def warned(panel: ClosePanel, configuration: Configuration) -> dict[str, Any]:
    """Return closes whose jumps the feed would not believe, as plain data, and say so on standard error."""
    quality = configuration.market.quality
    found: list[SuspectClose] = suspect_closes(panel, quality.maximum_jump, quality.jump_confirmations)
    if found:
        messages.print(f"warning: {told(found)}", style="yellow")
    return plain(found)
