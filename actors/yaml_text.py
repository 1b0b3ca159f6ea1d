"""YAML that users write: whatever is wrong with it is one error that names what was read."""

from __future__ import annotations

from typing import Any

import yaml

from actors.errors import DataError


def parsed_yaml(text: str | bytes, field: str, name: str) -> Any:
    """Return the plain data of a YAML (or JSON) text.

    Args:
        text: What was read.
        field: The input that errors name.
        name: Of the file.

    Raises:
        DataError: It is none, or has a date that there is not (2025-02-30), as YAML reads dates by itself.
    """
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError) as error:
        told = " ".join(str(error).split()) or type(error).__name__
        raise DataError(
            "can't be read", field=field, value=name, rule=f"YAML or JSON ({told})",
            remedy=None if isinstance(error, yaml.YAMLError) else "look for a date or a number that there is not",
        ) from error  # fmt: skip
