"""Full revaluation of American options over all cores of the Ray cluster."""

from __future__ import annotations

import time
from typing import Any

import ray

from actors.errors import AlphaMindError, Unavailable
from actors.risk.pricing.american import american_values, chunks
from actors.risk.pricing.black_scholes import Array
from actors.risk.pricing.partial import Revaluation, assembled
from actors.risk.pricing.revaluation import OptionBook, Scenarios

CHUNK = 40
"""Options that one task revalues, about."""


def revalue_american(
    book: OptionBook,
    scenarios: Scenarios,
    *,
    chunk: int = CHUNK,
    tasks: int | None = None,
    seconds: float = 600.0,
) -> Revaluation:
    """Return what one unit of each American option is worth in each scenario, in the order of the book.

    Options and scenarios are put into the object store once; each task reads them there, and takes some of the options.
    What a task that fails leaves out is told with the result. Tasks change nothing, so that Ray may repeat them.

    Args:
        book: The options.
        scenarios: Joint markets.
        chunk: Options a task.
        tasks: How many may run at a time; ``None``: as many as the cluster has processors.
        seconds: Time for all; what is not done by then is missing.
    """
    parts = chunks(book, chunk)
    snapshot = ray.put((book, scenarios))
    task: Any = ray.remote(_chunk_values)
    until = time.monotonic() + seconds
    room = tasks or max(1, int(ray.cluster_resources().get("CPU", 1)))  # type: ignore[no-untyped-call]
    running: dict[Any, tuple[int, ...]] = {}
    found: dict[tuple[int, ...], Array | AlphaMindError] = {}
    waiting = iter(parts)
    while len(found) < len(parts):
        while len(running) < room and (part := next(waiting, None)) is not None:
            running[task.remote(snapshot, part)] = part
        left = until - time.monotonic()
        done, _ = ray.wait(list(running), timeout=max(0.0, left))
        for reference in done:
            found[running.pop(reference)] = _answer(reference)
        if not done:
            for reference in running:
                ray.cancel(reference)
            late = Unavailable(f"not revalued within {seconds:g} seconds", remedy="give more time or more processors")
            found |= {part: late for part in parts if part not in found}
    return assembled(len(scenarios.spot), len(book.strike), found)


def _chunk_values(snapshot: tuple[OptionBook, Scenarios], options: tuple[int, ...]) -> Array:
    return american_values(*snapshot, options)


def _answer(reference: Any) -> Array | AlphaMindError:
    try:
        values: Array = ray.get(reference)
        return values
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, AlphaMindError):
            return error.cause
        return Unavailable(f"a revaluation failed: {str(error.cause).splitlines()[0]}")
    except ray.exceptions.RayError as error:
        return Unavailable(f"a revaluation was lost: {str(error).splitlines()[0]}", remedy="revalue again")
