"""What all sections of the configuration share."""

from __future__ import annotations

import decimal
import math
from typing import Annotated

import pydantic
from pydantic import Field

Decimal = decimal.Decimal
Positive = Annotated[Decimal, Field(gt=0)]
Exact = Field(le=Decimal(2**63 - 1).scaleb(-8), decimal_places=8)
"""What a 64-bit integer of 1e-8 units holds: about 92 billion."""
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,47}$")]


class Section(pydantic.BaseModel):
    """Base of all sections: immutable, no unknown keys, defaults checked too."""

    model_config = pydantic.ConfigDict(
        frozen=True, extra="forbid", validate_default=True, use_attribute_docstrings=True
    )


def _change(value: object) -> float | dict[str, float]:
    if isinstance(value, dict):
        return {str(symbol): _fraction(change) for symbol, change in value.items()}
    return _fraction(value)


def _fraction(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not -1 < value < math.inf:
        raise ValueError("a fraction greater than -1, or fractions by symbol and otherwise")
    return float(value)


Change = Annotated[float | dict[str, float], pydantic.PlainValidator(_change)]
"""Change of prices as a fraction: of all, or by symbol and ``otherwise``."""
