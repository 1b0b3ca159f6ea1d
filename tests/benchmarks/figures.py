"""How a benchmark prints: one JSON object a line."""

from __future__ import annotations

import json
import sys
from typing import Literal


def figure(
    name: str,
    value: float,
    unit: str,
    *,
    reference: float | None = None,
    goal: float | None = None,
    better: Literal["higher", "lower"] = "lower",
    of: Literal["value", "ratio"] = "value",
    **notes: object,
) -> bool:
    """Print one figure and return whether its goal is met.

    Args:
        name: What was measured.
        value: The figure, in ``unit``.
        unit: Its unit.
        reference: The same of the reference, measured in the same run; gives ``ratio`` = value / reference.
        goal: What is aimed at; ``None``: the figure is only told.
        better: Whether larger or smaller values are better.
        of: Whether the goal is one for the value or for the ratio.
        **notes: What else a reader needs to know.
    """
    ratio = value / reference if reference else None
    measured = ratio if of == "ratio" else value
    met = None
    if goal is not None and measured is not None:
        met = bool(measured >= goal if better == "higher" else measured <= goal)
    line = {
        "name": name,
        "value": _short(value),
        "unit": unit,
        "reference": _short(reference),
        "ratio": _short(ratio),
        "goal": goal,
        "met": met,
        **notes,
    }
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()
    return met is not False


def not_measured(name: str, unit: str, reason: str, *, goal: float | None = None) -> None:
    """Print that a figure was not measured, and why: its goal is neither met nor missed."""
    line = {
        "name": name,
        "value": None,
        "unit": unit,
        "reference": None,
        "ratio": None,
        "goal": goal,
        "met": None,
        "not_measured": reason,
    }
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def _short(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.5g}")
